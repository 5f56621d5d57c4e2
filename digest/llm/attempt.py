"""One question sent to an endpoint, and what came of it: the record that everything is learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from digest.llm.api_error import ApiError
from digest.llm.capabilities import Capabilities
from digest.llm.error_mapping import TransientError
from digest.llm.rate_limits import Use
from digest.model import Completion, Request


@dataclass(frozen=True)
class Permit:
    """Leave to send one question.

    Attributes:
        number: of the questions sent, from 1.
        load: how many were under way when it was given, this one included.
        tokens: what it is expected to take.
        at: when it was given (seconds, monotonic).
        accepted: how many questions were answered by then.
        use: what it is expected to take, where tokens a minute are counted.
    """

    number: int
    load: int
    tokens: int
    at: float
    accepted: int
    use: Use | None = None


@dataclass(frozen=True)
class Attempt:
    """A question over the wire, once.

    Attributes:
        request: as it was sent.
        form: how it was put.
        permit: leave to send it.
        status: of HTTP, or the one that an error in a 200 names; None: nothing came.
        headers: of what came.
        completion: what was answered, whether it is usable or not; with its price.
        error: what the endpoint told instead of an answer.
        meaning: None: the answer is usable. Else what the attempt means, taken alone: an `AnswerError`, a
            `ModelError`, or a `TransientError`, which may be over when it is sent again.
        timed_out: nothing came in time, here or at a gateway.
        not_an_endpoint: what came is of something else than a model's endpoint, such as a web page.
        retry_as: another form to send the question in at once; then the attempt says nothing else.
    """

    request: Request
    form: Capabilities
    permit: Permit
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    completion: Completion | None = None
    error: ApiError | None = None
    meaning: Exception | None = None
    timed_out: bool = False
    not_an_endpoint: bool = False
    retry_as: Capabilities | None = None

    @property
    def malformed(self) -> TransientError | None:
        """The trouble, if a 200 came that holds neither an answer nor an error."""
        malformed = self.error is None and self.status is not None
        return self.meaning if malformed and isinstance(self.meaning, TransientError) else None


class Observer(Protocol):
    """Learns from attempts: limiter, circuit breaker, capabilities, ..."""

    def observe(self, attempt: Attempt) -> None:
        """Called once after each attempt, whatever came of it."""
