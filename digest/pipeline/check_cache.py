"""The outcomes of papers before: a day that is made again need not read and check every answer again.

An outcome is derived from answers in the ledger, so nothing is lost when one is not found. It counts only for
the same question, with the same code and settings of the checks, and among the same papers; a new answer to
the question ends it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from digest import summarize
from digest.ledger import Ledger
from digest.model import Finding, Paper, Record, Summary
from digest.summarize.summarizer import SummaryResult


class _Kept(Record):
    """An outcome without a flag; flagged papers are tried again instead."""

    summary: Summary
    findings: tuple[Finding, ...] = ()


def recipe_of(papers: Sequence[Paper], checks: Mapping[str, object]) -> str:
    """The hash (64 hexadecimal digits) of all that shapes an outcome beside the question.

    Args:
        papers: all of the day.
        checks: the user's severities.
    """
    shaping = [_code(), dict(checks), [[paper.title, paper.abstract] for paper in papers]]
    canonical = json.dumps(shaping, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


class CheckCache:
    """The outcomes of one day's papers.

    Args:
        ledger: where they are kept.
        recipe: see `recipe_of`.
    """

    def __init__(self, ledger: Ledger, recipe: str) -> None:
        self._ledger = ledger
        self._recipe = recipe

    def recall(self, question: str) -> SummaryResult | None:
        """The outcome of a question, by its key, if that is kept."""
        text = self._ledger.outcome(question, self._recipe)
        if text is None:
            return None
        try:
            kept = _Kept.model_validate_json(text)
        except ValidationError:  # of an older version of this program
            return None
        return SummaryResult(kept.summary, None, kept.findings)

    def keep(self, question: str, outcome: SummaryResult) -> None:
        """Keep what became of a question, if it was answered well, and by the model that was asked first.

        A line whose correction got no answer is not kept: the next run asks for the correction again.
        """
        if outcome.summary is None or outcome.flag is not None or not outcome.whole:
            return
        if not self._ledger.completion(question):
            return
        kept = _Kept(summary=outcome.summary, findings=outcome.findings)
        self._ledger.keep_outcome(question, self._recipe, kept.model_dump_json(exclude_defaults=True))


@cache
def _code() -> str:
    """Hash of the code that reads and checks answers, with its lists of words."""
    (folder,) = summarize.__path__
    files = sorted(path for path in Path(folder).rglob("*") if path.suffix in {".py", ".txt"})
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
