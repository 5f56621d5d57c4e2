"""A back-fill told to stop: one sentence, the right exit code, nothing left behind, and it goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import Start, use
from tests.scale.nodes import family
from tests.scale.support import digests_in, records_of, working_days, world

pytestmark = pytest.mark.slow

DAYS = working_days(date(2025, 1, 6), 2)
ALL = 2 * 20
AT_ONCE = 4
BOUND = 300
INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.mark.parametrize(
    ("engine", "sent", "code"),
    [
        ("local", (TERM,), 143),
        ("ray", (TERM,), 143),
        ("ray", (INT,), 130),
        ("ray", (INT, INT, INT), 130),
    ],
    ids=["local-term", "ray-term", "ray-int", "ray-int-thrice"],
)
def test_a_signal_ends_it_in_order_and_it_goes_on(
    sample_server: Start,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    sent: tuple[signal.Signals, ...],
    code: int,
) -> None:
    if engine == "ray":
        pytest.importorskip("ray", reason="ray is not installed: pip install -e '.[scale]' has it")
    old = world(folder / "world", records_of(DAYS, ALL // 2))
    server = sample_server(records=(old.records,), synthesize=True, latency=0.3)
    use(server, folder, monkeypatch)
    span = ("--from", str(DAYS[0]), "--to", str(DAYS[-1]), "--engine", engine, "--quiet")
    source = ("--metadata", str(old.snapshot), "--mirror", str(old.mirror), "--concurrency", str(AT_ONCE))
    command = [sys.executable, "-m", "digest", "backfill", *span, *source]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        deadline = time.monotonic() + BOUND
        while sum(server.stats()["asked"].values()) < 8:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)  # another process goes on, and tells nobody
        others = family(process.pid)
        for one in sent:
            if process.poll() is None:
                os.killpg(process.pid, one) if one is INT else process.send_signal(one)  # as terminals do
                time.sleep(0.3)  # as fast as a hand
        out, err = process.communicate(timeout=BOUND)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code, err
    assert err == "digest: stopped. What was answered is kept; run it again to go on.\n"
    assert out == ""
    while left := [one for one in others if _alive(one)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)  # another process goes on, and tells nobody
    subprocess.run(command, check=True, timeout=BOUND)
    assert len(digests_in(folder / "runs")) == 3 * len(DAYS)
    assert sum(server.stats()["asked"].values()) <= ALL + AT_ONCE


def _alive(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
