"""The bundled day: 44 papers, recorded answers, and a loopback server that speaks for arXiv and OpenAI."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from digest.sample.knobs import Knobs
from digest.system.errors import DigestError

__all__ = ["EVENING", "Knobs", "Server", "start"]

EVENING = datetime(2026, 1, 28, 2, tzinfo=UTC)
"""An hour after the sample day's announcement; the present of a run over the sample day."""

_WAIT = 60.0  # seconds; a start takes a third of one


@dataclass(frozen=True)
class Server:
    """A running sample server.

    Attributes:
        url: its root, for arXiv's pages, API, feed and PDFs alike; the model's base URL is `url + "/v1"`.
    """

    url: str


@contextlib.contextmanager
def start(knobs: Knobs | None = None, module: str = "digest.sample.server") -> Iterator[Server]:
    """Run the sample server beside this process, on loopback and a free port, while the context lasts.

    It ends with this process, however that ends.

    Args:
        knobs: what it serves.
        module: the program that serves it.

    Raises:
        DigestError: it did not come up; the message says why.
    """
    settings = (knobs or Knobs()).model_dump_json(exclude_unset=True)
    command = [sys.executable, "-P", "-m", module, settings]
    # it imports what we import, whatever modules lie in the working directory
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdin is not None  # asked for above
        assert process.stdout is not None
        try:
            yield Server(_url(process))
        finally:
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=2)
            process.kill()


def _url(process: subprocess.Popen[str]) -> str:
    """The address that the server prints when it accepts connections."""
    assert process.stdout is not None
    timer = threading.Timer(_WAIT, process.kill)
    timer.start()
    try:
        line = process.stdout.readline()
    finally:
        timer.cancel()
    if not line:
        said = (process.communicate()[1] or "").strip().splitlines()
        reason = said[-1] if said else f"no word from it in {_WAIT:.0f} s"
        raise DigestError(
            f"The sample server did not start: {reason}. Please report this with your Python version."
        )
    return str(json.loads(line)["url"])
