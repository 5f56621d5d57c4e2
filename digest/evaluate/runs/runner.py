"""Running prompts x models over gold papers, through the stage and the ledger of the daily job."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import product

from digest.errors import ModelError, UsageError
from digest.evaluate.gold.dataset import Gold, GoldPaper, batches, shown_in, source_of
from digest.evaluate.runs.folder import Answer, Passages, RunFolder, Variant, append, key_of
from digest.llm.cached_client import CachedClient, RunUsage
from digest.model import Completion, Listing, Paper, Request
from digest.pipeline.entry import make_entry, recipe
from digest.pipeline.resources import Resources
from digest.summarize.checks import Source
from digest.summarize.prompt import Prompt


@dataclass(frozen=True)
class Cell:
    """One question of the matrix."""

    paper: GoldPaper
    prompt: Prompt
    model: str
    epoch: int

    @property
    def variant(self) -> Variant:
        """Whose question it is."""
        return Variant(prompt=self.prompt.identity, model=self.model)

    @property
    def key(self) -> str:
        """What identifies it in the run's files."""
        return key_of(self.paper.id, self.variant, self.epoch)


@dataclass
class Memory:
    """Asks through `asker`, and remembers what one paper took.

    An epoch after the first is another question: it carries its number as `seed`, which is part of the key in
    the ledger and is sent to the endpoint. Epoch 0 carries none: it is the very question of the daily job.
    """

    asker: CachedClient
    epoch: int
    began: datetime
    completions: list[Completion] = field(default_factory=list)

    async def ask(self, request: Request, paper: str, *, fresh: bool = False, since: int = 0) -> Completion:
        """See `CachedClient.ask`."""
        if self.epoch:
            request = request.model_copy(update={"body": {**request.body, "seed": self.epoch}})
        completion = await self.asker.ask(request, paper, fresh=fresh, since=since)
        self.completions.append(completion)
        return completion

    def waits_for(self, key: str) -> bool:
        """See `CachedClient`."""
        return self.asker.waits_for(key)

    @property
    def run(self) -> int:
        """See `CachedClient`."""
        return self.asker.run

    @property
    def cost(self) -> float | None:
        """US dollars, as far as all prices are known."""
        costs = [completion.cost for completion in self.completions]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None


def refuse_leaks(gold: Gold, prompts: tuple[Prompt, ...]) -> None:
    """Do nothing if no prompt shows the model a paper of the gold.

    Raises:
        UsageError: one does.
    """
    for prompt in prompts:
        if shown := shown_in(prompt, gold.papers):
            names = ", ".join(paper.id for paper in shown[:5])
            raise UsageError(
                f"Prompt {prompt.name!r} shows papers of the gold as examples ({names}); its score would say "
                "nothing. Take other examples."
            )


async def run_cells(folder: RunFolder, tools: Resources, papers: Container[str], epochs: int) -> RunUsage:
    """Ask what is not answered yet, and append each answer to the run; returns what that took.

    Args:
        folder: the run.
        tools: of the daily job.
        papers: the identifiers to ask about; the run may hold more.
        epochs: how often.

    Raises:
        ModelError: the model answers nobody. What was answered is kept.
    """
    info, gold = folder.info, folder.gold()
    done = {key for key, answer in folder.answers().items() if answer.error is None}
    matrix = product(range(epochs), gold.papers, info.prompts, info.models)
    cells = [Cell(paper, prompt, model, epoch) for epoch, paper, prompt, model in matrix]
    cells = [cell for cell in cells if cell.key not in done and cell.paper.id in papers]
    others = batches(gold.papers, [source_of(paper) for paper in gold.papers])
    asker = CachedClient(tools.endpoint, tools.ledger, tools.ledger.begin("eval", info.gold))
    desk = _Desk(folder, tools, asker, others, set(folder.texts()))
    tools.progress.start("answers", len(cells))
    try:
        async with asyncio.TaskGroup() as group:
            for cell in cells:
                group.create_task(_keep(cell, desk))
    except BaseExceptionGroup as errors:  # one that stops the whole run; the others were cancelled with it
        tools.ledger.finish(asker.run, "failed", {"why": str(errors.exceptions[0]), **asker.tally.report()})
        raise errors.exceptions[0] from None
    tally = asker.tally
    if cells and tally.trouble and not (tally.asked or tally.reused or tally.stopped):
        tools.ledger.finish(asker.run, "failed", {"why": tally.trouble, **tally.report()})
        raise ModelError(f"No question was answered. The last reason: {tally.trouble.rstrip('.')}.")
    tools.ledger.finish(asker.run, "complete", tally.report())
    return tally


@dataclass(frozen=True)
class _Desk:
    """What all questions of a run share."""

    folder: RunFolder
    tools: Resources
    asker: CachedClient
    others: Mapping[str, Sequence[Source]]
    texts: set[str]


_NOT_ASKED = {"quota", "ceiling"}
"""Flags of papers that nobody was asked about; the next run asks."""


async def _keep(cell: Cell, desk: _Desk) -> None:
    try:
        answer = await _answer(cell, desk)
    except ModelError:  # it ends the run, but what is under way is paid for
        await desk.tools.endpoint.settled()
        raise
    if answer.error not in _NOT_ASKED:
        append(desk.folder.path / "records.jsonl", [answer])
    desk.tools.progress.step("answers")


async def _answer(cell: Cell, desk: _Desk) -> Answer:
    paper = cell.paper.paper
    model = desk.tools.settings.model.model_copy(update={"name": cell.model, "fallback": ""})
    settings = desk.tools.settings.model_copy(update={"model": model})
    tools = replace(desk.tools, prompt=cell.prompt, settings=settings)
    memory = Memory(desk.asker, cell.epoch, tools.clock())
    category = paper.categories[0] if paper.categories else ""
    listing = Listing(id=paper.id, version=paper.version, kind="new", category=category, position=1)
    entry = await make_entry(listing, paper, tools, memory, lambda: desk.others[paper.id])
    _keep_text(paper, desk)
    taken = memory.completions
    return Answer(
        key=cell.key,
        id=paper.id,
        prompt=cell.variant.prompt,
        model=cell.model,
        epoch=cell.epoch,
        line=entry.summary.line if entry.summary else None,
        error=None if entry.summary or not entry.flag else entry.flag.code,
        attempts=max(1, len(taken)),
        cached=bool(taken) and all(completion.received < memory.began for completion in taken),
        t_ms=sum(completion.milliseconds for completion in taken),
        tok_in=sum(completion.usage.input for completion in taken),
        tok_out=sum(completion.usage.output for completion in taken),
        cost=memory.cost,
    )


def _keep_text(paper: Paper, desk: _Desk) -> None:
    """Copy the passages that the prompt held into the run, so that scores need nothing but its folder."""
    text = desk.tools.ledger.text(paper.versioned_id, recipe(desk.tools.settings.text))
    if text is None or paper.id in desk.texts or desk.folder.info.text == "abstract":
        return
    desk.texts.add(paper.id)
    passages = "\n".join(passage.content for passage in text.passages)
    append(desk.folder.path / "texts.jsonl", [Passages(id=paper.id, text=passages)])
