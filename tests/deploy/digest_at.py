"""The program with a clock of its own, killed where a test wants: `digest` on the PATH of a test's runner.

DIGEST_TEST_NOW: the instant, ISO 8601; DIGEST_TEST_KILL: after so many answers were kept.
"""

from __future__ import annotations

import os
import signal
from datetime import datetime, tzinfo
from typing import Any

from digest.cli import app
from digest.ledger.sql.ledger import SqlLedger
from digest.system import clock

NOW = datetime.fromisoformat(os.environ["DIGEST_TEST_NOW"])


class Clock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Clock:
        return cls.fromtimestamp(NOW.timestamp(), tz)


def die_after(number: int) -> None:
    keep, kept = SqlLedger.keep, []

    def keeping(*given: Any) -> None:
        keep(*given)
        kept.append(1)
        if len(kept) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    SqlLedger.keep = keeping  # type: ignore[assignment, method-assign]  # a method replaced by one that counts


if __name__ == "__main__":
    vars(clock)["datetime"] = Clock
    if os.environ.get("DIGEST_TEST_KILL"):
        die_after(int(os.environ["DIGEST_TEST_KILL"]))
    app.main()
