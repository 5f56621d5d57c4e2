"""Papers in a folder on this machine, laid out as arXiv's bulk archives are (arXiv: help/bulk_data_s3).

Archives `arXiv_pdf_2601_001.tar` hold `2601/2601.00001.pdf`, with or without a version; unpacked they are
folders by month. Papers before April 2007 stand as `9901/hep-th9901001.pdf`, or below a folder of their
archive as `hep-th/pdf/9901/9901001v1.pdf`. Texts (.txt) may stand in the places of PDFs.
"""

from __future__ import annotations

import re
import tarfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from digest.model.taxonomy import archives
from digest.system.errors import UsageError

_TAR = re.compile(r"arXiv_(?:pdf|txt)_(\d{4})_\d+\.tar", re.IGNORECASE)
_MONTH = re.compile(r"\d{4}")
_NEW = re.compile(r"(\d{4}\.\d{4,5})(?:v(\d+))?")
_OLD = re.compile(r"(?:([a-z-]+?)(?:\.[A-Za-z-]{2})?[_-]?)?(\d{7})(?:v(\d+))?")
_MONTHS_HELD = 12
_PADDING = 1 << 20
_SUFFIXES = (".pdf", ".txt")


class _Place(NamedTuple):
    """The place of a file: by itself, or so many bytes from an offset of an archive."""

    path: Path
    version: int | None
    offset: int
    size: int | None
    suffix: str


@dataclass(frozen=True)
class Found:
    """A paper's file.

    Attributes:
        suffix: .pdf or .txt.
        other: the version that it is of, where that is not the one asked for; 0: it does not say.
        path: of the file, or of the archive that it is in.
        offset: where it begins there.
        size: bytes; None: all.
    """

    suffix: str
    other: int | None
    path: Path
    offset: int
    size: int | None

    def write(self, target: Path) -> None:
        """Copy it. Raises OSError."""
        with self.path.open("rb") as source, target.open("wb") as copy:
            source.seek(self.offset)
            left = self.size
            while data := source.read(1 << 20 if left is None else min(1 << 20, left)):
                copy.write(data)
                left = None if left is None else left - len(data)


class Mirror:
    """The papers of a folder, looked up by the month in their identifiers.

    Args:
        root: the folder.
        say: is told of archives that are damaged, once each.

    Raises:
        UsageError: there is no such folder, or nothing in it is laid out so.
    """

    def __init__(self, root: Path, say: Callable[[str], None] = lambda _: None) -> None:
        self._root = root
        self._say = say
        self._said: set[Path] = set()
        self._months: OrderedDict[str, dict[str, list[_Place]]] = OrderedDict()
        self._places = _places_by_month(root)
        self._looking = threading.Lock()  # the papers of a day are looked up side by side
        if not self._places:
            raise UsageError(
                f"{root}: there are no papers as in arXiv's bulk archives: arXiv_pdf_2601_001.tar, or "
                "folders by month such as 2601."
            )

    def find(self, paper_id: str, version: int | None) -> Found | None:
        """The file of a paper: of that version, else of one that is not named, else of the nearest one."""
        month = paper_id.rpartition("/")[2][:4]
        with self._looking:
            places = self._month(month).get(paper_id, ())
        if not places:
            return None
        wanted = version or 0

        def rank(place: _Place) -> tuple[bool, bool, int, bool]:
            other = place.version != version
            return (
                other,
                place.version is not None,
                abs((place.version or 0) - wanted),
                place.suffix != ".pdf",
            )

        best = min(places, key=rank)
        same = best.version is not None and best.version == version
        return Found(best.suffix, None if same else best.version or 0, best.path, best.offset, best.size)

    def _month(self, month: str) -> dict[str, list[_Place]]:
        held = self._months.pop(month, None)
        if held is None:
            held = {}
            for path in self._places.get(month, ()):
                for paper_id, place in self._inside(path, month):
                    held.setdefault(paper_id, []).append(place)
        self._months[month] = held  # the one used last
        if len(self._months) > _MONTHS_HELD:
            self._months.popitem(last=False)
        return held

    def _inside(self, path: Path, month: str) -> Iterator[tuple[str, _Place]]:
        if path.is_dir():
            above = path.relative_to(self._root).parts
            for file in sorted(path.rglob("*")):
                name = _identified(file.name, above, month)
                if name and file.is_file():
                    yield name[0], _Place(file, name[1], 0, None, file.suffix.lower())
            return
        try:
            with tarfile.open(path, "r:", ignore_zeros=True) as archive:  # goes on behind what is damaged
                damage = yield from self._members(archive, path, month)
        except (tarfile.TarError, OSError) as error:
            damage = str(error) or type(error).__name__
        if damage and path not in self._said:
            self._said.add(path)
            self._say(f"{path} is damaged ({damage}): papers are missing from it.")

    def _members(
        self, archive: tarfile.TarFile, path: Path, month: str
    ) -> Generator[tuple[str, _Place], None, str]:
        """The papers of an archive; returns what is wrong with it, in words."""
        size, end, damage = path.stat().st_size, 0, ""
        for member in archive:
            if member.offset > end:
                damage = f"{member.offset - end:,} bytes before {member.name} are no files"
            end = member.offset_data + -(-member.size // 512) * 512
            if end - 512 >= size:
                return f"it breaks off in {member.name}"
            inside = PurePosixPath(member.name)
            name = _identified(inside.name, inside.parts[:-1], month)
            if name and member.isreg():
                place = _Place(path, name[1], member.offset_data, member.size, inside.suffix.lower())
                yield name[0], place
        return damage or _rest(path, end, size)


def _rest(path: Path, end: int, size: int) -> str:
    """The fault of the bytes behind the last file, which should be zeros; empty: none."""
    if not end:
        return "there is no file in it"
    with path.open("rb") as file:
        file.seek(end)
        if any(file.read(_PADDING)):
            return f"the last {size - end:,} bytes are no files"
    return "" if size - end <= _PADDING else f"the last {size - end:,} bytes are no files"


def _places_by_month(root: Path) -> dict[str, list[Path]]:
    """The archives and folders of each month."""
    found: dict[str, list[Path]] = {}
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such folder.")
    waiting = [root]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if (tar := _TAR.fullmatch(path.name)) and path.is_file():
                found.setdefault(tar[1], []).append(path)
            elif path.is_dir() and _MONTH.fullmatch(path.name):
                found.setdefault(path.name, []).append(path)
            elif path.is_dir() and not path.is_symlink():
                waiting.append(path)
    if _MONTH.fullmatch(root.name):
        found.setdefault(root.name, []).append(root)
    return found


def _identified(name: str, above: tuple[str, ...], month: str) -> tuple[str, int | None] | None:
    """Identifier and version that a file's name and the folders above it stand for."""
    stem, dot, ending = name.rpartition(".")
    if f"{dot}{ending}".lower() not in _SUFFIXES:
        return None
    if new := _NEW.fullmatch(stem):
        return (new[1], int(new[2]) if new[2] else None) if new[1][:4] == month else None
    old = _OLD.fullmatch(stem)
    if old is None or old[2][:4] != month:
        return None
    archive = old[1] or next((part for part in reversed(above) if part in archives()), None)
    if archive not in archives():
        return None
    return f"{archive}/{old[2]}", int(old[3]) if old[3] else None
