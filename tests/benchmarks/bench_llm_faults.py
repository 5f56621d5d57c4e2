"""412 questions under faults: nothing lost, nothing asked too early, and near the best that can be reached.

    python -m tests.benchmarks.bench_llm_faults [--papers 412] [--rounds 3] [--only NAME]

`best` are the seconds that a perfect client would take: see `perfect.py`. `lost` are papers without a line
and without a refusal, `early` questions before the time that the server gave the same paper; both are the
worst of all rounds, the other figures those of the median round.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

from digest.cli.prompts import load
from digest.config import ModelSettings
from digest.ledger import open_ledger
from digest.llm.cached_client import CachedClient
from digest.llm.endpoint import Endpoint
from digest.model import Paper
from digest.summarize.summarizer import Job, summarise
from tests.benchmarks.papers import invented, write_records
from tests.benchmarks.perfect import Client
from tests.faulty import Knobs, fault, start

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

SCENARIOS: dict[str, dict[str, Any]] = {
    "none": {},
    "429 with Retry-After": {"faults": (STRAY,)},
    "429 without": {"faults": (BARE_STRAY,)},
    "100 in 5 s": {"window": (100, 5.0)},
    "100 in 5 s, told": {"window": (100, 5.0), "ratelimit_headers": True},
    "100 in 5 s, untold": {"window": (100, 5.0), "window_told": False},
    "at most 16": {"concurrency": 16},
    "at most 48": {"concurrency": 48},
    "2 % resets": {"faults": (RESET,)},
    "2 % silence": {"faults": (SILENCE,)},
    "5 % invalid JSON": {"faults": (BROKEN,)},
    "2 % refusals": {"faults": (REFUSAL,)},
    "all at once": {
        "faults": (SELDOM, BARE_SELDOM, RESET, SILENCE, BROKEN, REFUSAL),
        "window": (100, 5.0),
    },
}
"""Name -> the server's faults and limits, as knobs."""


async def ask_all(url: str, papers: list[Paper], folder: Path) -> dict[str, float]:
    """Ask about all papers; what came of it."""
    settings = {"name": "m", "base_url": f"{url}/v1", "key": "k", "concurrency": CONCURRENCY}
    prompt = load("fields")
    with open_ledger(folder) as ledger:
        endpoint = Endpoint(ModelSettings.model_validate({**settings, "timeout": TIMEOUT / 5}))
        asker = CachedClient(endpoint, ledger, ledger.begin("run"))

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


def measure(knobs: Mapping[str, Any], papers: list[Paper]) -> dict[str, float]:
    """One scenario, beside the server's own counts."""
    with tempfile.TemporaryDirectory() as folder:
        records = write_records(papers, Path(folder, "records.jsonl"))
        rules = Knobs(records=(records,), synthesize=True, latency=LATENCY, **knobs)
        with start(rules) as server:
            figures = asyncio.run(ask_all(server.url, papers, Path(folder)))
            stats = server.stats()
    counts = {"requests": stats["requests"]["chat"], "429s": stats["too_many"], "early": stats["early"]}
    best = Client(rules, CONCURRENCY, TIMEOUT).seconds(paper.id for paper in papers)
    return {**figures, **counts, "most": max(stats["asked"].values()), "best": best, "x": figures["s"] / best}


def main() -> None:
    """Run the scenarios one after another and print a line for each: the round of median time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=412)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    import openai.resources.chat  # noqa: F401 - importing the SDK does not count as work

    papers = invented(options.papers)
    for name, knobs in SCENARIOS.items():
        if options.only in name:
            rounds = sorted((measure(knobs, papers) for _ in range(options.rounds)), key=itemgetter("x"))
            worst = {key: max(one[key] for one in rounds) for key in ("lost", "early")}
            figures = {**rounds[len(rounds) // 2], **worst}
            shown = "  ".join(f"{key} {value:.4g}" for key, value in figures.items())
            print(f"{name:<22}{shown}", flush=True)


if __name__ == "__main__":
    main()
