"""One OpenAI-compatible endpoint: sending a question, as often and as fast as it bears.

The SDK's own retries are off; the only retry layer is here. What a question looks like is in `wire.py`, what
errors mean in `trouble.py`, who may ask when in `limits.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from tenacity import AsyncRetrying, retry_if_exception_type

from digest.config import ModelSettings
from digest.errors import AnswerError, DigestError, ModelError
from digest.llm.cost import Budget, prices
from digest.llm.durations import in_words, told_to_wait
from digest.llm.limits import ClosedError, Limiter, Permit
from digest.llm.presets import profile
from digest.llm.request import Request
from digest.llm.said import parsed, words_of
from digest.llm.standing import Standing
from digest.llm.tries import PATIENCE, Tries
from digest.llm.trouble import PassingError, meaning_of
from digest.llm.wire import MalformedError, Traits, UnusableError, learn, names_in, read, write
from digest.model import Completion

if TYPE_CHECKING:
    import httpx2
    import openai

_LESSONS = 5
"""How often one question is put in another form before the endpoint counts as accepting none."""


class Endpoint:
    """A client for one endpoint and its models.

    Args:
        settings: address, key, limits.
        recall: what is known of a model from earlier runs (JSON), if anything.
        remember: called with a model and what was learned of it (JSON).
        sleep: how to wait before the next try; tests hand in one that does not.
        patience: seconds that one question may be kept waiting by the endpoint.
    """

    def __init__(
        self,
        settings: ModelSettings,
        recall: Callable[[str], str | None] = lambda _: None,
        remember: Callable[[str, str], None] = lambda *_: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience: float = PATIENCE,
    ) -> None:
        self.profile = profile(settings)
        self._settings = settings
        self._recall = recall
        self._remember = remember
        self._sleep = sleep
        self._traits: dict[str, Traits] = {}
        self._kept: dict[str, Traits] = {}
        self._patience = patience
        self._limiter = Limiter(settings, patience=patience)
        self.price = prices(settings, self.profile)
        self._budget = Budget(settings.max_cost, self.price, settings.fallback)
        self._standing = Standing()
        self._reached = False
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
        """
        tries = Tries(self._settings.attempts, self._patience)

        async def attempt() -> Completion:
            try:
                return await self._send(request, tries.since)
            except PassingError as error:
                tries.failed(error, self._limiter.accepted)
                raise

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(PassingError),
            stop=tries.over,
            wait=tries.wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return await retrying(attempt)
        except PassingError as trouble:
            if self._reached:
                raise trouble.final from trouble
            hint = "Check OPENAI_BASE_URL and the network, then run again."
            error = ModelError(f"{trouble.final}. {hint}")
            self._standing.close(request.model, error)
            raise error from trouble

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
            raise ModelError(f"{self.address} did not answer ({self._reason(error)}).") from error
        try:
            names = names_in(self._json(response))
        except MalformedError as error:
            raise ModelError(f"{self.address}: {error}.") from error
        if not names:
            raise ModelError(f"{self.address} answers, but lists none.")
        return names

    def explain(self, error: openai.APIStatusError) -> ModelError:
        """What an error means that concerns no single question."""
        if error.status_code in {404, 405}:  # it is no model that is missing
            return ModelError(f"{self.address} answered HTTP {error.status_code}: {self._said(error)[:200]}")
        meaning = self._meaning(error, self._settings.name)
        return meaning if isinstance(meaning, ModelError) else ModelError(str(meaning))

    def client(self) -> openai.AsyncOpenAI:
        """The SDK's client, made when it is first needed: the SDK takes half a second to import."""
        import ssl

        import openai

        if self._client is None:
            # reading the certificates takes a twentieth of a second; without any, TLS is refused
            plain = self.profile.loopback and self.address.startswith("http://")
            self._client = openai.AsyncOpenAI(
                api_key=self._settings.key.get_secret_value() or "none",
                base_url=self.address,
                timeout=self._settings.timeout,
                max_retries=0,
                default_headers=self._settings.headers,
                http_client=openai.DefaultAsyncHttpxClient(
                    # a proxy set for the outside world cannot reach a model on this machine
                    trust_env=not self.profile.loopback,
                    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,
                ),
            )
        return self._client

    def traits(self, model: str) -> Traits:
        """How the endpoint wants to be asked for a model: learned, else as its preset says."""
        if model not in self._traits:
            profile = self.profile
            traits = Traits(answer_format=profile.answer_format, token_limit=profile.token_limit)
            if kept := self.learned(model):
                traits = kept
                if profile.fixed_format:
                    traits = kept.model_copy(update={"answer_format": profile.answer_format})
            self._traits[model] = traits
        return self._traits[model]

    def learned(self, model: str) -> Traits | None:
        """What earlier answers taught, if there were any."""
        kept = self._recall(model)
        if kept is None:
            return None
        try:
            self._kept[model] = Traits.model_validate_json(kept)
        except ValidationError:  # written by another version of this program: learn again
            return None
        return self._kept[model]

    def write(self, request: Request) -> dict[str, Any]:
        """The body of a question as this endpoint takes it."""
        return write(request, self.traits(request.model), self.profile.body)

    async def _send(self, request: Request, failed_at: float | None) -> Completion:
        """One try, plus one more for each thing that the endpoint says it does not accept."""
        for _ in range(_LESSONS):
            reserved = await self._budget.reserve(request)
            cost: float | None = 0.0  # what is not answered costs nothing
            permit = None
            try:
                permit = await self._limiter.permit(request.tokens, failed_at)
                completion = await self._exchange(permit, request)
            except UnusableError as error:
                cost = error.completion.cost
                raise
            except ClosedError as error:
                raise AnswerError("unreachable", f"{self.address} {error}. Run again later.") from error
            except _LearnedError:
                continue
            else:
                cost = completion.cost
                return completion
            finally:
                if permit is not None:
                    self._limiter.done(permit)
                self._budget.settle(reserved, cost)
        raise AnswerError("rejected", f"{self.address} accepts no form of the question")

    async def _exchange(self, permit: Permit, request: Request) -> Completion:
        """One question and one answer over the wire; the limiter is told what it says of limits."""
        import openai

        self._standing.check(request.model)
        traits, started = self.traits(request.model), time.monotonic()
        try:
            response = await self._post(self.write(request))
        except openai.APIStatusError as error:
            self._reached = True
            learned = learn(traits, request, self._said(error)) if error.status_code in {400, 422} else None
            if learned is not None:
                if self._traits[request.model] == traits:  # others may have learned it at the same time
                    self._traits[request.model] = learned
                raise _LearnedError from None
            raise self._noted(
                self._meaning(error, request.model), error.status_code, request.model, permit, error.response
            ) from error
        except (openai.APIConnectionError, TimeoutError) as error:
            final = AnswerError("unreachable", f"{self.address} did not answer ({self._reason(error)})")
            raise PassingError(final) from error
        self._reached = True
        try:
            completion = read(self._json(response), request, round((time.monotonic() - started) * 1000))
        except UnusableError as error:
            error.completion = self._priced(error.completion)
            self._answered(permit, response, error.completion)
            raise
        except MalformedError as error:
            status = error.status or 502
            meaning = meaning_of(status, str(error), request.model, self.address)
            raise self._noted(meaning, status, request.model, permit, response) from error
        self._answered(permit, response, completion)
        self._remember_traits(request.model, traits)
        return self._priced(completion)

    async def _post(self, body: dict[str, Any]) -> httpx2.Response:
        """Send a question; the SDK's typed method takes half as long again to rewrite body and answer."""
        import httpx2

        async with asyncio.timeout(self._settings.timeout):  # DeepSeek sends blank lines while it is busy
            return await self.client().post("/chat/completions", body=body, cast_to=httpx2.Response)

    def _meaning(self, error: openai.APIStatusError, model: str) -> DigestError | PassingError:
        return meaning_of(error.status_code, self._said(error), model, self.address)

    def _noted(
        self,
        meaning: DigestError | PassingError,
        status: int,
        model: str,
        permit: Permit,
        response: httpx2.Response,
    ) -> DigestError | PassingError:
        """Let the others know of what concerns them too: a rate limit, an empty account, a wrong key."""
        if isinstance(meaning, PassingError):
            meaning.told = told = told_to_wait(response.headers, str(meaning))
            if told is not None and told > self._patience:
                meaning.final = AnswerError(
                    "unreachable", f"{meaning.final}; it says to wait {in_words(told)}"
                )
            if meaning.limited:
                self._limiter.refused(permit, response.headers, meaning.told)
            return meaning
        return self._standing.weigh(meaning, status, model)

    def _answered(self, permit: Permit, response: httpx2.Response, completion: Completion) -> None:
        usage = completion.usage
        self._standing.answers(completion.model)
        self._limiter.answered(permit, response.headers, usage.input + usage.output)

    def _priced(self, completion: Completion) -> Completion:
        return completion.model_copy(update={"cost": self.price(completion.model, completion.usage)})

    def _said(self, error: openai.APIStatusError) -> str:
        return words_of(self._content(error.response)) or "no words"

    def _json(self, response: httpx2.Response) -> object:
        try:
            return parsed(self._content(response))
        except ValueError:
            kind = self.hide(response.headers.get("content-type", "no type"))
            raise MalformedError(f"the answer is no JSON but {kind}") from None

    def _content(self, response: httpx2.Response) -> bytes:
        """What the endpoint sent, without the key: from here on nothing can hold it, however it is cut."""
        key = self._settings.key.get_secret_value()
        return response.content.replace(key.encode(), b"***") if len(key) >= 8 else response.content

    def hide(self, text: str) -> str:
        """A text of the endpoint without the key, which some endpoints repeat."""
        key = self._settings.key.get_secret_value()
        return text.replace(key, "***") if len(key) >= 8 else text

    def _reason(self, error: Exception) -> str:
        return " ".join(self.hide(str(error)).split())[:200] or "no answer in time"

    def _remember_traits(self, model: str, traits: Traits) -> None:
        if self._kept.get(model) != traits:
            self._kept[model] = traits
            self._remember(model, traits.model_dump_json())


class _LearnedError(Exception):
    """The endpoint said what it does not accept; the question can be put in another form."""
