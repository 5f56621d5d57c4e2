"""Days of invented papers, as the sample server plays them and as arXiv gives them in bulk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from digest.sample.data import SamplePaper
from digest.sample.pdf import typeset
from tests.sources import invented
from tests.sources.bulk.support import tar


def working_days(first: date, count: int) -> list[date]:
    days = (first + timedelta(days=number) for number in range(2 * count + 7))
    return [day for day in days if day.weekday() < 5][:count]


def records_of(days: Sequence[date], papers: int) -> list[SamplePaper]:
    """So many papers on each day, new and cross-listed; abstracts and lines differ."""
    made = []
    for number, day in enumerate(days):
        for place in range(papers):
            one = invented.record(
                number * papers + place + 1,
                day,
                title=f"Invented Study {number}-{place}: hearing rooms of {number * papers + place} doors",
                abstract=f"We study how voice {place} sounds in {number} rooms, with {place + 2} ears.",
                categories=[["cs.SD", "eess.AS"], ["cs.CL", "cs.SD"], ["eess.AS"]][place % 3],
            )
            made.append(SamplePaper.model_validate(one))
    return made


@dataclass(frozen=True)
class World:
    """The same papers in every form.

    Attributes:
        records: a file for the sample server.
        snapshot: arXiv's metadata as one file.
        mirror: the papers, in archives.
    """

    records: Path
    snapshot: Path
    mirror: Path


def world(
    folder: Path,
    papers: Sequence[SamplePaper],
    *,
    mirrored: bool = True,
    pdf: Callable[[SamplePaper], bytes] = typeset,
) -> World:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [one.model_dump(mode="json", exclude_defaults=True) for one in papers]
    records = invented.write(rows, folder / "records.jsonl")
    snapshot = folder / "snapshot.json"
    snapshot.write_text("".join(json.dumps(_as_row(one)) + "\n" for one in papers), encoding="utf-8")
    if mirrored:
        _mirror(folder / "mirror", papers, pdf)
    return World(records, snapshot, folder / "mirror")


def _as_row(one: SamplePaper) -> dict[str, object]:
    created = f"{one.submitted:%a, %d %b %Y %H:%M:%S} GMT"
    return {
        "id": one.id,
        "title": one.title,
        "authors": ", ".join(one.authors),
        "abstract": f"  {one.abstract}\n",
        "comments": one.comments,
        "categories": " ".join(one.categories),
        "versions": [{"version": "v1", "created": created}],
    }


def _mirror(root: Path, papers: Iterable[SamplePaper], pdf: Callable[[SamplePaper], bytes]) -> None:
    by_month: dict[str, dict[str, bytes]] = {}
    for one in papers:
        month = one.id[:4]
        by_month.setdefault(month, {})[f"{month}/{one.id}v1.pdf"] = pdf(one)
    for month, members in by_month.items():
        tar(root / f"arXiv_pdf_{month}_001.tar", members)


def digests_in(out: Path) -> dict[str, bytes]:
    """All digests of a folder, by name."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.glob("????-??-??/*"))
        if path.suffix in {".md", ".json"}
    }
