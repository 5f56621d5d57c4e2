"""Prompts by their name: files of the working directory, and those that the project ships."""

from __future__ import annotations

from digest.config import find, shipped
from digest.summarize.prompt import Prompt, parse
from digest.system.errors import UsageError
from digest.system.files import at_home, read_text


def load(name: str) -> Prompt:
    """The prompt called `name` in a `prompts/` folder, or the one in the file of that path.

    Raises:
        UsageError: there is no such file, or it is no prompt; says which, where, and what is there.
    """
    source, where = _file(name)
    return parse(source, where, lambda shorter: parse(*_file(shorter)))


def _file(name: str) -> tuple[str, str]:
    """The contents and the path of a prompt's file."""
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
    return read_text(path), str(path)


def known() -> list[str]:
    """The names of the prompts in the working directory and of those that the project ships."""
    folders = find("prompts"), shipped("prompts")
    return sorted({file.stem for folder in folders for file in folder.glob("*.md")})
