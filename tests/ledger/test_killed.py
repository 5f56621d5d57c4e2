from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from digest.ledger import FILE_NAME, open_ledger
from digest.ledger.sqlite.maintenance import backup, rescue
from tests import forked
from tests.ledger.test_damage import fill

KILLED = """
import os, signal, sys
from pathlib import Path
from digest.ledger.sqlite import maintenance as care

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

what, folder, where = sys.argv[1:]
owner, name = {"copying": (care, "_copy"), "saving": (os, "fsync"), "renaming": (Path, "replace")}[where]
setattr(owner, name, die)
getattr(care, what)(Path(folder), Path(folder) / "copy.sqlite3")
"""


@pytest.mark.skipif(os.name == "nt", reason="processes are killed with a signal")
@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("backup", "saving"),
        ("backup", "renaming"),
        ("rescue", "copying"),
        ("rescue", "saving"),
        ("rescue", "renaming"),
    ],
)
def test_what_a_kill_left_neither_blocks_nor_stays(tmp_path: Path, what: str, where: str) -> None:
    fill(tmp_path, checkpointed=True)
    target = tmp_path / "copy.sqlite3"
    killed = forked.run("-c", KILLED, what, str(tmp_path), where)
    assert killed.returncode == -9
    assert not target.exists()
    assert any(".part" in path.name for path in tmp_path.iterdir())

    {"backup": backup, "rescue": rescue}[what](tmp_path, target)

    assert [path.name for path in tmp_path.glob("*copy.sqlite3*")] == [target.name]
    assert not list(tmp_path.glob(".*"))
    assert _answers(target) == _answers(tmp_path / FILE_NAME)


def test_what_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    fill(tmp_path, checkpointed=True)
    other = tmp_path / f".copy.sqlite3.{os.getppid()}.copy.part"
    dead = tmp_path / ".copy.sqlite3.4194399.part"
    strange = tmp_path / ".copy.sqlite3.mine.part"
    for path in (other, dead, strange):
        path.write_bytes(b"")

    backup(tmp_path, tmp_path / "copy.sqlite3")

    assert [path.exists() for path in (other, dead, strange)] == [True, False, True]


def _answers(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM completions").fetchone()
    return int(count)


def test_a_rescued_ledger_is_one(tmp_path: Path) -> None:
    fill(tmp_path, checkpointed=True)
    (tmp_path / "new").mkdir()

    rescue(tmp_path, tmp_path / "new" / FILE_NAME)

    assert [path.name for path in (tmp_path / "new").iterdir()] == [FILE_NAME]
    with open_ledger(tmp_path / "new") as ledger:
        assert ledger.begin("run")
