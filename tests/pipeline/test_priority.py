"""The daily run before back-fills: what each claims, and that nothing new is sent meanwhile."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from digest.config import ModelSettings
from digest.ledger import Ledger
from digest.llm.endpoint import Endpoint
from digest.llm.limiter import Limiter
from digest.pipeline.priority import BackfillThrottle, backfill_at_work, before_backfills
from digest.pipeline.resources import Resources
from tests.conftest import Start, use
from tests.scale.support import records_of, working_days, world

DAILY, BACKFILL = "at-work:daily-run", "at-work:back-fill"


class Claims:
    """The claims of a ledger: ours, and those of other processes."""

    def __init__(self, *others: str) -> None:
        self.others = set(others)
        self.ours: set[str] = set()

    def claim(self, key: str) -> bool:
        if key in self.others:
            return False
        self.ours.add(key)
        return True

    def release(self, key: str) -> None:
        self.ours.discard(key)

    @property
    def ledger(self) -> Ledger:
        return cast("Ledger", self)


class Told:
    """An endpoint that notes what it is told."""

    def __init__(self) -> None:
        self.used = 0
        self.others: Any = None

    def assume_used(self) -> None:
        self.used += 1

    def yield_to(self, others: Any) -> None:
        self.others = others


@pytest.mark.parametrize("beside", [False, True])
def test_a_daily_run_holds_its_claim_and_reckons_with_a_back_fill(*, beside: bool) -> None:
    claims, endpoint = Claims(*([BACKFILL] if beside else [])), Told()
    held: list[set[str]] = []

    async def go(resources: Resources) -> None:
        held.append({*claims.ours})

    resources = cast("Resources", SimpleNamespace(ledger=claims.ledger, endpoint=endpoint))

    async def run() -> None:
        await before_backfills(go)(resources)

    asyncio.run(run())
    assert held == [{DAILY}]
    assert claims.ours == set()
    assert endpoint.used == beside


def test_a_back_fill_waits_as_long_as_a_daily_run_is_at_work_and_then_takes_the_minute_for_used() -> None:
    claims, endpoint, now = Claims(), Told(), [0.0]
    throttle = BackfillThrottle(claims.ledger, lambda: now[0])
    throttle.apply_to(cast("Endpoint", endpoint))
    with backfill_at_work(claims.ledger):
        assert claims.ours == {BACKFILL}
        waits = []
        for second, others in enumerate(({}, {DAILY}, {DAILY}, {}, {})):
            now[0], claims.others = float(second), {*others}
            waits.append(endpoint.others())
        assert waits == [0, 1, 1, 0, 0]
    assert endpoint.used == 1
    assert claims.ours == set()


async def _permits(limiter: Limiter, looks: list[float]) -> int:
    limiter.elsewhere = lambda: looks.pop(0) if looks else 0.0
    await limiter.permit(1)
    return len(looks)


def test_no_question_is_sent_while_somebody_goes_first() -> None:
    limiter = Limiter(ModelSettings())
    assert asyncio.run(_permits(limiter, [0.001, 0.001, 0.001])) == 0


def test_limits_that_are_taken_to_be_used_up_hold_for_a_minute() -> None:
    now = [0.0]
    limiter = Limiter(ModelSettings(requests_per_minute=2, tokens_per_minute=100), lambda: now[0])
    assert limiter._set(1, now[0]) == 0
    limiter.assume_used()
    assert limiter._set(1, now[0]) == 60
    assert limiter._set(1, 61.0) == 0


@pytest.mark.slow
def test_a_back_fill_sends_nothing_while_another_process_is_a_daily_run(
    folder: Path, tmp_path: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = working_days(date(2025, 1, 6), 1)
    old = world(tmp_path / "old", records_of(days, 4))
    server = sample_server(records=(old.records,), synthesize=True)
    use(server, folder, monkeypatch)
    claim = (
        "import sys; from pathlib import Path; from digest.ledger import open_ledger\n"
        f"with open_ledger(Path('runs')) as one: print(one.claim({DAILY!r}), flush=True); sys.stdin.read()"
    )
    daily = subprocess.Popen(
        [sys.executable, "-c", claim], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert daily.stdout is not None
    assert daily.stdout.readline() == "True\n"
    span = ("--from", str(days[0]), "--to", str(days[0]))
    job = [sys.executable, "-m", "digest", "backfill", *span, "--metadata", str(old.snapshot), "--no-pdf"]
    backfill = subprocess.Popen(
        job, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert backfill.stdout is not None
    while "papers announced" not in backfill.stdout.readline():
        pass
    time.sleep(1.5)  # longer than it takes to look once more
    assert not server.stats()["asked"]
    daily.communicate()
    said, _ = backfill.communicate(timeout=120)
    assert backfill.returncode == 0, said
    assert sum(server.stats()["asked"].values()) == 4
