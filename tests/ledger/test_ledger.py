"""What the ledger keeps, and what it does when its file is not usable."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.ledger import FILE_NAME, open_ledger
from digest.ledger.sql.schema import migrations
from digest.ledger.sqlite.connection import SqliteDatabase
from digest.model import Completion, Message, Request, Usage
from digest.system.errors import LedgerError, UsageError
from tests import forked

NOON = datetime(2026, 1, 28, 12, tzinfo=UTC)


def request(content: str = "一篇论文") -> Request:
    return Request(model="m", messages=(Message(role="user", content=content),), max_tokens=100)


def completion(key: str, content: str = "回答") -> Completion:
    return Completion(key=key, model="m", content=content, usage=Usage(input=10, output=2), received=NOON)


def test_an_answer_is_kept_across_processes(tmp_path: Path) -> None:
    asked = request()
    with open_ledger(tmp_path) as ledger:
        run = ledger.begin("run", "audio")
        ledger.keep(completion(asked.key), asked.canonical(), run, "2601.19781")
    script = (
        "import sys; from pathlib import Path; from digest.ledger import open_ledger\n"
        "print(open_ledger(Path(sys.argv[1])).completion(sys.argv[2]).content)"
    )
    assert forked.run("-c", script, str(tmp_path), asked.key).stdout.strip() == "回答"


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "n"},
        {"messages": (Message(role="user", content="一篇论文。"),)},
        {"messages": (Message(role="system", content="一篇论文"),)},
        {"temperature": 0.0},
        {"max_tokens": 101},
        {"json_schema": {"type": "object"}},
    ],
)
def test_whatever_determines_an_answer_is_in_its_key(changed: dict[str, object]) -> None:
    assert request().model_copy(update=changed).key != request().key


def test_the_key_is_the_same_in_every_process(tmp_path: Path) -> None:
    assert request().key == "704876025c11e6330ef2269f4f57393217de6954e972e125d24808ed9825bc6b"


def test_a_file_that_is_no_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(LedgerError, match="the ledger is damaged"):
        open_ledger(tmp_path)
    assert file.read_bytes() == b"this is no database" * 100


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    open_ledger(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
    connection.close()
    with pytest.raises(LedgerError, match="schema"):
        open_ledger(tmp_path)


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(LedgerError, match="another program"):
        open_ledger(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="--out"):
        open_ledger(tmp_path / "file" / "runs")


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    asked = request()
    with open_ledger(tmp_path) as ledger:
        run = ledger.begin("run")
        ledger.keep(completion(asked.key), asked.canonical(), run, None)
        assert isinstance(ledger.database, SqliteDatabase)
        ledger.database._connection.execute(
            "PRAGMA max_page_count = 1"
        )  # SQLite then says that the disk is full
        other = request("另一篇" + "".join(chr(0x4E00 + n * 37 % 20000) for n in range(9000)))
        with pytest.raises(LedgerError, match="full"):
            ledger.keep(completion(other.key), other.canonical(), run, None)
        assert ledger.completion(asked.key) is not None
        assert ledger.completion(other.key) is None
