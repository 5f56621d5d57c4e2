"""Our stage, ledger and checks on, beside a bare `AsyncOpenAI` loop with a semaphore.

    python -m tests.benchmarks.bench_ask [--latency 1] [--papers 412] [--rounds 3] [--profile]

Each arm runs in a process of its own against its own sample server, in turns; the figures are medians. `work`
is from the first question to the last line, `cpu` and `rss` are those of the whole process, imports included.
The server alone is measured by raw requests without the SDK.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from digest.model import Paper
from tests.benchmarks.papers import invented, write_records

WORDS = 120
Arm = Callable[[str, list[Paper], int, Path], Awaitable[int]]


async def bare(url: str, papers: list[Paper], concurrency: int, folder: Path) -> int:
    """The SDK and a semaphore, and nothing else."""
    import openai

    from digest.cli.prompts import load
    from digest.summarize.answer import schema

    prompt, slots = load("fields"), asyncio.Semaphore(concurrency)
    form: Any = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema()}}
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0, timeout=60) as client:

        async def ask(paper: Paper) -> bool:
            messages: list[Any] = [message.model_dump() for message in prompt.render(paper)]
            async with slots:
                answer = await client.chat.completions.create(
                    model="m",
                    messages=messages,
                    max_tokens=prompt.max_tokens,
                    temperature=0.0,
                    response_format=form,
                )
            return bool(answer.choices[0].message.content)

        return sum(await asyncio.gather(*map(ask, papers)))


async def raw(url: str, papers: list[Paper], concurrency: int, folder: Path) -> int:
    """HTTP without the SDK: what the server itself takes."""
    import httpx2

    from digest.cli.prompts import load

    prompt, slots = load("fields"), asyncio.Semaphore(concurrency)
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:

        async def ask(paper: Paper) -> bool:
            messages = [message.model_dump() for message in prompt.render(paper)]
            async with slots:
                answer = await client.post(
                    f"{url}/v1/chat/completions",
                    json={"model": "m", "messages": messages},
                    headers={"Authorization": "Bearer k"},
                )
            return answer.status_code == 200

        return sum(await asyncio.gather(*map(ask, papers)))


async def ours(url: str, papers: list[Paper], concurrency: int, folder: Path) -> int:
    """The stage as the pipeline runs it: limiter, retries, prices, ledger, checks."""
    from digest.cli.prompts import load
    from digest.config import ModelSettings
    from digest.ledger import open_ledger
    from digest.llm.cached_client import CachedClient
    from digest.llm.endpoint import Endpoint
    from digest.model import Finding, Summary
    from digest.summarize.checks import check_summary, source_of
    from digest.summarize.summarizer import Job, summarise

    prompt = load("fields")
    settings = {"name": "m", "base_url": f"{url}/v1", "key": "k", "concurrency": concurrency, "timeout": 60}
    sources = [source_of(paper) for paper in papers]
    with open_ledger(folder) as ledger:
        endpoint = Endpoint(ModelSettings.model_validate(settings))
        asker = CachedClient(endpoint, ledger, ledger.begin("run"))

        async def ask(index: int, paper: Paper) -> bool:
            def check(summary: Summary) -> tuple[Finding, ...]:
                return check_summary(summary, sources[index], sources)

            return (await summarise(Job(paper, prompt, "m", asker.ask, check), None)).summary is not None

        try:
            return sum(await asyncio.gather(*(ask(*each) for each in enumerate(papers))))
        finally:
            await endpoint.close()


ARMS: dict[str, Arm] = {"raw": raw, "bare": bare, "ours": ours}


def run_arm(name: str, url: str, papers: int, concurrency: int, profile: Path | None) -> None:
    """One arm in this process; prints its figures as JSON."""
    invented_papers = invented(papers, WORDS)
    with tempfile.TemporaryDirectory() as folder:

        def work() -> int:
            return asyncio.run(_awaited(ARMS[name](url, invented_papers, concurrency, Path(folder))))

        import openai.resources.chat  # noqa: F401 - what both arms import does not count as work

        began = time.perf_counter()
        if profile is None:
            answered = work()
        else:
            import cProfile

            with cProfile.Profile() as profiler:
                answered = work()
            profiler.dump_stats(profile)
        took = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "work": took,
        "cpu": used.ru_utime + used.ru_stime,
        "rss": used.ru_maxrss / 1024,
        "answered": answered,
    }
    print(json.dumps(figures))


async def _awaited(result: Awaitable[int]) -> int:
    return await result


def measure(name: str, options: argparse.Namespace) -> dict[str, float]:
    """One arm against a fresh server, in a fresh process."""
    from tests.faulty import Knobs, start

    with tempfile.TemporaryDirectory() as folder:
        records = write_records(invented(options.papers, WORDS), Path(folder, "records.jsonl"))
        with start(Knobs(records=(records,), synthesize=True, latency=options.latency)) as server:
            command = [sys.executable, "-m", "tests.benchmarks.bench_ask", "--arm", name, "--url", server.url]
            command += ["--papers", str(options.papers), "--concurrency", str(options.concurrency)]
            if options.profile:
                command += ["--profile", f"{options.profile}.{name}"]
            figures: dict[str, float] = json.loads(subprocess.check_output(command))
            stats = server.stats()
    return {**figures, "requests": stats["requests"]["chat"], "peak": stats["peak"]}


def main() -> None:
    """Measure all arms in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=412)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", default=None, help="write a cProfile of each arm to FILE.arm")
    parser.add_argument("--arm", choices=ARMS)
    parser.add_argument("--url", default="")
    options = parser.parse_args()
    if options.arm:
        profile = Path(options.profile) if options.profile else None
        run_arm(options.arm, options.url, options.papers, options.concurrency, profile)
        return
    ideal = math.ceil(options.papers / options.concurrency) * options.latency
    print(
        f"{options.papers} papers, {options.concurrency} at once, {options.latency:g} s each: "
        f"ideal {ideal:g} s"
    )
    rounds = [{name: measure(name, options) for name in ARMS} for _ in range(options.rounds)]
    for name in ARMS:
        medians = {key: statistics.median(each[name][key] for each in rounds) for key in rounds[0][name]}
        shown = "  ".join(f"{key} {value:.2f}" for key, value in medians.items())
        print(f"{name:<5} {shown}  work/ideal {medians['work'] / ideal:.2f}")


if __name__ == "__main__":
    main()
