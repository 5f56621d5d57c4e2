"""Invented papers for benchmarks, which support the answers that the sample server composes for them."""

from __future__ import annotations

import json
import random
from pathlib import Path

from digest.model import Paper
from digest.sample.data import SamplePaper
from tests.faulty.composed import compose

_WORDS = "we study a small network that reads long recordings and learns from pairs of examples in many rooms"

_ENGLISH = {
    "语音识别": "speech recognition",
    "语音增强": "speech enhancement",
    "音乐生成": "music generation",
    "说话人验证": "speaker verification",
    "声音事件检测": "sound event detection",
    "语音合成": "speech synthesis, text-to-speech",
    "语音情感识别": "speech emotion recognition",
    "标注数据稀缺时模型泛化能力不足": "Labelled and annotated data are scarce, so models generalize badly.",
    "噪声环境下性能明显下降": "In noise and noisy environments performance drops.",
    "长序列建模计算开销过大": "Modeling long sequences costs much computation and overhead.",
    "不同领域之间分布不一致": "Distributions differ between domains, a domain mismatch.",
    "现有评估指标与人的感知不符": "Existing evaluation metrics disagree with human perception.",
    "结合自监督预训练与轻量微调": "Self-supervised pretraining and lightweight fine-tuning are combined.",
    "以交叉注意力融合多种特征": "Cross-attention fuses several features; fusion of features is by attention.",
    "通过对比学习对齐两种表示": "Contrastive learning aligns two representations.",
    "引入分层的离散表示": "Hierarchical discrete representations are introduced.",
    "提升了模型的鲁棒性": "This improves the robustness of robust models.",
    "降低了推理开销": "It lowers the overhead and cost of inference.",
    "在多个数据集上取得更好结果": "On several datasets results are better.",
    "增强了结果的可解释性": "Results become more interpretable; interpretability grows.",
}


def invented(number: int, words: int = 120) -> list[Paper]:
    """So many papers, their abstracts padded with so many words; the same ones every time."""
    chance = random.Random(number)
    papers = []
    for index in range(number):
        title = f"Study {index} of {' '.join(chance.choices(_WORDS.split(), k=7))}"
        paper = Paper(id=f"2601.{index + 1:05d}", version=1, title=title, abstract="", categories=("cs.SD",))
        said = " ".join(map(str, compose(SamplePaper(**paper.model_dump())).values()))
        support = " ".join(english for chinese, english in _ENGLISH.items() if chinese in said)
        abstract = f"{support} {' '.join(chance.choices(_WORDS.split(), k=words))}."
        papers.append(paper.model_copy(update={"abstract": abstract}))
    return papers


def write_records(papers: list[Paper], path: Path) -> Path:
    """The papers as a records file of the sample server."""
    fields = {"id", "title", "abstract", "categories"}
    rows = (json.dumps(paper.model_dump(mode="json", include=fields)) for paper in papers)
    path.write_text("\n".join(rows), encoding="utf-8")
    return path
