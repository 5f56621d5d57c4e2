"""The cluster of `two_nodes`, and its processes, for tests that kill some of them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT


@dataclass
class Nodes:
    """A cluster of two nodes: the head, and another that may be killed and started anew."""

    process: subprocess.Popen[str]
    address: str
    raylet: int

    def add(self) -> None:
        """Start another node."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.raylet = _told(self.process)["raylet"]

    def kill_node(self) -> None:
        """SIGKILL to the raylet of the second node; its workers die with it."""
        os.kill(self.raylet, signal.SIGKILL)

    def workers(self, actor: str) -> list[int]:
        """The processes that an actor of this class runs in, on either node."""
        ours = family(self.process.pid)
        return [pid for pid in ours if _command(pid).startswith(f"ray::{actor}")]


@contextlib.contextmanager
def two_nodes() -> Iterator[Nodes]:
    """The cluster, for as long as the block lasts."""
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.scale.two_nodes"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        told = _told(process)
        yield Nodes(process, told["address"], told["raylet"])
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=60)
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _told(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            return json.loads(line)
    raise AssertionError("the cluster did not start")


def family(root: int) -> list[int]:
    """The processes below one."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [root]
    for one in found:
        found += [pid for pid, parent in parents.items() if parent == one]
    return found[1:]


def _command(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
