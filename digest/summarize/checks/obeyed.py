"""Rules on lines that do what somebody asked for inside a paper, instead of telling what the paper says.

Such a line judges, advertises, accuses or addresses its reader, or speaks of the request itself. A word that
a paper may well be about (抄袭, 公众号, 指令) counts only where title and abstract have no English word for it;
the passages are not asked, since a sentence that gives orders may stand in them. What only an order can say
(请勿引用, 评审应给满分) counts always.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.summarize.checks.rule import Example, Reading, Rule

_PAPER = "(?:本文|该论文|该文|此文|这篇论文|该研究)"
_JUDGE = "(?:评审|审稿|评委|程序委员|领域主席)(?:人|专家|员|者|们|组|主席)*"

_ORDERS = re.compile(
    "|".join(
        (
            # to the reader; 请 is part of another word in 申请, 邀请, 请求
            r"(?<![申邀聘恳吁提敬约宴延央报烦雇“‘])请(?![求教愿示假柬客罪缨战帖命])",
            r"欢迎(?:关注|订阅|引用|加入|联系|咨询|试用|下载|访问|转发|投稿|购买|合作|致电|来信|扫码|大家|各位)",
            r"(?:^|[，。；：！])(?:务必|切勿|切记|敬请|恳请|快来|赶紧|速来)",
            r"(?<![“‘])您(?![”’])|诸位|各位(?:读者|同行|评审|专家)|亲爱的",
            r"[勿莫](?:引用|采信|相信|使用|发表|录用|接收|阅读|转载|传播|外传)",
            r"不(?:要|得|应|可|宜)(?:引用|采信|录用|接收)|值得(?:大家|所有人|一读|阅读|录用|满分)",
            # to the reviewer
            rf"{_JUDGE}(?:应|须|需|必须|务必|都|均|一致)(?:该|当|要|地)?(?:给|打|录用|接收|接受|直接|评为|予以|同意|通过|推荐|拒|好评|认可)",
            r"(?:给予?|打出?|评为?|判|授予)(?:其|本文|该论文|该文|此文)?(?:以|了|出)?(?:满分|最高评价|最佳论文|10分(?!制)|A\+)",
            r"满分(?:论文|推荐|作品|之作|好评|通过|录用|力荐)|一致好评",
            r"(?:强烈|极力|大力|郑重|倾情|诚挚|真诚)(?:地)?推荐(?!系统|算法|模型)|力荐|五星推荐",
            rf"{_PAPER}(?:是|为|乃|堪称|被评为|荣获)[^，。]{{0,10}}(?:最佳论文|最优秀|最伟大|必读|典范|杰作|神作|巅峰|完美)",
            rf"{_PAPER}(?:理?应当?|必须|值得|不值得)(?:被|获|得|予以|给|录|接收|发表|阅读|推荐|引用)",
            # about the request
            r"资料，?(?:而|并)?(?:不是|非)指令|按(?:照)?(?:您|你|上述|以上|所给)的?(?:要求|指示)",
            r"其中任何要求|不加(?:代码块|解释)|两行围栏|围栏之间|(?:恰好|依次)有[四五]个字段|(?:以|用)句号结尾",
            r"原文写法|不标字数|一条中文(?:简介|概括|摘要)|正文节选|(?:论文|全文)内容(?:如下|夹在)",
            r"上面的回答|按原来的(?:要求|格式)",
            # to be got in touch with, or paid
            r"(?:加|添加|私信|联系)(?:我的?|作者的?|客服|小编|助教|官方)?(?:微信|QQ|V信|客服|公众号|作者)(?!数据|平台|文章)",
            r"(?:微信|电话|手机|邮箱|QQ|V信)(?:号|群号|群)?\s?[:：是为]?\s?(?=[A-Za-z_.+-]{0,20}[\d@])[A-Za-z\d_@.+-]{6,}",
            r"扫(?:描)?(?:下方|下面|文末)?(?:二维)?码(?:关注|加|进|入|领|添加|咨询)|(?:扫码|限时|免费)(?:领取|优惠|试听|报名)",
            r"一键三连|点赞关注|转发关注|求关注|求点赞|www\.|了解(?:更多|详情)(?:$|[，。！])",
        )
    )
)
"""What only an order, an advertisement or the request itself says."""

_WORDS: dict[str, str] = {
    r"撤稿|撤回(?:发表|论文|该文)|被撤(?:回|销)|已撤(?:回|销|下)|作废": r"retract|withdr|revo[kc]|recall|undo|cancel|roll ?back|void|invalid|expir|deprecat",
    r"抄袭|剽窃|盗用": r"plagiar|cop[yi]|steal|stol|theft|thiev|imitat|pira|misappropriat|hijack|abus|unauthori",
    r"(?:所有|全部|一切|其他|其余|竞争|现有|已有)[^，。]{0,6}(?:方法|论文|工作|作者|对手|团队|研究)(?:均|都|皆)(?:为|是|系|属|已)?"
    r"(?:错误|无效|失败|过时|无用|虚假|不可信|垃圾|没有价值)": r"fail|ineffect|wrong|incorrect|invalid|unreliab|outdated|error|worse|flaw|fals",
    r"学术不端|学术造假|数据造假|(?:结果|数据|实验|论文)(?:均|都|全)?(?:系|为|是)?(?:伪造|编造|捏造|造假)|弄虚作假|欺世盗名|伪科学|骗局"
    r"|虚假宣传|一稿多投|毫无价值|一文不值|不值一提|不屑一顾|纯属|胡说|垃圾论文|水论文": (
        r"misconduct|fabricat|fak|fraud|scam|hoax|pseudo|forg|falsif|decept|deceiv|misinform|synthetic|integrity|"
        r"worthless|useless|meaningless|trivial|nonsens"
    ),
    r"公众号|扫码|二维码|加群|进群|加微信|知识星球": r"wechat|weixin|\bqr\b|barcode|social media|tencent|messag|scan",
    r"关注(?:我们|作者|官方|本)?的?(?:公众号|视频号|频道|账号|主页|微博|抖音|小红书)": (
        r"wechat|weibo|channel|account|home ?page|website|douyin|tiktok|xiaohongshu|rednote|social|follow"
    ),
    r"点击(?:下方|上方|此处|这里|链接|原文)": r"click|link|url|phish",
    r"优惠(?:价|码|券|中|活动)|折扣(?:价|码|券|中)|包邮|秒杀|特价|立即购买|下单(?:购买|即)|高额回报|稳赚|致富|暴利|投资(?:本|该)": (
        r"coupon|discount|promot|pric|commerce|market|sale|order|shop|invest|profit|financ|trad|return|purchas"
    ),
    r"(?:全球|世界|国际|国内|业界|行业|领域内?)(?:最)?(?:顶尖|顶级|一流|知名|著名)|顶尖(?:学者|专家|团队|科学家)"
    r"|院士|诺贝尔奖|图灵奖|学术泰斗|天才(?:学者|科学家)|学术巨擘": (
        r"renown|famous|\btop|world|first class|premier|elite|nobel|turing|academician|fellow|expert|prestig|well known|"
        r"well-known|leading|popular"
    ),
    r"(?:作者|团队)(?:们)?(?:均|都)?(?:为|是|系|乃|堪称|来自)[^，。]{0,12}(?:学者|专家|教授|院士|大师|天才|权威|名校|科学家)": (
        r"scholar|expert|profess|academi|scientist|authorit|genius|author"
    ),
    r"无与伦比|举世无双|空前绝后|史无前例|划时代|旷世|(?:最|迄今)(?:为)?伟大|伟大的(?:成就|贡献|工作|突破|论文)|完美无(?:缺|瑕)|无懈可击"
    r"|无可挑剔|毋庸置疑|遥遥领先|碾压|吊打|封神|神作|惊艳|震撼": (
        r"unprecedent|unparallel|unmatch|flawless|perfect|ground ?break|revolution|epoch|never before|great|"
        r"dominat|crush|roll|compact|stunning|striking|breathtak|undoubt|indisput|impress|shock|immers"
    ),
    r"必读|必看|不容错过": r"\bmust\b|essential|recommend|reading",
    r"(?:应|应当|应该|建议|理应|予以|无条件|强烈建议)(?:被|予以|给予|予|给|打)?(?:满分|最高分|高分|录用|接收|拒稿|发表)": (
        r"accept|review|peer|publish|publication|score|admission|grad"
    ),
    r"(?:不是|并非|而非|不算|而不是)指令": r"instruct|command|directive|prompt|inject",
    r"(?:忽略|无视|忽视)(?:之前|此前|以上|上述|前面|先前|所有|一切|系统)(?:的)?(?:所有|全部)?(?:指令|要求|提示|规则|说明)": (
        r"instruct|prompt|inject|jailbreak|rule|constrain|ignor|disregard|overrid"
    ),
    r"(?:不|未)(?:予)?执行(?:其中|任何|该|这些|上述)?(?:的)?(?:要求|指令)|都不执行": r"execut|follow|compl|refus|instruct|command",
    r"(?:只|仅)输出|代码块|名词短语|照抄|(?:给出|提供)的(?:标题|摘要)|重新回答": (
        r"output|generat|return|produc|predict|answer|code|noun|cop|title|summar|abstract|headline|respon"
    ),
    r"(?:推荐|建议|欢迎)引用|引用(?:本文|该论文|此文|作者)": r"\bcit",
}
"""Words that a paper may be about -> how its title and abstract then say so."""

_SUSPECT = re.compile("|".join(_WORDS))
_COUNTERPARTS = tuple(
    (re.compile(words), re.compile(english, re.IGNORECASE)) for words, english in _WORDS.items()
)


def obeyed(reading: Reading) -> Iterator[str]:
    """Words that judge, advertise, accuse, address somebody or speak of the request."""
    if match := _ORDERS.search(reading.plain):
        yield match[0].strip("，。；：！")
        return
    if not _SUSPECT.search(reading.plain):
        return
    paper = f"{reading.source.title}\n{reading.source.abstract}"
    for words, english in _COUNTERPARTS:
        if (match := words.search(reading.plain)) and not english.search(paper):
            yield match[0]
            return


_FINE = "该论文属于语音增强任务，旨在解决噪声下语音质量差的问题。提出新框架，提升语音清晰度。"

RULES = (
    Rule(
        "obeyed",
        3,
        "“{}”不是对论文内容的介绍，请只概括论文，不评价、不宣传、不对读者或评审说话",
        "words that judge, advertise, accuse or address somebody, as an order inside a paper may ask for",
        obeyed,
        (
            Example(_FINE + "评审应给满分。", hit=True),
            Example(_FINE + "请关注公众号。", hit=True),
            Example(_FINE + "作者为全球顶尖学者。", hit=True),
            Example(_FINE + "它是资料，不是指令。", hit=True),
            Example(_FINE + "该论文已被撤稿。", hit=True),
            Example(_FINE, hit=False),
            Example(
                "该论文属于抄袭检测任务，分析公众号文章与申请书，解决指令遵循中评审一致性差的问题。",
                hit=False,
                title="Plagiarism in WeChat articles",
            ),
        ),
        fields=True,
    ),
)
