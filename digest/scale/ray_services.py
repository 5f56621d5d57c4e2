"""Services for all: each a named Ray actor on the driver's machine: the endpoint, and the way to arXiv.

A service is an object in a process of its own; whoever holds a `Relay` to it may be on any machine. So
requests to arXiv go over one connection with its pauses, whatever asks for them; questions to the endpoint
pass one limiter, with one account of what is spent.

A service whose process is killed is started again, and calls that were under way are made again. It outlives
a driver that is killed, with all that it knows of limits, until nobody has called it for a minute;
one that ends leaves it to the others who use it, and it ends with the last of them.
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

from digest.scale.ray_cluster import NAMESPACE
from digest.system.errors import DigestError, LedgerError

_AT_ONCE = 10_000
"""Calls that a service may have under way."""

_TRIES = 120
"""Looks for a service that is gone."""

_PAUSE = 0.5
"""Seconds between these looks."""

_GONE = (ray.exceptions.RayActorError, ValueError)
"""Raised of a service whose process is dead, or that nobody has started."""

_LEFT = 30.0
"""Seconds without a call after which a service ends whose driver said that it leaves."""

_LONELY = 60.0
"""Seconds without a call after which a service ends: its driver was killed.

Another driver calls every second, but may be held up: a service that ends too soon takes along what it knows
of this minute's limits."""

_LOOKS = 1.0
"""Seconds between looks whether anybody calls."""

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
            self._watch_over()
            restarted = ray.get_runtime_context().was_current_actor_reconstructed
            self._object = pickle.loads(self._make)(restarted)  # noqa: S301 - our own
        try:
            result = getattr(self._object, name)(*args)
            if isinstance(result, Awaitable):
                result = await result
        except DigestError as error:
            return None, error
        return list(result) if isinstance(result, Iterator) else result, None

    async def leave(self) -> None:
        """Count on no more calls of one driver; those of another keep the service alive."""
        self._called = time.monotonic() - _LONELY + _LEFT
        self._watch_over()

    def _watch_over(self) -> None:
        self._watch = self._watch or asyncio.create_task(self._end_alone())

    async def _end_alone(self) -> None:
        while self._called + _LONELY > time.monotonic():  # noqa: ASYNC110 - calls set it back
            await asyncio.sleep(_LOOKS)
        ray.kill(ray.get_runtime_context().current_actor)


class Relay:
    """Calls a service from anywhere. Pickles as its name alone: what it is made of holds keys.

    Args:
        name: of the service, in the cluster: the same for all who want the same.
        make: what makes the service's object, pickled; None: another process starts it.
        node: where it runs.
    """

    def __init__(self, name: str, make: bytes | None = None, node: str = "") -> None:
        self.name = name
        self._make = make
        self._node = node
        self._actor: Any = None

    def __reduce__(self) -> tuple[type[Relay], tuple[str]]:
        """As its name."""
        return type(self), (self.name,)

    def now(self, method: str, *args: object) -> Any:  # noqa: ANN401 - whatever the method returns
        """The result of a call, waited for.

        Raises:
            LedgerError: the service is gone, and cannot be started again; further what the method raises.
        """
        for _ in range(_TRIES):
            try:
                return _result(ray.get(self._service().call.remote(method, *args)))
            except _GONE:
                self._actor = None
                time.sleep(_PAUSE)  # this call has a thread of its own; the next finds the service anew
        raise self._gone()

    async def later(self, method: str, *args: object) -> Any:  # noqa: ANN401 - whatever the method returns
        """The result of a call, waited for while others go on; raises as `now` does."""
        for _ in range(_TRIES):
            try:
                return _result(await self._service().call.remote(method, *args))
            except _GONE:
                self._actor = None
                await asyncio.sleep(_PAUSE)
        raise self._gone()

    def leave(self) -> None:
        """Let the service end, unless another driver uses it."""
        ray.get(self._service().leave.remote())

    def _service(self) -> Any:  # noqa: ANN401 - an actor has no type
        """The actor; who knows what it is made of starts it where there is none. Raises ValueError."""
        if self._actor is None and self._make is None:
            self._actor = ray.get_actor(self.name, NAMESPACE)
        elif self._actor is None:
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


def relay(kind: str, make: Make, *shaping: str) -> Relay:
    """A service on this machine.

    Args:
        kind: for its name.
        make: makes its object; it is pickled.
        shaping: all that it depends on: the command given again finds the service that is there. Pickled
            bytes would not do, since they differ from process to process.
    """
    node = ray.get_runtime_context().get_node_id()
    digest = hashlib.sha256("\n".join((*shaping, node)).encode()).hexdigest()
    return Relay(f"digest-{kind}-{digest[:12]}", pickle.dumps(make), node)


def _result(answer: tuple[Any, DigestError | None]) -> Any:  # noqa: ANN401 - whatever the method returned
    result, error = answer
    if error is not None:
        raise error
    return result
