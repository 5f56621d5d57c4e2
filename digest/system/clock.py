"""The clock: a value that is handed in, and that pickles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Clock:
    """Gives the instant (UTC) when called.

    Attributes:
        ahead: of the machine's clock; negative on a day in the past.
    """

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        """The instant, UTC."""
        return datetime.now(UTC) + self.ahead
