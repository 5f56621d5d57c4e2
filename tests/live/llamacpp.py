"""The real llama.cpp server, in a process of its own that can be killed.

    python -m tests.live.llamacpp MODEL.gguf PORT CONTEXT

serves a model on loopback with one slot until its standard input is closed, so it outlives nobody.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

_STARTS_WITHIN = 60.0
"""Seconds; on a machine that is busy with other things it takes ten."""


class LlamaServer:
    """A server that is started, killed, and started again at the same address.

    Args:
        model: the file.
        context: tokens of question and answer together.
    """

    def __init__(self, model: Path, context: int = 8192) -> None:
        self._model, self._context = model, context
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base URL of its OpenAI-compatible API."""
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = ["-m", "tests.live.llamacpp", str(self._model), str(self._port), str(self._context)]
        self._process = subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )
        deadline = time.monotonic() + _STARTS_WITHIN
        while not self._answers():
            assert self._process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.1)

    def _answers(self) -> bool:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(self.url.removesuffix("/v1") + "/health", timeout=5).close()
            return True
        return False

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def main() -> None:
    """Serve until standard input is closed."""
    import xllamacpp

    model, port, context = sys.argv[1:]
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.port = int(port)
    params.n_ctx = int(context)
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1
    params.warmup = False
    server = xllamacpp.Server(params)
    sys.stdin.read()
    del server


if __name__ == "__main__":
    main()
