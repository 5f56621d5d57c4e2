"""Traces of the sample day in a ledger of real work, from when both had one folder; they are taken out.

Everything of it can be had again: answers come with the package, and what arXiv says is fetched anew.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from digest.ledger.sql.codec import unpack
from digest.ledger.sql.database import Database
from digest.ledger.sql.ledger import SqlLedger
from digest.model import Completion
from digest.sample import EVENING
from digest.sample.knobs import DAY, FOLDER, MODEL
from digest.system.network import on_this_machine

_LOOPBACK = "http://127.0.0.1:"
_LONGEST = timedelta(hours=12)
"""A command over the sample day takes its time from `EVENING` on, and none takes so long."""


def left_in(database: Database) -> bool:
    """True where a ledger holds anything of the sample day: a page of this machine by that day's clock."""
    sql = "SELECT 1 FROM snapshots WHERE url >= ? AND url < ? AND fetched >= ? AND fetched < ? LIMIT 1"
    return database.one(sql, _pages()) is not None


def take_out(ledger: SqlLedger, folder: Path, pages: str = "") -> str | None:
    """Delete what the sample day left in a ledger and in the cache of PDFs.

    Args:
        ledger: of real work.
        folder: where its PDFs are.
        pages: where arXiv is asked now; pages of this machine are no trace where that is a mirror on it.

    Returns:
        What was done, in a sentence or two; None if there was nothing.
    """
    database = ledger.database
    if not left_in(database):
        return None
    from digest.sample.data import SampleData
    from digest.sample.knobs import Knobs
    from digest.text.cache import name_of

    library = SampleData(Knobs())
    papers = [record.versioned_id for record in library.records]
    answers = list(_answers(database, library.fields, library.lines))
    if not answers and on_this_machine(pages):
        return None
    day = DAY.isoformat()

    def work() -> None:
        for number, run, key in answers:
            database.write("DELETE FROM completions WHERE id = ?", (number,))
            database.write("DELETE FROM outcomes WHERE question = ?", (key,))
            database.write("UPDATE runs SET command = 'sample' WHERE id = ? AND command != 'sample'", (run,))
        for paper in papers:
            database.write("DELETE FROM texts WHERE paper = ?", (paper,))
        kept = "DELETE FROM snapshots WHERE url >= ? AND url < ? AND fetched >= ? AND fetched < ?"
        database.write(kept, _pages())
        database.write("DELETE FROM announcements WHERE date = ?", (day,))
        database.write("DELETE FROM listings WHERE date = ?", (day,))
        unasking = "command = 'run' AND id NOT IN (SELECT run FROM completions)"
        database.write(f"UPDATE runs SET command = 'sample' WHERE date = ? AND {unasking}", (day,))  # noqa: S608 - ours
        database.write("DELETE FROM capabilities WHERE model = ?", (MODEL,))

    database.run_transaction(work)
    for paper in papers:
        with contextlib.suppress(OSError):
            (folder / "pdf" / name_of(paper)).unlink()
    return (
        f"{ledger.name}: earlier runs of the sample day had left {len(answers)} recorded answers, and pages "
        f"and PDFs of {day} here. They are taken out; the sample day now has {folder / FOLDER} to itself."
    )


def _answers(
    database: Database, fields: dict[str, dict[str, object]], lines: dict[str, str]
) -> Iterator[tuple[int, int, str]]:
    """The recorded answers, each with its run and key."""
    for paper in fields.keys() | lines.keys():
        recorded = {json.dumps(fields.get(paper), ensure_ascii=False), lines.get(paper)}
        sql = "SELECT id, run, key, completion FROM completions WHERE paper = ?"
        for number, run, key, blob in database.rows(sql, (paper,)):
            answer = unpack(Completion, blob)
            if answer is not None and (answer.model == MODEL or answer.content in recorded):
                yield int(number), int(run), str(key)


def _pages() -> tuple[str, str, str, str]:
    """Bounds of address and time between which the sample day's pages lie."""
    above = _LOOPBACK[:-1] + chr(ord(_LOOPBACK[-1]) + 1)
    return _LOOPBACK, above, EVENING.isoformat(), (EVENING + _LONGEST).isoformat()
