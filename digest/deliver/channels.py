"""A channel of the settings as something that composes and sends: chat, or mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import date as Date
from typing import Literal, Protocol

from digest.config import ChannelSettings, ChatSettings, MailSettings, Settings, SiteSettings, is_mail_address
from digest.deliver.chat import Chat
from digest.deliver.compose import Composed, compose, correct
from digest.deliver.mail import Letter, Mailer, envelope, recipient_key, shown_address
from digest.deliver.markup import TEXT
from digest.deliver.selection import Selection
from digest.deliver.sending import SendOutcome
from digest.deliver.services import MessageFormat, utf8
from digest.publish.site.mail import render
from digest.system.errors import UsageError

_TEXT_PART = MessageFormat(TEXT, 10_000_000, utf8)
"""The format of a mail's text: it takes what there is."""


@dataclass(frozen=True)
class Recipient:
    """One who gets what a channel sends.

    Attributes:
        key: in the ledger.
        label: as logs may show it.
        address: of a mail, else empty.
    """

    key: str
    label: str
    address: str = ""


class Channel(Protocol):
    """The sender of one channel's messages."""

    def compose(self, selection: Selection, edition: str) -> Composed:
        """The message, or with an edition the correction."""

    def send(
        self, message: Composed, selection: Selection, edition: str, to: Recipient, begin: Callable[[], bool]
    ) -> SendOutcome | None:
        """Send it; `begin` is called right before it goes out. Where that says False it stays here: None."""

    def close(self) -> None:
        """End what is open."""


def recipients_of(name: str, channel: ChannelSettings, environment: Mapping[str, str]) -> list[Recipient]:
    """The recipients of a channel, each once.

    Raises:
        UsageError: the variable with the addresses is not set, or holds something else.
    """
    if not isinstance(channel, MailSettings):
        return [Recipient("", name)]
    more = _value(channel.to_env, environment) if channel.to_env else ""
    addresses = [*channel.to, *more.replace(",", " ").replace(";", " ").split()]
    for address in addresses:
        if not is_mail_address(address):
            raise UsageError(f"{channel.to_env} holds something that is no mail address.")
    keys = {recipient_key(address): address for address in addresses}
    return [Recipient(key, f"{name} {shown_address(one)}", one) for key, one in keys.items()]


def open_channel(
    name: str,
    channel: ChatSettings | MailSettings,
    settings: Settings,
    environment: Mapping[str, str],
    clock: Callable[[], datetime],
) -> Channel:
    """The channel, ready to compose and to send; nothing is connected yet.

    Raises:
        UsageError: a variable is not set, or what it holds cannot be used; secrets are not shown.
    """
    site = settings.site.model_copy(update={"lang": language_of(channel, settings)})
    timeout = settings.deliver.timeout
    if isinstance(channel, MailSettings):
        password = _value(channel.password_env, environment) if channel.password_env else ""
        return _Mail(name, channel, site, Mailer(channel, password, timeout), clock)
    address = _value(channel.url_env, environment)
    return _Chat(channel, site, Chat(address, channel.template, timeout))


def troubles(settings: Settings, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each channel by name, and what is wrong with its settings; empty: nothing. Nobody is connected to."""
    for name, channel in settings.deliver.channels.items():
        try:
            recipients_of(name, channel, environment)
            open_channel(name, channel, settings, environment, lambda: datetime.now(UTC)).close()
        except UsageError as error:
            yield name, str(error)
        else:
            yield name, ""


def language_of(channel: ChannelSettings, settings: Settings) -> Literal["zh", "en"]:
    """The language of a channel's messages."""
    return channel.lang or settings.site.lang


def _value(name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise UsageError(f"the variable {name} is not set.")
    return value


class _Chat:
    def __init__(self, channel: ChatSettings, site: SiteSettings, chat: Chat) -> None:
        self._channel, self._site, self._chat = channel, site, chat

    def compose(self, selection: Selection, edition: str) -> Composed:
        room = self._chat.service.title
        if edition:
            return correct(selection, self._chat.form, self._site, room)
        return compose(selection, self._chat.form, self._site, self._channel.limit, room)

    def send(
        self,
        message: Composed,
        selection: Selection,  # noqa: ARG002 - of the protocol
        edition: str,  # noqa: ARG002 - of the protocol
        to: Recipient,  # noqa: ARG002 - of the protocol
        begin: Callable[[], bool],
    ) -> SendOutcome | None:
        if self._chat.down:
            return SendOutcome("failed", self._chat.down)
        return self._chat.send(message) if begin() else None

    def close(self) -> None:
        pass


class _Mail:
    def __init__(
        self,
        name: str,
        channel: MailSettings,
        site: SiteSettings,
        mailer: Mailer,
        clock: Callable[[], datetime],
    ) -> None:
        self._name, self._channel, self._site = name, channel, site
        self._mailer, self._clock = mailer, clock
        self._pages: dict[tuple[Date, str], str] = {}

    def compose(self, selection: Selection, edition: str) -> Composed:
        if edition:
            return correct(selection, _TEXT_PART, self._site, 200)
        return compose(selection, _TEXT_PART, self._site, self._channel.limit, 200)

    def send(
        self, message: Composed, selection: Selection, edition: str, to: Recipient, begin: Callable[[], bool]
    ) -> SendOutcome | None:
        sections = "+".join(part.key for part in selection.parts)
        name = f"{selection.day} {self._name} {sections}"
        html = "" if edition or self._channel.template == "text" else self._page(selection, sections)
        letter = Letter(message.title, message.body, html, name + edition, name if edition else "")
        content = envelope(letter, to.address, self._channel, self._clock(), self._name)
        return self._mailer.send(content, to.address, begin)

    def _page(self, selection: Selection, sections: str) -> str:
        """The HTML of a day, the same for all recipients."""
        if (selection.day, sections) not in self._pages:
            leaves = [part.leaf for part in selection.parts]
            mine = self._channel.only == "interests"
            page = render(selection.day, leaves, self._site, self._channel.limit, mine_only=mine)
            self._pages[selection.day, sections] = page
        return self._pages[selection.day, sections]

    def close(self) -> None:
        self._mailer.close()
