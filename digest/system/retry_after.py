"""Times to wait as endpoints write them: in headers, and in the words of their errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 31 * 86400.0
"""Seconds of the longest limit there is, a month's; more is no duration but a time of day."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_IN_WORDS = re.compile(r"(?:try again|retry) in ([0-9][0-9.hms]*[0-9hms])", re.IGNORECASE)


def seconds(text: str) -> float | None:
    """A duration such as `1s`, `6m0s`, `12ms`, `1h2m3.5s` or `20`; None when it is none."""
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        length = sum(float(number) * _UNITS[unit] for number, unit in parts)
    elif re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        length = float(text)
    else:
        return None
    return length if length <= LONGEST else None


def retry_after(headers: Mapping[str, str], said: str = "", now: datetime | None = None) -> float | None:
    """Seconds to wait by `retry-after-ms`, `retry-after` (seconds or a date), or the words of an error.

    None: nothing is said that can be read. A time that has passed is 0. Dates are counted from `now` (aware;
    default: by the clock of this machine).
    """
    value = headers.get("retry-after", "").strip()
    first = value.partition(",")[0].strip()  # gateways repeat it: `2, 2`
    for text in (headers.get("retry-after-ms", "").strip() + "ms", value, first):
        if (wait := seconds(text)) is not None:
            return wait
    if value.startswith("-"):
        return 0.0
    if (wait := _until(value, now or datetime.now(UTC))) is not None:
        return wait
    found = _IN_WORDS.search(said)
    return None if found is None else seconds(found[1])


def _until(date: str, now: datetime) -> float | None:
    try:
        until = parsedate_to_datetime(date)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)  # RFC 9110, section 5.6.7: asctime
        wait = (until - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, wait) if wait <= LONGEST else None


def format_wait(length: float) -> str:
    """Seconds for the user, such as `90 seconds`, `24 minutes` or `23.5 hours`."""
    if length < 120:
        return f"{length:.0f} seconds"
    return f"{length / 60:.0f} minutes" if length < 7200 else f"{length / 3600:.3g} hours"
