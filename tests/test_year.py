"""A year of evenings, unattended: weekends, holidays, late announcements, outages of arXiv and the endpoint.

The real commands run against the sample server, on simulated dates; nothing waits. Every announced paper is
then in exactly one digest of its day, no question was answered twice, and nobody was needed.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from digest.cli import output, run, session
from digest.cli.session import CommandOptions, Ready
from digest.cli.status import runs_in
from digest.config import Settings, load
from digest.llm.endpoint import Endpoint
from digest.pipeline import resources
from digest.pipeline.status import status_of
from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from digest.sources import http_client
from digest.sources.arxiv import calendar
from tests.conftest import Start
from tests.faulty import Fault, Server, fault

FIRST = date(2026, 1, 2)
EVENINGS = ((20, 20, "last-week..today"), (21, 20, "yesterday..today"), (23, 20, "yesterday..today"))
"""When and with which days the command is run in New York, from Sunday to Thursday."""

SECTIONS = {
    "audio": {"title": "音频", "categories": ["cs.SD", "eess.AS"]},
    "text": {"title": "自然语言处理", "categories": ["cs.CL"]},
}
CATEGORIES = (("cs.SD", "eess.AS"), ("eess.AS",), ("cs.CL",), ("cs.SD", "cs.CL"), ("cs.CL", "cs.LG"))

Channel = Callable[[Settings, Sequence[dict[str, Any]]], None]
"""What is done after each run with its settings and its results, as `--json` prints them."""


async def at_once(_: float) -> None:
    """Waits no time."""


def down(path: str, **changes: Any) -> Fault:
    return fault("503", path=path, **changes)


ARXIV = "^/(list|catchup|atom|rss|api)"
OUTAGES: tuple[tuple[Fault, ...], ...] = (
    (down(ARXIV),),
    (fault("reset", path=ARXIV),),
    (down("^/api"),),
    (down("^/(list|catchup)", every=3),),
    (fault("html-instead", path="^/(list|catchup)"),),
    (fault("server-error"),),
    (down("^/v1/chat"),),
    (fault("reset", path="^/v1/chat", every=2),),
    (fault("server-error", share=0.5),),
    (down(ARXIV, share=0.3), fault("server-error", share=0.3)),
)


@dataclass
class Year:
    """Some days of it.

    Attributes:
        days: how many.
        announced: section and day -> the papers that arXiv announced.
        late: days whose announcement comes hours late, or on the next evening only.
        records: the papers, as the server reads them.
        answers: those of its model.
    """

    days: int
    chance: random.Random = field(default_factory=lambda: random.Random(2026))
    announced: dict[tuple[str, date], list[str]] = field(default_factory=lambda: defaultdict(list))
    late: dict[date, int] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        models, answers = SampleData(Knobs()).records, SampleData(Knobs()).entries
        for number in range(self.days):
            day = FIRST + timedelta(days=number)
            if calendar.is_weekend(day) or calendar.is_listed_holiday(day) or self.chance.random() < 0.02:
                continue
            if self.chance.random() < 0.15:
                self.late[day] = self.chance.choice((1, 2, 3))  # evening runs that come too early
            for model in self.chance.sample(models, self.chance.randint(1, 4)):
                paper = self._announce(day, model.model_dump(mode="json"))
                self.answers.append({"id": paper, **answers[model.id]})

    def _announce(self, day: date, like: dict[str, Any]) -> str:
        """A paper like one of the sample day; its identifier."""
        number = len(self.records) + 1
        paper = f"{day:%y%m}.{number:05d}"
        categories = self.chance.choice(CATEGORIES)
        kind = self.chance.choice(("new", "new", "replaced"))
        title = f"{like['title']} ({number})"
        fields = {"id": paper, "title": title, "categories": categories, "date": f"{day}", "kind": kind}
        kept = {name: like[name] for name in ("authors", "abstract", "comments")}
        self.records.append({**kept, **fields, "version": 1 if kind == "new" else 2})
        for key, section in SECTIONS.items():
            if set(categories) & set(section["categories"]):
                self.announced[key, day].append(paper)
        return paper

    def evenings(self) -> Iterator[tuple[datetime, str, date, tuple[Fault, ...]]]:
        """Each run: the instant, the days it asks for, what arXiv takes for the day, and what is broken."""
        broken_until = FIRST
        for number in range(-1, self.days):
            evening = FIRST + timedelta(days=number)
            coming = evening + timedelta(days=1)
            if calendar.is_weekend(coming):
                continue
            if number > 7 and self.chance.random() < 0.02:  # an outage of days
                broken_until = evening + timedelta(days=self.chance.randint(1, 4))
            for index, (hour, minute, days) in enumerate(EVENINGS):
                now = datetime.combine(evening, time(hour, minute), calendar.EASTERN).astimezone(UTC)
                out = index < self.late.get(coming, 0)
                faults = self.chance.choice(OUTAGES) if self.chance.random() < 0.25 else ()
                faults = OUTAGES[0] if evening < broken_until else faults
                faults = () if evening < FIRST else faults  # somebody who sets it up sees it work
                yield now, days, evening if out else coming, faults


@dataclass
class Watch:
    """What came of the runs: answers by paper, and how often a digest was said to be new."""

    answered: Counter[str] = field(default_factory=Counter)
    new: Counter[tuple[str, str]] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)


def live(
    year: Year, server: Server, settings: Settings, patch: pytest.MonkeyPatch, *channels: Channel
) -> Watch:
    """Run the command on each evening, as cron would: the last days, and what is there stays."""
    watch, now, printed = Watch(), [datetime.now(UTC)], list[Any]()

    @contextmanager
    def prepared(given: CommandOptions, **_: Any) -> Iterator[Ready]:
        yield Ready(settings, lambda: now[0], given)

    patch.setattr(session, "prepared", prepared)
    patch.setattr(output, "as_json", printed.append)
    patch.setattr(http_client, "Http", partial(http_client.Http, sleep=at_once))
    patch.setattr(resources, "Endpoint", partial(Endpoint, sleep=at_once))
    for now[0], days, today, faults in year.evenings():
        server.set(today=today, faults=faults)
        watch.codes[run.run_days(CommandOptions({}, json=True), days, None)] += 1
        for name, times in server.stats()["answered"].items():
            watch.answered[name] += times
        results = printed.pop()
        watch.new.update((one["section"], one["date"]) for one in results if one.get("new"))
        for channel in channels:
            channel(settings, results)
    return watch


@pytest.mark.parametrize("days", [6, pytest.param(365, marks=pytest.mark.slow)])
def test_every_paper_is_in_one_digest_of_its_day_and_nobody_is_needed(
    days: int, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    year = Year(days)
    files = {"records": year.records, "entry": year.answers}
    for name, rows in files.items():
        (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    server = sample_server(**{name: [str(folder / name)] for name in files})
    places = {**dict.fromkeys(("pages", "api", "feed", "pdf"), server.url), "oai": f"{server.url}/oai"}
    model = {"base_url": f"{server.url}/v1", "name": "m", "key": "k", "patience": 0, "attempts": 2}
    settings = load(
        {
            "arxiv": places,
            "model": model,
            "text": {"source": "abstract"},
            "site": {"enabled": False},
            "run": {"sections": tuple(SECTIONS)},
        },
        {},
    )
    watch = live(year, server, settings, monkeypatch)

    made = {}
    for path in (folder / "runs").glob("????-??-??/*.json"):
        digest = json.loads(path.read_text(encoding="utf-8"))
        assert all(entry["summary"]["line"] and "flag" not in entry for entry in digest["entries"]), path
        made[path.stem, date.fromisoformat(path.parent.name)] = [
            one["paper"]["id"] for one in digest["entries"]
        ]
    assert {key: sorted(papers) for key, papers in made.items()} == {
        key: sorted(papers) for key, papers in year.announced.items()
    }
    assert set(watch.answered.values()) == {1}
    assert watch.answered.keys() == {record["id"] for record in year.records}
    assert watch.new == {(key, f"{day}"): 1 for key, day in year.announced}
    assert watch.codes.keys() <= {0, 3, 4}
    assert watch.codes[4] > days / 10  # there were outages
    end = datetime.combine(FIRST + timedelta(days=days - 1), time(12), calendar.EASTERN)
    runs = runs_in(settings, end)
    for key in SECTIONS:
        found = status_of(settings.section(key), folder / "runs", runs, end)
        assert not found.calls, found.in_state("missing", "flagged")
        assert len(found.in_state("complete")) >= min(days, 30) / 4
