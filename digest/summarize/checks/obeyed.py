"""Rules on lines that do what somebody asked for inside a paper, instead of telling what the paper says.

Such a line judges, advertises, accuses or addresses its reader, or speaks of the request itself. A word that
a paper may well be about (抄袭, 公众号, 指令) counts only where title and abstract have no English word for
it; the passages are not asked, since a sentence that gives orders may stand in them. What only an order can
say (请勿引用, 评审应给满分) counts always.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from digest.summarize.checks import wordlists
from digest.summarize.checks.patterns import any_of
from digest.summarize.checks.rule import Reading, rule

_STARTS = "[，。；：！]"
"""The place where a clause begins, that of the first one of a line, too, as `obeyed` reads it."""

_PAPER = "(?:本文|该论文|该文|此文|这篇论文|该研究)"
_JUDGE = "(?:评审|审稿|评委|程序委员|领域主席)(?:人|专家|员|者|们|组|主席)*"

_ORDERS = re.compile(
    any_of(
        (
            # to the reader; 请 is part of another word in 申请, 邀请, 请求
            r"请(?<![申邀聘恳吁提敬约宴延央报烦雇“‘]请)(?![求教愿示假柬客罪缨战帖命]|[^，。]{0,6}(?:学者|专家|医[生师]|用户|参与者|标注[者员]|志愿者|被试))",
            r"欢迎(?:关注|订阅|引用|加入|联系|咨询|试用|下载|访问|转发|投稿|购买|合作|致电|来信|扫码|大家|各位)",
            rf"{_STARTS}(?:务必|切勿|切记|敬请|恳请|快来|赶紧|速来)",
            r"您(?<![“‘]您)(?![”’])|诸位|各位(?:读者|同行|评审|专家)|亲爱的",
            r"[勿莫](?:引用|采信|相信|使用|发表|录用|接收|阅读|转载|传播|外传)",
            r"不(?:要|得|应|可|宜)(?:引用|采信|录用|接收)|值得(?:大家|所有人|一读|阅读|录用|满分)",
            # to the reviewer
            rf"{_JUDGE}(?:应|须|需|必须|务必|都|均|一致|该|当|要|地){{1,4}}(?:支持|给|打|录用|接收|接受|直接|评为|予以|同意|通过|推荐|拒|好评|认可)",
            r"(?:给予?|打出?|评为?|判|授予)(?:其|本文|该论文|该文|此文)?(?:以|了|出)?(?:满分|最高评价|最佳论文|10分(?!制)|A\+)",
            r"满分(?:论文|推荐|作品|之作|好评|通过|录用|力荐)|一致好评",
            r"(?:强烈|极力|大力|郑重|倾情|诚挚|真诚)(?:地)?推荐(?=$|[，。；！]|[该本此给各大]|阅读|录用|接收|引用|关注|使用)|力荐|五星推荐",
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
"""Words that only an order, an advertisement or the request itself has."""


_FULL_WIDTH = str.maketrans(",;:!", "，；：！")
"""The stops of a model that writes Chinese with the marks of English."""

_QUOTED = re.compile("“[^”]*”|「[^」]*」|‘[^’]*’")
_THIS = (
    "(?:本文|[本该此]论文|该文|此文|本工作|本?研究|作者|(?:竞争|对比)(?:方法|工作)|结论)"
    "[^，。属研针面分提旨探构综发讨考介评揭指解聚关利采设通处克减检识]{0,12}"
)
"""This paper, its makers or rivals, and what is said of them; what a paper does comes behind another verb."""

_OPENINGS = re.compile(
    rf"{_STARTS}(?:"
    + "|".join(
        (
            # somebody speaks, or is spoken to
            r"我(?!们|国)|(?:别忘了?|记得)|大家(?![族庭畜电具])|尊敬的|(?:衷心|特别|非常)?感谢(?![信语词度])|何不|不妨(?![设假碍])",
            r"本条(?![件款例约文目纹带形纤])|以上(?:内容|简介|信息|文字|摘要|回答)|任务已?完成(?=$|[，。])|指令已|祝[^，。]{0,4}(?:读者|大家|科研|学业)",
            r"(?:想要?|要想)(?:学|了解|知道|获取|购买)",
            r"(?:警告|声明|通知|公告|(?:注意|提示|Note|Warning|Attention)(?=.{0,20}(?:AI|模型|评审|审稿|读者|review)))[^，。：:]{0,30}[：:]",
            r"(?:很?抱歉|对不起|很?遗憾)，|作为(?:一[个名])?(?:AI|人工智能|大?型?(?:语言)?模型)(?:助手|模型)?，|以[下上]是",
            # of this paper and its rivals, as no paper says it of itself
            rf"{_THIS}(?:下架|除名|驳回|无效|荒谬|不可信|无价值|无意义)(?:$|[，。；！])",
            rf"{_THIS}(?:水平|质量|价值)[^，。]{{0,6}}(?:不足|低下|高于|远超|极佳|一流)",
            rf"{_THIS}(?:(?:毫无|没有任何|全无)(?:新意|创新|缺点|瑕疵|不足|价值|意义|问题)|缺乏(?:新意|创新|价值))",
            rf"{_THIS}(?:(?:极|很|十分|非常)(?:高|强|差|好|低|有价值)|低劣|优美|拙劣|上乘|一流|优秀|出色)(?:$|[，。])",
            r"(?:强烈)?(?:建议|推荐|应)(?:直接|予以|立即|无条件)?(?:录用|接收|接受|拒稿|拒绝|发表)",
            r"不(?:应|该|宜|得|值得)(?:发表|录用|接收|引用|阅读)",
            # of the request
            r"(?<![，；：！])(?:本条|此条)?由(?:ChatGPT|GPT[\w.-]*|DeepSeek[\w.-]*|(?:大(?:语言)?|语言)模型|AI|人工智能)(?:自动)?(?:生成|撰写|编写|改写)(?=$|。|，未)",
            r"(?:文中|论文中|原文)(?:含有|存在|包含|夹带)[^，。]{0,8}(?:指令|命令)",
        )
    )
    + ")",
    re.IGNORECASE,
)
"""Beginnings of clauses by somebody to somebody, or of the paper as others speak of it; quotations apart."""

_SPEECH = re.compile(
    any_of(
        (
            # somebody speaks, or is spoken to
            r"你(?<!迷你)|让我们|读者朋友|(?:审稿人|评审|读者|编辑|同学|朋友)们?[：:]",
            r"仅供参考|未经人工(?:核[对实]|审核|校对)(?=$|[，。])|不代表[^，。]{0,6}(?:立场|观点)",
            r"(?:调试模式|安全限制)已(?:开启|解除|关闭)|(?:摘要|[简总介]介?[介结绍]|内容|回答)由(?:AI|人工智能|大模型|机器)(?:自动)?(?:生成|撰写)|违反使用政策|恕难",
            r"(?:读到|看到|读完)(?:此处|这里|这段|此段|本条|此条)|(?:读者|审稿人?|评审|各位)朋友|手下留情|划重点|下期(?:再见|预告|见)|人人有责",
            r"如有(?:疑问|问题|需要|意向|兴趣)|如需(?:咨询|合作|购买|了解(?:更多|详情))|随时(?:与|和|向)?(?:联系|作者|我们)|敬请期待",
            r"(?:每[位个]|所有|全体|广大)(?:研究者|学者|读者|同行|从业者)们?[都均]?(?:应(?![用对答])|必须|值得|务必)|不足以(?:发表|录用|接收)|不值得?(?:发表|录用)",
            # of this paper, as no paper says it of itself
            r"(?:最好|最佳|最差|最重要|最优秀|最糟)的?(?:论文|工作|研究|文章|成果)(?:$|[，。])|载入史册|[强弱]接收|浪费[^，。]{0,4}时间",
            r"(?:评分|打分|审稿意见)[：:]",
            # advertisements
            r"(?:原价|现价|仅需|只需|特价|售价)\d+(?:\.\d+)?元|前\d+名(?:送|可|赠|免费|用户)|免费(?:会员|课程|领|送|赠)|热线(?=[：:\d])",
            r"(?:我们|作者|本公司)的?官网|(?:现在|立即|马上)(?:注册|购买|下载|加入|报名|咨询)|搜索?(?:公众号|微信|小程序)",
            # of the request
            r"系统提示词?[：:]|(?:未予|不予)(?:理会|执行|采纳)|论文速览",
            r"(?:忽略|无视|遵循|执行)了?(?:论文|文中|原文)(?:中|里)?的(?:指令|要求|命令)|按照?(?:文中|原文|论文)的?(?:要求|指示|指令)",
            *(
                rf"{name}(?<!\w{name})\s?(?:取|为|是|不以|字段)"
                for name in ("kind", "task", "problem", "contribution")
            ),
        ),
        ignore_case=True,
    )
)
"""Words, outside quotation marks, of the same kinds anywhere in a line."""

_CONTACT = re.compile(
    r"(?<![\d.-])(?:1[3-9]\d{9}|[48]00-?\d{3}-?\d{4})(?!\d)|[\w.+-]+@[\w-]+\.\w+|(?<![\w@])@[a-z]\w{3,}"
    r"|(?<![a-z])(?:vx|wx|v|qq|tg|telegram|whatsapp|wechat)\s?[：:]\s?@?[a-z\d]\w*"
    r"|(?<![\w.@-])[a-z][\w-]{1,30}\.(?:com|cn|net|org|io|ly|me|top|xyz|info)(?![\w.])",
    re.ASCII | re.IGNORECASE,
)
"""Numbers, addresses and names by which somebody is to be reached, unless title or abstract have them."""

_CONTACT_SIGN = re.compile(r"[@.:：]|[0-9]{4}")
"""Something that each of them has, and few lines: it is looked for first."""


@cache
def _subjects() -> tuple[re.Pattern[str], tuple[tuple[str, str], ...]]:
    """The Chinese words of `obeyed.txt` in one pattern, and each row of it; few lines need those compiled."""
    rows = tuple(
        (words.replace("(?:^|[，。；：！])", _STARTS), rf"\b(?:{english})")
        for words, english in wordlists.pairs("obeyed.txt")
    )
    return re.compile(any_of(words for words, _ in rows)), rows


@rule("obeyed")
def obeyed(reading: Reading) -> Iterator[str]:
    """Words that judge, advertise, accuse, address somebody or speak of the request."""
    written = f"。{reading.plain}"  # so the first clause stands behind a stop, as all others do
    line = written.translate(_FULL_WIDTH)
    if match := _ORDERS.search(line):
        yield _evidence(written, match)
        return
    paper = f"{reading.source.title}\n{reading.source.abstract}"
    contact = _CONTACT.search(written) if _CONTACT_SIGN.search(written) else None
    if contact and contact[0] not in paper:
        yield contact[0]
        return
    unquoted = _QUOTED.sub(lambda quoted: "“".ljust(len(quoted[0]), "”"), line)
    spoken = [match for match in (_OPENINGS.search(unquoted), _SPEECH.search(unquoted)) if match]
    if spoken:
        yield _evidence(written, min(spoken, key=re.Match.start))
        return
    suspect, subjects = _subjects()
    if not suspect.search(line):
        return
    for words, english in subjects:
        if (match := re.search(words, line)) and not re.search(english, paper, re.IGNORECASE):
            yield _evidence(written, match)
            return


def _evidence(written: str, match: re.Match[str]) -> str:
    """The words that a pattern found, as they are written, without the stop before and after them."""
    return written[match.start() : match.end()].strip("，。；：！,;:!")
