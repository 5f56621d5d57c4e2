"""Starting the server, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from digest.sample import Knobs, start
from digest.sample.data import SampleData
from digest.system.errors import DigestError

pytestmark = pytest.mark.slow

PARENT = """
import os, sys, time
from digest.sample import start

with start() as server:
    if sys.argv[1] == "with-child" and os.fork() == 0:
        time.sleep(30)  # holds the server's standard input open
        os._exit(0)
    print(server.url, flush=True)
    sys.stdin.read()
"""


def is_up(url: str) -> bool:
    try:
        httpx2.get(url, trust_env=False, timeout=10)
    except httpx2.TransportError:
        return False
    return True


def test_it_lives_as_long_as_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    began = time.monotonic()
    with start() as server:
        assert time.monotonic() - began < 50  # 0.4 s on a quiet machine
        assert is_up(server.url)
    assert not is_up(server.url)


def test_modules_in_the_working_directory_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "socket.py").write_text("raise SystemExit(7)", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with start() as server:
        assert is_up(server.url)


@pytest.mark.parametrize("case", ["alone", "with-child"])
def test_it_dies_with_its_killed_parent(case: str) -> None:
    command = [sys.executable, "-c", PARENT, case]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert is_up(url)
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 30
        while is_up(url) and time.monotonic() < deadline:
            pass  # each look takes some milliseconds
        assert not is_up(url)
        if case == "with-child":
            os.killpg(parent.pid, signal.SIGKILL)


def test_ctrl_c_is_left_to_the_parent(sample_server_pid: tuple[str, int]) -> None:
    url, pid = sample_server_pid
    os.kill(pid, signal.SIGINT)
    assert is_up(url)


@pytest.fixture
def sample_server_pid() -> object:
    with subprocess.Popen(
        [sys.executable, "-m", "digest.sample.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        line = process.stdout.readline()
        yield line.split('"')[3], process.pid
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "records.jsonl"
    broken.write_text('{"id": "2601.00001"}\n', encoding="utf-8")
    with (
        pytest.raises(DigestError, match=r"did not start: .*records\.jsonl: the record of 2601.00001"),
        start(Knobs(records=(broken,))),
    ):
        pass


def test_the_shipped_data_is_whole() -> None:
    library = SampleData(Knobs())
    ids = {record.id for record in library.records}
    kinds = [record.kind for record in library.records]
    assert len(ids) == len(library.records) == 44
    assert [kinds.count("new"), kinds.count("cross"), kinds.count("replaced")] == [22, 5, 17]
    assert library.entries.keys() == library.fields.keys() == library.lines.keys() == ids
    assert not any("简介" in record.model_dump_json() for record in library.records)


def test_the_records_are_those_of_the_published_digest(shared: Path) -> None:
    published = (shared / "seed" / "audio-20260128.md").read_text(encoding="utf-8")
    for record in SampleData(Knobs()).records:
        kind = "replaced" if record.kind == "replaced" else "new"
        assert f"] {record.title}\n- **分类: {'; '.join(record.categories)}**" in published
        assert f"[{kind} " in published.partition(f"] {record.title}\n")[0].rpartition("\n")[2]
        assert f"https://arxiv.org/pdf/{record.versioned_id})" in published
        assert f"> **作者:** {'; '.join(record.authors)}\n" in published
        assert f"> **摘要:** {record.abstract}\n" in published
        assert record.comments is None or f"> **备注:** {record.comments}\n" in published
