"""412 questions under faults: nothing lost, nothing asked too early, and near the best that can be reached.

    python -m tests.benchmarks.bench_llm_faults [--papers 412] [--only NAME]

The best achievable follows from the rules of the server: see `SCENARIOS`. `lost` are papers without a line
and without a refusal; `early` are questions before the time that the server gave the same paper.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import math
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from digest.config import ModelSettings
from digest.ledger import Ledger
from digest.llm.asker import Asker
from digest.llm.endpoint import Endpoint
from digest.model import Paper
from digest.sample import Fault, Knobs, fault, start
from digest.summarize.prompt import load
from digest.summarize.summarise import Job, summarise
from tests.benchmarks.papers import invented, write_records

CHAT = "^/v1/chat"
LATENCY, CONCURRENCY, TIMEOUT = 1.0, 64, 4.0
STRAY = fault("429-retry-after", path=CHAT, every=5)
BARE_STRAY = fault("429", path=CHAT, every=5)
SELDOM = fault("429-retry-after", path=CHAT, every=10)
BARE_SELDOM = fault("429", path=CHAT, every=9)
RESET = fault("reset", path=CHAT, share=0.02, seed=1)
SILENCE = fault("silence", path=CHAT, share=0.02, seed=2)
BROKEN = fault("invalid-json", path=CHAT, share=0.05, seed=3)
REFUSAL = fault("refusal", path=CHAT, share=0.02, seed=4, sticky=True)

Best = Callable[[int], float]


def rounds(papers: float) -> float:
    """Seconds that so many answers take, all slots in use all the time."""
    return math.ceil(papers / CONCURRENCY) * LATENCY


@dataclass(frozen=True)
class Scenario:
    """Faults, the server's limits, and the seconds that a perfect client would take."""

    best: Best
    faults: tuple[Fault, ...] = ()
    knobs: Mapping[str, Any] = field(default_factory=dict)


def refusing(every: int, wait: float) -> Best:
    """A server that refuses each so-many-th question, and says how long to wait; a client of no cost.

    It has all slots in use, sends those first that were refused, and each as soon as it may: simulated.
    """

    def simulate(papers: int) -> float:
        now, sent, ready, under_way = 0.0, 0, [0.0] * papers, list[float]()
        while ready or under_way:
            if ready and ready[0] <= now and len(under_way) < CONCURRENCY:
                heapq.heappop(ready)
                sent += 1
                if sent % every == 0:
                    heapq.heappush(ready, now + wait)
                else:
                    heapq.heappush(under_way, now + LATENCY)
            elif under_way and (not ready or len(under_way) == CONCURRENCY or under_way[0] <= ready[0]):
                now = heapq.heappop(under_way)
            else:
                now = ready[0]
        return now

    return simulate


def windows(papers: int) -> float:
    """A window of 100 in 5 s: the last one is left after its answers."""
    full = (math.ceil(papers / 100) - 1) * 5
    return full + rounds(papers - full / 5 * 100)


SCENARIOS: dict[str, Scenario] = {
    "none": Scenario(rounds),
    "429 with Retry-After": Scenario(refusing(5, 2), (STRAY,)),
    # the mean of the first jittered wait
    "429 without": Scenario(refusing(5, 0.25), (BARE_STRAY,)),
    "100 in 5 s": Scenario(windows, knobs={"window": (100, 5.0)}),
    "100 in 5 s, told": Scenario(windows, knobs={"window": (100, 5.0), "ratelimit_headers": True}),
    "at most 16": Scenario(lambda n: math.ceil(n / 16) * LATENCY, knobs={"concurrency": 16}),
    "at most 48": Scenario(lambda n: math.ceil(n / 48) * LATENCY, knobs={"concurrency": 48}),
    "2 % resets": Scenario(lambda n: rounds(n * 1.02), (RESET,)),
    # a silent question keeps its slot until the timeout, and one of the last round keeps the run
    "2 % silence": Scenario(lambda n: rounds(n) + n * 0.02 * TIMEOUT / CONCURRENCY + TIMEOUT, (SILENCE,)),
    "5 % invalid JSON": Scenario(lambda n: rounds(n * 1.05) + LATENCY, (BROKEN,)),
    "2 % refusals": Scenario(rounds, (REFUSAL,)),
    "all at once": Scenario(
        # each kind of fault takes its share of the window; one of the last questions meets silence
        lambda n: windows(round(n / (0.9 * 8 / 9 * 0.98 * 0.98 * 0.95))) + TIMEOUT,
        (SELDOM, BARE_SELDOM, RESET, SILENCE, BROKEN, REFUSAL),
        {"window": (100, 5.0)},
    ),
}


async def ask_all(url: str, papers: list[Paper], folder: Path) -> dict[str, float]:
    """Ask about all papers; what came of it."""
    settings = {"name": "m", "base_url": f"{url}/v1", "key": "k", "concurrency": CONCURRENCY}
    prompt = load("fields")
    with Ledger(folder) as ledger:
        endpoint = Endpoint(ModelSettings.model_validate({**settings, "timeout": TIMEOUT}))
        asker = Asker(endpoint, ledger, ledger.begin("run"))

        async def ask(paper: Paper) -> str:
            outcome = await summarise(Job(paper, prompt, "m", asker.ask, lambda _: ()), None)
            return outcome.flag.code if outcome.flag else "line"

        began = time.perf_counter()
        try:
            codes = await asyncio.gather(*map(ask, papers), return_exceptions=True)
        finally:
            await endpoint.close()
        took = time.perf_counter() - began
    lost = [code for code in codes if code not in {"line", "refused"}]
    if lost:
        print(lost[:5])
    return {"s": took, "lines": codes.count("line"), "refused": codes.count("refused"), "lost": len(lost)}


def measure(scenario: Scenario, papers: list[Paper]) -> dict[str, float]:
    """One scenario, beside the server's own counts."""
    with tempfile.TemporaryDirectory() as folder:
        records = write_records(papers, Path(folder, "records.jsonl"))
        knobs = {"faults": scenario.faults, **scenario.knobs}
        with start(Knobs(records=(records,), synthesize=True, latency=LATENCY, **knobs)) as server:
            figures = asyncio.run(ask_all(server.url, papers, Path(folder)))
            stats = server.stats()
    counts = {"requests": stats["requests"]["chat"], "429s": stats["too_many"], "early": stats["early"]}
    best = scenario.best(len(papers))
    return {**figures, **counts, "most": max(stats["asked"].values()), "best": best, "x": figures["s"] / best}


def main() -> None:
    """Run the scenarios one after another and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=412)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    papers = invented(options.papers)
    for name, scenario in SCENARIOS.items():
        if options.only in name:
            figures = measure(scenario, papers)
            print(
                f"{name:<22}" + "  ".join(f"{key} {value:.4g}" for key, value in figures.items()), flush=True
            )


if __name__ == "__main__":
    main()
