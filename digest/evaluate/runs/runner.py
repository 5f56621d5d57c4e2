"""Running prompts x models over gold papers, through the stage and the ledger of the daily job."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product

from digest.evaluate.gold.dataset import Gold, GoldPaper, shown_in
from digest.evaluate.runs.folder import TROUBLE, Answer, Passages, RunFolder, Variant, append, key_of
from digest.model import Completion, Listing, Paper, RunUsage
from digest.pipeline.entry import Others, PaperTask, recipe
from digest.pipeline.entry import entry as make_entry
from digest.pipeline.resources import Resources
from digest.summarize.prompt import Prompt
from digest.system.errors import ModelError, UsageError


@dataclass(frozen=True)
class EvalTask:
    """One question of the matrix."""

    paper: GoldPaper
    prompt: Prompt
    model: str
    epoch: int

    @property
    def variant(self) -> Variant:
        """The variant that the question is about."""
        return Variant(prompt=self.prompt.identity, model=self.model)

    @property
    def key(self) -> str:
        """The identifier in the run's files."""
        return key_of(self.paper.id, self.variant, self.epoch)


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


async def run_tasks(folder: RunFolder, resources: Resources, papers: Container[str], epochs: int) -> RunUsage:
    """Ask what is not answered yet, and append each answer to the run; returns what that took.

    Args:
        folder: the run.
        resources: of the daily job.
        papers: the identifiers to ask about; the run may hold more.
        epochs: how often.

    Raises:
        ModelError: the model answers nobody. What was answered is kept.
    """
    info, gold = folder.info, folder.gold()
    before = folder.answers()
    done = {key for key, answer in before.items() if answer.error is None}
    matrix = product(range(epochs), gold.papers, info.prompts, info.models)
    tasks = [EvalTask(paper, prompt, model, epoch) for epoch, paper, prompt, model in matrix]
    tasks = [task for task in tasks if task.key not in done and task.paper.id in papers]
    run, usage = resources.ledger.begin("eval", info.gold), RunUsage()
    state = _RunState(folder, resources, run, usage, _others(gold.papers), set(folder.texts()), before)
    resources.progress.start("answers", len(tasks))
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(_keep(task, state))
    except BaseExceptionGroup as errors:  # one that stops the whole run; the others were cancelled with it
        resources.ledger.finish(run, "failed", {"why": str(errors.exceptions[0]), **usage.report()})
        raise errors.exceptions[0] from None
    if state.denied:
        resources.ledger.finish(run, "failed", {"why": str(state.denied[0]), **usage.report()})
        raise state.denied[0]
    if tasks and usage.trouble and not (usage.asked or usage.reused or usage.stopped):
        resources.ledger.finish(run, "failed", {"why": usage.trouble, **usage.report()})
        raise ModelError(f"No question was answered. The last reason: {usage.trouble.rstrip('.')}.")
    resources.ledger.finish(run, "complete", usage.report())
    return usage


@dataclass(frozen=True)
class _RunState:
    """State that all questions of a run share."""

    folder: RunFolder
    resources: Resources
    run: int
    usage: RunUsage
    others: Mapping[str, Others]
    texts: set[str]
    before: Mapping[str, Answer]
    denied: list[ModelError] = field(default_factory=list)


def _others(papers: Sequence[GoldPaper]) -> dict[str, Others]:
    """For each paper, those of its section and day: those that its line may be mistaken with."""
    groups: dict[tuple[str, date | None], list[Paper]] = {}
    for paper in papers:
        groups.setdefault((paper.section, paper.day), []).append(paper.paper)
    others = {group: Others(tuple(members)) for group, members in groups.items()}
    return {paper.id: others[paper.section, paper.day] for paper in papers}


_NOT_ASKED = {"quota", "ceiling"}
"""Flags of papers that nobody was asked about; the next run asks."""


async def _keep(task: EvalTask, state: _RunState) -> None:
    try:
        answer = await _answer(task, state)
    except ModelError as error:  # other models go on
        state.denied.append(error)
        variant = task.variant
        answer = Answer(
            key=task.key,
            id=task.paper.id,
            prompt=variant.prompt,
            model=task.model,
            epoch=task.epoch,
            error="unreachable",
        )
    if answer.error not in _NOT_ASKED:
        earlier = state.before.get(task.key)
        vain = 1 + (earlier.vain if earlier else 0) if answer.error in TROUBLE else 0
        append(state.folder.path / "records.jsonl", [answer.model_copy(update={"vain": vain})])
    state.resources.progress.step("answers")


async def _answer(task: EvalTask, state: _RunState) -> Answer:
    paper = task.paper.paper
    model = state.resources.settings.model.model_copy(update={"name": task.model, "fallback": ""})
    settings = state.resources.settings.model_copy(update={"model": model})
    resources = replace(state.resources, prompt=task.prompt, settings=settings)
    began, taken = resources.clock(), RunUsage()
    category = paper.categories[0] if paper.categories else ""
    listing = Listing(id=paper.id, version=paper.version, kind="new", category=category, position=1)
    try:
        made = await make_entry(
            PaperTask(listing, paper, state.run, seed=task.epoch), state.others[paper.id], resources, taken
        )
    finally:
        state.usage.add(taken)
    entry, answers = made.entry, made.answers
    assert entry is not None  # nothing is put aside
    _keep_text(paper, state)
    return Answer(
        key=task.key,
        id=paper.id,
        prompt=task.variant.prompt,
        model=task.model,
        epoch=task.epoch,
        line=entry.summary.line if entry.summary else None,
        error=None if entry.summary or not entry.flag else entry.flag.code,
        attempts=max(1, len(answers)),
        cached=bool(answers) and all(completion.received < began for completion in answers),
        t_ms=sum(completion.milliseconds for completion in answers),
        tok_in=sum(completion.usage.input for completion in answers),
        tok_out=sum(completion.usage.output for completion in answers),
        cost=_cost_of(answers),
    )


def _cost_of(answers: Sequence[Completion]) -> float | None:
    """US dollars; None: some of it has no known price."""
    costs = [completion.cost for completion in answers]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _keep_text(paper: Paper, state: _RunState) -> None:
    """Copy the passages that the prompt held into the run, so that scores need nothing but its folder."""
    text = state.resources.ledger.text(paper.versioned_id, recipe(state.resources.settings.text))
    if text is None or paper.id in state.texts or state.folder.info.text == "abstract":
        return
    state.texts.add(paper.id)
    passages = "\n".join(passage.content for passage in text.passages)
    append(state.folder.path / "texts.jsonl", [Passages(id=paper.id, text=passages)])
