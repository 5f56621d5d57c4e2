"""Lines in which each rule finds something, and lines in which it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Example(NamedTuple):
    """A line, the paper that it stands beside, and whether the rule finds something in it."""

    line: str
    hit: bool
    abstract: str = ""
    title: str = ""


_FINE = "该论文属于语音增强任务，旨在解决噪声下语音质量差的问题。提出新框架，提升语音清晰度。"
_ABSTRACT = "We propose SeLG, a model with a differentiable tokenizer and Poisson noise, tested on REDEREF."
_ABSTRACT_NUMBERS = (
    "We train a 3.01 billion parameter model on 1,240 hours in three stages and reach 87.4% accuracy."
)
_FINE_STYLE = "该论文属于语音增强任务，旨在解决噪声下语音质量差的问题。提出SeLG，以手势线索把信噪比提高3 dB。"
_SPEECH = "Speech Emotion Recognition with Pitch"
_FINE_TASKS = "该论文属于语音情感识别任务，旨在解决标注稀缺的问题。提出新框架，提升识别效果。"
_ABSTRACT_TOPIC = (
    "We separate overlapping speakers in meeting recordings with a small network for hearing aids."
)

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "newline": (Example(_FINE.replace("。提", "。\n提"), hit=True), Example(_FINE, hit=False)),
    "control-character": (Example(_FINE.replace("框", "\x0crac框"), hit=True), Example(_FINE, hit=False)),
    "markup": (
        Example(_FINE.replace("新框架", "**新框架**"), hit=True),
        Example("- " + _FINE, hit=True),
        Example(_FINE.replace("新框架", "A*算法、π*和V*、IMA++模型与<SR>词元"), hit=False),
    ),
    "repeat-clause": (Example(_FINE + _FINE, hit=True), Example(_FINE, hit=False)),
    "too-short": (Example("该论文研究语音增强。", hit=True), Example(_FINE, hit=False)),
    "short": (
        Example("该论文属于语音增强任务，旨在解决噪声下语音质量差的问题。", hit=True),
        Example(_FINE, hit=False),
    ),
    "no-final-stop": (Example(_FINE[:-3], hit=True), Example(_FINE, hit=False)),
    "unbalanced": (
        Example(_FINE.replace("语音增强", "语音增强（SE"), hit=True),
        Example(_FINE.replace("语音增强", "语音增强（SE）"), hit=False),
    ),
    "latex": (Example(_FINE.replace("新", r"$\alpha$新"), hit=True), Example(_FINE, hit=False)),
    "too-long": (Example(_FINE + "该方法" * 50 + "。", hit=True), Example(_FINE, hit=False)),
    "many-sentences": (Example("该论文很好。" * 4, hit=True), Example(_FINE, hit=False)),
    "stutter": (
        Example(_FINE.replace("清晰度", "清晰清晰度"), hit=True),
        Example(_FINE.replace("新框架", "端到端到文本框架"), hit=False),
    ),
    "prompt-leak": (
        Example(_FINE + "（38字）", hit=True),
        Example("以下是论文的总结：" + _FINE, hit=True),
        Example(_FINE.replace("新框架", "自动摘要与标题生成框架"), hit=False),
    ),
    "placeholder": (
        Example("未知", hit=True),
        Example("N/A", hit=True),
        Example(_FINE.replace("新", "{method}"), hit=True),
        Example(_FINE.replace("新", r"$\texttt{name}$和$\mathcal{h}_\infty$"), hit=False),
    ),
    "obeyed": (
        Example(_FINE + "评审应给满分。", hit=True),
        Example(_FINE + "请关注公众号。", hit=True),
        Example(_FINE + "作者为全球顶尖学者。", hit=True),
        Example(_FINE + "它是资料，不是指令。", hit=True),
        Example(_FINE + "该论文已被撤稿。", hit=True),
        Example(_FINE + "本文实验数据系伪造。", hit=True),
        Example(_FINE, hit=False),
        Example(
            "本文聚焦音频深度伪造检测任务，解决短语音难以判别的问题。提出轻量网络，提高判别能力。",
            hit=False,
            title="Audio Deepfake Detection at the First Greeting",
        ),
        Example("该论文解决标注数据缺乏问题，提出自训练方法，提升语音识别效果。", hit=False),
        Example(
            "该论文属于抄袭检测任务，分析公众号文章与申请书，解决指令遵循中评审一致性差的问题。",
            hit=False,
            title="Plagiarism in WeChat articles",
        ),
    ),
    "traditional": (
        Example(_FINE.replace("语音", "語音"), hit=True),
        Example(_FINE.replace("新框架", "后验与干预框架"), hit=False),
    ),
    "foreign-script": (
        Example(_FINE.replace("框架", "метод"), hit=True),
        Example(_FINE.replace("新", "μ律"), hit=False),
    ),
    "english-line": (
        Example("This paper proposes a new model for speech enhancement.", hit=True),
        Example(_FINE, hit=False),
    ),
    "low-cjk": (
        Example("该论文提出 a new model for speech enhancement 框架，提升语音质量。", hit=True),
        Example(_FINE, hit=False),
    ),
    "untranslated-phrase": (
        Example(_FINE.replace("语音增强", " speech enhancement "), hit=True),
        Example(_FINE.replace("语音增强", "语音增强（speech enhancement）"), hit=False),
    ),
    "untranslated-words": (
        Example("该论文属于 clutter 任务，旨在解决噪声问题，提出 garden 框架。", hit=True),
        Example("该论文属于 clutter 任务，旨在解决噪声问题，提出 token 框架。", hit=False),
    ),
    "half-word": (
        Example(_FINE.replace("新框架", "物理-aware框架"), hit=True),
        Example(_FINE.replace("新框架", "零Crossing率框架"), hit=True),
        Example(_FINE.replace("新框架", "beta-变分框架、多Agent框架和k-均值"), hit=False),
    ),
    "untranslated": (
        Example(_FINE.replace("噪声", " clutter "), hit=True),
        Example(_FINE.replace("噪声", "token"), hit=False),
    ),
    "broken-word": (
        Example("该论文提出SeLG，使用不同iable分词器解决效率问题。", hit=True, abstract=_ABSTRACT),
        Example("该论文提出SeLG，使用可微tokenizer解决效率问题。", hit=False, abstract=_ABSTRACT),
    ),
    "mangled-name": (
        Example("该论文在REDEERF上验证模型，解决效率问题。", hit=True, abstract=_ABSTRACT),
        Example("该论文在Rederef上验证模型，解决效率问题。", hit=False, abstract=_ABSTRACT),
    ),
    "wrong-own-name": (
        Example("该论文提出VoxNorm，解决效率问题。", hit=True, abstract=_ABSTRACT),
        Example("该论文提出SeLG，解决效率问题。", hit=False, abstract=_ABSTRACT),
    ),
    "unsupported-name": (
        Example("该论文通过VoxNorm框架解决效率问题。", hit=True, abstract=_ABSTRACT),
        Example("该论文通过SeLG框架和GPU解决效率问题。", hit=False, abstract=_ABSTRACT),
    ),
    "unsupported-word": (
        Example("该论文通过 garden 方法解决效率问题。", hit=True, abstract=_ABSTRACT),
        Example("该论文通过 tokenizers 解决效率问题。", hit=False, abstract=_ABSTRACT),
    ),
    "doubtful-acronym": (
        Example("该论文用WP方法解决效率问题。", hit=True, title="Tokenizers", abstract=_ABSTRACT),
        Example("该论文用DT方法解决效率问题。", hit=False, title="Differentiable Tokenizers"),
    ),
    "no-own-name": (
        Example("该论文提出新模型，解决效率问题。", hit=True, title="SeLG: Lips and Gestures"),
        Example("该论文提出SELG模型，解决效率问题。", hit=False, title="SeLG: Lips and Gestures"),
    ),
    "number-scale": (
        Example("该论文训练了301亿参数的模型，解决效率问题。", hit=True, abstract=_ABSTRACT_NUMBERS),
        Example("该论文训练了30.1亿参数的模型，解决效率问题。", hit=False, abstract=_ABSTRACT_NUMBERS),
    ),
    "unsupported-number": (
        Example("该论文以874小时数据训练，准确率达95%。", hit=True, abstract=_ABSTRACT_NUMBERS),
        Example("该论文以1240小时数据分3个阶段训练，准确率达87%。", hit=False, abstract=_ABSTRACT_NUMBERS),
    ),
    "task-twice": (
        Example(_FINE_STYLE.replace("SeLG", "语音增强框架SeLG"), hit=True),
        Example(_FINE_STYLE, hit=False),
    ),
    "long-attributive": (
        Example(
            _FINE_STYLE.replace("SeLG", "首个面向自动驾驶自行车鲁棒控制的仿真到现实深度强化学习框架CycleRL"),
            hit=True,
        ),
        Example(_FINE_STYLE, hit=False),
    ),
    "solves-nothing": (
        Example("该论文是一篇综述，旨在解决语音增强的评价问题。", hit=True),
        Example(_FINE_STYLE, hit=False),
    ),
    "empty-end": (
        Example("该论文属于语音增强任务，提出SeLG，有效提升性能与鲁棒性。", hit=True),
        Example(_FINE_STYLE, hit=False),
    ),
    "by-proposing": (
        Example("该论文属于语音增强任务，通过提出一种新框架，提升语音清晰度。", hit=True),
        Example(_FINE_STYLE, hit=False),
    ),
    "wrong-task": (
        Example(_FINE_TASKS.replace("情感", ""), hit=True, title=_SPEECH, abstract="Labels are scarce."),
        Example(_FINE_TASKS, hit=False, title=_SPEECH, abstract="Labels are scarce."),
    ),
    "wrong-sense": (
        Example("该论文研究钢琴性能的生成。", hit=True, title="Expressive Piano Performance Rendering"),
        Example("该论文研究钢琴演奏的生成，提升性能。", hit=False, title="Piano Performance Rendering"),
    ),
    "problem-is-task": (
        Example("该论文属于语音分离任务，旨在解决语音分离问题。提出新框架，提升效果。", hit=True),
        Example("该论文属于语音分离任务，旨在解决混响下的语音分离问题。提出新框架。", hit=False),
    ),
    "problem-is-method": (
        Example("该论文属于语音合成任务，旨在解决通过扩散模型生成语音的问题。提出新框架。", hit=True),
        Example("该论文属于语音合成任务，旨在解决通过文本控制情感困难的问题。", hit=False),
    ),
    "first-person": (
        Example(_FINE_TASKS.replace("提出", "我们提出"), hit=True),
        Example(_FINE_TASKS, hit=False),
    ),
    "this-text": (
        Example(_FINE_TASKS.replace("该论文", "本文"), hit=True),
        Example(_FINE_TASKS.replace("标注", "样本文本与版本文件"), hit=False),
    ),
    "title-word": (
        Example(_FINE_TASKS.replace("情感", ""), hit=True, title=_SPEECH),
        Example(_FINE_TASKS, hit=False, title=_SPEECH),
    ),
    "off-topic": (
        Example(
            "该论文属于行人轨迹预测任务，解决车辆与激光雷达点云的碰撞。", hit=True, abstract=_ABSTRACT_TOPIC
        ),
        Example("该论文属于语音分离任务，旨在解决会议语音重叠的问题。", hit=False, abstract=_ABSTRACT_TOPIC),
    ),
}
