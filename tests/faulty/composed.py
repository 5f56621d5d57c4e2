"""Answers that nobody recorded: composed for any paper, or with a defect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from digest.sample import knobs as sample
from digest.sample.data import SampleData, SamplePaper, share
from tests.faulty.knobs import Knobs


def compose(record: SamplePaper) -> dict[str, Any]:
    """Plausible fields for a paper without a recorded answer; the same title always gives the same ones."""
    name = record.title.partition(":")[0] if ":" in record.title else ""
    choices = [_PARTS[part][share(part + record.title, len(_PARTS[part]))] for part in _PARTS]
    task, problem, method, effect = choices
    subject = f"提出{name}，" if 0 < len(name) <= 40 else "提出一种新方法，"
    return {
        "kind": "method",
        "task": task,
        "problem": problem,
        "contribution": f"{subject}{method}，{effect}",
    }


_PARTS = {
    "task": ("语音识别", "语音增强", "音乐生成", "说话人验证", "声音事件检测", "语音合成", "语音情感识别"),
    "problem": (
        "标注数据稀缺时模型泛化能力不足",
        "噪声环境下性能明显下降",
        "长序列建模计算开销过大",
        "不同领域之间分布不一致",
        "现有评估指标与人的感知不符",
    ),
    "method": (
        "结合自监督预训练与轻量微调",
        "以交叉注意力融合多种特征",
        "通过对比学习对齐两种表示",
        "引入分层的离散表示",
    ),
    "effect": ("提升了模型的鲁棒性", "降低了推理开销", "在多个数据集上取得更好结果", "增强了结果的可解释性"),
}


def _line(fields: Mapping[str, Any]) -> str:
    return f"该论文属于{fields['task']}任务，旨在解决{fields['problem']}的问题。{fields['contribution']}。"


def with_defect(record: SamplePaper, content: str) -> str:
    """The answer with an invented method name, or with an English phrase left in."""
    fields = json.loads(content) if content.startswith("{") else {}
    said, line = fields.get("contribution", ""), fields.get("line", content)
    if share("defect" + record.id, 2):
        said, line = f"提出QuartzFormer-X，{said.removeprefix('提出')}", f"提出QuartzFormer-X。{line}"
    else:
        phrase = "并使用a carefully designed training strategy完成训练"
        said, line = f"{said}，{phrase}", f"{line.rstrip('。')}，{phrase}。"
    if not fields:
        return line
    changed = {"contribution": said, "line": line}
    return json.dumps({name: changed.get(name, value) for name, value in fields.items()}, ensure_ascii=False)


def library_of(knobs: Knobs) -> SampleData:
    """The records and answers that the knobs name, read once until a file changes."""
    plain = sample.Knobs(records=knobs.records, entry=knobs.entry, fields=knobs.fields, line=knobs.line)
    files = (*knobs.records, *knobs.entry, *knobs.fields, *knobs.line)
    return _read(plain, knobs.synthesize, tuple(_stamp(path) for path in files))


@lru_cache(maxsize=8)
def _read(
    plain: sample.Knobs,
    synthesize: bool,
    stamps: tuple[object, ...],
) -> SampleData:
    library = SampleData(plain)
    for record in library.records if synthesize else ():
        fields = compose(record)
        line = _line(fields)
        library.entries.setdefault(record.id, {**fields, "line": line})
        library.fields.setdefault(record.id, fields)
        library.lines.setdefault(record.id, line)
    return library


def _stamp(path: Path) -> tuple[int, int] | None:
    """Time of the last change in ns and size in bytes; None of a file that cannot be read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
