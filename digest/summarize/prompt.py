"""Prompt variants: files with TOML front matter, a system part and a user part.

A prompt's identity is the hash of what it renders to and its decoding parameters, so two files that say the
same thing are the same prompt, whatever they are called.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from typing import Literal

from pydantic import Field, ValidationError

from digest.config import find, shipped
from digest.errors import UsageError
from digest.model import Message, Paper, Record, Text
from digest.summarize.bounds import within
from digest.summarize.fence import fence
from digest.system.files import at_home, read_text

Input = Literal["title", "abstract", "comments", "text"]
_LABELS: dict[Input, str] = {"title": "标题", "abstract": "摘要", "comments": "备注", "text": "正文节选"}


class Prompt(Record):
    """One variant, ready to be rendered for a paper."""

    name: str = Field(pattern=r"^[\w.-]+$")
    description: str = ""
    answer: Literal["fields", "line"] = Field(description="what the model returns")
    inputs: tuple[Input, ...] = Field(default=("title", "abstract"), min_length=1)
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=600, ge=16)
    system: str
    user: str

    @property
    def identity(self) -> str:
        """The name with the first 12 hexadecimal digits of the hash of everything that shapes an answer."""
        shaping = self.model_dump(exclude={"name", "description"})
        canonical = json.dumps(shaping, sort_keys=True, ensure_ascii=False)
        return f"{self.name}@{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"

    @property
    def reads_text(self) -> bool:
        """Whether the paper's full text goes into this prompt."""
        return "text" in self.inputs

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
        parts = [f"{_LABELS[name]}：{values[name]}" for name in self.inputs if values[name]]
        content = self.user.replace("{paper}", fence("\n\n".join(parts)))
        return Message(role="system", content=self.system), Message(role="user", content=content)


def _passages(text: Text | None) -> str:
    if text is None or not text.passages:
        return ""
    return "\n\n" + "\n\n".join(f"{passage.heading}\n{passage.content}" for passage in text.passages)


def load(name: str) -> Prompt:
    """The prompt called `name` in a `prompts/` folder, or the one in the file of that path.

    Raises:
        UsageError: there is no such file, or it is no prompt; says which, where, and what is there.
    """
    try:
        path = at_home(name)
    except ValueError as error:
        raise UsageError(f"--prompt {error}.") from error
    if path.suffix != ".md":
        path = find(f"prompts/{name}.md")
        if not path.exists():
            raise UsageError(
                f"There is no prompt {name!r}. Prompts here: {', '.join(known())}; or give a file.md."
            )
    return parse(read_text(path), str(path))


def known() -> list[str]:
    """The names of the prompts in the working directory and of those that the project ships."""
    folders = find("prompts"), shipped("prompts")
    return sorted({file.stem for folder in folders for file in folder.glob("*.md")})


def parse(source: str, where: str) -> Prompt:
    """Read a prompt file.

    Args:
        source: `+++`, TOML, `+++`, then `# system` and `# user` parts; the user part holds `{paper}` once.
        where: the file's name for error messages.

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
    try:
        return Prompt.model_validate({**values, "system": system.strip(), "user": user.strip()})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        allowed = ", ".join(field for field in Prompt.model_fields if field not in {"system", "user"})
        raise UsageError(f"{where}: {key}: {first['msg']}. Front matter may hold: {allowed}.") from None
