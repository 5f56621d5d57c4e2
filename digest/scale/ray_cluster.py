"""Ray, started or joined without a word on the terminal, and without telling anybody.

Ray is asked for in an extra and imported here only.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

from digest.system.errors import UsageError
from digest.system.signals import signals_ignored

logger = logging.getLogger(__name__)

NAMESPACE = "digest"
"""The namespace of named actors in the cluster."""

_OBJECTS = 200 << 20
"""Bytes of shared memory for a cluster on this machine: a day's metadata takes a few million."""

_PATIENCE = 10.0
"""Seconds to reach a cluster."""

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_niceness": "0",  # as the local engine's: with Ray's own 15 a busy machine runs all else first
}


@contextlib.contextmanager
def cluster(address: str | None, workers: int) -> Iterator[None]:
    """Ray, for as long as the block lasts.

    Args:
        address: of a cluster that runs, such as `auto` or `10.0.0.1:6379`; None: one on this machine, which
            ends with us.
        workers: processes that it has room for, where it is started.

    Raises:
        UsageError: Ray is not installed, or the cluster cannot be reached.
    """
    if address is not None:
        _reach(address)
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise UsageError("--engine ray needs Ray: pip install 'bilingual-arxiv-digest[scale]'.") from error
    _silence()
    options: dict[str, Any] = {"namespace": NAMESPACE, "log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        options |= {
            "address": "local",
            "num_cpus": workers,
            "include_dashboard": False,
            "object_store_memory": _OBJECTS,
        }
    else:
        options["address"] = address
    terminate = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**options)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        where = "Ray could not be started" if address is None else f"There is no Ray cluster at {address}"
        raise UsageError(f"{where}: {' '.join(str(error).split())[:300]}") from error
    finally:
        signal.signal(signal.SIGTERM, terminate)  # that of Ray's core prints a stack
    try:
        yield
    finally:
        with signals_ignored():  # the processes of our own cluster would be left behind
            ray.shutdown()


def _reach(address: str) -> None:
    """Do nothing if somebody answers there; Ray itself would look for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return  # auto, local
    try:
        socket.create_connection((host, int(port)), _PATIENCE).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(f"There is no Ray cluster at {address}: {error}.") from error


def _silence() -> None:
    """Send what Ray would print of dead workers, on standard output even, to our log; SIGTERM stays ours."""
    from ray._private import utils, worker

    def note(data: dict[str, Any], ignore_prefix: bool = False) -> None:  # noqa: ARG001 - Ray's
        logger.debug("ray: %s", data.get("lines"))

    worker.print_to_stdstream = note
    utils.set_sigterm_handler = lambda _: None  # its own ends the process without a word while Ray starts
