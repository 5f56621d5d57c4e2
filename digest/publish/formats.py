"""The forms that a digest has as a file, by the ends of their names. Another one is a line in `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from digest.model import Digest
from digest.publish.json_format import from_json, to_json
from digest.publish.markdown import render as to_markdown
from digest.system.errors import UsageError
from digest.system.files import read_text


@dataclass(frozen=True)
class Format:
    """One form.

    Attributes:
        suffix: what a file's name ends in, behind the section's key.
        render: digest -> the file's text.
        read: text and name -> the digest; None for a form that is for looking at only.
    """

    suffix: str
    render: Callable[[Digest], str]
    read: Callable[[str, str], Digest] | None = None


def _from_markdown(text: str, name: str) -> Digest:
    from digest.publish.markdown_parser import parse  # what a run does not need

    return parse(text, str(Path(name).absolute()))  # date and section may stand in the folder's name


def _to_reader_markdown(digest: Digest) -> str:
    from digest.publish.reader_markdown import render_reader  # not needed for lint and import

    return render_reader(digest)


JSON = Format(".json", to_json, from_json)
MARKDOWN = Format(".md", to_markdown, _from_markdown)

FORMATS = (
    JSON,
    MARKDOWN,
    Format(".reader.md", _to_reader_markdown),
)
"""All of them: what is written of each digest, in this order."""


def format_of(path: Path, otherwise: Format = MARKDOWN) -> Format:
    """The form that a file's name tells of; `otherwise` for a name that tells of none."""
    fitting = [one for one in FORMATS if path.name.endswith(one.suffix)]
    return max(fitting, key=lambda one: len(one.suffix), default=otherwise)


def parse_digest(text: str, path: Path, otherwise: Format = MARKDOWN) -> Digest:
    """The digest that the text of the file `path` holds, in the form of the file's name.

    Raises:
        FormatError: the text is not of this form.
        UsageError: it is no digest, or the form is for looking at only.
    """
    form = format_of(path, otherwise)
    if form.read is None:
        forms = ", ".join(one.suffix for one in FORMATS if one.read)
        raise UsageError(f"{path}: *{form.suffix} is for reading only; give the file that ends in {forms}.")
    return form.read(text, str(path))


def read_digest(path: Path) -> Digest:
    """The digest in a file, in the form of its name; a name that tells of none is taken for Markdown.

    Raises:
        FormatError: the file is not of this form.
        UsageError: it is no digest, cannot be read, or its form is for looking at only.
    """
    return parse_digest(read_text(path), path)
