"""Processes of tests end, and are known to have ended."""

from __future__ import annotations

import time

import pytest

from tests import forked


def test_a_process_that_hangs_is_killed_at_its_deadline() -> None:
    with pytest.raises(TimeoutError, match="did not end in 0 s"):
        forked.run("-c", "import time; time.sleep(600)", deadline=0.1)


def test_an_end_is_seen_without_waiting_for_it() -> None:
    process = forked.Process("-c", "raise SystemExit(3)")
    with process:
        process.stdout.read()
        while process.poll() is None:
            time.sleep(0.01)  # another process goes on, and tells nobody
    assert process.returncode == 3
