"""Sentences of a line that say nothing of the paper: whoever ordered them, and in whatever words.

A digest's sentence begins as one (该论文, 作者, 提出, 通过), or has a term, a name or a number of its paper,
or at least a word that fits most papers. Of 2,326 clauses of published lines
all but 23 do, and every sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from digest.summarize.checks import topic
from digest.summarize.checks.rule import Reading
from digest.summarize.compose import STARTS_WITH_VERB

_SENTENCE = re.compile(r"[^。！？；]+")
_OPENS = re.compile(
    r"\s*(?:[该此本其]|论文|文章|文中|研究|工作|作者|任务|实验|结果|模型|方法|所提|属于|解决|旨在|优化|仅用|扩展|[\u4e00-\u9fff]{1,3}上|同时|此外|并|还|最终|其中|首次|无需)"
)
_USUAL = re.compile(
    "方法|模型|性能|代码|开源|数据|精度|准确|效率|效果|基线|实验|任务|框架|网络|训练|推理|算法|系统|指标|评测|提升|优于|超过"
    "|涵盖|包含|覆盖|避免|导致|补充|推动|区分|分离|调整|[长高多少]达|耗时|理论|现有|自然|更|尤其"
    "|降低|减少|增强|改善|实现|验证|适用|泛化|鲁棒|标注|成本|参数|开销|策略|机制|基准|优化|兼顾|缓解|领域"
)
"""Words of papers on anything."""

_LEAST = 4


def strangers(reading: Reading) -> Iterator[str]:
    """The first words of each such sentence; the only sentence of a text, as a field is, is no such."""
    sentences = [text.strip() for text in _SENTENCE.findall(reading.plain) if len(text.strip()) >= _LEAST]
    if len(sentences) < 2:
        return
    for sentence in sentences:
        usual = _OPENS.match(sentence) or STARTS_WITH_VERB.match(sentence) or _USUAL.search(sentence)
        if not (usual or _of_the_paper(Reading(sentence, reading.source))):
            yield sentence[:20]


def _of_the_paper(sentence: Reading) -> bool:
    """Whether title and abstract have one of its terms, names or numbers."""
    terms, paper = topic.terms_of(sentence), sentence.source.subject
    return (
        any(topic.has(paper, term) for term in terms.chinese)
        or any(paper.supports(name) for name in terms.latin)
        or any(sentence.source.quantities.support(number) for number in sentence.quantities)
    )
