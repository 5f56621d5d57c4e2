"""Real processes without the second that imports take: forked from one that has the libraries.

For what only a process of its own can show: signals, locks, exit codes, output. How Python starts (imports,
encodings, streams that are closed) is for `subprocess`.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

PIPE = subprocess.PIPE

_ROOT = Path(__file__).parent.parent
_LIBRARIES = (
    "openai", "apprise", "digest.deliver.delivery", "digest.ledger", "digest.pipeline.day",
    "digest.pipeline.resources", "digest.publish.site.build", "tests.faulty.server",
    "digest.sources.arxiv.live", "pymupdf",
)  # fmt: skip


class Process:
    """`python WORDS` under way, where `words` begin with "-c" or "-m"; its standard streams are pipes.

    Args:
        cwd: its working directory; this process's, if none is given.
        env: its environment; this process's, if none is given.
        terminal: a file descriptor that its standard streams are instead of pipes.
        deadline: seconds after which it hangs, however busy the machine is, and is killed; None: never.

    Attributes:
        pid: of the process.
        returncode: None while it runs; -N if signal N ended it.
    """

    def __init__(
        self,
        *words: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        terminal: int | None = None,
        deadline: float | None = 300,
    ) -> None:
        self.returncode: int | None = None
        pipes = [] if terminal is not None else [os.pipe() for _ in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]] if pipes else [terminal or 0] * 3
        said, tells = os.pipe()
        order = {
            "words": words,
            "cwd": str(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
        }
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps({**order, "terminal": not pipes}).encode())
            file.seek(0)
            socket.send_fds(_parent(), [b"!"], [file.fileno(), tells, *theirs])
        for fd in [tells, *(theirs if pipes else ())]:
            os.close(fd)
        self._said = os.fdopen(said, "rb", 0)  # no buffer, which `select` would not see
        self.pid = int(self._said.readline())
        self._hung = False
        self._timer = threading.Timer(deadline or 0, self._end)
        self._timer.daemon = True
        if deadline is not None:
            self._timer.start()
        if pipes:
            self.stdin = os.fdopen(pipes[0][1], "wb")
            self.stdout, self.stderr = (os.fdopen(end, "rb") for end, _ in pipes[1:])

    def poll(self) -> int | None:
        """The return code, or None while it runs."""
        if self.returncode is None and select.select([self._said], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        """The return code, when it has ended.

        Raises:
            TimeoutError: it hung.
        """
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(int(self._said.readline()))
            self._timer.cancel()
            self._said.close()
            if self._hung:
                raise TimeoutError(f"process {self.pid} did not end in {self._timer.interval:.0f} s")
        return self.returncode

    def _end(self) -> None:
        """End it at its deadline, unless it has ended."""
        if not select.select([self._said], [], [], 0)[0]:
            self._hung = True
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self, content: bytes = b"") -> tuple[str, str]:
        """What it said on standard output and standard error until it ended."""
        with self, ThreadPoolExecutor() as beside:
            errors = beside.submit(self.stderr.read)
            with contextlib.suppress(BrokenPipeError), self.stdin:
                self.stdin.write(content)
            out = self.stdout.read()
            self.wait()
            return out.decode(), errors.result().decode()

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.kill()
        for stream in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self.wait()


def run(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `python WORDS` to its end; the options are those of `Process`."""
    process = Process(*words, **options)
    out, err = process.communicate()
    return subprocess.CompletedProcess(words, process.wait(), out, err)


@functools.cache
def _parent() -> socket.socket:
    """The way to the process that forks, which ends with this one."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "tests.forked", str(theirs.fileno())]
        process = subprocess.Popen(command, cwd=_ROOT, pass_fds=[theirs.fileno()])

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(channel: socket.socket) -> dict[str, Any]:
    """Fork a process for each order; what returns is such a process, with its order."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keepers = set[int]()
    while True:
        message, fds, *_ = socket.recv_fds(channel, 1, 5)
        if not message:
            for keeper in keepers:
                os.waitpid(keeper, 0)
            os._exit(0)
        keeper = os.fork()
        if keeper == 0:
            channel.close()
            return _kept(*fds)
        for fd in fds:
            os.close(fd)
        keepers.add(keeper)
        keepers -= {one for one in keepers if os.waitpid(one, os.WNOHANG)[0]}


def _kept(order: int, tells: int, *streams: int) -> dict[str, Any]:
    """Fork once more: one waits and tells how the other ended, the other returns its order."""
    child = os.fork()
    if child:
        for fd in (order, *streams, 0, 1, 2):
            os.close(fd)
        os.write(tells, f"{child}\n".encode())
        os.write(tells, f"{os.waitpid(child, 0)[1]}\n".encode())
        os._exit(0)
    os.close(tells)
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
        os.close(fd)
    with os.fdopen(order, "rb") as file:
        return dict(json.load(file))


def _begin(order: dict[str, Any]) -> None:
    """Become the process that was ordered, as far as it has not begun."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    if order["terminal"]:
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    sys.stdin, sys.stdout = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    gc.unfreeze()


if __name__ == "__main__":
    ordered = _serve(socket.socket(fileno=int(sys.argv[1])))
    _begin(ordered)
    kind, what, *sys.argv[1:] = ordered["words"]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv[0] = kind
        exec(what, {"__name__": "__main__"})
