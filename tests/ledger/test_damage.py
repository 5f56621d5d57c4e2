"""Torn writes, full disks, folders that are read-only, files damaged in many ways: never a wrong answer."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from digest.cli.verify import verify
from digest.ledger import FILE_NAME, open_ledger
from digest.ledger.sqlite.maintenance import backup, rescue
from digest.model import Completion, Message, Request, Usage
from digest.system.errors import LedgerError, UsageError
from tests import forked
from tests.ledger.test_ledger import NOON

ANSWERS = 40


@cache
def question(number: int) -> Request:
    """One of many, long enough to fill a page of the file with few of them."""
    chance = random.Random(number)
    content = "".join(chr(chance.randint(0x4E00, 0x9FFF)) for _ in range(600))
    return Request(model="m", messages=(Message(role="user", content=content),), max_tokens=100)


@cache
def answer(number: int) -> Completion:
    key = question(number).key
    content = f"答案{number}" * 20
    return Completion(key=key, model="m", content=content, usage=Usage(input=9), received=NOON)


def fill(folder: Path, *, checkpointed: bool) -> list[int]:
    """A ledger with many answers; returns the length of its log after each was acknowledged.

    The files are as a lost power supply would leave them.
    """
    files, lengths = _filled(checkpointed)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return list(lengths)


@cache
def _filled(checkpointed: bool) -> tuple[dict[str, bytes], list[int]]:
    """What `fill` writes, copied while the ledger was open, and the lengths."""
    lengths = []
    with tempfile.TemporaryDirectory() as work, open_ledger(Path(work)) as ledger:
        run = ledger.begin("run", "audio")
        for number in range(ANSWERS):
            ledger.keep(answer(number), question(number).canonical(), run, f"2601.{number:05}")
            lengths.append((Path(work) / f"{FILE_NAME}-wal").stat().st_size)
        if checkpointed:
            list(ledger.database.rows("PRAGMA wal_checkpoint(TRUNCATE)"))
        files = {name: (Path(work) / name).read_bytes() for name in (FILE_NAME, f"{FILE_NAME}-wal")}
    return files, lengths


def right_answers(folder: Path) -> int | None:
    """How many answers are there, each exactly as it was kept; None when the ledger refuses to be read."""
    try:
        with open_ledger(folder) as ledger:
            found = [ledger.completion(question(number).key) for number in range(ANSWERS)]
    except (LedgerError, UsageError):
        return None
    for number, completion in enumerate(found):
        assert completion is None or completion == answer(number)
    return sum(completion is not None for completion in found)


@pytest.mark.synced
def test_a_commit_is_synced(tmp_path: Path) -> None:
    """FULL is what makes a commit survive lost power; whether the disk lies is beyond a test."""
    with open_ledger(tmp_path) as ledger:
        assert ledger.database.one("PRAGMA synchronous") == (2,)
        assert ledger.database.one("PRAGMA journal_mode") == ("wal",)


@pytest.mark.slow
def test_a_log_cut_anywhere_keeps_what_was_acknowledged_before_the_cut(tmp_path: Path) -> None:
    lengths = fill(tmp_path, checkpointed=False)
    log = (tmp_path / f"{FILE_NAME}-wal").read_bytes()
    main = (tmp_path / FILE_NAME).read_bytes()
    chance = random.Random(1)
    cuts = [
        *lengths[::8],
        *(length - 1 for length in lengths[::8]),
        *(chance.randrange(len(log)) for _ in range(12)),
    ]
    for cut in cuts:
        place = tmp_path / str(cut)
        place.mkdir(exist_ok=True)
        (place / FILE_NAME).write_bytes(main)
        (place / f"{FILE_NAME}-wal").write_bytes(log[:cut])
        acknowledged = sum(length <= cut for length in lengths)
        assert right_answers(place) == acknowledged


def test_a_log_with_flipped_bytes_never_gives_a_wrong_answer(tmp_path: Path) -> None:
    lengths = fill(tmp_path, checkpointed=False)
    log = bytearray((tmp_path / f"{FILE_NAME}-wal").read_bytes())
    main = (tmp_path / FILE_NAME).read_bytes()
    chance = random.Random(2)
    for number in range(20):
        place = tmp_path / str(number)
        place.mkdir()
        spot = chance.randrange(lengths[0], len(log))
        torn = bytearray(log)
        torn[spot] ^= 1 << chance.randrange(8)
        (place / FILE_NAME).write_bytes(main)
        (place / f"{FILE_NAME}-wal").write_bytes(torn)
        found = right_answers(place)
        assert found is not None
        assert found >= sum(length <= spot for length in lengths)  # what was before the damage


Damage = Callable[[Path], None]


def patch(offset: float, content: bytes) -> Damage:
    """Overwrite from a byte, or from a share of the file."""

    def damage(path: Path) -> None:
        whole = bytearray(path.read_bytes())
        start = offset if isinstance(offset, int) else int(len(whole) * offset)
        whole[start : start + len(content)] = content
        path.write_bytes(whole)

    return damage


def cut(share: float) -> Damage:
    def damage(path: Path) -> None:
        os.truncate(path, int(path.stat().st_size * share))

    return damage


def sql(statement: str) -> Damage:
    def damage(path: Path) -> None:
        connection = sqlite3.connect(path)
        with connection:
            connection.execute(statement)
        connection.close()

    return damage


def flip(seed: int, times: int) -> Damage:
    def damage(path: Path) -> None:
        whole, chance = bytearray(path.read_bytes()), random.Random(seed)
        for _ in range(times):
            whole[chance.randrange(4096, len(whole))] ^= 0xFF
        path.write_bytes(whole)

    return damage


def replaced_by(content: bytes) -> Damage:
    def damage(path: Path) -> None:
        path.write_bytes(content)

    return damage


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Damage] = {
    "empty": cut(0),
    "a hundred bytes": lambda path: os.truncate(path, 100),
    "half": cut(0.5),
    "nine tenths": cut(0.9),
    "text instead": replaced_by(b"this is no database\n" * 400),
    "a page instead": replaced_by(b"<html>404</html>"),
    "magic": patch(0, b"SQLite format 4\0"),
    "page size": patch(16, b"\x00\x03"),
    "schema page": patch(100, b"\xff" * 400),
    "zeros in the middle": patch(0.5, bytes(8192)),
    "noise in the middle": patch(0.5, random.Random(3).randbytes(8192)),
    "zeros at the end": patch(0.8, bytes(20000)),
    "flips": flip(4, 3),
    "many flips": flip(5, 60),
    "other flips": flip(6, 12),
    "an answer's bytes": sql("UPDATE completions SET completion = x'789c00' WHERE id = 7"),
    "an answer's key": sql("UPDATE completions SET key = 'f00d' WHERE id = 9"),
    "another's answer": sql(
        "UPDATE completions SET completion = (SELECT completion FROM completions WHERE id = 3) WHERE id = 4"
    ),
    "a question's bytes": sql("UPDATE completions SET request = x'00' WHERE id = 5"),
    "no table": sql("DROP TABLE completions"),
    "no index": sql("DROP INDEX completions_key"),
    "newer": sql("PRAGMA user_version = 99"),
    "another program's": sql("PRAGMA application_id = 1"),
    "a folder": a_folder,
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_told_and_costs_nothing_else(tmp_path: Path, name: str) -> None:
    fill(tmp_path, checkpointed=True)
    (tmp_path / f"{FILE_NAME}-wal").unlink()
    DAMAGES[name](tmp_path / FILE_NAME)
    problems = list(verify(tmp_path))
    assert problems or right_answers(tmp_path) == ANSWERS  # bytes that nothing uses
    assert all(str(tmp_path) in problem for problem in problems)
    before = (tmp_path / FILE_NAME).read_bytes() if (tmp_path / FILE_NAME).is_file() else b""
    (tmp_path / "new").mkdir()
    try:
        kept = rescue(tmp_path, tmp_path / "new" / FILE_NAME)["completions"][0]
    except (LedgerError, UsageError):
        kept = 0
    if before:
        assert (tmp_path / FILE_NAME).read_bytes() == before  # whatever is done then, nothing is made worse
    found = right_answers(tmp_path)
    if kept:
        assert right_answers(tmp_path / "new") == kept - (name in {"an answer's key", "another's answer"})
        assert kept >= (found or 0)


@pytest.mark.parametrize("name", ["zeros in the middle", "nine tenths", "flips"])
def test_most_of_a_damaged_ledger_can_be_rescued(tmp_path: Path, name: str) -> None:
    fill(tmp_path, checkpointed=True)
    (tmp_path / f"{FILE_NAME}-wal").unlink()
    DAMAGES[name](tmp_path / FILE_NAME)
    rows = rescue(tmp_path, tmp_path / FILE_NAME.replace("ledger", "new"))
    assert rows["completions"][0] >= ANSWERS // 4


def test_a_full_disk_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from digest.system.errors import DigestError\n"
        "from digest.ledger import open_ledger\n"
        "from tests.ledger.test_damage import answer, question\n"
        "ledger = open_ledger(Path(sys.argv[1]))\n"
        "run = ledger.begin('run')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    for number in range(1000):\n"
        "        ledger.keep(answer(number), question(number).canonical(), run, None)\n"
        "        print(number, flush=True)\n"
        "except DigestError as error:\n"
        "    print(error, file=sys.stderr)\n"
        "    sys.exit(error.exit_code)\n"
    )
    ran = forked.run("-c", script, str(tmp_path))
    assert ran.returncode == 4, ran.stderr
    assert "What it holds so far is kept" in ran.stderr
    acknowledged = len(ran.stdout.split())
    assert acknowledged >= 10
    with open_ledger(tmp_path) as ledger:  # there is room again
        for number in range(acknowledged):
            assert ledger.completion(question(number).key) == answer(number)
    assert list(verify(tmp_path)) == []


@pytest.mark.slow
def test_a_read_only_folder_is_a_sentence_and_can_be_looked_at(tmp_path: Path) -> None:
    """As root no mode keeps us out, so the folder is mounted read-only where that is possible."""
    folder = tmp_path / "runs"
    with open_ledger(folder) as ledger:
        run = ledger.begin("run", "audio")
        ledger.keep(answer(1), question(1).canonical(), run, None)
        ledger.finish(run, "complete", {})
    script = f'mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} && exec "$@"'
    inside = ["unshare", "-m", "sh", "-c", script, "sh"]
    if os.getuid() != 0 or subprocess.run([*inside, "true"], check=False, capture_output=True).returncode:
        inside = ["sh", "-c", 'exec "$@"', "sh"]
        if os.getuid() == 0:
            pytest.skip("root, and no mounts allowed here")
        folder.chmod(0o555)
    command = [*inside, sys.executable, "-m", "digest"]
    refused = subprocess.run(
        [*command, "run", "--sample", "--out", str(folder)], check=False, capture_output=True, text=True
    )
    listed = subprocess.run(
        [*command, "runs", "--json", "--out", str(folder)], check=False, capture_output=True, text=True
    )
    checked = subprocess.run(
        [*command, "runs", "verify", "--out", str(folder)], check=False, capture_output=True
    )
    folder.chmod(0o755)
    assert refused.returncode == 2
    assert "--out" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert [one["state"] for one in json.loads(listed.stdout)] == ["complete"]
    assert checked.returncode == 0


def test_a_copy_takes_the_place_of_files_alone(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        pass
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for target in (pipe, tmp_path, Path()):
        with pytest.raises(UsageError, match="it is no file"):
            backup(tmp_path, target)
    assert pipe.is_fifo()
    assert list(tmp_path.glob("*.part")) == []


def test_what_no_row_is_left_of_is_not_rescued(tmp_path: Path) -> None:
    target = tmp_path / "new.sqlite3"
    for content in (b"", b"SQLite format 3\0"[:1]):
        (tmp_path / FILE_NAME).write_bytes(content)
        with pytest.raises(LedgerError, match="nothing of it can be read"):
            rescue(tmp_path, target)
    (tmp_path / FILE_NAME).unlink()
    with contextlib.closing(sqlite3.connect(tmp_path / FILE_NAME)) as other:
        other.execute("CREATE TABLE others (thing)")
    with pytest.raises(LedgerError, match="no rows that a ledger has"):
        rescue(tmp_path, target)
    assert not target.exists()


def test_a_backup_can_be_made_while_a_run_writes(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with open_ledger(tmp_path / "runs") as ledger:
        run = ledger.begin("run")
        for number in range(10):
            ledger.keep(answer(number), question(number).canonical(), run, None)

        def work() -> None:
            ledger.database.write("DELETE FROM completions WHERE id = 1")
            backup(tmp_path / "runs", tmp_path / "copy" / FILE_NAME)

        ledger.database.run_transaction(work)
        ledger.keep(answer(10), question(10).canonical(), run, None)
    with open_ledger(tmp_path / "copy") as copy:
        assert [copy.completion(question(number).key) for number in range(11)] == [
            *(answer(number) for number in range(10)),
            None,
        ]
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["ledger.locks", FILE_NAME]
