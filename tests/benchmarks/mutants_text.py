"""500 files made from real papers by flipping, cutting and splicing bytes: what becomes of each.

python -m tests.benchmarks.mutants_text FOLDER_WITH_PDFS [NUMBER]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from digest.config import TextSettings
from digest.text.reader import TextReader
from tests.text.mutate import mutants

_SEED = 20260128
_BATCH = 50


def memory(parent: int) -> int:
    """Resident MB of the processes below `parent`, from Linux's /proc."""
    pages = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                number = int(status.parent.name)
                pages += int((status.parent / "statm").read_text().split()[1])
                pages += memory(number) * (1 << 20) // os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


async def read_all(path: Path, sources: list[bytes], number: int) -> None:
    """Read mutant after mutant, each written to `path`; print outcomes, times, and the workers' memory."""
    outcomes: Counter[str] = Counter()
    longest = 0.0
    async with TextReader(TextSettings(), path.parent, "", _never) as reader:
        for i, content in enumerate(mutants(sources, number, _SEED), start=1):
            await asyncio.to_thread(path.write_bytes, content)
            begun = time.perf_counter()
            text = await reader.read_file(path, "any-model")
            longest = max(longest, time.perf_counter() - begun)
            outcomes[text.origin.reason or "text"] += 1
            if i % _BATCH == 0:
                print(f"{i} files, workers hold {memory(os.getpid())} MB", flush=True)
    print(f"longest {longest:.1f} s")
    for reason, files in outcomes.most_common():
        print(f"{files:5} {reason}")


async def _never(url: str, target: Path, limit_bytes: int) -> int:
    raise AssertionError(url)


if __name__ == "__main__":
    papers = [path.read_bytes() for path in sorted(Path(sys.argv[1]).glob("*.pdf"))]
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(read_all(Path(folder, "mutant.pdf"), papers, int(sys.argv[2]) if sys.argv[2:] else 500))
