"""Services for all workers: each a named Ray actor on the driver's machine: ledger, endpoint, way to arXiv.

A service is an object in a process of its own; whoever holds a `Relay` to it may be on any machine. So
requests to arXiv go over one connection with its pauses, whatever asks for them; questions to the endpoint
pass one limiter, with one account of what is spent; answers go into one ledger.

A service whose process is killed is started again, and calls that were under way are made again. It outlives
a driver that is killed, with all that it knows of limits, until nobody has called it for a minute.
"""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from digest.errors import DigestError, LedgerError
from digest.scale.ray_cluster import NAMESPACE

_AT_ONCE = 10_000
"""Calls that a service may have under way."""

_TRIES, _PAUSE = 120, 0.5
"""Looks for a service that is gone, and seconds between them."""

_LONELY = 60.0
"""Seconds without a call after which a service ends: its driver was killed."""

Make = Callable[[bool], object]
"""Makes the object of a service; True: the one before it was killed, and what it knew is lost."""


class _Host:
    """The actor: makes its object in the thread that uses it, and carries errors over as values."""

    def __init__(self, make: bytes) -> None:
        self._make = make
        self._object: Any = None
        self._called = time.monotonic()
        self._watch: asyncio.Task[None] | None = None

    async def call(self, name: str, *args: object) -> tuple[Any, DigestError | None]:
        self._called = time.monotonic()
        if self._object is None:
            self._watch = asyncio.create_task(self._end_alone())
            restarted = ray.get_runtime_context().was_current_actor_reconstructed
            self._object = pickle.loads(self._make)(restarted)  # noqa: S301 - our own
        try:
            result = getattr(self._object, name)(*args)
            if isinstance(result, Awaitable):
                result = await result
        except DigestError as error:
            return None, error
        return list(result) if isinstance(result, Iterator) else result, None

    async def _end_alone(self) -> None:
        while (left := self._called + _LONELY - time.monotonic()) > 0:  # noqa: ASYNC110 - calls set it back
            await asyncio.sleep(left)
        ray.kill(ray.get_runtime_context().current_actor)


class Relay:
    """Calls a service from anywhere. Pickles as its name and what the service is made of.

    Args:
        kind: ledger, endpoint, arxiv.
        make: what makes the service's object, pickled.
        node: where it runs.
    """

    def __init__(self, kind: str, make: bytes, node: str) -> None:
        self._kind = kind
        self._make = make
        self._node = node
        self._actor: Any = None

    def __reduce__(self) -> tuple[type[Relay], tuple[str, bytes, str]]:
        return type(self), (self._kind, self._make, self._node)

    @property
    def name(self) -> str:
        """Of the service, in the cluster: the same for all who want the same."""
        return f"digest-{self._kind}-{hashlib.sha256(self._make + self._node.encode()).hexdigest()[:12]}"

    def now(self, method: str, *args: object) -> Any:  # noqa: ANN401 - whatever the method returns
        """The result of a call, waited for.

        Raises:
            LedgerError: the service is gone, and cannot be started again; further what the method raises.
        """
        for _ in range(_TRIES):
            try:
                return _result(ray.get(self._service().call.remote(method, *args)))
            except ray.exceptions.RayActorError:
                self._actor = None
                time.sleep(_PAUSE)
        raise self._gone()

    async def later(self, method: str, *args: object) -> Any:  # noqa: ANN401 - whatever the method returns
        """The same, while others go on."""
        for _ in range(_TRIES):
            try:
                return _result(await self._service().call.remote(method, *args))
            except ray.exceptions.RayActorError:
                self._actor = None
                await asyncio.sleep(_PAUSE)
        raise self._gone()

    def send(self, method: str, *args: object) -> None:
        """Call, and wait for nothing; what is sent is carried out in order."""
        self._service().call.remote(method, *args)

    def end(self) -> None:
        """Stop the service."""
        ray.kill(self._service())

    def _service(self) -> Any:  # noqa: ANN401 - an actor has no type
        """The actor; whoever finds none starts it."""
        if self._actor is None:
            host = ray.remote(_Host).options(
                name=self.name,
                namespace=NAMESPACE,
                get_if_exists=True,
                lifetime="detached",
                num_cpus=0,
                max_restarts=-1,
                max_task_retries=-1,
                max_concurrency=_AT_ONCE,
                scheduling_strategy=NodeAffinitySchedulingStrategy(self._node, soft=False),
            )
            self._actor = host.remote(self._make)
        return self._actor

    def _gone(self) -> LedgerError:
        return LedgerError(f"The service {self.name} of the Ray cluster is gone. Run the same command again.")


def relay(kind: str, make: Make) -> Relay:
    """A service on this machine.

    Args:
        kind: for its name.
        make: makes its object; it is pickled.
    """
    return Relay(kind, pickle.dumps(make), ray.get_runtime_context().get_node_id())


def _result(answer: tuple[Any, DigestError | None]) -> Any:  # noqa: ANN401 - whatever the method returned
    result, error = answer
    if error is not None:
        raise error
    return result
