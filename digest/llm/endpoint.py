"""One OpenAI-compatible endpoint: sending a question, as often and as fast as it bears.

The SDK's own retries are off; the only retry layer is here. A question is sent by `exchange.py`, and what
came of it is one record, `Attempt`. All that decides about the next question learns from that: limiter,
circuit breaker, capabilities, timeouts, and what the user is told of an outage.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from digest.config import ModelSettings
from digest.llm.api_error import error_of
from digest.llm.attempt import Observer, Permit
from digest.llm.capabilities import Capabilities
from digest.llm.circuit_breaker import CircuitBreaker
from digest.llm.cost import Budget, prices
from digest.llm.error_mapping import TransientError, meaning_of
from digest.llm.exchange import Exchange
from digest.llm.learning import LearnedCapabilities, LearnedError
from digest.llm.limiter import ClosedError, Limiter
from digest.llm.presets import preset_of
from digest.llm.probe_gate import ProbeGate, Turn
from digest.llm.question import write
from digest.llm.reachability import Reachability
from digest.llm.response import UnusableError
from digest.llm.retry import PATIENCE, RetryPolicy
from digest.llm.sdk import connect, timeout_of
from digest.model import Completion, Request
from digest.system.errors import AnswerError, DigestError, ModelError, QuotaError
from digest.system.reach import offline_tries, reason
from digest.system.redact import KeyRedactor, without_credentials
from digest.system.retry_after import retry_after

if TYPE_CHECKING:
    import openai

_LESSONS = 8
"""The number of forms that one question is put in before the endpoint counts as accepting none."""


class Endpoint:
    """A client for one endpoint and its models.

    Args:
        settings: address, key, limits.
        recall: what is known of a model from earlier runs (JSON), if anything.
        remember: called with a model and what was learned of it (JSON).
        sleep: how to wait before the next try; tests hand in one that does not.
        patience: seconds that one question may be kept waiting by the endpoint.
        clock: seconds, monotonic.
        say: tells the user why nothing happens for a while.

    Attributes:
        preset: what is known of it before the first question.
        timeout: seconds that one question may take once it was sent.
        price: what an answer costs.
        budget: what may be spent.
        redactor: takes the key out of its words.
    """

    def __init__(
        self,
        settings: ModelSettings,
        recall: Callable[[str], str | None] = lambda _: None,
        remember: Callable[[str, str], None] = lambda *_: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.preset = preset_of(settings)
        self.timeout = timeout_of(settings, self.preset)
        self._settings = settings
        self._sleep = sleep
        self._patience = patience
        self._outage = min(patience, settings.patience) if settings.attempts > 1 else 0.0
        self._clock = clock
        self.price = prices(settings, self.preset)
        self.budget = Budget(settings.max_cost, self.price, settings.fallback)
        self.redactor = KeyRedactor(settings.key.get_secret_value())
        self._client: openai.AsyncOpenAI | None = None
        self._exchange = Exchange(
            self.timeout,
            self.preset,
            self.client,
            self.price,
            self.redactor,
            patience,
            clock,
            self._answered_before,
        )
        self._learned = LearnedCapabilities(self.preset, recall, remember)
        self._limiter = Limiter(settings, clock, patience, outage=self._outage, local=self.preset.loopback)
        self._breaker = CircuitBreaker(self._answered_before)
        self._gate = ProbeGate(self._answered_before)
        self._reachability = Reachability(self._outage, say)
        self._observers: tuple[Observer, ...] = (
            self._reachability,  # before the limiter, which marks late answers as limited
            self._limiter,
            self._exchange,
            self._breaker,
            self._learned,
            self._gate,
        )

    @property
    def address(self) -> str:
        """The base URL, without passwords and keys that stand in it."""
        return without_credentials(self.preset.base_url)

    @property
    def ceiling(self) -> float | None:
        """US dollars that may be spent, if there is a ceiling."""
        return self._settings.max_cost

    @property
    def body(self) -> dict[str, Any]:
        """Fields of every question that shape the answer, and so belong to its key."""
        return self.preset.shaping

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def complete(self, request: Request) -> Completion:
        """Ask once, with as many tries as the settings allow.

        Raises:
            AnswerError: this question got no usable answer; `UnusableError` if one came that is none.
            QuotaError: the account is empty, or the ceiling reached. No further question is sent.
            ModelError: the endpoint answers nobody: wrong key, unknown model, no connection at all.
            UsageError: there is a ceiling, and no price.
        """
        tries = RetryPolicy(self._settings.attempts, self._patience, self._clock, self._outage)
        try:
            return await tries.carry_out(
                lambda: self._send(request, tries.since), self._sleep, lambda: self._limiter.accepted
            )
        except TransientError as trouble:
            said, odd = str(trouble), trouble.malformed
            raise self._given_up(said, request.model, trouble.final, malformed=odd) from trouble
        except ClosedError as error:
            last = tries.said or self._reachability.limited
            said = f"{self.address} {error}" + (f"; the last: {last}" if last else "")
            final = AnswerError("unreachable", f"{said}. Run again later.")
            raise self._given_up(said, request.model, final) from error

    def _given_up(self, said: str, model: str, final: DigestError, *, malformed: bool = False) -> DigestError:
        """The error of a question that is not sent again; of an endpoint that was never reached, for all."""
        if self._reachability.reached and not (malformed and not self._limiter.accepted):
            return final
        hint = "Check OPENAI_BASE_URL and the network, then run again."
        if self._reachability.timed_out:  # the connection came about, so it is there
            hint = "It took the question, but is slow: lower text.budget or take a smaller model."
        if malformed:
            hint = "That is no answer of a model: check OPENAI_BASE_URL, does the address end in /v1?"
        error = ModelError(f"{said}. {hint}")
        self._breaker.trip(model, error)
        return error

    def yield_to(self, others: Callable[[], float]) -> None:
        """Send nothing new while `others` says so many seconds to wait."""
        self._limiter.elsewhere = others

    def assume_used(self) -> None:
        """Take this minute's limits to be used up, by a process before this one."""
        self._limiter.assume_used()

    async def settled(self) -> None:
        """Wait until no question is under way, at most as long as one may take."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.timeout):
                await self._limiter.idle.wait()

    def explain(self, error: openai.APIStatusError) -> ModelError:
        """The meaning of an error that concerns no single question."""
        said = error_of(error.status_code, error.response.content, self.redactor)
        if error.status_code in {404, 405}:  # it is no model that is missing
            return ModelError(f"{self.address} answered HTTP {error.status_code}: {said.quote}")
        wait = retry_after(error.response.headers, said.words)
        meaning = meaning_of(said, self._settings.name, self.address, wait)
        if isinstance(meaning, QuotaError):
            self._breaker.trip(self._settings.name, meaning)
        return meaning if isinstance(meaning, ModelError) else ModelError(str(meaning))

    def reason(self, error: Exception) -> str:
        """The reason why it was not reached, in words."""
        return self.redactor.text(reason(error, self.address))[:300]

    def offline_tries(self, error: Exception) -> int | None:
        """The number of tries for what failed so, where nothing was answered yet; None: as often as usual."""
        return None if self._reachability.reached else offline_tries(error)

    def client(self) -> openai.AsyncOpenAI:
        """The SDK's client, made when it is first needed."""
        if self._client is None:
            self._client = connect(self._settings, self.preset)
        return self._client

    def capabilities(self, model: str) -> Capabilities:
        """The endpoint's capabilities for a model, as far as they are known."""
        return self._learned.of(model)

    def learned(self, model: str) -> Capabilities | None:
        """The capabilities that earlier answers taught, if there were any."""
        return self._learned.kept(model)

    def _answered_before(self, model: str) -> bool:
        return self.learned(model) is not None

    def write(self, request: Request) -> dict[str, Any]:
        """The body of a question as this endpoint takes it."""
        known = self.capabilities(request.model)
        return write(known.with_room(request), known, self.preset.body)

    def fits(self, request: Request) -> bool:
        """True if the model may take a question of that length, as far as its refusals taught."""
        doubt = self._limiter.accepted > 0  # else a run that finds all in the ledger would ask
        return self._learned.fits(request.model, request.prompt_tokens, doubt=doubt)

    async def _send(self, asked: Request, failed_at: float | None) -> Completion:
        """One try, plus one more for each thing that the endpoint says it does not accept."""
        async with self._gate.turn(asked.model) as turn:
            lesson: LearnedError | None = None
            for _ in range(_LESSONS):
                form = None if lesson is None else lesson.form
                if await turn.wait() and lesson is not None:
                    form = self._learned.after_others(lesson.attempt)
                    if form is None:  # they found none that is taken
                        break
                try:
                    completion = await self._try(turn, asked, form, failed_at)
                except LearnedError as error:
                    lesson = error
                else:
                    if completion is not None:
                        return completion
        said = str(lesson)
        raise AnswerError("rejected", f"{self.address} accepts no form of the question: {said[:200]}")

    async def _try(
        self, turn: Turn, asked: Request, taught: Capabilities | None, failed_at: float | None
    ) -> Completion | None:
        """One try in a form, or in the one that is known; None: another question goes first after all."""
        request = (taught or self.capabilities(asked.model)).with_room(asked)
        reserved = await self.budget.reserve(request)
        cost: float | None = 0.0  # what is not answered costs nothing
        permit = None
        try:
            permit = await self._limiter.permit(request.tokens, failed_at)
            if turn.held:
                return None
            completion = await self._attempt(permit, request, taught or self.capabilities(asked.model))
        except UnusableError as error:
            cost = error.completion.cost
            raise
        else:
            cost = completion.cost
            return completion.model_copy(update={"key": asked.key})
        finally:
            if permit is not None:
                self._limiter.done(permit)
            self.budget.settle(reserved, cost)

    async def _attempt(self, permit: Permit, request: Request, form: Capabilities) -> Completion:
        """Send a question once, let everything learn from what came of it, and say what that means."""
        self._breaker.check(request.model)
        attempt = await self._exchange.send(permit, request, form)
        other = self._learned.fallback_for(attempt, answered=self._limiter.accepted > 0)
        attempt = replace(attempt, retry_as=other)
        for observer in self._observers:
            observer.observe(attempt)
        if other is not None and attempt.error is not None:
            raise LearnedError(attempt, attempt.error.quote, other)
        page = attempt.malformed  # what never answered shows the same page again
        if page is not None and self._reachability.not_an_endpoint and self._never_answered(request.model):
            raise self._given_up(str(page.final), request.model, page.final, malformed=True)
        if (meaning := self._breaker.meaning(attempt)) is not None:
            raise meaning
        assert attempt.completion is not None  # or it would mean something else
        return attempt.completion

    def _never_answered(self, model: str) -> bool:
        """True: neither any model in this run, nor this one in an earlier run."""
        return not self._limiter.accepted and self.learned(model) is None
