"""Days without a digest that are no failure, each with its own sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date as Date
from datetime import datetime, tzinfo

from digest.sources.arxiv import calendar
from digest.sources.arxiv.wording import clock_words
from digest.sources.source import NoAnnouncement


def without_asking(day: Date, now: datetime, zone: tzinfo | None = None) -> NoAnnouncement | None:
    """The answer of the calendar alone about `day`; None when arXiv has to be asked.

    Args:
        day: the announcement asked for.
        now: the time, aware.
        zone: the user's time zone; default: that of the computer.
    """
    if calendar.is_weekend(day):
        sentence = f"{day:%Y-%m-%d} is a {day:%A}: arXiv announces nothing on weekends."
        return NoAnnouncement(kind="weekend", date=day, sentence=sentence)
    if calendar.is_due(day, now):
        return None
    expected = calendar.due(day)
    sentence = f"arXiv has not announced {day:%Y-%m-%d} yet; it is expected at {clock_words(expected, zone)}."
    return NoAnnouncement(kind="early", date=day, sentence=sentence, expected=expected)


def nothing(day: Date, categories: Sequence[str]) -> NoAnnouncement:
    """The day had no papers in these categories although it was no weekend.

    On the day itself the listing tells a holiday from a day without papers, later arXiv's pages do not: so
    that one day has one answer, ours does not either.
    """
    sentence = (
        f"arXiv announced nothing on {day:%Y-%m-%d} in {', '.join(categories)}: "
        "there were no papers, or it was a holiday there."
    )
    return NoAnnouncement(kind="nothing", date=day, sentence=sentence)
