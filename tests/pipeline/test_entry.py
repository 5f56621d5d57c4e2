"""One paper's work is values that pickle, so that another process can do it."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digest.cli.prompts import load as load_prompt
from digest.config import load
from digest.ledger import open_ledger
from digest.llm.batch.deferred import Deferral
from digest.model import Listing, Paper, RunUsage
from digest.pipeline.entry import Others, PaperResult, PaperTask, entry
from digest.pipeline.progress import Progress
from digest.pipeline.resources import Resources, open_resources
from digest.sample import EVENING
from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from digest.system.clock import Clock
from digest.system.errors import LedgerError, ModelError, QuotaError, UsageError
from tests import forked
from tests.conftest import Start
from tests.faulty import Server, fault
from tests.ledger.memory import MemoryLedger

ELSEWHERE = """
import asyncio, pickle, sys
from digest.pipeline.entry import entry
task, others, resources = pickle.load(sys.stdin.buffer)
async def go():
    try:
        return await entry(task, others, resources)
    finally:
        await resources.close()
print(pickle.dumps(asyncio.run(go())).hex())
"""
PAPERS = tuple(
    Paper.model_validate(record.model_dump(include={*Paper.model_fields}))
    for record in SampleData(Knobs()).records[:3]
)


def settings_of(server: Server, out: Path, source: str) -> Any:
    addresses = dict.fromkeys(("pages", "api", "feed", "pdf"), server.url)
    model = {"base_url": f"{server.url}/v1", "key": "sk-none", "name": "recorded"}
    return load({"arxiv": addresses, "model": model, "run": {"out": out}, "text": {"source": source}})


def task_of(paper: Paper, run: int = 1, **more: Any) -> PaperTask:
    listing = Listing(id=paper.id, version=paper.version, kind="new", category="cs.SD", position=1)
    return PaperTask(listing, paper, run, **more)


Given = Callable[[Resources], Any]


def here(server: Server, out: Path, given: Given, source: str = "abstract") -> Any:
    """What is made of resources in this process, with a ledger of its own."""

    async def go() -> Any:
        settings = settings_of(server, out, source)
        prompt = load_prompt("entry")
        with open_ledger(out) as ledger:
            ledger.begin("run")
            async with open_resources(
                settings, prompt, ledger, Progress(), Clock(EVENING - Clock()())
            ) as resources:
                return await given(resources)

    return asyncio.run(go())


def through_pickle(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("source", ["abstract", pytest.param("pdf", marks=pytest.mark.slow)])
def test_another_process_makes_the_same_entry(tmp_path: Path, sample_server: Start, source: str) -> None:
    server = sample_server()
    others = Others(PAPERS)

    async def elsewhere(resources: Resources) -> PaperResult:
        work = pickle.dumps((task_of(PAPERS[0]), others, resources))
        other = forked.Process("-c", ELSEWHERE)
        done, _ = await asyncio.to_thread(other.communicate, work)
        result: PaperResult = pickle.loads(bytes.fromhex(done))
        (answer,) = result.answers
        assert resources.ledger.completion(answer.key) == answer  # both have the same ledger
        return result

    async def this(resources: Resources) -> PaperResult:
        return await entry(task_of(PAPERS[0]), others, resources)

    made = here(server, tmp_path / "a", elsewhere, source)
    assert made.entry is not None
    assert made.entry.summary is not None
    assert made.entry.text.source == source
    assert made.usage.asked == 1
    assert made.entry == here(server, tmp_path / "b", this, source).entry


def test_a_flagged_paper_and_one_that_waits_for_a_batch_pickle_too(
    tmp_path: Path, sample_server: Start
) -> None:
    server = sample_server()
    server.faults(fault("refusal", paper=PAPERS[0].id))

    async def all_three(resources: Resources) -> list[PaperResult]:
        resources = through_pickle(resources)
        tasks = [task_of(PAPERS[0]), task_of(PAPERS[1], deferral=Deferral(batch=True)), task_of(PAPERS[2])]
        try:
            others = through_pickle(Others(PAPERS))
            made = [await entry(through_pickle(task), others, resources) for task in tasks]
            return [through_pickle(result) for result in made]
        finally:
            await resources.close()
            resources.ledger.close()  # type: ignore[attr-defined]  # its own

    refused, waiting, made = here(server, tmp_path, all_three)
    assert refused.entry.flag.code == "refused"
    assert waiting.entry is None
    ((request, paper),) = waiting.questions.values()
    assert (paper, [*waiting.questions]) == (PAPERS[1].id, [request.key])
    assert made.entry.summary.line


def test_what_was_paid_is_known_after_an_error_too(tmp_path: Path, sample_server: Start) -> None:
    server = sample_server()
    server.faults(fault("bad-key"))
    usage = RunUsage()

    async def denied(resources: Resources) -> None:
        with pytest.raises(ModelError) as error:
            await entry(task_of(PAPERS[0]), Others(), resources, usage)
        assert str(through_pickle(error.value)) == str(error.value)

    here(server, tmp_path, denied)
    assert usage.trouble


def test_a_seed_asks_the_same_once_more(tmp_path: Path, sample_server: Start) -> None:
    server = sample_server()

    async def three(resources: Resources) -> list[str]:
        made = [await entry(task_of(PAPERS[0], seed=seed), Others(), resources) for seed in (0, 1, 1)]
        return [result.answers[0].key for result in made]

    first, second, third = here(server, tmp_path, three)
    assert first != second == third
    assert server.stats()["requests"]["chat"] == 2


def test_what_is_derived_from_the_papers_is_not_carried_along() -> None:
    others = Others(PAPERS)
    size = len(pickle.dumps(others))
    assert len(others.sources[0].subject.words) > 20
    assert len(pickle.dumps(others)) == size
    assert through_pickle(others) == others


@pytest.mark.parametrize(
    "error", [ModelError("m"), QuotaError("q", "ceiling"), UsageError("u"), LedgerError("l")], ids=repr
)
def test_the_errors_that_end_a_run_pickle(error: Exception) -> None:
    again = through_pickle(error)
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_a_ledger_in_memory_pickles() -> None:
    ledger = MemoryLedger()
    ledger.begin("run")
    assert through_pickle(ledger).begin("run") == 2
