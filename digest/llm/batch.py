"""Batch mode: questions handed in as a file, answers collected later, at half the price.

Each step is noted in the ledger before or after it, so that a process killed anywhere leaves a batch that
the next one takes up: intended (nothing is known to be sent) -> uploaded (the file is there; whether the
batch is, our token in the endpoint's list tells) -> submitted (its name is known) -> collected. One process
at a time is at it. Source: OpenAI, guides/batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import date as Date  # noqa: N812 - as in digest.model
from typing import TYPE_CHECKING, Any

from digest.errors import AnswerError, ModelError, UsageError
from digest.ledger import Ledger
from digest.ledger.batches import Batch, BatchLog
from digest.llm.asker import Asker
from digest.llm.cost import BATCH
from digest.llm.endpoint import Endpoint
from digest.llm.gathering import Gathering
from digest.llm.request import Request
from digest.llm.rows import answer_in, read_rows, write_rows
from digest.llm.wire import MalformedError, UnusableError
from digest.model import Completion, Usage

if TYPE_CHECKING:
    from openai.types import Batch as Remote

_ENDED = {"completed", "failed", "expired", "cancelled"}
_SETTLED = 60.0
"""Seconds after which a batch that was made is taken to be in the endpoint's list."""

_POLL = (5.0, 60.0)
"""Seconds between two looks at a batch: at first, and at most."""

_LONGEST = 26 * 3600.0
"""Seconds to wait for a batch; the endpoint ends it after 24 hours."""

_METADATA = "digest"


@dataclass(frozen=True)
class Pending:
    """A batch whose answers are not there yet."""

    section: str
    date: Date
    questions: int
    done: int

    @property
    def sentence(self) -> str:
        """For the user."""
        return (
            f"{self.done} of {self.questions} questions about {self.date} are answered in a batch at the "
            "endpoint. Run again later to collect it, or with --wait."
        )


class Batches:
    """The batches of one endpoint.

    Args:
        endpoint: where they are.
        ledger: knows how far each is.
        sleep: how to wait; tests hand in one that does not.
    """

    def __init__(
        self, endpoint: Endpoint, ledger: Ledger, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._endpoint = endpoint
        self._ledger = ledger
        self._sleep = sleep
        self.log = BatchLog(ledger, endpoint.address)

    def gathering(self, asker: Asker) -> Gathering:
        """What puts a run's questions aside for a batch."""
        return Gathering(asker, self._ledger, self.log)

    async def submit(
        self, section: str, day: Date, questions: Sequence[tuple[Request, str]], asker: Asker
    ) -> Pending | None:
        """Hand in questions, each with its paper. None: it was one, and it was asked directly.

        The first of a model that nothing is known of is asked directly, so that all others have a form that
        the endpoint takes.

        Raises:
            UsageError: they could cost more than the ceiling.
            ModelError: the endpoint has no Batch API, or cannot be reached; then a later run takes up what
                was begun.
        """
        self._check_ceiling([request for request, _ in questions])
        first, paper = questions[0]
        if self._endpoint.learned(first.model) is None:
            try:
                await asker.ask(first, paper)
            except AnswerError:  # an event in the ledger; the batch may do better
                pass
            else:
                questions = questions[1:]
        if not questions:
            return None
        with self._alone() as alone:
            if alone:
                batch = self.log.intend(asker.run, section, day, questions)
                await self._hand_in(batch, asker, resumed=False)
        return Pending(section, day, len(questions), 0)

    async def collect(self, asker: Asker, *, wait: bool = False) -> tuple[Pending, ...]:
        """Take up every open batch where it stands, and keep the answers of those that ended.

        Args:
            asker: of the run that collects; its tally counts what came.
            wait: until all have ended.

        Returns:
            Those that have not.

        Raises:
            ModelError: the endpoint cannot be reached, or does not know a batch any more.
        """
        waited, pause = 0.0, _POLL[0]
        while True:
            pending = await self._collect_once(asker)
            if not pending or not wait or waited > _LONGEST:
                return pending
            await self._sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _POLL[1])

    async def _collect_once(self, asker: Asker) -> tuple[Pending, ...]:
        if not self.log.open():
            return ()
        pending = []
        with self._alone() as alone:
            for batch in self.log.open():
                count = sum(1 for _ in self.log.questions(batch))
                done = 0
                if alone:
                    handed_in = await self._hand_in(batch, asker, resumed=True)
                    remote = await self._look(handed_in)
                    if remote.status in _ENDED:
                        await self._take(handed_in, remote, asker)
                        continue
                    done = remote.request_counts.completed if remote.request_counts else 0
                pending.append(Pending(batch.section, batch.date, count, done))
        return tuple(pending)

    async def _hand_in(self, batch: Batch, asker: Asker, *, resumed: bool) -> Batch:
        """Take the steps that are left until the endpoint has the batch."""
        client = self._endpoint.client()
        if batch.state == "intended":
            async with self._explained(batch):
                name = f"digest-{batch.token}.jsonl"
                content = write_rows(self.log.questions(batch), self._endpoint.write)
                file = await client.files.create(file=(name, content), purpose="batch")
            batch, resumed = self.log.change(batch, "uploaded", file=file.id), False
        if batch.state == "uploaded":
            remote = await self._find(batch) if resumed else None
            if remote is None:
                async with self._explained(batch):
                    created = await client.batches.create(
                        input_file_id=batch.file or "",
                        endpoint="/v1/chat/completions",
                        completion_window="24h",
                        metadata={_METADATA: batch.token},
                    )
                remote = created.id
            batch = self.log.change(batch, "submitted", remote=remote)
            self._ledger.event(asker.run, "ask", "batch", detail=f"{remote} for {batch.section} {batch.date}")
        return batch

    async def _find(self, batch: Batch) -> str | None:
        """The endpoint's name of a batch that may have been made just before we were killed."""
        age = (datetime.now(UTC) - batch.changed).total_seconds()
        found = await self._listed(batch)
        if found is None and age < _SETTLED:
            await self._sleep(_SETTLED - age)
            found = await self._listed(batch)
        return found

    async def _listed(self, batch: Batch) -> str | None:
        async with self._explained(None):
            async for remote in self._endpoint.client().batches.list(limit=100):
                if (remote.metadata or {}).get(_METADATA) == batch.token:
                    return remote.id
                if remote.created_at < batch.changed.timestamp() - 86400:  # the newest come first
                    return None
        return None

    async def _look(self, batch: Batch) -> Remote:
        async with self._explained(None):
            return await self._endpoint.client().batches.retrieve(batch.remote or "")

    async def _take(self, batch: Batch, remote: Remote, asker: Asker) -> None:
        """Keep the answers of a batch that ended; what has none is left to be asked directly."""
        questions = {request.key: (request, paper) for request, paper in self.log.questions(batch)}
        for file in (remote.output_file_id, remote.error_file_id):
            if file:
                async with self._explained(None):
                    content = await self._endpoint.client().files.content(file)
                for key, row in read_rows(content.content):
                    if question := questions.pop(key, None):
                        self._keep(row, *question, asker, batch.run)
        for _, paper in questions.values():
            self._ledger.event(asker.run, "ask", "batch", paper, f"no answer: the batch is {remote.status}")
        self.log.change(batch, "collected")

    def _keep(self, row: dict[str, Any], request: Request, paper: str, asker: Asker, run: int) -> None:
        """Keep the answer in a row, if there is one, and if it was not kept before we were killed."""
        try:
            completion = self._half_price(answer_in(row, request))
        except UnusableError as error:
            asker.tally.note(self._half_price(error.completion))
            self._ledger.event(asker.run, "ask", error.code, paper, self._hide(str(error)))
        except MalformedError as error:
            self._ledger.event(asker.run, "ask", "batch", paper, self._hide(f"no answer: {error}"))
        else:
            if self._ledger.completion(request.key, after=run) is None:
                self._ledger.keep(completion, request.canonical(), asker.run, paper)
                asker.tally.note(completion)

    def _hide(self, text: str) -> str:
        """The endpoint's words without the key, which some endpoints repeat, and without half characters."""
        key, text = self._endpoint.client().api_key, text.encode(errors="replace").decode()
        return text.replace(key, "***") if len(key) >= 8 else text

    def _half_price(self, completion: Completion) -> Completion:
        price = self._endpoint.price(completion.model, completion.usage)
        return completion.model_copy(update={"cost": None if price is None else BATCH * price})

    def _check_ceiling(self, requests: Sequence[Request]) -> None:
        ceiling = self._endpoint.ceiling
        if ceiling is None:
            return
        most = [
            self._endpoint.price(
                request.model,
                Usage(input=request.tokens - request.max_tokens, output=request.max_tokens),
            )
            for request in requests
        ]
        total = None if None in most else BATCH * sum(price or 0 for price in most)
        if total is None:
            raise UsageError("No price is known of the model, so no ceiling can be kept. Set [model.price].")
        if total > ceiling:
            raise UsageError(
                f"The batch could cost up to ${total:.2f}, more than the ceiling of ${ceiling:g}. "
                "Raise --max-cost."
            )

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process is at the batches now."""
        claim = f"batches {self._endpoint.address}"
        alone = self._ledger.claim(claim)
        try:
            yield alone
        finally:
            if alone:
                self._ledger.release(claim)

    @asynccontextmanager
    async def _explained(self, begun: Batch | None) -> AsyncIterator[None]:
        """Turn the SDK's errors into sentences; a batch that the endpoint refuses to begin is void."""
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            if begun is not None and error.status_code < 500:
                self.log.change(begun, "void")
            if error.status_code in {404, 405, 501} and begun is not None:
                raise ModelError(
                    f"{self._endpoint.address} has no Batch API (HTTP {error.status_code}). "
                    "Leave --batch out."
                ) from error
            raise self._endpoint.explain(error) from error
        except openai.APIConnectionError as error:
            raise ModelError(
                f"{self._endpoint.address} did not answer about the batch. Run again: nothing is lost."
            ) from error
