"""Leftovers of killed processes, beside the files that they were writing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from digest.sources.http_responses import beside
from digest.system import parts
from digest.system.files import write_atomically
from digest.system.parts import part_of, sweep

KILLED = """
import os, signal, sys
from pathlib import Path
from digest.system.parts import part_of

part_of(Path(sys.argv[1])).write_text("half")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_swept", set())


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_the_next_that_writes_removes_what_a_killed_process_left(tmp_path: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "page.html")], check=False)
    assert dead.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1

    write_atomically(tmp_path / "other.html", "whole")

    assert [path.name for path in tmp_path.iterdir()] == ["other.html"]


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_a_download_does_so_too(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "old.pdf")], check=False)

    with beside(tmp_path / "new.pdf") as file:
        file.write(b"%PDF-")

    assert [path.name for path in tmp_path.iterdir()] == ["new.pdf"]


def test_what_another_process_or_machine_is_writing_stays(tmp_path: Path) -> None:
    own = part_of(tmp_path / "a").name
    machine = own.split(".")[2].split("-")[0]
    elsewhere = "0000" if machine != "0000" else "0001"
    living = tmp_path / f".a.{machine}-{os.getppid()}-0a1b.part"
    remote = tmp_path / f".a.{elsewhere}-4194399-0a1b.part"
    strange = tmp_path / ".a.mine.part"
    for path in (living, remote, strange):
        path.write_text("half")

    sweep(tmp_path)
    assert all(path.exists() for path in (living, remote, strange))

    os.utime(remote, (0, 0))
    sweep(tmp_path)
    assert not remote.exists()
    assert strange.exists()
