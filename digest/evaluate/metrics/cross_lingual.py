"""The metric `xling`: is a Chinese line about its English paper? No published line of the paper is needed.

Words of title and abstract, and characters of the line, are weighted by TF-IDF. A model that was trained on
published pairs (`xling_train`) maps both into one space of k dimensions; the score is the cosine there. To
ask a model takes numpy alone. It tells the subject; not names, numbers, or who does what to whom.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from digest.system.errors import UsageError
from digest.system.files import read_bytes, write_bytes_atomically

Floats: TypeAlias = NDArray[np.float32]

FORMAT = "digest xling 1"
"""The mark of a file that is a model, with its layout."""

_ARRAYS = ("idf", "map", "shift")
_WORD = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LINE = re.compile(r"(?P<latin>[a-z0-9][a-z0-9.+-]*)|[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")


def paper_text(title: str, abstract: str) -> str:
    """The text of a paper that a model reads."""
    return f"{title}\n{abstract}"


def words_of(text: str) -> list[str]:
    """The words of an English text, in small letters."""
    return _WORD.findall(_plain(text))


def grams_of(line: str) -> list[str]:
    """The characters of a Chinese line, alone and in pairs within a clause, and its Latin tokens whole."""
    return list(_grams(_plain(line)))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _grams(plain: str) -> Iterator[str]:
    for found in _LINE.finditer(plain):
        run = found[0]
        if found["latin"]:
            yield run.rstrip(".-")
        else:
            yield from run
            yield from (run[i : i + 2] for i in range(len(run) - 1))


@dataclass(frozen=True, order=True)
class TrainingPair:
    """A paper and a line that was published for it.

    Attributes:
        id: the arXiv identifier, without version.
        text: title and abstract; see `paper_text`.
        line: the Chinese line.
    """

    id: str
    text: str
    line: str


@dataclass(frozen=True)
class Encoder:
    """The way from the terms of one language to the common space.

    Attributes:
        terms: term -> row.
        idf: a weight for each term.
        map: a row of k numbers for each term.
        shift: what is taken away afterwards, so that an average text is at the origin.
    """

    terms: dict[str, int]
    idf: Floats
    map: Floats
    shift: Floats

    def weights(self, terms: list[str]) -> tuple[list[int], Floats]:
        """The rows of the terms that are known, and their weights; these have length 1 together."""
        counts = Counter(row for term in terms if (row := self.terms.get(term)) is not None)
        rows = sorted(counts)
        times = np.array([counts[row] for row in rows], dtype=np.float32)
        values = (1 + np.log(times)) * self.idf[rows]
        return rows, values / max(float(np.linalg.norm(values)), 1e-9)

    def place(self, terms: list[str]) -> Floats | None:
        """The direction of a text in the common space, with length 1; None where no term is known."""
        rows, values = self.weights(terms)
        if not rows:
            return None
        vector = values @ self.map[rows] - self.shift
        direction: Floats = vector / max(float(np.linalg.norm(vector)), 1e-9)
        return direction


@dataclass(frozen=True)
class XlingModel:
    """The weights learned from published pairs.

    Attributes:
        paper: from words of title and abstract.
        line: from characters of the line.
        seen: identifiers of the papers that it was trained on.
        pairs: how many pairs of paper and line these were.
    """

    paper: Encoder
    line: Encoder
    seen: frozenset[str]
    pairs: int

    def score(self, paper_id: str, text: str, line: str) -> float | None:
        """100 x the cosine between what the paper lets expect and the line; never below 0.

        Args:
            paper_id: the arXiv identifier, without version.
            text: see `paper_text`.
            line: the Chinese line.

        Returns:
            None for a paper that the model was trained on, or that it knows no word of. A line that it knows
            nothing of has 0.
        """
        if paper_id in self.seen:
            return None
        expected, actual = self.paper.place(words_of(text)), self.line.place(grams_of(line))
        if expected is None:
            return None
        return 0.0 if actual is None else 100 * min(max(float(expected @ actual), 0.0), 1.0)

    @property
    def k(self) -> int:
        """Dimensions of the common space."""
        return len(self.line.shift)

    @cached_property
    def signature(self) -> str:
        """The identifier of all that a value depends on."""
        found = hashlib.sha256()
        for name, array in sorted(self._arrays().items()):
            found.update(f"{name}{array.shape}".encode())
            found.update(array.tobytes())
        return f"xling|pairs:{self.pairs}|k:{self.k}|model:{found.hexdigest()[:8]}|v:1"

    def save(self, path: Path) -> None:
        """Write the model, as one .npz without pickle, beside `path`, and rename it into place.

        Raises:
            UsageError: it cannot be written.
        """
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **self._arrays())
        write_bytes_atomically(path, buffer.getvalue())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        about = {
            "format": FORMAT,
            "pairs": self.pairs,
            "seen": sorted(self.seen),
            "paper": list(self.paper.terms),
            "line": list(self.line.terms),
        }
        text = json.dumps(about, ensure_ascii=False).encode()
        arrays: dict[str, NDArray[Any]] = {"about": np.frombuffer(text, dtype=np.uint8)}
        for name, side in (("paper", self.paper), ("line", self.line)):
            arrays |= {f"{name}_{part}": getattr(side, part) for part in _ARRAYS}
        return arrays


def load(path: Path) -> XlingModel:
    """Read a model.

    Raises:
        UsageError: the file cannot be read, is damaged, or is no model.
    """
    content = io.BytesIO(read_bytes(path))
    try:
        with np.load(content, allow_pickle=False) as arrays:
            return _model(arrays)
    # whatever a foreign file may lead to
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, OSError, NotImplementedError) as error:
        raise _unusable(path, error) from None
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OverflowError, MemoryError) as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: Exception) -> UsageError:
    return UsageError(
        f"{path} is damaged, or no model of this version ({error}). Train it anew with `digest eval train`, "
        "or delete it to do without xling."
    )


def _model(arrays: Any) -> XlingModel:  # noqa: ANN401 - numpy has no public name for an open .npz
    about = json.loads(arrays["about"].tobytes().decode())
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']!r}, not {FORMAT!r}")
    paper, line = (_side(about[name], name, arrays) for name in ("paper", "line"))
    if paper.shift.shape != line.shift.shape:
        raise ValueError("its sides do not meet in one space")
    return XlingModel(paper, line, frozenset(about["seen"]), int(about["pairs"]))


def _side(terms: list[str], name: str, arrays: Any) -> Encoder:  # noqa: ANN401 - as above
    idf, mapped, shift = (arrays[f"{name}_{part}"] for part in _ARRAYS)
    if any(array.dtype != np.float32 or not np.isfinite(array).all() for array in (idf, mapped, shift)):
        raise ValueError("its numbers are not usable")
    if idf.shape != (len(terms),) or shift.ndim != 1 or mapped.shape != (len(terms), len(shift)):
        raise ValueError("its parts do not fit together")
    return Encoder({term: row for row, term in enumerate(terms)}, idf, mapped, shift)
