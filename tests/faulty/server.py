"""The faulty server as a process of its own: `digest.sample.server` with more knobs."""

from __future__ import annotations

import socket
import struct

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from digest.sample.server import SampleServer, main
from tests.faulty.app import FaultySample
from tests.faulty.knobs import Knobs


class _Server(SampleServer):
    """A server whose application can reset connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        assert isinstance(config.app, FaultySample)
        config.app.abort = self._abort  # type: ignore[method-assign]

    def _abort(self, scope: Scope) -> None:
        """Reset the connection that a request came over."""
        for connection in self.server_state.connections:
            if isinstance(connection, H11Protocol) and connection.client == scope["client"]:
                plug = connection.transport.get_extra_info("socket")
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.transport.abort()
                return


if __name__ == "__main__":
    main(FaultySample, Knobs, _Server)  # type: ignore[arg-type]  # it is given these knobs, and makes of them
