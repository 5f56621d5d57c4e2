"""One question and one answer over the wire, as an `Attempt`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from digest.llm.api_error import ApiError, error_of
from digest.llm.attempt import Attempt, Permit
from digest.llm.capabilities import Capabilities
from digest.llm.cost import Price
from digest.llm.error_mapping import TOO_LATE, TransientError, meaning_of
from digest.llm.presets import Preset
from digest.llm.question import write
from digest.llm.response import MalformedError, UnusableError, parse, read
from digest.llm.retry import PATIENCE
from digest.llm.sdk import MOST_BYTES, RedirectedError, TooLargeAnswerError, timeouts
from digest.model import Completion, Request
from digest.system.errors import AnswerError, ModelError
from digest.system.network import proxy_for
from digest.system.reach import connecting, network_error_kind, offline_tries, reason
from digest.system.redact import KeyRedactor, without_credentials
from digest.system.retry_after import format_wait, retry_after

if TYPE_CHECKING:
    import httpx2
    import openai

logger = logging.getLogger(__name__)

_MOVED = 301


class Exchange:
    """Sends questions to one endpoint, and says what came of each.

    Args:
        timeout: seconds that an answer may take.
        preset: address, and fields of every question.
        client: the SDK's client.
        price: of an answer.
        redactor: takes the key out of what the endpoint says.
        patience: seconds that it may keep a question waiting.
        clock: seconds, monotonic.
        answered_before: of a model, True if it answered in an earlier run.
    """

    def __init__(
        self,
        timeout: float,
        preset: Preset,
        client: Callable[[], openai.AsyncOpenAI],
        price: Price,
        redactor: KeyRedactor,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        answered_before: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._timeout = timeout
        self._preset = preset
        self._address = without_credentials(preset.base_url)
        self._client = client
        self._price = price
        self._redactor = redactor
        self._patience = patience
        self._clock = clock
        self._answered_before = answered_before
        self._reached = False

    def observe(self, attempt: Attempt) -> None:
        """Learn from an attempt if there is anything at this address."""
        self._reached = self._reached or attempt.status is not None

    async def send(self, permit: Permit, request: Request, form: Capabilities) -> Attempt:
        """Send a question in a form; whatever the endpoint does is in the attempt, nothing is raised."""
        import httpx2
        import openai

        try:
            response = await self._post(write(request, form, self._preset.body))
        except openai.APIStatusError as error:
            said = error_of(error.status_code, error.response.content, self._redactor)
            return self._refused(permit, request, form, said, error.response.headers)
        except RedirectedError as error:
            where = self._redactor.text(str(error))
            moved = ModelError(f"{self._address} redirects to {where}. Set OPENAI_BASE_URL to that.")
            return Attempt(request, form, permit, _MOVED, meaning=moved)
        except TooLargeAnswerError:
            words = f"{self._address} sent an answer of more than {MOST_BYTES // 1_000_000} MB"
            return Attempt(request, form, permit, 200, meaning=AnswerError("unreadable", words))
        except (openai.APIConnectionError, httpx2.InvalidURL, UnicodeError, TimeoutError) as error:
            logger.debug("no answer", exc_info=error)
            return self._unreached(permit, request, form, error)
        return self._came(permit, request, form, response)

    async def _post(self, body: dict[str, Any]) -> httpx2.Response:
        """Send a question; the SDK's typed method takes half as long again to rewrite body and answer."""
        import httpx2

        async with asyncio.timeout(self._timeout):  # DeepSeek sends blank lines while it is busy
            return await self._client().post(
                "/chat/completions",
                body=body,
                options={"timeout": timeouts(self._timeout)},
                cast_to=httpx2.Response,
            )

    def _came(
        self, permit: Permit, request: Request, form: Capabilities, response: httpx2.Response
    ) -> Attempt:
        """An attempt that was answered with a 200, whatever is in it."""
        headers, took = response.headers, round((self._clock() - permit.at) * 1000)
        try:
            body = parse(response.content, headers.get("content-type", ""), self._redactor)
            completion = self._priced(read(body, request, took))
        except UnusableError as error:
            error.completion = self._priced(error.completion)
            return Attempt(request, form, permit, 200, headers, error.completion, meaning=error)
        except MalformedError as error:
            if error.error is not None:
                return self._refused(permit, request, form, error.error, headers)
            meaning = TransientError(AnswerError("unreachable", f"{self._address}: {error}"), malformed=True)
            return Attempt(
                request, form, permit, 200, headers, meaning=meaning, not_an_endpoint=error.not_an_endpoint
            )
        return Attempt(request, form, permit, 200, headers, completion)

    def _refused(
        self,
        permit: Permit,
        request: Request,
        form: Capabilities,
        error: ApiError,
        headers: Mapping[str, str],
    ) -> Attempt:
        """An attempt that was answered with an error."""
        logger.debug("%s answered %s: %s", self._address, error.status, error.quote)
        wait = retry_after(headers, error.words)
        meaning = meaning_of(error, request.model, self._address, wait)
        timed_out = False
        if isinstance(meaning, TransientError):
            timed_out = error.status in TOO_LATE
            if wait is not None and wait > self._patience:
                why = f"{meaning.final}; it says to wait {format_wait(wait)}"
                meaning.final = AnswerError("unreachable", why)
        return Attempt(
            request, form, permit, error.status, headers, error=error, meaning=meaning, timed_out=timed_out
        )

    def _unreached(self, permit: Permit, request: Request, form: Capabilities, error: Exception) -> Attempt:
        """An attempt that nothing came of.

        A server that refuses connections is started again in minutes, if there is one: on this machine, or
        where one has answered. Else, and behind a proxy that is not there, nobody waits for a network.
        """
        kind, why = network_error_kind(error), self._redactor.text(reason(error, self._address))[:300]
        timed_out = kind == "silent" and not connecting(error)
        if timed_out:
            why = f"no answer within {self._timeout:g} s; model.timeout allows more"
        final = AnswerError("unreachable", f"{self._address} did not answer ({why})")
        known = self._reached or self._preset.loopback or self._answered_before(request.model)
        proxied = not self._reached and proxy_for(self._address) is not None
        meaning = TransientError(final, unavailable=kind == "refused" and known and not proxied)
        if not (meaning.unavailable or self._reached):
            meaning.tries = offline_tries(error)
        return Attempt(request, form, permit, meaning=meaning, timed_out=timed_out)

    def _priced(self, completion: Completion) -> Completion:
        return completion.model_copy(update={"cost": self._price(completion.model, completion.usage)})
