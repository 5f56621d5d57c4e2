"""The cache of a site between two builds: what each part of it was made from, and came to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from digest.publish.site.titles import Titles

Value = Mapping[str, Any]
"""The kept value of a unit."""

DONE: Value = {"done": True}
"""The kept value of a unit that is nothing but its files."""


class BuildCache:
    """Earlier builds of a site: of each unit a fingerprint, its files, and what the overview needs.

    Args:
        folder: of the site.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".state"
        self._units: dict[str, dict[str, Any]] = _load(self._folder / "units.json")
        self.titles = Titles(self._folder / "titles.sqlite3")
        self.seen: set[str] = set()

    def get(self, name: str, fingerprint: str) -> Value | None:
        """The kept value of the unit, if its fingerprint is still this."""
        kept = self._units.get(name)
        if kept is None or kept["fingerprint"] != fingerprint:
            return None
        self.seen.add(name)
        value: Value = kept["value"]
        return value

    def get_stale(self, name: str) -> Value | None:
        """The kept value of the unit, whatever has changed since; its files stay."""
        kept = self._units.get(name)
        if kept is None:
            return None
        self.seen.add(name)
        value: Value = kept["value"]
        return value

    def put(self, name: str, fingerprint: str, files: Iterable[str], value: Value) -> None:
        """Keep the value and files that a unit came to."""
        self.seen.add(name)
        self._units[name] = {"fingerprint": fingerprint, "files": sorted(files), "value": value}

    def files(self) -> set[str]:
        """The files of all units."""
        return {file for unit in self._units.values() for file in unit["files"]}

    def forget_others(self) -> None:
        """Forget the units that were not asked for in this build: their digests are gone."""
        for name in set(self._units) - self.seen:
            del self._units[name]

    def save(self, write: Callable[[Path, str], None]) -> None:
        """Write it down with `write(path, text)`."""
        write(self._folder / "units.json", json.dumps(self._units, ensure_ascii=False))
        self.titles.save()


def fingerprint_of(*parts: object) -> str:
    """A short hash of anything that has a stable form."""
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def code_fingerprint() -> str:
    """A short hash of the code, templates and styles: another version makes the pages anew."""
    here = Path(__file__).parent
    hashed = hashlib.sha256()
    for path in sorted(here.rglob("*")):
        if path.is_file() and path.suffix in {".py", ".j2", ".css", ".js", ".svg"}:
            hashed.update(path.read_bytes())
    return hashed.hexdigest()[:20]


def _load(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or damaged: everything is made anew
        return {}
    return loaded if isinstance(loaded, dict) else {}
