"""The state machine of one batch: handed in, looked at, its answers kept.

Each state is noted in the ledger, so that a process killed anywhere leaves a batch for the next one::

    intended ---> uploaded ---> submitted ---> collected
       |            |  ^
       v            v  |
      void        void  uploaded (made once more, after the list was looked into)

intended: nothing is known to be sent. uploaded: the file is there; whether the batch is, our token in the
endpoint's list tells. submitted: its name is known. collected: its answers are kept; questions without one
are asked directly, as are those of a batch that the endpoint does not know any more. void: it does not
take it. Trouble that may pass leaves a batch in its state, for a later run. Source: OpenAI, guides/batch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from digest.ledger import Batch, BatchLog, Ledger
from digest.ledger.interface import BatchState
from digest.llm.batch.client import BatchApi, RefusedError, Remote
from digest.llm.batch.jsonl import answer_in, read_rows, write_rows
from digest.llm.cached_client import CachedClient
from digest.llm.cost import BATCH
from digest.llm.endpoint import Endpoint
from digest.llm.error_mapping import TransientError, meaning_of
from digest.llm.response import MalformedError, UnusableError
from digest.model import Completion, Request
from digest.system.errors import AnswerError, ModelError

T = TypeVar("T")

NEXT: Mapping[BatchState, frozenset[BatchState]] = {
    "intended": frozenset({"uploaded", "void"}),
    "uploaded": frozenset({"uploaded", "submitted", "void"}),
    "submitted": frozenset({"collected"}),
    "collected": frozenset(),
    "void": frozenset(),
}
"""The states that may follow one."""

_SETTLED = 60.0
"""Seconds after which a batch that was made is taken to be in the endpoint's list."""

_GONE = "gone at the endpoint: made with another key or in another project, or too old"


class BatchLifecycle:
    """The steps of a batch.

    Args:
        endpoint: where it is.
        ledger: keeps the answers.
        log: knows how far it is.
        sleep: how to wait.
        say: tells the user what became of it.

    Attributes:
        unanswered: keys of the questions that had no answer in what was collected.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        ledger: Ledger,
        log: BatchLog,
        sleep: Callable[[float], Awaitable[None]],
        say: Callable[[str], None],
    ) -> None:
        self.api = BatchApi(endpoint, sleep)
        self._endpoint = endpoint
        self._ledger = ledger
        self._log = log
        self._sleep = sleep
        self._say = say
        self.unanswered: set[str] = set()

    async def hand_in(self, batch: Batch, client: CachedClient, *, resumed: bool) -> Batch:
        """Take the steps that are left until the endpoint has a batch; one that it refuses is void.

        Args:
            batch: as the ledger knows it.
            client: of the run that does it.
            resumed: an earlier process may have done more than the ledger knows.

        Raises:
            ModelError: the endpoint has no Batch API, refuses us, or cannot be reached.
        """
        try:
            if batch.state == "intended":
                content = write_rows(self._log.questions(batch), self._endpoint.write)
                file = await self.api.upload(f"digest-{batch.token}.jsonl", content)
                batch, resumed = self._to(batch, "uploaded", file=file), False
            if batch.state == "uploaded":
                remote = await self._create(batch, resumed=resumed)
                batch = self._to(batch, "submitted", remote=remote)
                self._ledger.event(client.run, "ask", "batch", detail=f"{remote} for {batch.title}")
        except RefusedError as refused:
            self._to(batch, "void")
            if refused.unknown:
                raise ModelError(
                    f"{self._endpoint.address} has no Batch API (HTTP {refused.status}). Leave --batch out."
                ) from refused
            raise refused.final from refused
        except TransientError as trouble:
            if trouble.limited:  # nothing was made, and nothing should wait for it
                self._to(batch, "void")
            raise trouble.final from trouble
        return batch

    def _to(
        self, batch: Batch, state: BatchState, file: str | None = None, remote: str | None = None
    ) -> Batch:
        """The batch in its next state, which is noted in the ledger."""
        assert state in NEXT[batch.state], f"{batch.state} -> {state}"
        return self._log.change(batch, state, file=file, remote=remote)

    async def _create(self, batch: Batch, *, resumed: bool) -> str:
        """Make the batch, and return the endpoint's name of it.

        No call that may have made it is followed by another one before the list was looked into.
        """

        async def attempt() -> str:
            nonlocal batch, resumed
            if resumed and (found := await self._find(batch)):
                return found
            batch, resumed = self._to(batch, "uploaded"), True  # notes the time
            try:
                return await self.api.create(batch.file or "", batch.token)
            except RefusedError as refused:
                if refused.status == 200 and (found := await self._find(batch)):
                    return found
                raise

        return await self.api.retried(attempt)

    async def _find(self, batch: Batch) -> str | None:
        """The endpoint's name of a batch that may have been made, once the list is sure to show it."""
        age = (datetime.now(UTC) - batch.changed).total_seconds()
        found = await self._listed(batch)
        if found is None and age < _SETTLED:
            await self._sleep(_SETTLED - age)
            found = await self._listed(batch)
        return found

    async def _listed(self, batch: Batch) -> str | None:
        return await self._known(self.api.find(batch.file or "", batch.token, batch.changed))

    async def advance(self, batch: Batch, client: CachedClient) -> int | None:
        """Take up a batch where it stands: how many questions are answered; None: it is collected now.

        Raises:
            ModelError: the endpoint cannot be reached, or refuses us.
        """
        batch = await self.hand_in(batch, client, resumed=True)
        name = batch.remote or ""
        remote = await self._known(self.api.look(name)) or Remote(name, _GONE, 0, (), "")
        if not remote.ended and remote.status != _GONE:
            return remote.done
        await self._take(batch, remote, client)
        return None

    async def _take(self, batch: Batch, remote: Remote, client: CachedClient) -> None:
        """Keep the answers of a batch that ended; what has none is left to be asked directly."""
        questions = {request.key: (request, paper) for request, paper in self._log.questions(batch)}
        left, why = dict(questions), remote.status
        for file in remote.files:
            content = await self._known(self.api.content(file))
            if content is None:
                why = _GONE
            for key, row in read_rows(content or b"", self._endpoint.redactor):
                if (question := left.pop(key, None)) and not self._keep(row, *question, client, batch.run):
                    self.unanswered.add(key)
        why = f"{why}: {remote.trouble}" if remote.trouble else why
        for _, paper in left.values():
            self._ledger.event(client.run, "ask", "batch", paper, f"no answer: the batch is {why}")
        self._to(batch, "collected")
        self.unanswered.update(left)
        refused = {key for key in self.unanswered & questions.keys() if self._log.refused(key)}
        if refused:
            self._say(
                f"{len(refused)} papers were refused in a batch, and are asked about by their abstracts."
            )
        if missing := len((self.unanswered & questions.keys()) - refused):
            self._say(
                f"The batch of {batch.title} is over ({why}). {missing} of its {len(questions)} questions "
                "got no answer there, and are asked directly, at the full price."
            )

    async def _known(self, call: Awaitable[T]) -> T | None:
        """The result of a call; None where the endpoint does not know what it is about."""
        try:
            return await call
        except RefusedError as refused:
            if refused.unknown:
                return None
            raise refused.final from refused
        except TransientError as trouble:
            raise trouble.final from trouble

    def _keep(
        self, row: dict[str, Any], request: Request, paper: str, client: CachedClient, run: int
    ) -> bool:
        """Keep the answer in a row, unless it was kept before we were killed; False: there is none."""
        try:
            completion = self._half_price(answer_in(row, request))
        except UnusableError as error:
            client.usage.note(self._half_price(error.completion), paper)
            self._ledger.event(client.run, "ask", error.code, paper, str(error))
            self._note_refusal(error, request)
            return False
        except MalformedError as error:
            self._ledger.event(client.run, "ask", "batch", paper, f"no answer: {error}")
            if error.error is not None:
                self._note_refusal(meaning_of(error.error, "", ""), request)
            return False
        if self._ledger.completion(request.key, after=run) is None:
            self._ledger.keep(completion, request.canonical(), client.run, paper)
            client.usage.note(completion, paper)
        return True

    def _note_refusal(self, error: Exception, request: Request) -> None:
        if isinstance(error, AnswerError) and error.code == "refused":
            self._log.refuse(request.key)

    def _half_price(self, completion: Completion) -> Completion:
        price = self._endpoint.price(completion.model, completion.usage)
        return completion.model_copy(update={"cost": None if price is None else BATCH * price})
