"""The Chinese line made from the fields.

Its form is 该论文属于…任务，旨在解决…。…。 The model names things and the sentence is ours, so the
form cannot drift. What varies is the verb that goes with the problem (弥补…的不足, 探究…的原因) and the
opening that goes with the kind of paper.
"""

from __future__ import annotations

import re

from digest.model import PaperKind
from digest.summarize.answer import Fields

_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
_HALF_TO_FULL = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！"}

# Tasks that name a thing, not something to do: 属于语音对话系统任务 would be wrong.
_THING = re.compile(
    r"(系统|模型|网络|装置|数据集|语料库?|基准|方法|框架|平台|工具|理论|算法|技术|架构|机制|领域|方向|学|应用)$"
)

# How a problem's last words choose the verb; the first pattern that matches wins. Where it has groups, the
# verb stands in the problem itself: 表现的评估 becomes 评估表现.
_VERBS: tuple[tuple[str, str], ...] = (
    (r"(?P<core>.+)的(?P<verb>辨析|辨别|区分|评估|评测|测评|度量|衡量|比较|检验|验证|刻画|理解|解释)$", ""),
    (r".+(现状|进展|趋势|脉络|全貌|版图)((与|和|及|、)[^的]+)?$", "梳理"),
    (r".+的[^的]{0,4}(上界|下界|上下界|收敛性|收敛速率|复杂度|条件|存在性|唯一性|性质)$", "刻画"),
    (r".+的(内部|内在|潜在|深层|底层|背后)?(原因|成因|根源|机理|机制|规律|现象|本质|来源|作用)$", "探究"),
    (r".+的(关系|关联|异同|差异|边界|特性|可行性|有效性)$", "探究"),
    (r".+现象$", "探究"),
    (r".+(挑战|难题|困境|难点)$", "应对"),
    (r".+的(不足|缺失|缺陷|空白|差距|缺乏|匮乏|稀缺|短缺)$", "弥补"),
    (r".+的(局限性?|瓶颈|限制)$", "突破"),
    (r".+的(制约|束缚|不利影响|负面影响|干扰|压力|负担)$", "缓解"),
    (r".+的影响$", "探究"),
    (r".+的(冲突|矛盾)$", "调和"),
    (r".+的(歧义|偏差|偏见|误差|冗余|不一致)$", "消除"),
    (r".+的(进一步|高效|自动)?(降低|提升|提高|增强|改进|优化|加速|压缩)$", "实现"),
    (r".+的(高效|稳定|自动|统一|便捷|快速|准确)?(转化|转换|获取|自动化|标准化|泛化|统一|增强|实现)$", "实现"),
    (r".+的[^的]*(获取|采集|共享)(与|和|及)[^的]+$", "实现"),
)
_VERBS_COMPILED = tuple((re.compile(pattern), verb) for pattern, verb in _VERBS)

# A clause (…丢失细粒度空间信息) needs 的问题, a noun phrase (…声场幅度估计) only 问题.
_CLAUSE = re.compile(
    r"难以|无法|不能|不易|缺乏|缺少|忽视|忽略|依赖|丢失|偏离|未能|尚未|受限于|受制于|仅|导致|造成|引起|不适|不明|不清|不稳"
    r"|有限$|不足$|过[高大低小长慢]$|[高低大小差慢弱难]$|困难$|匮乏$|稀缺$|昂贵$|耗时$"
    r"|.{2}(严重|高昂|未知|繁琐|模糊|单一|低下|受限|滞后|失衡|不匹配|不平衡|不均衡|不一致|割裂|分散|粗糙|薄弱)$"
)
_HARD = re.compile(r"(挑战|难题|困境|难点|困难)$")
_QUESTION = re.compile(r"如何|为何|为什么|是否|能否|何时|哪些|哪种|多大程度")
_ASKING: tuple[PaperKind, ...] = ("analysis", "survey", "theory", "other")
_AIMING = re.compile(
    r"(探究|探索|提升|提高|降低|减少|实现|缓解|弥补|突破|改进|揭示|理解|评估|量化|支持|构建|增强|消除|梳理|刻画|证明).{5}"
)
STARTS_WITH_VERB = re.compile(
    r"^(首次|进一步|系统地?|通过|利用|基于|采用|使用|结合|将|以|对|针对|从|在|由|把|为|并|用|引入|借助|经|"
    r"[\u4e00-\u9fff]{0,2}(提出|构建|建立|设计|开发|发布|推出|给出|提供|分析|发现|证明|综述|梳理|总结|评估|评测|比较|对比|研究|探讨|"
    r"探究|考察|揭示|展示|表明|实现|改进|扩展|训练|收集|整理|定义|介绍|讨论|论证|验证|复现|回顾|归纳|创建|制作|标注|描述|报告|指出|主张|"
    r"解释|刻画|推导|拓展|重新|统一|融合|集成|优化|引出|阐明|量化|测试|调查|部署|应用|提交|获得|取得|得到|参加|探索|主导|呼吁|建议|批判|反思))"
)
"""How a contribution begins."""

_OPENINGS: dict[PaperKind, str] = {
    "method": "该论文属于{task}任务，",
    "dataset": "该论文面向{task}任务，",
    "benchmark": "该论文面向{task}任务，",
    "survey": "该论文综述{task}，",
    "analysis": "该论文研究{task}，",
    "system": "该论文属于{task}任务，",
    "theory": "该论文从理论上研究{task}，",
    "other": "该论文讨论{task}，",
}
_OPENINGS_FOR_THINGS: dict[PaperKind, str] = {
    "method": "该论文研究{task}，",
    "dataset": "该论文面向{task}，",
    "benchmark": "该论文面向{task}，",
    "system": "该论文介绍{task}，",
}


def compose(fields: Fields) -> str:
    """The line for these fields: two sentences, full-width punctuation, one 。 at each end."""
    task = _task(fields.task)
    opening = _OPENINGS[fields.kind]
    if _THING.search(task):
        opening = _OPENINGS_FOR_THINGS.get(fields.kind, opening)
    contribution = _contribution(fields.contribution)
    return f"{opening.format(task=task)}旨在{_aim(_problem(fields.problem), fields.kind)}。{contribution}。"


def tidy(text: str) -> str:
    """One line with the punctuation of Chinese text: full-width beside Chinese characters, no stray spaces.

    Latin text keeps its own: `0.5-2.0`, `GPT-4, Claude` and `U.S.` come back as they are.
    """
    text = " ".join(text.split())
    text = re.sub(
        rf"(?<=[{_CJK}])\s*[,;:?!]\s*|\s*[,;:?!]\s*(?=[{_CJK}])", lambda m: _HALF_TO_FULL[m[0].strip()], text
    )
    text = re.sub(rf"\(([^()]*)\)(?=[{_CJK}，。；：、]|$)|(?<=[{_CJK}])\s*\(([^()]*)\)", _full_brackets, text)
    text = re.sub(rf"(?<=[{_CJK}])\.(?=\s|$|[{_CJK}])", "。", text)
    text = re.sub(
        rf"(?<=[{_CJK}，。；：、！？（）《》“”])\s+|\s+(?=[{_CJK}，。；：、！？（）《》“”])", "", text
    )
    text = re.sub(r"。{2,}", "。", text)
    return re.sub(r"，{2,}", "，", text)


def _full_brackets(match: re.Match[str]) -> str:
    inner = match[1] if match[1] is not None else match[2]
    return f"（{inner}）"


def _bare(text: str) -> str:
    return tidy(text).strip("。．.，,；;：:、 ")


def _task(text: str) -> str:
    task = re.sub(r"^(该论文)?(属于|面向|研究|针对)", "", _bare(text))
    return re.sub(r"(任务|问题|的任务|的问题)+$", "", task).rstrip("的") or _bare(text)


def _problem(text: str) -> str:
    problem = re.sub(r"^(该论文)?(旨在|为了|致力于)?(解决|应对|克服|处理)了?", "", _bare(text))
    return re.sub(r"(问题)+$", "问题", problem) or _bare(text)


def _aim(problem: str, kind: PaperKind) -> str:
    """The verb phrase after 旨在."""
    if problem.endswith("问题"):
        return f"解决{problem}"
    if _AIMING.match(problem) and not _HARD.search(problem):
        return problem
    if _QUESTION.search(problem):
        return f"探究{problem}" if kind in _ASKING else f"解决{problem}的问题"
    for pattern, verb in _VERBS_COMPILED:
        if match := pattern.search(problem):
            groups = match.groupdict()
            return f"{groups['verb']}{groups['core']}" if groups else f"{verb}{problem}"
    last = problem.rpartition("的")[2]
    clause = _CLAUSE.search(last) or re.search(r"(缺乏|缺少|没有)对", problem)
    return f"解决{problem}的问题" if clause else f"解决{problem}问题"


def _contribution(text: str) -> str:
    contribution = re.sub(r"^(该论文|本文|论文|作者|我们|该研究|本研究|该工作|文中)", "", _bare(text)).lstrip(
        "，"
    )
    return contribution if STARTS_WITH_VERB.match(contribution) else f"提出{contribution}"
