"""The Batch API of one endpoint: one call each, tried again while its trouble may pass.

Answers are read as they come, since not every endpoint that calls itself compatible sends what the SDK's
types promise. Source: OpenAI, api-reference/batch and api-reference/files.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from digest.llm.api_error import clean
from digest.llm.endpoint import Endpoint
from digest.llm.error_mapping import TransientError
from digest.llm.response import list_in, table_in
from digest.llm.retry import RetryPolicy
from digest.system.errors import ModelError, QuotaError
from digest.system.retry_after import retry_after

if TYPE_CHECKING:
    import openai
    from openai._legacy_response import HttpxBinaryResponseContent, LegacyAPIResponse

    Raw = LegacyAPIResponse[Any] | LegacyAPIResponse[HttpxBinaryResponseContent]

T = TypeVar("T")

_PASSING = {408, 409, 429}
_ATTEMPTS = 5
"""The number of times that one call may fail; rate limits are no failures, see `RetryPolicy`."""

_PAGES = 100
_DAY = 86400
_METADATA = "digest"


class RefusedError(Exception):
    """The endpoint will not do it, however often it is asked.

    Attributes:
        status: of HTTP; 200 of an answer that is none.
        final: what that means.
    """

    def __init__(self, status: int, final: ModelError) -> None:
        super().__init__(str(final))
        self.status = status
        self.final = final

    @property
    def unknown(self) -> bool:
        """True if there is no such thing: no such batch, no such file, no Batch API at all."""
        return self.status in {404, 405, 410, 501}


class OddError(TransientError):
    """An answer of another shape, such as a gateway's page."""


@dataclass(frozen=True)
class Remote:
    """A batch as the endpoint tells of it.

    Attributes:
        name: the endpoint's.
        status: in the endpoint's word.
        done: questions that are answered.
        files: names of the files with answers, and of that with errors.
        trouble: why it failed as a whole, if it did.
    """

    name: str
    status: str
    done: int
    files: tuple[str, ...]
    trouble: str

    @property
    def ended(self) -> bool:
        """True if nothing more will come of it."""
        return self.status in {"completed", "failed", "expired", "cancelled"}


class BatchApi:
    """The calls.

    Args:
        endpoint: whose.
        sleep: how to wait before the next try.
    """

    def __init__(self, endpoint: Endpoint, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._endpoint = endpoint
        self._sleep = sleep
        self._answered = False

    async def upload(self, name: str, content: bytes) -> str:
        """Hand in a file of questions, and return the endpoint's name of it.

        Raises:
            RefusedError: it does not take it.
            TransientError: it had trouble every time.
        """
        files = self._endpoint.client().files.with_raw_response
        sent = (name, content)
        return self._name_in(await self.retried(lambda: self._call(files.create(file=sent, purpose="batch"))))

    async def create(self, file: str, token: str) -> str:
        """Make a batch of a file, and return the endpoint's name of it. Once: who tries again looks first.

        Raises:
            RefusedError: it does not, or answers so that nobody knows.
            TransientError: it had trouble; there may be a batch now.
        """
        created = self._endpoint.client().batches.with_raw_response.create(
            input_file_id=file,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={_METADATA: token},
        )
        return self._name_in(await self._call(created))

    async def find(self, file: str, token: str, since: datetime) -> str | None:
        """The endpoint's name of the batch that was made of a file since then, if its list shows it.

        Raises:
            RefusedError, TransientError: the list cannot be read.
        """
        oldest, after = since.timestamp() - _DAY, dict[str, str]()
        for _ in range(_PAGES):
            page = await self._page(after)
            tables = [table_in(one) for one in list_in(page.get("data"))]
            for table in tables:
                ours = table_in(table.get("metadata")).get(_METADATA) == token
                if (ours or table.get("input_file_id") == file) and isinstance(table.get("id"), str):
                    return str(table["id"])
            if not tables or not page.get("has_more") or _time(tables[-1]) < oldest:  # the newest come first
                return None
            after = {"after": str(tables[-1].get("id"))}
        return None

    async def _page(self, after: dict[str, str]) -> dict[str, Any]:
        """A page of the list; an empty one if what comes is none, for then there is no list to wait for."""
        batches = self._endpoint.client().batches.with_raw_response
        try:
            return await self._table(lambda: batches.list(limit=100, extra_query=after), "data")
        except OddError:
            return {}

    async def look(self, name: str) -> Remote:
        """The state of a batch at the endpoint.

        Raises:
            RefusedError: the endpoint does not know it, or does not show it to us.
            TransientError: it had trouble every time.
        """
        batches = self._endpoint.client().batches.with_raw_response
        table = await self._table(lambda: batches.retrieve(name), "status")
        files = (table.get("output_file_id"), table.get("error_file_id"))
        done = table_in(table.get("request_counts")).get("completed")
        return Remote(
            name=name,
            status=clean(str(table["status"]))[:100],
            done=done if isinstance(done, int) else 0,
            files=tuple(file for file in files if isinstance(file, str) and file),
            trouble=_trouble(list_in(table_in(table.get("errors")).get("data"))),
        )

    async def content(self, file: str) -> bytes:
        """The content of a file. Raises as `look` does."""
        files = self._endpoint.client().files.with_raw_response
        return await self.retried(lambda: self._call(files.content(file)))

    async def retried(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of a call, after more tries if it raises TransientError."""
        return await RetryPolicy(_ATTEMPTS).carry_out(call, self._sleep)

    async def _table(self, call: Callable[[], Awaitable[Raw]], field: str) -> dict[str, Any]:
        """The object that a harmless call answers; without that field it is a gateway's word."""

        async def once() -> dict[str, Any]:
            table = self._object(await self._call(call()))
            if field not in table:
                raise OddError(self._odd(_LATER))
            return table

        return await self.retried(once)

    def _object(self, content: bytes) -> dict[str, Any]:
        """The object in a body; an empty one if it holds none."""
        try:
            return table_in(self._endpoint.redactor.parsed(content))
        except ValueError:
            return {}

    def _name_in(self, content: bytes) -> str:
        name = self._object(content).get("id")
        if not isinstance(name, str) or not name:
            raise RefusedError(200, self._odd(_WITHOUT))
        return name

    async def _call(self, call: Awaitable[Raw]) -> bytes:
        """One call: the body of its answer, or what its error means."""
        import openai

        try:
            content = (await call).content
        except openai.APIStatusError as error:
            self._answered = True
            raise self._meaning(error) from error
        except openai.APIConnectionError as error:
            why = self._endpoint.reason(error)
            final = ModelError(f"{self._endpoint.address} did not answer about the batch ({why}). {_LATER}")
            trouble = TransientError(final)
            trouble.tries = None if self._answered else self._endpoint.offline_tries(error)
            raise trouble from error
        self._answered = True
        return content

    def _meaning(self, error: openai.APIStatusError) -> RefusedError | TransientError:
        status, final = error.status_code, self._endpoint.explain(error)
        passing = status in _PASSING or (status >= 500 and status != 501)
        if not passing or isinstance(final, QuotaError):
            return RefusedError(status, final)
        meaning = TransientError(ModelError(f"{final}. {_LATER}"), limited=status == 429)
        meaning.retry_after = retry_after(error.response.headers)
        return meaning

    def _odd(self, what_next: str) -> ModelError:
        return ModelError(
            f"{self._endpoint.address} answered about the batch with something else than a batch. {what_next}"
        )


_LATER = "Run again: nothing is lost."
_WITHOUT = "Check OPENAI_BASE_URL, or leave --batch out: the endpoint seems to have no Batch API."


def _trouble(errors: list[Any]) -> str:
    """The first errors of a batch that failed, in the endpoint's words."""
    texts = (str(table_in(error).get("message") or table_in(error).get("code") or "") for error in errors[:3])
    return clean(" ".join("; ".join(filter(None, texts)).split()))[:300]


def _time(batch: dict[str, Any]) -> float:
    """The time at which a batch was made, in seconds; one that does not say is taken to be new."""
    created = batch.get("created_at")
    return created if isinstance(created, int | float) else math.inf
