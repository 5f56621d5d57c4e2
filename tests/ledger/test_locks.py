"""Locks that end with their owner: seen by others while it lives, gone when it is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from digest.ledger.locks import Locks, is_held

OWNER = (
    "import sys; from pathlib import Path; from digest.ledger.locks import Locks\n"
    "locks = Locks(Path(sys.argv[1])); locks.hold('run 1'); locks.hold('ask f00d')\n"
    "print('ready', flush=True); sys.stdin.read()"
)


def test_a_lock_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", OWNER, str(path)], stdin=pipe, stdout=pipe) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        locks = Locks(path)
        assert is_held(path, "run 1")
        assert not locks.try_hold("ask f00d")
        assert locks.try_hold("ask beef")
        owner.kill()
        owner.wait()
        assert not is_held(path, "run 1")
        assert locks.try_hold("ask f00d")
        locks.close()


def test_what_is_let_go_can_be_had_and_no_file_means_nobody(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path, "run 1")
    locks = Locks(path)
    locks.hold("run 1")
    assert locks.is_held("run 1")
    locks.release("run 1")
    assert not locks.is_held("run 1")
    locks.close()
    assert path.read_bytes() == b""
