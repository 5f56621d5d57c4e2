"""Standard output that nobody reads, that is closed, or cannot be written: no bug, and the work goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples import first_fast

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the redirections are a POSIX shell's")

_LIST = "list --sample"
_RUN = "run --sample --limit 1 --no-pdf --out made"


def _shell(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    command = script.replace("DIGEST", f"{sys.executable} -m digest")
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    first_fast(["--help", "lint --rules", _LIST, _RUN]),
)
def test_a_reader_that_has_seen_enough_changes_nothing(tmp_path: Path, command: str) -> None:
    ended = _shell(tmp_path, f"DIGEST {command} | true; exit ${{PIPESTATUS[0]}}")
    assert (ended.returncode, "Broken pipe" in ended.stderr) == (0, False), ended.stderr
    if command == _RUN:
        assert list(tmp_path.glob("made/sample/*/audio.md"))


@pytest.mark.slow
@pytest.mark.parametrize("command", first_fast(["--help", _LIST]))
def test_a_command_without_any_stream_starts_what_it_needs(tmp_path: Path, command: str) -> None:
    """That of the sample has a server beside it, whose pipes get the numbers of the streams."""
    ended = _shell(tmp_path, f"DIGEST {command} <&- >&- 2>&-")
    assert ended.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", "<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_none_that_is_missed(tmp_path: Path, closed: str) -> None:
    ended = _shell(tmp_path, f"DIGEST {_RUN} {closed}")
    assert ended.returncode == 0, ended.stderr
    assert list(tmp_path.glob("made/sample/*/audio.md"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_behind_standard_output_is_a_sentence(tmp_path: Path) -> None:
    ended = _shell(tmp_path, "DIGEST completion bash >/dev/full")
    assert ended.returncode == 2
    assert ended.stderr.endswith("digest: Standard output cannot be written (No space left on device).\n")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_behind_standard_error_stops_nothing(tmp_path: Path) -> None:
    assert _shell(tmp_path, f"DIGEST {_RUN} 2>/dev/full").returncode == 0
