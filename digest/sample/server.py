"""The sample server as a process of its own.

`python -m digest.sample.server [KNOBS]` takes knobs as JSON, prints `{"url": ...}` when it accepts
connections, and ends when its standard input closes or its parent is gone, whichever way the parent ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from digest.sample.app import Sample
from digest.sample.knobs import Knobs
from digest.system.errors import UsageError


class SampleServer(uvicorn.Server):
    """uvicorn that says when it is ready and leaves signals to us."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and print the address."""
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()
        print(json.dumps({"url": f"http://{host}:{port}"}), flush=True)
        self.watch = asyncio.create_task(_end_with_parent())

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing about signals."""
        yield


def main(
    app: Callable[[Knobs], ASGIApp] = Sample,
    knobs: type[Knobs] = Knobs,
    server: type[SampleServer] = SampleServer,
) -> None:
    """Serve until standard input closes."""
    logging.disable()  # faults look like bugs to uvicorn, and nobody reads our standard error
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which may still need answers
    threading.Thread(target=_end_with_input, daemon=True).start()
    # asyncio turns Nagle's algorithm (40 ms an answer) off only where the socket names its protocol
    plug = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    plug.bind(("127.0.0.1", 0))
    try:
        sample = app(knobs.model_validate_json(sys.argv[1] if len(sys.argv) > 1 else "{}"))
    except UsageError as error:
        sys.exit(str(error))
    config = uvicorn.Config(sample, http="h11", ws="none", lifespan="off", log_config=None, workers=1)
    server(config).run(sockets=[plug])


def _end_with_input() -> None:
    """End at once when the parent closes our standard input, or is killed: there is nothing to save."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


async def _end_with_parent() -> None:
    """End too when the parent is gone but a child of its own still holds our standard input open."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells us when it changes
        await asyncio.sleep(0.5)  # half a second more of an orphan hurts nobody
    os._exit(0)


if __name__ == "__main__":
    main()
