"""The order of a site's pages: the page before and after each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date as Date
from typing import TypeVar

from digest.publish.site.digest_files import DigestFile, Week
from digest.publish.site.pages import Neighbours

T = TypeVar("T")


class Navigation:
    """The order of a site's pages.

    Args:
        sources: all digests, oldest first.
    """

    def __init__(self, sources: Sequence[DigestFile]) -> None:
        days = sorted({one.date for one in sources})
        self._days = _beside([f"{day}/index.html" for day in days], days)
        by_key: dict[str, list[DigestFile]] = defaultdict(list)
        for source in sources:
            by_key[source.key].append(source)
        self._sections: dict[tuple[str, Date], tuple[str, str]] = {}
        self._weeks: dict[tuple[str, Week], tuple[str, str]] = {}
        for key, own in by_key.items():
            dates = [one.date for one in own]
            for date, pair in _beside([f"{date}/{key}.html" for date in dates], dates).items():
                self._sections[key, date] = pair
            weeks = list(dict.fromkeys(one.week for one in own))
            for week, pair in _beside([week_path(week, key) for week in weeks], weeks).items():
                self._weeks[key, week] = pair

    def day(self, day: Date) -> tuple[str, str]:
        """The pages of the days before and after."""
        return self._days[day]

    def section(self, source: DigestFile) -> Neighbours:
        """The pages of the section on the days before and after, and of its week."""
        return Neighbours(*self._sections[source.key, source.date], week_path(source.week, source.key))

    def week(self, key: str, week: Week) -> Neighbours:
        """The pages of the section in the weeks before and after."""
        return Neighbours(*self._weeks[key, week])


def week_path(week: Week, key: str) -> str:
    """The page of a section's week, from the root of the site."""
    return f"week/{week[0]}-W{week[1]:02d}-{key}.html"


def _beside(paths: Sequence[str], names: Sequence[T]) -> dict[T, tuple[str, str]]:
    framed = ["", *paths, ""]
    return {name: (framed[at], framed[at + 2]) for at, name in enumerate(names)}
