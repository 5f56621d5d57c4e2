"""One OpenAI-compatible endpoint: what it accepts, how long to wait, and what its answers mean.

The SDK's own retries are off; the only retry layer is here. Sources: OpenAI API reference (errors, rate
limits), and the refusals of other endpoints as their users reported them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from digest.config import ModelSettings
from digest.errors import AnswerError, ModelError, QuotaError
from digest.llm.request import Request
from digest.model import Completion, Record, Usage

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletion

_TRANSIENT = {408, 409, 429}
_REFUSAL_WORDS = (
    "content exists risk",
    "data_inspection_failed",
    "content_filter",
    "content management policy",
)
_QUOTA_WORDS = (
    "insufficient_quota",
    "insufficient balance",
    "insufficient_balance",
    "exceeded your current quota",
)
_PATIENCE = 900.0
"""Seconds that one question may spend waiting under rate limits; these waits are no failed attempts."""


class Traits(Record):
    """What an endpoint was found to accept for a model, learned from its own refusals."""

    answer_format: Literal["json_schema", "json_object", "text"] = "json_schema"
    token_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"  # noqa: S105 - a field
    temperature: bool = True


class Endpoint:
    """A client for one endpoint and its models.

    Args:
        settings: address, key, limits.
        recall: what is known of a model from earlier runs (JSON), if anything.
        remember: called with a model and what was learned of it (JSON).
        sleep: how to wait; tests hand in one that does not.
    """

    def __init__(
        self,
        settings: ModelSettings,
        recall: Callable[[str], str | None] = lambda _: None,
        remember: Callable[[str, str], None] = lambda *_: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._recall = recall
        self._remember = remember
        self._sleep = sleep
        self._traits: dict[str, Traits] = {}
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._reached = False
        self._client: openai.AsyncOpenAI | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def complete(self, request: Request) -> Completion:
        """Ask once, with as many tries as the settings allow.

        Raises:
            AnswerError: this question got no usable answer.
            QuotaError: the account is empty.
            ModelError: the endpoint answers nobody: wrong key, unknown model, no connection at all.
        """
        import openai  # half a second, paid only by runs that ask

        failures = 0

        def give_up(state: RetryCallState) -> bool:
            nonlocal failures
            error = state.outcome.exception() if state.outcome else None
            limited = isinstance(error, openai.RateLimitError)
            failures += 0 if limited else 1
            return failures >= self._settings.attempts or (state.seconds_since_start or 0) > _PATIENCE

        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_transient), stop=give_up, wait=_wait, sleep=self._sleep, reraise=True
        )
        try:
            async with self._slots:
                return await retrying(self._send, request)
        except openai.APIStatusError as error:
            raise _explain_status(error, request.model, self._address) from error
        except openai.APIConnectionError as error:
            message = f"{self._address} did not answer ({_reason(error)})"
            if self._reached:
                raise AnswerError("unreachable", message) from error
            raise ModelError(f"{message}. Check OPENAI_BASE_URL and the network, then run again.") from error

    @property
    def _address(self) -> str:
        return self._settings.base_url or "https://api.openai.com/v1"

    def _connect(self) -> openai.AsyncOpenAI:
        import openai

        if self._client is None:
            host = urlsplit(self._address).hostname
            loopback = host in {"127.0.0.1", "localhost", "::1"}
            self._client = openai.AsyncOpenAI(
                api_key=self._settings.key.get_secret_value() or "none",
                base_url=self._address,
                timeout=self._settings.timeout,
                max_retries=0,
                # a proxy set for the outside world cannot reach a model on this machine
                http_client=openai.DefaultAsyncHttpxClient(trust_env=not loopback),
            )
        return self._client

    async def _send(self, request: Request) -> Completion:
        """One try, plus one more for each thing that the endpoint says it does not accept."""
        import openai

        traits = self._known(request.model)
        for _ in range(4):
            started = time.monotonic()
            try:
                answer = await self._connect().chat.completions.create(**_body(request, traits))
            except openai.BadRequestError as error:
                self._reached = True
                learned = _learn(traits, request, str(error.message).lower())
                if learned is None:
                    raise
                traits = learned
                continue
            except openai.APIStatusError:
                self._reached = True
                raise
            self._reached = True
            self._keep_traits(request.model, traits)
            return _completion(answer, request, round((time.monotonic() - started) * 1000))
        raise AnswerError("rejected", f"{self._address} accepts no form of the question")

    def _known(self, model: str) -> Traits:
        if model not in self._traits:
            kept = self._recall(model)
            try:
                self._traits[model] = Traits() if kept is None else Traits.model_validate_json(kept)
            except ValidationError:  # written by another version of this program: learn again
                self._traits[model] = Traits()
        return self._traits[model]

    def _keep_traits(self, model: str, traits: Traits) -> None:
        if self._traits.get(model) != traits:
            self._traits[model] = traits
            self._remember(model, traits.model_dump_json())


def _body(request: Request, traits: Traits) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [message.model_dump() for message in request.messages],
        traits.token_limit: request.max_tokens,
    }
    if request.temperature is not None and traits.temperature:
        body["temperature"] = request.temperature
    if request.json_schema is not None:
        # json_object is refused where no message says "json"; then the instructions alone must do
        says_json = any("json" in message.content.lower() for message in request.messages)
        if traits.answer_format == "json_schema":
            form = {"name": "answer", "strict": True, "schema": request.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        elif traits.answer_format == "json_object" and says_json:
            body["response_format"] = {"type": "json_object"}
    return body


def _learn(traits: Traits, request: Request, message: str) -> Traits | None:
    """What a 400 says about the endpoint; None when it is not about the form of the question."""
    about_format = any(word in message for word in ("response_format", "json_schema", "json_object"))
    if about_format and request.json_schema is not None and traits.answer_format != "text":
        weaker = "json_object" if traits.answer_format == "json_schema" else "text"
        return traits.model_copy(update={"answer_format": weaker})
    if "max_tokens" in message and traits.token_limit == "max_tokens":  # noqa: S105 - a field's name
        return traits.model_copy(update={"token_limit": "max_completion_tokens"})
    if "temperature" in message and traits.temperature:
        return traits.model_copy(update={"temperature": False})
    return None


def _completion(answer: ChatCompletion, request: Request, milliseconds: int) -> Completion:
    """The SDK's answer as our record.

    Raises:
        AnswerError: it is a refusal, empty, or cut at the token limit.
    """
    choice = answer.choices[0] if answer.choices else None
    content = (choice.message.content or "") if choice else ""
    reason = choice.finish_reason if choice else None
    if choice and (choice.message.refusal or reason == "content_filter"):
        raise AnswerError("refused", f"the model refused ({choice.message.refusal or 'content filter'})")
    if reason == "length":
        raise AnswerError("cut", f"the answer was cut at {request.max_tokens} tokens")
    if not content.strip():
        raise AnswerError("empty", "the answer has no content")
    return Completion(
        key=request.key,
        model=request.model,
        resolved_model=answer.model or None,
        content=content,
        finish_reason=reason,
        usage=_usage(answer),
        milliseconds=milliseconds,
        received=datetime.now(UTC),
    )


def _usage(answer: ChatCompletion) -> Usage:
    usage = answer.usage
    if usage is None:
        return Usage()
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        input=usage.prompt_tokens or 0,
        output=usage.completion_tokens or 0,
        cached=(prompt.cached_tokens or 0) if prompt else 0,
        reasoning=(completion.reasoning_tokens or 0) if completion else 0,
    )


def _is_transient(error: BaseException) -> bool:
    import openai

    if isinstance(error, openai.APIStatusError):
        transient = error.status_code in _TRANSIENT or error.status_code >= 500
        return transient and not _mentions(error, _QUOTA_WORDS)
    return isinstance(error, openai.APIConnectionError)  # timeouts are a kind of these


def _wait(state: RetryCallState) -> float:
    """As long as the endpoint says, to the letter; else exponentially longer with jitter."""
    error = state.outcome.exception() if state.outcome else None
    told = _retry_after(getattr(getattr(error, "response", None), "headers", {}))
    return told if told is not None else wait_random_exponential(multiplier=0.5, max=30)(state)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after` (seconds or a date), if given and readable."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        value = headers.get("retry-after")
        if value is None:
            return None
        try:
            return max(0.0, float(value))
        except ValueError:
            return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _mentions(error: openai.APIStatusError, words: tuple[str, ...]) -> bool:
    text = f"{error.message} {error.body}".lower()
    return any(word in text for word in words)


def _explain_status(error: openai.APIStatusError, model: str, address: str) -> Exception:
    """What a final status means for this paper, or for all of them."""
    status = error.status_code
    if status == 402 or _mentions(error, _QUOTA_WORDS):
        return QuotaError(
            f"The account at {address} has no balance left. Top it up, then run again to go on."
        )
    if status == 400 and _mentions(error, _REFUSAL_WORDS):
        return AnswerError("refused", "the endpoint's content filter refused the paper")
    if status in {401, 403}:
        return ModelError(
            f"{address} does not accept the key (HTTP {status}). Set OPENAI_API_KEY to a valid one."
        )
    if status == 404:
        return ModelError(
            f"{address} does not know the model {model!r} (HTTP 404). Set DIGEST_MODEL or --model."
        )
    code = "rejected" if 400 <= status < 500 and status not in _TRANSIENT else "unreachable"
    return AnswerError(code, f"{address} answered HTTP {status}: {_reason(error)}")


def _reason(error: openai.APIError) -> str:
    return " ".join(str(error.message).split())[:200]
