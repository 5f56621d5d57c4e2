"""One OpenAI-compatible endpoint: sending a question, as often and as fast as it bears.

The SDK's own retries are off; the only retry layer is here. What a question looks like is in `form.py`, what
an answer means in `wire.py`, an error in `trouble.py`, and who may ask when is in `limits.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from digest.config import ModelSettings
from digest.errors import AnswerError, DigestError, ModelError, QuotaError
from digest.llm.api_error import ApiError, error_of
from digest.llm.capabilities import Forms, LearnedError, weaker, write
from digest.llm.circuit_breaker import CircuitBreaker
from digest.llm.cost import Budget, prices
from digest.llm.error_mapping import TOO_LATE, TransientError, meaning_of
from digest.llm.lessons import Traits
from digest.llm.limiter import ClosedError, Limiter, Permit
from digest.llm.presets import profile
from digest.llm.response import MalformedError, UnusableError, names_in, parse, read
from digest.llm.retry import PATIENCE, RetryPolicy
from digest.llm.retry_after import in_words, told_to_wait
from digest.llm.sdk import MOST_BYTES, RedirectedError, TooLargeAnswerError, connect, timeouts
from digest.model import Completion, Request
from digest.system.network import proxy_for
from digest.system.reach import connecting, kind_of, offline_tries, reason
from digest.system.redact import KeyRedactor

if TYPE_CHECKING:
    import httpx2
    import openai

logger = logging.getLogger(__name__)

_SLOWER = 4
"""So many times as long as `timeout` a server on this machine gets in the end, where it needs that."""

_FOREIGN = 2
"""So many times something else than an answer, from what never answered, is no accident."""

_LESSONS = 8
"""How often one question is put in another form before the endpoint counts as accepting none."""


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
        profile: what is known of it before the first question.
        price: what an answer costs.
        budget: what may be spent.
        mask: takes the key out of its words.
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
        self.profile = profile(settings)
        self._settings = settings
        self._sleep = sleep
        self._forms = Forms(self.profile, recall, remember)
        self._patience = patience
        self._allowed = settings.timeout
        self._outage = min(patience, settings.patience) if settings.attempts > 1 else 0.0
        self._clock = clock
        self._say = say
        self._limiter = Limiter(settings, clock, patience, outage=self._outage, local=self.profile.loopback)
        self.price = prices(settings, self.profile)
        self.budget = Budget(settings.max_cost, self.price, settings.fallback)
        self._standing = CircuitBreaker(lambda model: self.learned(model) is not None)
        self.mask = KeyRedactor(settings.key.get_secret_value())
        self._reached = False
        self._down = False
        self._refusal = ""
        self._foreign = 0
        self._weakened: set[str] = set()
        self._client: openai.AsyncOpenAI | None = None

    @property
    def address(self) -> str:
        """Its base URL."""
        return self.profile.base_url

    @property
    def ceiling(self) -> float | None:
        """US dollars that may be spent, if there is a ceiling."""
        return self._settings.max_cost

    @property
    def body(self) -> dict[str, Any]:
        """Fields of every question that shape the answer, and so belong to its key."""
        return self.profile.shaping

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
            raise self._given_up(str(trouble), request.model, trouble.final, odd=trouble.odd) from trouble
        except ClosedError as error:
            last = tries.said or self._refusal
            said = f"{self.address} {error}" + (f"; the last: {last}" if last else "")
            final = AnswerError("unreachable", f"{said}. Run again later.")
            raise self._given_up(said, request.model, final) from error

    def _given_up(self, said: str, model: str, final: DigestError, *, odd: bool = False) -> DigestError:
        """What it means that a question is not sent again; of an endpoint that was never reached, for all."""
        if self._reached and not (odd and not self._limiter.accepted):
            return final
        hint = "Check OPENAI_BASE_URL and the network, then run again."
        if odd:
            hint = "That is no answer of a model: check OPENAI_BASE_URL, does the address end in /v1?"
        error = ModelError(f"{said}. {hint}")
        self._standing.close(model, error)
        return error

    async def settled(self) -> None:
        """Wait until no question is under way, at most as long as one may take."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.timeout):
                await self._limiter.idle.wait()

    async def models(self, patience: float) -> tuple[str, ...]:
        """The names that the endpoint lists; it may answer to others too.

        Args:
            patience: seconds that it may take.

        Raises:
            ModelError: it lists none, does not accept the key, or cannot be reached.
        """
        import httpx2
        import openai

        try:
            async with asyncio.timeout(patience):
                response = await self.client().get("/models", cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            raise self.explain(error) from error
        except (openai.APIConnectionError, TimeoutError) as error:
            raise ModelError(f"{self.address} did not answer ({self.reason(error)}).") from error
        try:
            kind = response.headers.get("content-type", "")
            names = names_in(parse(response.content, kind, self.mask))
        except MalformedError as error:
            raise ModelError(f"{self.address}: {error}.") from error
        if not names:
            raise ModelError(f"{self.address} answers, but lists none.")
        return names

    def explain(self, error: openai.APIStatusError) -> ModelError:
        """What an error means that concerns no single question."""
        if error.status_code in {404, 405}:  # it is no model that is missing
            return ModelError(f"{self.address} answered HTTP {error.status_code}: {self._told(error).quote}")
        said = self._told(error)
        told = told_to_wait(error.response.headers, said.words)
        meaning = meaning_of(said, self._settings.name, self.address, told)
        if isinstance(meaning, QuotaError):
            self._standing.close(self._settings.name, meaning)
        return meaning if isinstance(meaning, ModelError) else ModelError(str(meaning))

    def client(self) -> openai.AsyncOpenAI:
        """The SDK's client, made when it is first needed."""
        if self._client is None:
            self._client = connect(self._settings, self.profile)
        return self._client

    def traits(self, model: str) -> Traits:
        """How the endpoint wants to be asked for a model."""
        return self._forms.of(model)

    def learned(self, model: str) -> Traits | None:
        """What earlier answers taught, if there were any."""
        return self._forms.kept(model)

    def write(self, request: Request) -> dict[str, Any]:
        """The body of a question as this endpoint takes it."""
        traits = self.traits(request.model)
        return write(_with_room(request, traits), traits, self.profile.body)

    def fits(self, request: Request) -> bool:
        """Whether the model may take a question of that length, as far as its refusals taught."""
        doubt = self._limiter.accepted > 0  # else a run that finds all in the ledger would ask
        return self._forms.fits(request.model, request.prompt_tokens, doubt=doubt)

    async def _send(self, asked: Request, failed_at: float | None) -> Completion:
        """One try, plus one more for each thing that the endpoint says it does not accept."""
        taught: Traits | None = None
        for _ in range(_LESSONS):
            form = taught or self._forms.of(asked.model)
            request = _with_room(asked, form)
            reserved = await self.budget.reserve(request)
            cost: float | None = 0.0  # what is not answered costs nothing
            permit = None
            try:
                permit = await self._limiter.permit(request.tokens, failed_at)
                form = taught or self._forms.of(asked.model)
                completion = await self._exchange(permit, request, form)
            except UnusableError as error:
                cost = error.completion.cost
                raise
            except LearnedError as lesson:
                taught, said = lesson.form, str(lesson)
            else:
                cost = completion.cost
                return completion.model_copy(update={"key": asked.key})
            finally:
                if permit is not None:
                    self._limiter.done(permit)
                self.budget.settle(reserved, cost)
        raise AnswerError("rejected", f"{self.address} accepts no form of the question: {said[:200]}")

    async def _exchange(self, permit: Permit, request: Request, form: Traits) -> Completion:
        """One question and one answer over the wire; the limiter is told what it says of limits.

        Args:
            permit: leave to send it.
            request: what is asked.
            form: how it is put.
        """
        import httpx2
        import openai

        self._standing.check(request.model)
        try:
            response = await self._post(write(request, form, self.profile.body))
        except openai.APIStatusError as error:
            self._reached = True
            raise self._refused(self._told(error), permit, request, form, error.response) from error
        except RedirectedError as error:
            raise self._moved(self.mask.text(str(error)), request.model) from error
        except TooLargeAnswerError as error:
            self._reached = True
            words = f"{self.address} sent an answer of more than {MOST_BYTES // 1_000_000} MB"
            raise AnswerError("unreadable", words) from error
        except (openai.APIConnectionError, httpx2.InvalidURL, UnicodeError, TimeoutError) as error:
            logger.debug("no answer", exc_info=error)
            raise self._unreached(error, permit, request.model) from error
        self._reached = True
        try:
            body = parse(response.content, response.headers.get("content-type", ""), self.mask)
            completion = read(body, request, round((self._clock() - permit.at) * 1000))
        except UnusableError as error:
            error.completion = self._priced(error.completion)
            self._answered(permit, response, error.completion)
            self._unusable(error, request)
            raise
        except MalformedError as error:
            if error.error is not None:
                raise self._refused(error.error, permit, request, form, response) from error
            final = AnswerError("unreachable", f"{self.address}: {error}")
            self._foreign += error.foreign
            strange = not self._limiter.accepted and self.learned(request.model) is None
            if strange and self._foreign >= _FOREIGN:  # what never answered shows the same page again
                raise self._given_up(str(final), request.model, final, odd=True) from error
            raise TransientError(final, odd=True) from error
        self._answered(permit, response, completion)
        self._forms.answered(request.model, form)
        self._forms.ended(request.model, request.max_tokens, completion.usage.output)
        self._forms.took(request.model, request.prompt_tokens)
        return self._priced(completion)

    def _unusable(self, error: UnusableError, request: Request) -> None:
        """What an answer that did not end teaches."""
        if error.code == "cut":
            self._forms.cut(request.model, request.max_tokens)
        elif error.code == "too_long":
            self._forms.too_long(request.model, request.prompt_tokens, ApiError(200))

    async def _post(self, body: dict[str, Any]) -> httpx2.Response:
        """Send a question; the SDK's typed method takes half as long again to rewrite body and answer."""
        import httpx2

        async with asyncio.timeout(self._allowed):  # DeepSeek sends blank lines while it is busy
            return await self.client().post(
                "/chat/completions",
                body=body,
                options={"timeout": timeouts(self._allowed)},
                cast_to=httpx2.Response,
            )

    def _refused(
        self,
        error: ApiError,
        permit: Permit,
        request: Request,
        form: Traits,
        response: httpx2.Response,
    ) -> Exception:
        """What an error means; the others get to know what concerns them too: limits, accounts, forms."""
        logger.debug("%s answered %s: %s", self.address, error.status, error.quote)
        told = told_to_wait(response.headers, error.words)
        meaning = meaning_of(error, request.model, self.address, told)
        other = self._other_form(error, meaning, request, form)
        if other is not None:
            return other
        if isinstance(meaning, TransientError):
            if told is not None and told > self._patience:
                why = f"{meaning.final}; it says to wait {in_words(told)}"
                meaning.final = AnswerError("unreachable", why)
            if meaning.limited:
                self._refusal = error.quote
            return self._noted(meaning, permit, response.headers, late=error.status in TOO_LATE)
        if isinstance(meaning, AnswerError) and meaning.code == "too_long":
            self._forms.too_long(request.model, request.prompt_tokens, error)
        return self._standing.weigh(meaning, error.status, request.model)

    def _other_form(
        self, error: ApiError, meaning: Exception, request: Request, form: Traits
    ) -> LearnedError | None:
        """The form to try next, if that may help: by what the endpoint says, or once without a word of it."""
        passing = isinstance(meaning, TransientError) and not meaning.limited
        if not passing and not (isinstance(meaning, AnswerError) and meaning.code == "rejected"):
            return None
        if (other := self._forms.refused(request.model, form, request, error)) is not None:
            return LearnedError(error.quote, other)
        first = not self._limiter.accepted and self.learned(request.model) is None
        if first and error.status in {400, 422, 500} and request.key not in self._weakened:
            self._weakened.add(request.key)
            if (other := weaker(form, request)) is not None:
                return LearnedError(error.quote, other)
        return None

    def _unreached(self, error: Exception, permit: Permit, model: str) -> TransientError:
        """What it means that no answer came.

        A server that refuses connections is started again in minutes, if there is one: on this machine, or
        where one has answered. Else, and behind a proxy that is not there, nobody waits for a network.
        """
        kind, why = kind_of(error), self.reason(error)
        late = kind == "silent" and not connecting(error)
        if late:
            why = f"no answer within {self._allowed:g} s; model.timeout allows more"
        final = AnswerError("unreachable", f"{self.address} did not answer ({why})")
        known = self._reached or self.profile.loopback
        proxied = not self._reached and proxy_for(self.address) is not None
        waits = kind == "refused" and not proxied and (known or self.learned(model) is not None)
        trouble = TransientError(final, down=waits)
        if not waits:
            trouble.tries = self.offline_tries(error)
        return self._noted(trouble, permit, {}, late=late)

    def _noted(
        self, trouble: TransientError, permit: Permit, headers: Mapping[str, str], *, late: bool
    ) -> TransientError:
        """The same, after the limiter got to know of it, and the user, once, what is waited for."""
        self._limiter.failed(permit, trouble, headers, late=late)
        if late and self.profile.loopback and permit.load == 1:  # a slow machine, and nobody else is to blame
            self._allowed = min(2 * self._allowed, _SLOWER * self._settings.timeout)
        if trouble.down and self._outage and not self._down:
            self._down = True
            self._say(f"{trouble.final}; it is waited for, up to {in_words(self._outage)}")
        return trouble

    def _moved(self, address: str, model: str) -> ModelError:
        self._reached = True
        error = ModelError(f"{self.address} redirects to {address}. Set OPENAI_BASE_URL to that.")
        self._standing.close(model, error)
        return error

    def _answered(self, permit: Permit, response: httpx2.Response, completion: Completion) -> None:
        usage = completion.usage
        self._down = False
        self._standing.answers(completion.model)
        self._limiter.answered(permit, response.headers, usage.input + usage.output)

    def _priced(self, completion: Completion) -> Completion:
        return completion.model_copy(update={"cost": self.price(completion.model, completion.usage)})

    def _told(self, error: openai.APIStatusError) -> ApiError:
        return error_of(error.status_code, error.response.content, self.mask)

    def reason(self, error: Exception) -> str:
        """Why it was not reached, in words."""
        return self.mask.text(reason(error, self.address))[:300]

    def offline_tries(self, error: Exception) -> int | None:
        """How often to try what failed so, where nothing was answered yet; None: as often as usual."""
        return None if self._reached else offline_tries(error)


def _with_room(request: Request, traits: Traits) -> Request:
    """The request, with the room that answers of its model were found to need."""
    return request.model_copy(update={"max_tokens": max(request.max_tokens, traits.room or 0)})
