"""The parts of a digest's home: the files that `digest init` writes, and where its program comes from."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from digest.cli.home_program import REQUIREMENTS, single_line
from digest.config import Settings, load, shipped
from digest.system.errors import DigestError, UsageError
from digest.system.files import read_text, write_atomically

WORKFLOW = ".github/workflows/digest.yml"
SCRIPT = "automation.sh"

LANGUAGES = ("zh", "en", "zh,en", "en,zh")
"""The languages of the lines to choose from; the first of one is that of the prompt, and of the pages."""

_PROMPTS = {"zh": "entry", "en": "entry-en"}


@dataclass(frozen=True)
class Answers:
    """The answers of whoever makes a home.

    Attributes:
        sections: see `section_of`.
        endpoint: the name of a preset, or an address.
        model: what the endpoint calls it.
        contact: the address or page that arXiv is told.
        language: one of `LANGUAGES`.
        interests: words.
        url: where the pages will be.
    """

    sections: Sequence[str] = ("audio",)
    endpoint: str = ""
    model: str = ""
    contact: str = ""
    language: str = "zh"
    interests: Sequence[str] = field(default=())
    url: str = ""


def settings_text(answers: Answers) -> str:
    """The `digest.toml` of a home.

    Raises:
        UsageError: an answer is not usable; says which, and what is.
    """
    tables = _tables(answers)
    load(tables, {}, shipped("digest.toml"))  # says what cannot be used
    lines = [
        "# Settings of this digest; what does not stand here is as shipped. `digest doctor` checks them.",
        "# Keys never stand here: they are read from the environment (OPENAI_API_KEY).",
    ]
    for name, section in tables["sections"].items():
        lines += ["", f"[sections.{_key(name)}]", *_lines(section)]
    for table in ("run", "model", "arxiv", "site", "interests"):
        lines += ["", f"[{table}]", *_lines(tables[table])]
    return "\n".join([*lines, "", *_deliver_example()]) + "\n"


def _deliver_example() -> Iterator[str]:
    """The part on delivery of the shipped settings, all of it as comments."""
    text = read_text(shipped("digest.toml"))
    start = text.rindex("\n\n", 0, text.index("\n[deliver]\n")) + 2
    for line in text[start:].splitlines():
        yield line if line.startswith("#") or not line else f"# {line}"


def _tables(answers: Answers) -> dict[str, dict[str, Any]]:
    if answers.language not in LANGUAGES:
        raise UsageError(f"--language {answers.language!r}: it is one of {'; '.join(LANGUAGES)}.")
    languages = answers.language.split(",")
    endpoint = single_line("--endpoint", answers.endpoint)
    sections = dict(section_of(one) for one in answers.sections)
    if not sections:
        raise UsageError("--section: a digest has at least one section.")
    return {
        "sections": sections,
        "run": {
            "sections": list(sections),
            "prompt": _PROMPTS[languages[0]],
            "languages": languages if len(languages) > 1 else [],
        },
        "model": {
            "name": single_line("--model", answers.model),
            **({"base_url": endpoint} if "/" in endpoint or not endpoint else {"preset": _preset(endpoint)}),
        },
        "arxiv": {"contact": single_line("--contact", answers.contact)},
        "site": {"lang": languages[0], "url": single_line("--url", answers.url)},
        "interests": {
            "words": [word for one in answers.interests if (word := single_line("--interest", one))]
        },
    }


def section_of(given: str) -> tuple[str, dict[str, Any]]:
    """Key and settings of a section: `audio` (a shipped one), `cs.LG`, or `learning=机器学习:cs.LG,stat.ML`.

    A shipped one is known by its title, too; punctuation may be full-width.

    Raises:
        UsageError: it is none of these, or a category is not one of arXiv's.
    """
    from digest.model.taxonomy import category_names

    key, equals, rest = single_line("--section", given).replace("＝", "=", 1).partition("=")
    ours = tomllib.loads(read_text(shipped("digest.toml")))["sections"]
    if not equals:
        key = next((name for name, one in ours.items() if one["title"] == key), key)
    if not equals and key in ours:
        return key, ours[key]
    if not equals and key not in category_names():
        near = difflib.get_close_matches(key, [*ours, *category_names()], 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UsageError(
            f"--section {given!r}: it is none of {', '.join(ours)}, and no category.{hint} Others are given "
            "as name=title:category,category, such as learning=Learning:cs.LG,stat.ML."
        )
    if not equals:
        return key.replace(".", "-").lower(), {"title": category_names()[key], "categories": [key]}
    key = key.strip()
    *titles, listed = re.split(r"[:：](?!.*[:：])", rest)
    title = "".join(titles)
    categories = [one for one in re.split(r"[,，、\s]+", listed) if one]
    if not re.fullmatch(r"\w[\w-]*", key):
        raise UsageError(
            f"--section {given!r}: {key!r} names files and pages; take letters, digits, - and _."
        )
    for one in categories:
        if one not in category_names():
            near = difflib.get_close_matches(one, category_names(), 1)
            raise UsageError(
                f"--section {given!r}: arXiv has no category {one!r}."
                + (f" Did you mean {near[0]!r}?" if near else "")
            )
    if not categories:
        raise UsageError(f"--section {given!r}: it names no category, as name=title:cs.LG,stat.ML does.")
    return key, {"title": title.strip() or key, "categories": list(dict.fromkeys(categories))}


def _preset(name: str) -> str:
    from digest.config import ModelSettings
    from digest.llm.presets import preset_of

    preset_of(ModelSettings(preset=name))  # says which there are
    return name


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _lines(table: Mapping[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        yield f"{name} = {_value(value)}"


def _value(value: str | Sequence[str]) -> str:
    """A text, or a list of them, in TOML: JSON's strings are TOML's, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


FileState = Literal["new", "as it was", "kept", "replaced"]


def write_home(folder: Path, answers: Answers, program: str, *, force: bool) -> dict[str, FileState]:
    """Write the files of a home; by file what became of it.

    A file that is there with other content is kept, unless `force` replaces it.

    Raises:
        UsageError: an answer is not usable (nothing is written), or a file cannot be written.
    """
    texts = {
        "digest.toml": settings_text(answers),
        REQUIREMENTS: f"# What `pip install -r` takes: the program that makes this digest.\n{program}\n",
        **{f"prompts/{path.name}": read_text(path) for path in sorted(shipped("prompts").glob("*.md"))},
        **dict(_templates()),
    }
    states: dict[str, FileState] = {}
    for name, text in texts.items():
        path = folder / name
        states[name] = _state(path, text, force=force)
        if states[name] in {"new", "replaced"}:
            write_atomically(path, text)
    return states


def _templates() -> Iterator[tuple[str, str]]:
    root = shipped("deploy/home")
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield path.relative_to(root).as_posix(), read_text(path)


def _state(path: Path, text: str, *, force: bool) -> FileState:
    if not path.exists():
        if path.is_symlink():
            raise UsageError(f"{path} is a link that leads nowhere: remove it first.")
        return "new"
    try:
        same = path.is_file() and read_text(path) == text
    except DigestError:
        same = False
    return "as it was" if same else "replaced" if force else "kept"


def settings_of(folder: Path) -> Settings:
    """The settings of a home, read as `digest run` reads them there.

    Raises:
        UsageError: they are not usable.
    """
    return load(path=folder / "digest.toml")
