"""The ledger's service, and what stands for the ledger in workers, on whatever machine they are."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from digest.ledger import Ledger
from digest.model import Completion, Text
from digest.scale.ray_services import Relay, relay


class _LedgerHost:
    def __init__(self, ledger: bytes) -> None:
        self._ledger: Ledger = pickle.loads(ledger)  # noqa: S301 - our own

    def do(self, method: str, *args: object) -> object:
        return getattr(self._ledger, method)(*args)

    def batch(self, endpoint: str, method: str, *args: object) -> object:
        return getattr(self._ledger.batches(endpoint), method)(*args)

    def texts(self, paper: str, recipes: Sequence[str]) -> dict[str, Text | None]:
        return {recipe: self._ledger.text(paper, recipe) for recipe in recipes}

    def events(self, events: Sequence[tuple[Any, ...]]) -> None:
        for event in events:
            self._ledger.event(*event)


def _ledger_host(ledger: bytes, restarted: bool) -> _LedgerHost:  # noqa: ARG001 - see `Make`
    return _LedgerHost(ledger)


def ledger_service(ledger: Ledger) -> Relay:
    """The service that keeps this ledger, which pickles as where it is."""
    return relay("ledger", partial(_ledger_host, pickle.dumps(ledger)))


class _RelayLog:
    """Stands for a `BatchLog`."""

    def __init__(self, service: Relay, endpoint: str) -> None:
        self._service = service
        self._endpoint = endpoint

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._service.now, "batch", self._endpoint, method)


class _RelayLedger:
    """Stands for a `Ledger`: each call is one to the service.

    What can be made again is sent and not waited for; it is there before what is kept after it, for calls of
    one process are carried out in order.
    """

    def __init__(self, service: Relay) -> None:
        self._service = service

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        return partial(self._service.now, "do", method)

    def event(self, *args: object) -> None:
        self._service.send("do", "event", *args)

    def keep_text(self, *args: object) -> None:
        self._service.send("do", "keep_text", *args)

    def keep_outcome(self, *args: object) -> None:
        self._service.send("do", "keep_outcome", *args)

    def release(self, key: str) -> None:
        self._service.send("do", "release", key)

    def batches(self, endpoint: str) -> _RelayLog:
        return _RelayLog(self._service, endpoint)


class _TaskLedger(_RelayLedger):
    """The same for one paper's work, with few calls.

    Texts were looked up before. Where none was kept under any recipe nothing was asked about one: then
    answers and outcomes are looked up only once a question is claimed, which is when it counts.
    """

    def __init__(self, service: Relay, paper: str, texts: dict[str, Text | None]) -> None:
        super().__init__(service)
        self._paper = paper
        self._texts = texts
        self._new = bool(texts) and not any(texts.values())
        self._claimed: set[str] = set()
        self._refused = False
        self._kept: dict[str, Completion] = {}
        self._events: list[tuple[Any, ...]] = []

    def text(self, paper: str, recipe: str) -> Text | None:
        if paper == self._paper and recipe in self._texts:
            return self._texts[recipe]
        found: Text | None = self._service.now("do", "text", paper, recipe)
        return found

    def outcome(self, question: str, recipe: str) -> str | None:
        if self._new:
            return None
        found: str | None = self._service.now("do", "outcome", question, recipe)
        return found

    def completion(self, key: str, after: int = 0) -> Completion | None:
        if key in self._kept:
            return self._kept[key]
        if self._new and key not in self._claimed:
            return None
        found: Completion | None = self._service.now("do", "completion", key, after)
        return found

    def claim(self, key: str) -> bool:
        ours = bool(self._service.now("do", "claim", key))
        self._claimed.add(key)
        self._refused |= not ours
        return ours

    def newest(self) -> int:
        return int(self._service.now("do", "newest")) if self._refused else 0

    def keep(self, completion: Completion, *args: object) -> None:
        self._service.now("do", "keep", completion, *args)
        self._kept[completion.key] = completion

    def event(self, *args: object) -> None:
        self._events.append(args)

    def flush(self) -> None:
        """Send the events."""
        if self._events:
            self._service.send("events", self._events)


def relayed_ledger(service: Relay) -> Ledger:
    """A ledger that is kept by the service."""
    return cast("Ledger", _RelayLedger(service))


async def task_ledger(
    service: Relay, paper: str, recipes: Sequence[str]
) -> tuple[Ledger, Callable[[], None]]:
    """A ledger for one paper's work, and what sends its events in the end.

    Args:
        service: that keeps the ledger.
        paper: identifier with version.
        recipes: all under which its text may be kept; none: no text is wanted.
    """
    texts = await service.later("texts", paper, recipes) if recipes else {}
    ledger = _TaskLedger(service, paper, texts)
    return cast("Ledger", ledger), ledger.flush
