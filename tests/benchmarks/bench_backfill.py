"""A back-fill at scale: what it takes, whether it grows in memory, and whether workers share the work.

    python -m tests.benchmarks.bench_backfill [--papers 20000] [--days 40] [--latency 0]
        [--arms local:1 ray:1 ray:2] [--pdfs FOLDER] [--two-nodes] [--postgres]

Each arm (engine and workers) makes all days against a sample server of its own, with eight questions under
way at most, and is measured from outside: seconds from the first paper to the last, processor time of all its
processes, memory of the driver. All arms must end with the same bytes, and with a question a paper.

With `--pdfs`, papers are those PDFs in turn: reading is most of the work then.
With `--two-nodes`, Ray's arms run on a cluster of two nodes with one core each; their processes are not
counted then. With `--postgres`, their ledger is in a server that is started for it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from itertools import cycle
from pathlib import Path

import pymupdf

from digest.sample.data import SamplePaper
from tests.faulty import Knobs, start
from tests.ledger.cluster import programs, running
from tests.scale.nodes import family, two_nodes
from tests.scale.support import World, digests_in, records_of, working_days, world


def main() -> None:
    """Make the world, run the arms, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--papers", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=40)
    parser.add_argument("--arms", nargs="+", default=["local:1", "ray:1", "ray:2"])
    parser.add_argument("--latency", type=float, default=0.0, help="seconds of an answer")
    parser.add_argument("--pdfs", type=Path, help="a folder of PDFs that papers are read from, in turn")
    parser.add_argument("--two-nodes", action="store_true", help="of a Ray cluster, for Ray's arms")
    parser.add_argument("--postgres", action="store_true", help="the ledger of Ray's arms")
    parser.add_argument("--folder", type=Path, help="where everything is kept; default: nowhere")
    given = parser.parse_args()
    days = working_days(date(2025, 1, 6), given.days)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        made = _world(folder, days, given)
        first: dict[str, bytes] | None = None
        for arm in given.arms:
            digests = _arm(arm, made, days, Path(tempfile.mkdtemp(dir=folder)), given)
            assert first is None or digests == first, f"{arm} made other digests"
            first = digests


def _world(folder: Path, days: list[date], given: argparse.Namespace) -> World:
    place = folder / f"world-{given.papers}-{given.days}-{'read' if given.pdfs else 'typeset'}"
    if not place.exists():
        papers = records_of(days, given.papers // given.days)
        if given.pdfs is None:
            return world(place, papers, pdf=_printed)
        pdfs = cycle(sorted(given.pdfs.glob("*.pdf")))
        for one, pdf in zip(papers, pdfs, strict=False):
            month = place / "mirror" / one.id[:4]
            month.mkdir(parents=True, exist_ok=True)
            (month / f"{one.id}v1.pdf").symlink_to(pdf.absolute())
        return world(place, papers, mirrored=False)
    return World(place / "records.jsonl", place / "snapshot.json", place / "mirror")


def _printed(record: SamplePaper) -> bytes:
    """Two pages like those that the sample server typesets, in a tenth of the time."""
    with pymupdf.open() as pdf:  # type: ignore[no-untyped-call]
        for heading, body in (("1 Introduction", record.abstract), ("2 Conclusion", record.abstract)):
            page = pdf.new_page()
            page.insert_textbox((72, 60, 520, 110), record.title, fontsize=16)
            page.insert_text((72, 130), heading, fontsize=13)
            page.insert_textbox((72, 140, 520, 700), 4 * f"{body} ", fontsize=10)
        return bytes(pdf.tobytes(no_new_id=True))


def _arm(
    arm: str, made: World, days: list[date], folder: Path, given: argparse.Namespace
) -> dict[str, bytes]:
    engine, _, workers = arm.partition(":")
    command = [sys.executable, "-m", "digest", "backfill", "--from", str(days[0]), "--to", str(days[-1])]
    command += ["--metadata", str(made.snapshot), "--mirror", str(made.mirror)]
    command += ["--engine", engine, "--workers", workers or "1", "--json"]
    environment = {**os.environ, "OPENAI_API_KEY": "sample"}
    with ExitStack() as stack:
        if engine == "ray" and given.two_nodes:
            command += ["--address", stack.enter_context(two_nodes()).address]
        if engine == "ray" and given.postgres:
            found = programs()
            assert found is not None, "there is no PostgreSQL"
            url = stack.enter_context(running(found)).url()
            environment["DIGEST_LEDGER_URL"] = url.get_secret_value()
        knobs = Knobs(records=(made.records,), synthesize=True, latency=given.latency)
        server = stack.enter_context(start(knobs))
        _settings(folder, server.url)
        with (folder / "out.json").open("wb") as out:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out)
            seen = _Seen(process)
            seen.watch(lambda: sum(server.stats()["asked"].values()))
        result = json.loads((folder / "out.json").read_bytes())
        asked = server.stats()["asked"]
    (measured,) = json.loads((folder / "runs/backfill/measured.json").read_bytes())["rows"].values()
    papers = sum(day["papers"] for day in result["days"])
    print(
        f"{arm:<8} {papers:,} papers, {sum(asked.values()):,} questions, {len(asked):,} distinct: "
        f"{measured['seconds']:.1f} s making days ({papers / measured['seconds']:.1f} papers/s), "
        f"processor time {seen.processor:.0f} s; driver's peak {seen.memory.get(1_000, 0)} MB after 2,000 "
        f"papers, {max(seen.memory.values())} MB in the end; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return digests_in(folder / "runs")


@dataclass
class _Seen:
    """A back-fill as it looks from outside.

    Attributes:
        memory: of the driver alone, its resident peak in MB, by the whole thousands of questions asked then.
        processor: seconds of all its processes.
    """

    process: subprocess.Popen[bytes]
    memory: dict[int, int] = field(default_factory=dict)
    processor: float = 0.0

    def watch(self, asked: Callable[[], int]) -> None:
        """Look until it has ended."""
        taken: dict[int, float] = {}
        while self.process.poll() is None:
            for pid in (self.process.pid, *family(self.process.pid)):
                taken[pid] = _processor(pid) or taken.get(pid, 0.0)
            thousands = asked() // 1_000 * 1_000
            self.memory[thousands] = max(self.memory.get(thousands, 0), _peak(self.process.pid))
            time.sleep(0.5)
        self.processor = sum(taken.values())


def _processor(process: int) -> float:
    try:
        fields = (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(process: int) -> int:
    try:
        text = (Path("/proc") / str(process) / "status").read_text()
    except OSError:
        return 0
    line = next((line for line in text.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return int(line.split()[1]) // 1024


def _settings(folder: Path, url: str) -> None:
    addresses = "".join(f'{name} = "{url}"\n' for name in ("pages", "api", "feed", "pdf"))
    (folder / "digest.toml").write_text(
        f'[arxiv]\n{addresses}[model]\nname = "m"\nconcurrency = 8\nbase_url = "{url}/v1"\n'
        '[run]\nsections = ["audio"]\n'
        "[site]\nenabled = false\n[model.price]\ninput = 1.0\noutput = 2.0\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
