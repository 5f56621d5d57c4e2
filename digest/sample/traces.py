"""Traces of the sample day in a ledger of real work, from when both had one folder; they are taken out.

Everything of it can be had again: answers come with the package, and what arXiv says is fetched anew.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from digest.ledger.sqlite.connection import Store, unpack
from digest.ledger.sqlite.ledger import SqliteLedger
from digest.model import Completion
from digest.sample import EVENING
from digest.sample.knobs import DAY, FOLDER, MODEL
from digest.system.network import on_this_machine

_LOOPBACK = "http://127.0.0.1:"
_LONGEST = timedelta(hours=12)
"""A command over the sample day takes its time from `EVENING` on, and none takes so long."""


def left_in(store: Store) -> bool:
    """True if a ledger holds anything of the sample day: a page of this machine by that day's clock."""
    sql = "SELECT 1 FROM snapshots WHERE url >= ? AND url < ? AND fetched >= ? AND fetched < ? LIMIT 1"
    return store.one(sql, _pages()) is not None


def take_out(ledger: SqliteLedger, folder: Path, pages: str = "") -> str | None:
    """Delete what the sample day left in a ledger and in the cache of PDFs.

    Args:
        ledger: of real work.
        folder: where its ledger is, with the PDFs beside it.
        pages: where arXiv is asked now; pages of this machine are no trace where that is a mirror on it.

    Returns:
        What was done, in a sentence or two; None if there was nothing.
    """
    if not left_in(ledger):
        return None
    from digest.sample.data import Library
    from digest.sample.knobs import Knobs
    from digest.text.cache import name_of

    library = Library(Knobs())
    papers = [record.versioned_id for record in library.records]
    answers = list(_answers(ledger, library.fields, library.lines))
    if not answers and on_this_machine(pages):
        return None
    day = DAY.isoformat()
    with ledger.transaction():
        for number, run, key in answers:
            ledger.write("DELETE FROM completions WHERE id = ?", (number,))
            ledger.write("DELETE FROM outcomes WHERE question = ?", (key,))
            ledger.write("UPDATE runs SET command = 'sample' WHERE id = ? AND command != 'sample'", (run,))
        for paper in papers:
            ledger.write("DELETE FROM texts WHERE paper = ?", (paper,))
        kept = "DELETE FROM snapshots WHERE url >= ? AND url < ? AND fetched >= ? AND fetched < ?"
        ledger.write(kept, _pages())
        ledger.write("DELETE FROM announcements WHERE date = ?", (day,))
        ledger.write("DELETE FROM listings WHERE date = ?", (day,))
        unasking = "command = 'run' AND id NOT IN (SELECT run FROM completions)"
        ledger.write(f"UPDATE runs SET command = 'sample' WHERE date = ? AND {unasking}", (day,))  # noqa: S608
        ledger.write("DELETE FROM capabilities WHERE model = ?", (MODEL,))
    for paper in papers:
        with contextlib.suppress(OSError):
            (folder / "pdf" / name_of(paper)).unlink()
    return (
        f"{ledger.path}: earlier runs of the sample day had left {len(answers)} recorded answers, and pages "
        f"and PDFs of {day} here. They are taken out; the sample day now has {folder / FOLDER} to itself."
    )


def _answers(
    ledger: SqliteLedger, fields: dict[str, dict[str, object]], lines: dict[str, str]
) -> Iterator[tuple[int, int, str]]:
    """The recorded answers, each with its run and key."""
    for paper in fields.keys() | lines.keys():
        recorded = {json.dumps(fields.get(paper), ensure_ascii=False), lines.get(paper)}
        sql = "SELECT id, run, key, completion FROM completions WHERE paper = ?"
        for number, run, key, blob in ledger.rows(sql, (paper,)):
            answer = unpack(Completion, blob)
            if answer is not None and (answer.model == MODEL or answer.content in recorded):
                yield int(number), int(run), str(key)


def _pages() -> tuple[str, str, str, str]:
    """Bounds of address and time between which the sample day's pages lie."""
    above = _LOOPBACK[:-1] + chr(ord(_LOOPBACK[-1]) + 1)
    return _LOOPBACK, above, EVENING.isoformat(), (EVENING + _LONGEST).isoformat()
