"""Everything that is due, to everybody who does not have it yet.

A day goes to a recipient section by section: what is published later, or was not sent, follows alone. A
channel that fails takes no other with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date as Date
from datetime import datetime, timedelta
from typing import Literal

from digest.config import ChatSettings, MailSettings, Settings
from digest.deliver.channels import Channel, Recipient, language_of, open_channel, recipients_of
from digest.deliver.compose import Composed, said_of
from digest.deliver.journal import Address, Journal
from digest.deliver.selection import DigestReader, Part, Selection, select
from digest.ledger import Ledger
from digest.system.errors import UsageError

ReportState = Literal["sent", "failed", "unsure", "planned", "nothing", "held"]
"""`nothing`: there is nothing to say; `held`: not whole, or of the sample day, which goes only on demand."""

_KILLED = "the process that sent it was killed: it may have arrived. `--again` sends it once more"
_LONGEST_PAUSE = timedelta(days=60)
"""The age of a channel's last use up to which digests that it has missed are looked for."""


@dataclass(frozen=True)
class Wish:
    """The choice of what is to be sent.

    Attributes:
        days: announcement dates.
        catch_up: also days before, that were published and did not reach somebody who was to get them.
        channels: names; empty: all.
        again: also what was sent, or may have been.
        dry: say what would be sent, and send nothing.
        sample: also what is of the sample day.
    """

    days: Sequence[Date]
    catch_up: bool = False
    channels: Sequence[str] = ()
    again: bool = False
    dry: bool = False
    sample: bool = False


@dataclass(frozen=True)
class Report:
    """The result of delivering a day to a recipient.

    Attributes:
        why: where there is something to say; without secrets.
        message: only of what is planned.
    """

    day: Date
    channel: str
    recipient: str
    sections: tuple[str, ...]
    state: ReportState
    why: str = ""
    correction: bool = False
    message: Composed | None = None

    @property
    def failed(self) -> bool:
        """True where somebody may not have got it."""
        return self.state in {"failed", "unsure"}


def deliver(
    settings: Settings,
    ledger: Ledger,
    wish: Wish,
    clock: Callable[[], datetime],
    environment: Mapping[str, str],
) -> Iterator[Report]:
    """Send what is due; reports come as it happens, and none of what was sent before.

    Raises:
        UsageError: there is no such channel.
        LedgerError: what is sent cannot be noted; then it is not sent.
    """
    channels = settings.deliver.channels
    for name in wish.channels:
        if name not in channels:
            known = ", ".join(channels) or "none"
            raise UsageError(f"There is no channel {name!r}. Channels in [deliver] of digest.toml: {known}.")
    reader, journal = DigestReader(settings), Journal(ledger, clock)
    for name, channel in channels.items():
        if wish.days and (not wish.channels or name in wish.channels):
            yield from _Round(name, channel, settings, reader, journal, wish, clock, environment).run()


class _Round:
    """One channel, with all that is due to it."""

    def __init__(
        self,
        name: str,
        channel: ChatSettings | MailSettings,
        settings: Settings,
        reader: DigestReader,
        journal: Journal,
        wish: Wish,
        clock: Callable[[], datetime],
        environment: Mapping[str, str],
    ) -> None:
        self._name, self._channel, self._settings = name, channel, settings
        self._reader, self._journal, self._wish = reader, journal, wish
        self._clock, self._environment = clock, environment
        self._sections = channel.sections or tuple(one.key for one in settings.chosen_sections())
        self._language = language_of(channel, settings)
        self._open: Channel | None = None
        self._first: Mapping[tuple[str, str], Date] = {}
        self._parts: dict[tuple[Date, str], Part | None] = {}
        self._composed: dict[tuple[Date, tuple[str, ...], str], Composed] = {}

    def run(self) -> Iterator[Report]:
        try:
            recipients = recipients_of(self._name, self._channel, self._environment)
            for day in self._days():
                for recipient in recipients:
                    for report in self._day(day, recipient):
                        if day in self._wish.days or report.state not in {"nothing", "held"}:
                            yield report
        except UsageError as error:  # nothing of this channel can be sent; the others can
            yield self._report(self._wish.days[-1], Recipient("", self._name), (), "failed", str(error))
        finally:
            if self._open is not None:
                self._open.close()

    def _days(self) -> list[Date]:
        days = set(self._wish.days)
        if self._wish.catch_up:
            newest = max(days)
            self._first = self._journal.first_days(self._name, newest - _LONGEST_PAUSE)
            span = (newest - timedelta(days=back) for back in range(1, self._settings.deliver.days + 1))
            days |= {day for day in span if self._published(day)}
        return sorted(days)

    def _keys(self, address: Address) -> list[str]:
        """The sections that the recipient is to have of the day; of days before, those it had by then."""
        if address.day in self._wish.days:
            return list(self._sections)
        first = {key: self._first.get((address.recipient, key), Date.max) for key in self._sections}
        return [key for key, day in first.items() if day <= address.day]

    def _published(self, day: Date) -> bool:
        return (self._settings.run.out / day.isoformat()).is_dir()

    def _day(self, day: Date, recipient: Recipient) -> Iterator[Report]:
        address = Address(day, self._name, recipient.key)
        if not self._due(address) and not self._stale(address):
            yield from self._correction(address, recipient)
            return
        with self._journal.held(address) as held:
            if not held:
                return  # another process is at it
            if stale := self._stale(address):
                if not self._wish.dry:
                    self._journal.end(address, stale, "unsure")
                if not self._wish.again:
                    yield self._report(day, recipient, stale, "unsure", _KILLED)
            due = self._due(address)
            for part in due:
                if part.missing:
                    yield self._report(day, recipient, (part.key,), "held", part.missing)
            if whole := [part for part in due if not part.missing]:
                selection = select(day, whole, self._channel.only, self._language)
                yield self._sent(selection, address, recipient)

    def _stale(self, address: Address) -> tuple[str, ...]:
        """Sections whose sending was begun and not ended."""
        return tuple(key for key in self._keys(address) if self._journal.state(address, key) == "sending")

    def _due(self, address: Address) -> list[Part]:
        """The sections that are published, and not sent."""
        wanted = {None, "failed", "sent", "unsure"} if self._wish.again else {None, "failed"}
        keys = [key for key in self._keys(address) if self._journal.state(address, key) in wanted]
        return [part for key in keys if (part := self._part(address.day, key))]

    def _part(self, day: Date, key: str) -> Part | None:
        if (day, key) not in self._parts:
            self._parts[day, key] = self._reader.part(day, key, self._language)
        return self._parts[day, key]

    def _correction(self, address: Address, recipient: Recipient) -> Iterator[Report]:
        """A note about what changed since it was sent, if such notes are wanted."""
        if not self._settings.deliver.corrections:
            return
        parts = [part for key in self._keys(address) if (part := self._part(address.day, key))]
        whole = select(address.day, parts, "all", self._language)
        said = {part.key: self._journal.said(address, part.key) for part in parts}
        changed = [
            (view, part.key)
            for part in parts
            for view in part.leaf.views
            if view.line and said[part.key].get(view.paper.id, said_of(view)) != said_of(view)
        ]
        if not changed:
            return
        edition = _edition([f"{key} {view.paper.id} {said_of(view)}" for view, key in changed])
        note = replace(address, edition=edition)
        keys = {key for _, key in changed}
        inside = tuple(part for part in parts if part.key in keys)
        selection = replace(whole, parts=inside, wanted=tuple(changed), total=len(changed))
        with self._journal.held(note) as held:
            states = {key: self._journal.state(note, key) for key in keys}
            stale = tuple(key for key, state in states.items() if state == "sending")
            if held and stale and not self._wish.dry:
                self._journal.end(note, stale, "unsure")
                yield self._report(address.day, recipient, stale, "unsure", _KILLED, edition)
            elif held and set(states.values()) <= {None, "failed"}:
                yield self._sent(selection, note, recipient)

    def _sent(self, selection: Selection, address: Address, recipient: Recipient) -> Report:
        """Send a message, and note what became of it."""
        sections = tuple(part.key for part in selection.parts)

        def report(state: ReportState, why: str = "", message: Composed | None = None) -> Report:
            return self._report(address.day, recipient, sections, state, why, address.edition, message)

        if selection.sample and not self._wish.sample:
            return report("held", "recorded answers of the sample day; --sample sends them")
        if not selection.wanted and not self._settings.deliver.empty:
            return report("nothing")
        channel = self._opened()
        what = address.day, sections, address.edition
        message = self._composed.get(what) or channel.compose(selection, address.edition)
        self._composed[what] = message  # for the other recipients
        if self._wish.dry:
            return report("planned", message=message)
        begun = list[bool]()

        def begin() -> bool:
            begun.append(self._journal.begin(address, message.shown))
            return begun[-1]

        outcome = channel.send(message, selection, address.edition, recipient, begin)
        if outcome is None:
            return report("nothing", "another process sends it")
        if begun:
            self._journal.end(address, sections, outcome.state)
        else:
            self._journal.fail(address, sections)
        return report(outcome.state, outcome.why, message)

    def _opened(self) -> Channel:
        if self._open is None:
            self._open = open_channel(
                self._name, self._channel, self._settings, self._environment, self._clock
            )
        return self._open

    def _report(
        self,
        day: Date,
        recipient: Recipient,
        sections: tuple[str, ...],
        state: ReportState,
        why: str = "",
        edition: str = "",
        message: Composed | None = None,
    ) -> Report:
        return Report(
            day, self._name, recipient.label, sections, state, why.rstrip("."), bool(edition), message
        )


def _edition(changes: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(changes)).encode()).hexdigest()[:12]
