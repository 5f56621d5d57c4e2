"""The record of deliveries in the ledger, and who may send what is not sent yet.

At most once: that something is about to be sent is on disk before it is sent. A process killed after that
leaves `sending` behind, and nobody knows whether it arrived: it becomes `unsure`, is told, and is sent again
only when somebody says so. What a service did not take (`failed`) is tried again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime

from digest.ledger import Delivery, Ledger
from digest.ledger.interface import DeliveryState

_Key = tuple[str, str, str]
"""Channel, recipient, section."""


@dataclass(frozen=True)
class Address:
    """The address of a delivery: a day of some sections to one recipient of a channel.

    Attributes:
        recipient: tells the recipients of the channel apart; never an address.
        edition: empty for the digest, else which correction.
    """

    day: Date
    channel: str
    recipient: str = ""
    edition: str = ""


class Journal:
    """The ledger's deliveries, asked and told by one process."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._ledger, self._clock = ledger, clock
        self._read: dict[Date, dict[_Key, list[Delivery]]] = {}

    @contextmanager
    def held(self, address: Address) -> Iterator[bool]:
        """Inside, nobody else sends the day to the recipient; False: another, living process does."""
        lock = f"deliver {address.day} {address.channel} {address.recipient}"
        held = self._ledger.claim(lock)
        self._read.pop(address.day, None)  # the other may just have sent it
        try:
            yield held
        finally:
            if held:
                self._ledger.release(lock)

    def state(self, address: Address, section: str) -> DeliveryState | None:
        """The state of the last attempt; None: there was none."""
        last = self._last(address, section)
        return last.state if last else None

    def said(self, address: Address, section: str) -> Mapping[str, str]:
        """Paper -> hash of what the recipient was last told of it, with all editions that arrived."""
        rows = self._rows(address.day, address.channel, address.recipient, section)
        arrived = {(one.edition, one.attempt) for one in rows if one.state == "sent"}
        said: dict[str, str] = {}
        for one in rows:
            if (one.edition, one.attempt) in arrived:
                said |= one.shown
        return said

    def first_days(self, channel: str, since: Date) -> Mapping[tuple[str, str], Date]:
        """Recipient and section -> the earliest date since `since` of which the one was to get the other."""
        first: dict[tuple[str, str], Date] = {}
        for one in self._ledger.deliveries(since, Date.max):
            if one.channel == channel:
                key = one.recipient, one.section
                first[key] = min(one.date, first.get(key, one.date))
        return first

    def begin(self, address: Address, shown: Mapping[str, Mapping[str, str]]) -> bool:
        """Note that the sections in `shown` are about to be sent; False: another process was first."""
        return self._note(
            [self._next(address, section, "sending", papers) for section, papers in shown.items()]
        )

    def fail(self, address: Address, sections: Sequence[str]) -> None:
        """Note that an attempt failed before anything was sent."""
        self._note([self._next(address, section, "failed", {}) for section in sections])

    def end(self, address: Address, sections: Sequence[str], state: DeliveryState) -> None:
        """Note what became of an attempt that has begun."""
        begun = [one for section in sections if (one := self._last(address, section))]
        self._note(
            [
                Delivery(
                    one.date, one.section, one.channel, one.recipient, one.edition, one.attempt, state,
                    self._clock(),
                )
                for one in begun
            ]
        )  # fmt: skip

    def _next(
        self, address: Address, section: str, state: DeliveryState, shown: Mapping[str, str]
    ) -> Delivery:
        last = self._last(address, section)
        attempt = last.attempt + 1 if last else 1
        return Delivery(
            address.day, section, address.channel, address.recipient, address.edition, attempt, state,
            self._clock(), shown,
        )  # fmt: skip

    def _note(self, deliveries: Sequence[Delivery]) -> bool:
        for one in deliveries:
            self._read.pop(one.date, None)
        return self._ledger.note_deliveries(deliveries)

    def _last(self, address: Address, section: str) -> Delivery | None:
        rows = self._rows(address.day, address.channel, address.recipient, section)
        return next((one for one in reversed(rows) if one.edition == address.edition), None)

    def _rows(self, day: Date, channel: str, recipient: str, section: str) -> list[Delivery]:
        """The deliveries of all editions, in order; a day's are read once, and again after a note."""
        if day not in self._read:
            rows = self._read[day] = defaultdict(list)
            for one in self._ledger.deliveries(day, day):
                rows[one.channel, one.recipient, one.section].append(one)
        return self._read[day].get((channel, recipient, section), [])
