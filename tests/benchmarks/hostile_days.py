"""200 random days with 10 random faults each: `python -m tests.benchmarks.hostile_days [DAYS]`.

Each must end complete or with an error that publishes nothing; exit code 1 if one does not.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faulty import start
from tests.sources.hostile import live_through


def main() -> int:
    """Live through the days and count how they end."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    begun = time.monotonic()
    endings: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, start() as server:
        for seed in range(days):
            ending = live_through(server, seed, Path(folder))
            endings[ending] += 1
            if ending.isupper():
                print(f"seed {seed}: {ending}")
    print(f"{days} days in {time.monotonic() - begun:.0f} s: {dict(endings.most_common())}")
    return int(any(ending.isupper() for ending in endings))


if __name__ == "__main__":
    sys.exit(main())
