"""The source of the program in a digest's home: a line of its `requirements.txt`."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import urlsplit

from digest import __version__
from digest.system.errors import DigestError, UsageError
from digest.system.files import read_text

PROGRAM = "bilingual-arxiv-digest"
REQUIREMENTS = "requirements.txt"


def program_for(folder: Path, given: str = "") -> str:
    """The line of `requirements.txt` that installs this program: as given, else from where this one came.

    Args:
        folder: the home; a checkout of the program itself, such as a fork, installs itself.
        given: what pip takes; the bare address of a repository is one of git.

    Raises:
        UsageError: what is given cannot stand in such a file.
    """
    line = single_line("--program", given)
    if line.startswith(("-", "#")):
        raise UsageError(f"--program {given!r}: give an address, or name==version.")
    if line:
        return _installable(line)
    if _is_checkout(folder):
        return "."
    return _installable(_origin() or f"{PROGRAM}=={__version__}")


def program_in(folder: Path) -> str:
    """The line of a home's `requirements.txt` that names this program, without a password; empty: none."""
    path = folder / REQUIREMENTS
    lines = read_text(path).splitlines() if path.exists() else []
    named = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    line = next((line for line in named if PROGRAM in line), next(iter(named), ""))
    return re.sub(r"//[^/@\s]*:[^/@\s]*@", "//", line)


def is_reachable(line: str) -> bool:
    """True where the program comes from an address or the home itself, and not by name from an index."""
    return line.startswith(".") or "://" in line


def _installable(line: str) -> str:
    if secure := re.fullmatch(r"git@([\w.-]+):(\S+)", line):
        line = f"git+ssh://git@{secure[1]}/{secure[2]}"
    if re.match(r"https?://\S+$", line) and not re.search(r"\.(whl|zip|tar\.gz)(#.*)?$", line):
        line = f"git+{line}"
    return f"{PROGRAM} @ {line}" if re.match(r"(git\+)?\w+://", line) else line


def _is_checkout(folder: Path) -> bool:
    try:
        return bool(tomllib.loads(read_text(folder / "pyproject.toml"))["project"]["name"] == PROGRAM)
    except (DigestError, ValueError, LookupError, TypeError):
        return False


def _origin() -> str:
    """The public address that pip got this program from, if it did (PEP 610); no password is passed on."""
    try:
        record = json.loads(distribution(PROGRAM).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    url = urlsplit(str(record.get("url", "")))
    if url.scheme not in {"http", "https", "ssh"}:
        return ""
    bare = url._replace(netloc=url.netloc.rpartition("@")[2] if url.scheme != "ssh" else url.netloc).geturl()
    if vcs := record.get("vcs_info"):
        return f"{vcs['vcs']}+{bare}@{vcs['commit_id']}"
    return bare


def single_line(flag: str, text: str) -> str:
    """The text on one line.

    Raises:
        UsageError: it holds what no keyboard types.
    """
    line = " ".join(text.split())
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in line):
        raise UsageError(f"{flag} {text!r}: it holds a control character, or half of a letter.")
    return line
