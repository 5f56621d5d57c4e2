"""Defects planted into published lines: what a check must find.

A generator takes a case and a random source, and returns the spoilt line, or None where the line gives no
occasion for this defect.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files

from digest.summarize.checks import Source
from digest.summarize.checks.words import JARGON


@dataclass(frozen=True)
class Case:
    """A published line with its paper, and the other entries of the day."""

    id: str
    line: str
    source: Source
    day: tuple[tuple[str, Source], ...]


Plant = Callable[[Case, random.Random], str | None]

_NAME = re.compile(
    r"(?<![A-Za-z0-9-])[A-Z][A-Za-z0-9]*[A-Z0-9][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*(?![A-Za-z0-9-])"
)
_NUMBER = re.compile(r"(?<![A-Za-z0-9.-])\d+(?:\.\d+)?(?![A-Za-z0-9.-])")
_TITLED = re.compile(r"([A-Z][A-Za-z0-9]*[A-Z0-9][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*):")
_PHRASE = re.compile(r"(?<= )[a-z]{4,}(?: [a-z]{4,}){1,2}(?= )")
_TRADITIONAL = dict(
    zip(
        "论务决问题语识别数据计过实现学习网络图频声转换强优质应习发结构评标环检测训练类约视觉时间个为与动态",
        "論務決問題語識別數據計過實現學習網絡圖頻聲轉換強優質應習發結構評標環檢測訓練類約視覺時間個為與動態",
        strict=True,
    )
)
_LEAKS = (
    "以下是该论文的中文总结：{}",
    "{}（62字）",
    "摘要：{}",
    "好的，{}",
    "抱歉，我无法访问全文。{}",
    "作为AI语言模型，我认为{}",
    "根据提供的摘要，{}",
    "简介：{}",
    "Here is the summary: {}",
    "{}（约60字）",
)
_MARKS = ("**{}**", "- {}", "# {}", "> {}", "`{}`", "1. {}", "* {}")


def another_paper(case: Case, dice: random.Random) -> str | None:
    """The line of another paper of the day."""
    lines = [line for line, source in case.day if line and source != case.source]
    return dice.choice(lines) if lines else None


def wrong_name(case: Case, dice: random.Random) -> str | None:
    """A paper's name replaced by another paper's name."""
    names = {match[1] for _, source in case.day if (match := _TITLED.match(source.title))}
    foreign = sorted(name for name in names if name.lower() not in case.source.text.lower())
    own = [name for name in _NAME.findall(case.line) if name in case.source.text and len(name) > 3]
    if not foreign or not own:
        return None
    return case.line.replace(dice.choice(own), dice.choice(foreign))


def misspelt_name(case: Case, dice: random.Random) -> str | None:
    """A letter of a name left out, doubled, exchanged with its neighbour, or replaced."""
    own = [name for name in _NAME.findall(case.line) if len(name) >= 5]
    if not own:
        return None
    name = dice.choice(own)
    place = dice.randrange(1, len(name) - 1)
    before, letter, after = name[:place], name[place], name[place + 1 :]
    other = dice.choice([c for c in "bdfgkmrtvz" if c != letter.lower()])
    wrong = dice.choice(
        [
            before + after,
            before + letter + letter + after,
            before + after[0] + letter + after[1:],
            before + other + after,
        ]
    )
    if wrong.lower() in case.source.text.lower() or not (letter + after[0]).isalpha():
        return None
    return case.line.replace(name, wrong)


def number_times_ten(case: Case, dice: random.Random) -> str | None:
    """A number ten times too large."""
    found = [
        match for match in _NUMBER.finditer(case.line) if float(match[0]) > 0 and match[0] in case.source.text
    ]
    if not found:
        return None
    match = dice.choice(found)
    value = f"{float(match[0]) * 10:.10g}"
    return case.line[: match.start()] + value + case.line[match.end() :]


def cut_in_half(case: Case, dice: random.Random) -> str | None:
    """The first half."""
    return case.line[: len(case.line) // 2]


def doubled(case: Case, dice: random.Random) -> str | None:
    """The line twice, or its last sentence twice."""
    sentences: list[str] = re.findall(r"[^。]+。", case.line)
    return dice.choice([case.line * 2, case.line + sentences[-1]] if sentences else [case.line * 2])


def untranslated_phrase(case: Case, dice: random.Random) -> str | None:
    """Words of the abstract instead of Chinese ones."""
    phrases: list[str] = _PHRASE.findall(case.source.abstract)
    places = [match.start() + 5 for match in re.finditer(r"[\u4e00-\u9fff]{4}", case.line[5:-3])]
    if not phrases or not places:
        return None
    place, phrase = dice.choice(places), dice.choice(phrases)
    return case.line[:place] + dice.choice([phrase, f" {phrase} "]) + case.line[place + 4 :]


def control_character(case: Case, dice: random.Random) -> str | None:
    """What a LaTeX command becomes when JSON reads it as an escape, and other invisible characters."""
    spoilt = dice.choice(["\x0crac", "\x08eta", "\text", "\x0bec", "\x00", "\x1b[0m", "\u200b", "\u202e"])
    place = dice.randrange(1, len(case.line))
    return case.line[:place] + spoilt + case.line[place:]


def traditional(case: Case, dice: random.Random) -> str | None:
    """One to all of the line's characters in their traditional form."""
    places = [place for place, character in enumerate(case.line) if character in _TRADITIONAL]
    if not places:
        return None
    chosen = dice.sample(places, dice.randint(1, len(places)))
    return "".join(_TRADITIONAL[c] if place in chosen else c for place, c in enumerate(case.line))


def prompt_leak(case: Case, dice: random.Random) -> str | None:
    """Words around the line that are not about the paper."""
    return dice.choice(_LEAKS).format(case.line)


def markdown(case: Case, dice: random.Random) -> str | None:
    """The line, or words in it, as Markdown."""
    if dice.random() < 0.5:
        return dice.choice(_MARKS).format(case.line)
    start = dice.randrange(3, len(case.line) - 8)
    words = case.line[start : start + 5]
    marked = dice.choice(["**{}**", "`{}`", "*{}*", "[{}](https://example.org)", "<b>{}</b>"]).format(words)
    return case.line[:start] + marked + case.line[start + 5 :]


def neighbouring_task(case: Case, dice: random.Random) -> str | None:
    """The task of another field, and nothing of the one that the title names."""
    names = [row.split("\t") for row in _TASKS.splitlines() if "\t" in row]
    title = case.source.title.lower()
    own = [chinese for english, chinese in names if re.search(rf"\b(?:{english})", title)]
    match = re.match(r"该论文属于(.{2,20}?)任务，(.*)", case.line)
    if not own or not match:
        return None
    rest = re.sub("|".join(own), "", match[2])
    task = dice.choice(["语音识别", "机器翻译", "图像分类", "目标检测"])
    words = {"语音识别": "recog|asr|transcr", "机器翻译": "transl", "图像分类": "classif|recog|categ|label"}
    if re.search(words.get(task, "detect|locali"), title) or re.search("|".join(own), task):
        return None
    return f"该论文属于{task}任务，{rest}"


def problem_as_task(case: Case, dice: random.Random) -> str | None:
    """The task again, in the place of the problem."""
    match = re.match(r"该论文属于([^，。的]{2,20}?)任务，[^。]*。(.+)", case.line)
    return match and f"该论文属于{match[1]}任务，旨在解决{match[1]}的问题。{match[2]}"


def first_person(case: Case, dice: random.Random) -> str | None:
    """我们 said by the digest."""
    return case.line.replace("提出", "我们提出", 1) if "提出" in case.line else None


def half_word(case: Case, dice: random.Random) -> str | None:
    """A compound of which one half is left in English."""
    words = sorted(set(re.findall(r"-([a-z]{5,})\b", case.source.abstract)) - _USUAL)
    places = [match.start() for match in re.finditer(r"(?<=[\u4e00-\u9fff])[\u4e00-\u9fff]{2}", case.line)]
    if not words or not places:
        return None
    place = dice.choice(places)
    return f"{case.line[:place]}-{dice.choice(words)}{case.line[place:]}"


def two_words(case: Case, dice: random.Random) -> str | None:
    """Two English words here and there."""
    words = sorted(set(re.findall(r"(?<= )[a-z]{5,}(?= )", case.source.abstract)) - _USUAL)
    commas = [match.end() for match in re.finditer("[，。]", case.line[:-1])]
    if len(words) < 2 or len(commas) < 2:
        return None
    first, second = sorted(dice.sample(commas, 2))
    one, other = dice.sample(words, 2)
    return f"{case.line[:first]}以{one}为主，{case.line[first:second]}在{other}上，{case.line[second:]}"


_TASKS = (files("digest.summarize.checks") / "tasks.txt").read_text(encoding="utf-8")
_USUAL = set(JARGON)

KINDS: tuple[tuple[Plant, float], ...] = (
    (another_paper, 0.97),
    (neighbouring_task, 0.9),
    (problem_as_task, 0.9),
    (first_person, 0.97),
    (half_word, 0.9),
    (two_words, 0.9),
    (wrong_name, 0.9),
    (misspelt_name, 0.95),
    (number_times_ten, 0.95),
    (cut_in_half, 0.95),
    (doubled, 0.95),
    (untranslated_phrase, 0.95),
    (control_character, 0.95),
    (traditional, 0.95),
    (prompt_leak, 0.95),
    (markdown, 0.95),
)
"""Every kind with the share of its cases that must be found."""


def cases_of(plant: Plant, cases: list[Case], count: int, seed: int) -> Iterator[tuple[Case, str]]:
    """`count` spoilt lines of one kind, from lines in random order, round and round."""
    dice = random.Random(seed)
    order = dice.sample(cases, len(cases))
    made = 0
    for turn in range(50 * count):
        case = order[turn % len(order)]
        spoilt = plant(case, dice)
        if spoilt and spoilt != case.line:
            yield case, spoilt
            made += 1
        if made == count:
            return
