"""A gateway in front of a server, which may go away: connections are cut and refused until it is back."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Gateway:
    """Hands connections on to a port of this machine, byte by byte.

    Attributes:
        port: where it listens, the same again after it was down.
    """

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self._open: set[socket.socket] = set()
        self._listening: socket.socket | None = None
        self.port = 0
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def down(self) -> None:
        ended, self._listening = self._listening, None
        for one in (ended, *self._open):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
        self._open.clear()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(("127.0.0.1", self._behind))
                self._open |= {near, far}
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def gateway(behind: int) -> Iterator[Gateway]:
    """One, for as long as the block lasts."""
    running = Gateway(behind)
    try:
        yield running
    finally:
        running.down()
