"""A back-fill at scale: what it takes, whether it grows in memory, and whether workers share the work.

    python -m tests.benchmarks.bench_backfill [--papers 20000] [--days 40] [--latency 0]
        [--arms local:1 ray:1 ray:2]

Each arm (engine and workers) makes all days against a sample server of its own, and is measured from outside:
seconds from the first paper to the last, processor time and peak memory of the driver. All arms must end with
the same bytes, and with a question a paper.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from digest.sample import Knobs, start
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
    parser.add_argument("--address", help="of a Ray cluster")
    parser.add_argument("--no-pdf", action="store_true", help="title and abstract only")
    parser.add_argument("--folder", type=Path, help="where everything is kept; default: nowhere")
    given = parser.parse_args()
    days = working_days(date(2025, 1, 6), given.days)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        place = folder / f"world-{given.papers}-{given.days}"
        if not (place / "mirror").exists():
            world(place, records_of(days, given.papers // given.days))
        made = World(place / "records.jsonl", place / "snapshot.json", place / "mirror")
        first: dict[str, bytes] | None = None
        for arm in given.arms:
            digests = _arm(arm, made, days, Path(tempfile.mkdtemp(dir=folder)), given)
            assert first is None or digests == first, f"{arm} made other digests"
            first = digests


def _arm(
    arm: str, made: World, days: list[date], folder: Path, given: argparse.Namespace
) -> dict[str, bytes]:
    engine, _, workers = arm.partition(":")
    with start(Knobs(records=(made.records,), synthesize=True, latency=given.latency)) as server:
        _settings(folder, server.url)
        command = [sys.executable, "-m", "digest", "backfill", "--from", str(days[0]), "--to", str(days[-1])]
        command += [
            "--metadata",
            str(made.snapshot),
            "--engine",
            engine,
            "--workers",
            workers or "1",
            "--json",
        ]
        command += ["--no-pdf"] if given.no_pdf else ["--mirror", str(made.mirror)]
        command += ["--address", given.address] if given.address and engine == "ray" else []
        begun = time.perf_counter()
        environment = {**os.environ, "OPENAI_API_KEY": "sample"}
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE)
        peak = _watched(process)
        assert process.stdout is not None
        result = json.loads(process.stdout.read())
        process.wait()
        whole = time.perf_counter() - begun
        asked = sum(server.stats()["asked"].values())
    (measured,) = json.loads((folder / "runs/backfill/measured.json").read_bytes())["rows"].values()
    papers = sum(day["papers"] for day in result["days"])
    print(
        f"{arm:<8} {papers:,} papers, {asked:,} questions: {measured['seconds']:.1f} s making days "
        f"({papers / measured['seconds']:.1f} papers/s), {whole:.1f} s in all, driver {peak} MB; "
        f"load {os.getloadavg()[0]:.1f}; processor time of all so far "
        f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:.0f} s",
        flush=True,
    )
    return digests_in(folder / "runs")


def _watched(process: subprocess.Popen[Any]) -> int:
    """Peak resident memory of the driver alone, in MB, when it has ended."""
    peak = 0
    while process.poll() is None:
        try:
            text = (Path("/proc") / str(process.pid) / "status").read_text()
        except OSError:
            break
        line = next((line for line in text.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
        peak = max(peak, int(line.split()[1]) // 1024)
        if process.stdout is not None and peak and process.poll() is not None:
            break
        time.sleep(0.5)
    return peak


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
