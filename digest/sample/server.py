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
import struct
import sys
import threading
from collections.abc import Iterator

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from digest.sample.app import Sample
from digest.sample.knobs import Knobs
from digest.system.errors import UsageError


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready and leaves signals to us."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()
        print(json.dumps({"url": f"http://{host}:{port}"}), flush=True)
        self.watch = asyncio.create_task(_end_with_parent())

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def abort(self, scope: Scope) -> None:
        """Reset the connection that a request came over."""
        for connection in self.server_state.connections:
            if isinstance(connection, H11Protocol) and connection.client == scope["client"]:
                plug = connection.transport.get_extra_info("socket")
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.transport.abort()
                return


def main() -> None:
    """Serve until standard input closes."""
    logging.disable()  # faults look like bugs to uvicorn, and nobody reads our standard error
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which may still need answers
    threading.Thread(target=_end_with_input, daemon=True).start()
    # asyncio turns Nagle's algorithm (40 ms an answer) off only where the socket names its protocol
    plug = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    plug.bind(("127.0.0.1", 0))

    def abort(scope: Scope) -> None:
        server.abort(scope)

    try:
        sample = Sample(Knobs.model_validate_json(sys.argv[1] if len(sys.argv) > 1 else "{}"), abort)
    except UsageError as error:
        sys.exit(str(error))
    config = uvicorn.Config(sample, http="h11", ws="none", lifespan="off", log_config=None, workers=1)
    server = _Server(config)
    server.run(sockets=[plug])


def _end_with_input() -> None:
    """End at once when the parent closes our standard input, or is killed: there is nothing to save."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


async def _end_with_parent() -> None:
    """End too when the parent is gone but a child of its own still holds our standard input open."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells us when it changes
        await asyncio.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    main()
