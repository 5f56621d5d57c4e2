"""Prompt variants: files with TOML front matter, a system part and a user part.

A prompt's identity is the hash of what it renders to and its decoding parameters, so two files that say the
same thing are the same prompt, whatever they are called.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError

from digest.model import Language, Message, Paper, Record, Request, Text
from digest.summarize import answer
from digest.summarize.prompt_text import fence, within
from digest.system.errors import UsageError

Input = Literal["title", "abstract", "comments", "text"]
_LABELS: dict[Language, dict[Input, str]] = {
    "zh": {"title": "标题", "abstract": "摘要", "comments": "备注", "text": "正文节选"},
    "en": {"title": "Title", "abstract": "Abstract", "comments": "Comments", "text": "Passages"},
}
_COLON: dict[Language, str] = {"zh": "：", "en": ": "}
_ALSO: dict[Language, str] = {
    "zh": "此外再写一个字段 line_en，放在 line 之后：用一到两句通顺的英文说同样的内容，25 到 45 个词，"
    "不逐字翻译，名称和数字与 line 一致。",
    "en": "Write one more field, line_zh, after line: the same content in one or two natural sentences of "
    "Simplified Chinese, 65 to 90 characters with letters and digits, ending in 。, with the same names "
    "and numbers.",
}
"""Language of a prompt -> what asks for the line in the other one as well."""


class Prompt(Record):
    """One variant, ready to be rendered for a paper."""

    name: str = Field(pattern=r"^[\w.-]+$")
    description: str = ""
    answer: Literal["entry", "fields", "line"] = Field(description="what the model returns")
    lang: Language = Field(default="zh", description="of the line and the fields")
    draft: bool = Field(default=False, description="an entry's line is drafted and reviewed before it")
    also: tuple[Language, ...] = Field(
        default=(), description="further languages of the line; see `speaking`"
    )
    inputs: tuple[Input, ...] = Field(default=("title", "abstract"), min_length=1)
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=600, ge=16)
    system: str
    user: str
    shorter: Prompt | None = Field(
        default=None, description="asked where this one is too long even with title and abstract alone"
    )

    @property
    def identity(self) -> str:
        """The name with the first 12 hexadecimal digits of the hash of everything that shapes an answer."""
        shaping = self.model_dump(exclude={"name", "description", "shorter"})
        if self.lang == "zh":  # as before there were others
            del shaping["lang"]
        if not self.draft:
            del shaping["draft"]
        if not self.also:
            del shaping["also"]
        canonical = json.dumps(shaping, sort_keys=True, ensure_ascii=False)
        return f"{self.name}@{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"

    @property
    def reads_text(self) -> bool:
        """True if the paper's full text goes into this prompt."""
        return "text" in self.inputs

    @property
    def json_schema(self) -> dict[str, Any] | None:
        """The schema of its answers; None where the answer is a line and nothing else."""
        if self.answer == "entry":
            return answer.entry_schema(self.lang, self.also, draft=self.draft)
        return answer.schema() if self.answer == "fields" else None

    def speaking(self, languages: Sequence[Language]) -> Prompt:
        """The same prompt, asking for the line in these languages; none: in its own.

        Raises:
            UsageError: its own is not among them, or its answers have room for one line only.
        """
        if languages and self.lang not in languages:
            listed = ", ".join(languages)
            raise UsageError(
                f"Prompt {self.name!r} writes {self.lang}, and run.languages asks for {listed}: take "
                f'a prompt with lang = "{languages[0]}", or add "{self.lang}".'
            )
        also = tuple(dict.fromkeys(one for one in languages if one != self.lang))
        if also and self.answer != "entry":
            raise UsageError(
                f"Prompt {self.name!r} gives one line in one language, and run.languages asks for "
                f'{", ".join(languages)}: take a prompt with answer = "entry".'
            )
        shorter = self.shorter and self.shorter.speaking(languages)
        return self.model_copy(update={"also": also, "shorter": shorter})

    def render(self, paper: Paper, text: Text | None = None) -> tuple[Message, ...]:
        """The conversation that asks about one paper.

        Everything constant stands first, so that a provider's prefix cache serves it; what the paper says
        stands inside a fence that it cannot close.
        """
        values: dict[Input, str] = {
            "title": within("title", paper.title),
            "abstract": within("abstract", paper.abstract),
            "comments": within("comments", paper.comments or ""),
            "text": _passages(text),
        }
        labels, colon = _LABELS[self.lang], _COLON[self.lang]
        parts = [f"{labels[name]}{colon}{values[name]}" for name in self.inputs if values[name]]
        content = self.user.replace("{paper}", fence("\n\n".join(parts)))
        system = f"{self.system}\n\n{_ALSO[self.lang]}" if self.also else self.system
        return Message(role="system", content=system), Message(role="user", content=content)


def _passages(text: Text | None) -> str:
    if text is None or not text.passages:
        return ""
    return "\n\n" + "\n\n".join(f"{passage.heading}\n{passage.content}" for passage in text.passages)


def request_for(
    prompt: Prompt, model: str, conversation: tuple[Message, ...], body: Mapping[str, Any]
) -> Request:
    """The request that a conversation makes of a model, with a prompt's parameters.

    Args:
        prompt: what is asked for, and how.
        model: the endpoint's name of it.
        conversation: what is said.
        body: further fields that shape the answer; see `Endpoint.body`.
    """
    return Request(
        model=model,
        messages=conversation,
        temperature=prompt.temperature,
        max_tokens=prompt.max_tokens,
        json_schema=prompt.json_schema,
        body=dict(body),
    )


def parse(source: str, where: str, shorter: Callable[[str], Prompt] | None = None) -> Prompt:
    """Read a prompt file.

    Args:
        source: `+++`, TOML, `+++`, then `# system` and `# user` parts; the user part holds `{paper}` once.
        where: the file's name for error messages.
        shorter: gives the prompt that the front matter names as `shorter`; None: none may be named.

    Raises:
        UsageError: something is missing or misspelt.
    """
    parts = re.fullmatch(
        r"\+\+\+\n(.*?)^\+\+\+\n\s*# system\n(.*?)^# user\n(.*)", source, re.DOTALL | re.MULTILINE
    )
    if parts is None:
        raise UsageError(f"{where}: a prompt is +++, TOML, +++, then a '# system' and a '# user' part.")
    front, system, user = parts.groups()
    if user.count("{paper}") != 1:
        raise UsageError(
            f"{where}: the user part must hold {{paper}} exactly once: the paper's text goes there."
        )
    try:
        values = tomllib.loads(front)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where}: the front matter is not valid TOML: {error}.") from error
    if "also" in values:
        raise UsageError(f"{where}: also: further languages are set for all prompts, by run.languages.")
    if "shorter" in values:
        if shorter is None or not isinstance(values["shorter"], str):
            raise UsageError(f"{where}: shorter: the name of a prompt that names no shorter one itself.")
        values["shorter"] = shorter(values["shorter"])
    try:
        return Prompt.model_validate({**values, "system": system.strip(), "user": user.strip()})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        allowed = ", ".join(field for field in Prompt.model_fields if field not in {"system", "user", "also"})
        raise UsageError(f"{where}: {key}: {first['msg']}. Front matter may hold: {allowed}.") from None
