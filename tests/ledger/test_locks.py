"""Locks that end with their owner: seen by others while it lives, gone when it is killed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from digest.ledger import open_ledger
from digest.ledger.sqlite.connection import LOCK_NAME
from digest.ledger.sqlite.locks import Locks, is_held
from digest.llm.cached_client import CachedClient
from digest.model import Completion, Request
from tests import forked
from tests.ledger.test_ledger import completion, request

OWNER = (
    "import sys; from pathlib import Path; from digest.ledger.sqlite.locks import Locks\n"
    "locks = Locks(Path(sys.argv[1])); [locks.hold(name) for name in sys.argv[2:]]\n"
    "print('ready', flush=True); sys.stdin.read()"
)

NAMES = ("run 1", "ask f00d")


def test_a_lock_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with forked.Process("-c", OWNER, str(path), *NAMES) as owner:
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
    assert not list(path.iterdir())


def test_two_processes_never_hold_one_lock_although_its_file_comes_and_goes(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from digest.ledger.sqlite.locks import Locks\n"
        "locks, inside = Locks(Path('locks')), Path('inside')\n"
        "for _ in range(400):\n"
        "    if locks.try_hold('ask'):\n"
        "        os.close(os.open(inside, os.O_CREAT | os.O_EXCL | os.O_WRONLY))\n"
        "        inside.unlink()\n"
        "        locks.release('ask')\n"
    )
    both = [forked.Process("-c", script, cwd=tmp_path) for _ in range(2)]
    assert [one.communicate() for one in both] == [("", ""), ("", "")]
    assert [one.returncode for one in both] == [0, 0]


def test_where_locks_cannot_be_had_a_process_counts_as_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object, **__: object) -> bool:
        raise OSError("not supported")

    monkeypatch.setattr("digest.ledger.sqlite.locks.lock_descriptor", unsupported)
    locks = Locks(tmp_path / "locks")
    assert locks.try_hold("run 1")
    locks.release("run 1")
    assert not is_held(tmp_path / "locks", "run 1")


class Model:
    """Answers, and counts."""

    asked = 0

    async def complete(self, request: Request) -> Completion:
        self.asked += 1
        return completion(request.key)


def test_nobody_waits_for_ever_for_a_process_that_lives_but_answers_nothing(tmp_path: Path) -> None:
    key, waited = request().key, 0.0

    async def sleep(seconds: float) -> None:
        nonlocal waited
        waited += seconds * 1000

    words = (OWNER, str(tmp_path / LOCK_NAME), f"ask {key}", "run 1")
    with open_ledger(tmp_path) as ledger, forked.Process("-c", *words) as owner:
        owner.stdout.readline()
        model = Model()
        asker = CachedClient(model, ledger, ledger.begin("run"), sleep, lambda: waited)
        assert asyncio.run(asker.ask(request(), "1")) == completion(key)
        owner.kill()
    assert model.asked == 1
    assert 900 < waited < 2000
