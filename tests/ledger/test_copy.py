"""A ledger moved from one database to another: whole or not at all, and nothing else is overwritten."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from digest.ledger import FILE_NAME, Where, open_database, open_history, open_ledger
from digest.ledger.sql import copy as copying
from digest.ledger.sql.copy import contents, copy
from digest.model import Message, Request, Snapshot, Text, TextOrigin
from digest.system.errors import LedgerError, UsageError
from tests.conftest import Run
from tests.ledger.test_interface import DAY, NOON, ODD, keep, question
from tests.publish.samples import digest_of, entry


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Where:
    where: Where = tmp_path / "target" if request.param == "sqlite" else request.getfixturevalue("postgres")
    return where


def fill(where: Where) -> None:
    """Something in every table, with gaps in the numbers."""
    with open_ledger(where) as ledger:
        for number in range(3):
            run = ledger.begin("run", "audio", DAY)
            ledger.event(run, "ask", "answered", None, ODD)
            keep(
                ledger, question(f"{ODD}{number}".encode("utf-8", "replace").decode()), run, f"{ODD}{number}"
            )
            ledger.keep_outcome(f"q{number}", "r", ODD)
            ledger.finish(run, "complete", {"flagged": {}})
        ledger.database.write("DELETE FROM runs WHERE id = 2")
        text = Text(origin=TextOrigin(source="abstract", reason=ODD))
        ledger.keep_text("2601.00001v1", "r", text)
        for day in (None, DAY):
            ledger.put(
                Snapshot(
                    url=f"u{day}", fetched=NOON, status=200, body=ODD, category="c" if day else None, date=day
                )
            )
        ledger.keep_listings(digest_of(entry(), day=DAY))
        ledger.keep_capabilities("e", "m", ODD)
        asked = Request(model="m", messages=(Message(role="user", content="一"),), max_tokens=9)
        log = ledger.batches("e")
        log.change(log.intend(run, "audio", DAY, [(asked, "1")]), "uploaded", file="f")


def moved(source: Where, target: Where) -> bool:
    with open_database(source, to_read=True) as one, open_database(target) as other:
        return copy(one, other)[1]


def everything(where: Where) -> dict[str, copying.Content]:
    with open_database(where, to_read=True) as database:
        return contents(database)


def test_a_ledger_goes_there_and_back_and_stays_what_it_was(tmp_path: Path, target: Where) -> None:
    fill(tmp_path / "a")
    assert moved(tmp_path / "a", target)
    assert moved(target, tmp_path / "b")
    assert everything(tmp_path / "a") == everything(target) == everything(tmp_path / "b")
    assert sum(one.rows for one in everything(target).values()) >= 16
    for where in (target, tmp_path / "b"):
        with open_ledger(where) as ledger:
            assert ledger.begin("run") == 4  # numbers go on after those that were copied
            keep(ledger, question("新"), 4)
            assert ledger.newest() == 4
            assert ledger.texts_of("2601.00001", "r")[0].origin.reason == ODD


def test_again_is_no_trouble_and_what_is_different_is_refused(tmp_path: Path, target: Where) -> None:
    fill(tmp_path / "a")
    assert moved(tmp_path / "a", target)
    assert not moved(tmp_path / "a", target)
    with open_ledger(tmp_path / "a") as ledger:
        ledger.keep_capabilities("e", "m", "another")
    before = everything(target)
    with pytest.raises(UsageError, match="another ledger's rows"):
        moved(tmp_path / "a", target)
    assert everything(target) == before


def test_an_empty_ledger_is_copied_too(tmp_path: Path, target: Where) -> None:
    open_ledger(tmp_path / "a").close()
    assert moved(tmp_path / "a", target)
    assert not any(one.rows for one in everything(target).values())


def test_what_is_read_again_and_differs_is_not_kept(
    tmp_path: Path, target: Where, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "a")
    right = copying.contents
    with open_database(target) as other, open_database(tmp_path / "a", to_read=True) as one:
        monkeypatch.setattr(
            copying, "contents", lambda database: {n: c for n, c in right(database).items() if n != "runs"}
        )
        with pytest.raises(LedgerError, match="nothing is kept"):
            copy(one, other)
    assert not any(one.rows for one in everything(target).values())


KILLED = """
import os, signal, sys
from digest.cli import runs
from digest.ledger import open_database
from digest.ledger.sql import copy as copying

real, seen = copying._copy, []
def die(table, source, target):
    seen.append(table)
    if len(seen) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(table, source, target)

def die_reading(database, real=copying.contents):
    seen.append(database)
    if len(seen) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(database)

if sys.argv[3] == "verifying":
    copying.contents = die_reading
else:
    copying._copy = die
one, other = (runs._named(name) for name in sys.argv[1:3])
with open_database(one, to_read=True) as source, open_database(other) as target:
    copying.copy(source, target)
"""


@pytest.mark.skipif(os.name == "nt", reason="processes are killed with a signal")
@pytest.mark.slow
@pytest.mark.parametrize("at", ["2", "7", "verifying"])
def test_killed_half_way_it_is_not_at_all_and_then_whole(tmp_path: Path, target: Where, at: str) -> None:
    fill(tmp_path / "a")
    name = target.get_secret_value() if isinstance(target, SecretStr) else str(target)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a"), name, at], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not any(one.rows for one in everything(target).values())
    assert moved(tmp_path / "a", target)
    assert everything(target) == everything(tmp_path / "a")


@pytest.mark.slow
def test_the_commands_on_postgresql(
    postgres: SecretStr, root: Path, folder: Path, digest: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old ledger is moved there, looked at, thinned out, saved to a file, and moved back."""
    address = postgres.get_secret_value()
    packed = root / "tests" / "data" / "ledger-2026-11-25.sqlite3.gz"
    (folder / "old").mkdir()
    (folder / "old" / FILE_NAME).write_bytes(gzip.decompress(packed.read_bytes()))
    monkeypatch.setenv("DIGEST_LEDGER_URL", address)
    assert "no ledger in it yet" in digest("runs").err
    assert digest("runs", "verify").code == 4
    assert digest("runs", "backup", "none.sqlite3").code == 2
    assert "the same as old" in digest("runs", "copy", "old", address).out
    assert "nothing was written" in digest("runs", "copy", "old", address).out
    assert len(digest("runs").out.splitlines()) == 4
    assert "ask:" in digest("runs", "show", "1").out
    assert digest("runs", "export", "1").out.count('"kind": "answer"') == 4
    assert digest("runs", "verify").code == 0
    assert digest("runs", "backup", "nowhere/at/all").code == 2
    digest("runs", "backup", "saved.sqlite3")
    assert sorted(path.name for path in folder.iterdir()) == ["old", "saved.sqlite3"]
    assert everything(folder / "saved.sqlite3") == everything(folder / "old")
    assert "nothing was written" in digest("runs", "copy", "saved.sqlite3", "old").out
    assert digest("runs", "copy", address, "back").code == 0
    assert everything(folder / "back") == everything(folder / "old")
    refused = digest("runs", "rescue", "rescued.sqlite3")
    assert refused.code == 2
    assert "runs copy" in refused.err
    assert digest("runs", "prune", "--older-than", "0d", "--answers").code == 0
    with open_history(postgres) as history:
        assert everything(postgres)["completions"].rows == 0
        assert list(history.database.problems()) == []
    assert "another ledger's rows" in digest("runs", "copy", "old", address).err
    assert digest("runs", "copy", "nowhere", address).code == 2
    assert digest("runs", "copy", "old", "mysql://u:secret@h/d").code == 2
