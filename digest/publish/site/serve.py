"""The site on this machine: loopback only."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from digest.system.errors import UsageError

if TYPE_CHECKING:
    from starlette.applications import Starlette


def serve_folder(folder: Path, port: int) -> None:
    """Serve the files of a site on loopback until Ctrl-C; 0: a port that is free.

    Requests that name another host are refused, so that no page elsewhere can read along.

    Raises:
        UsageError: there is no site, or the port is taken.
    """
    import uvicorn

    if not (folder / "index.html").is_file():
        raise UsageError(f"There are no pages in {folder}: `digest site` makes them.")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        why = error.strerror or error
        raise UsageError(f"Port {port} cannot be used: {why}. Give another --port.") from error
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/ shows {folder}; Ctrl-C ends it.", flush=True)
    uvicorn.Server(uvicorn.Config(app_of(folder), log_level="warning")).run(sockets=[listener])


def app_of(folder: Path) -> Starlette:
    """The server's application: the files of `folder`, for requests that name this machine."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    files = Mount("/", StaticFiles(directory=folder, html=True))
    return Starlette(routes=[files], middleware=[hosts])
