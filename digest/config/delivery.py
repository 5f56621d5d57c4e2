"""The settings of delivery: its channels, and which secrets of the environment they need."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from digest.config.table import Table
from digest.system.network import on_this_machine


def is_mail_address(text: str) -> bool:
    """True for what SMTP takes without extensions."""
    return re.fullmatch(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[A-Za-z0-9.-]*[A-Za-z0-9]", text) is not None


def _names_a_variable(name: str) -> str:
    if name and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
        raise ValueError(
            "the name of an environment variable, in capitals, is wanted, and never the secret itself"
        )
    return name


EnvironmentName = Annotated[str, AfterValidator(_names_a_variable)]
"""The environment variable that a secret is read from. Any other value is not repeated: it may be
the secret."""


class ChannelSettings(Table):
    """Settings of one channel; empty `sections`: those that `digest run` makes."""

    sections: tuple[str, ...] = ()
    only: Literal["all", "interests"] = "all"
    limit: int | None = Field(default=None, ge=1, description="papers in one message; None: what fits")
    lang: Literal["", "zh", "en"] = Field(default="", description="empty: that of the pages")


class ChatSettings(ChannelSettings):
    """A group or device that an Apprise address names."""

    url_env: EnvironmentName = Field(min_length=1)
    template: Literal["auto", "text", "markdown", "html"] = "auto"


class MailSettings(ChannelSettings):
    """Recipients of mail, and the server that takes it."""

    to: tuple[str, ...] = ()
    to_env: EnvironmentName = ""
    sender: str
    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: EnvironmentName = ""
    unsubscribe: str = ""
    template: Literal["html", "text"] = "html"

    @field_validator("to")
    @classmethod
    def _are_addresses(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        for address in to:
            if not is_mail_address(address):
                raise ValueError(f"{address!r} is no mail address; they look like ada@example.org")
        return to

    @field_validator("sender")
    @classmethod
    def _is_sender(cls, sender: str) -> str:
        if not is_mail_address(parseaddr(sender)[1]) or not sender.isprintable():
            raise ValueError(f"{sender!r} is no sender; they look like arXiv <digest@example.org>")
        return sender

    @field_validator("unsubscribe")
    @classmethod
    def _is_link(cls, link: str) -> str:
        if link and not re.fullmatch(r"(mailto:|https://)[!-;=?-~]+", link):
            raise ValueError(f"{link!r} is no address: it begins with mailto: or https://")
        return link

    @model_validator(mode="after")
    def _keeps_the_password(self) -> Self:
        if not (self.to or self.to_env):
            raise ValueError("nobody is to get it: name addresses in `to`, or a variable in `to_env`")
        if self.security == "none" and self.user and not on_this_machine(f"http://{self.host}"):
            raise ValueError("a password is sent in the clear only to this machine: set security")
        return self


class DeliverSettings(Table):
    """The settings of sending what is published; channels by name."""

    enabled: bool = False
    corrections: bool = False
    empty: bool = False
    days: int = Field(default=7, ge=1, le=31, description="how old what was missed may be")
    timeout: float = Field(default=30, gt=0, description="seconds that a server may keep silent")
    chat: dict[str, ChatSettings] = Field(default_factory=dict)
    mail: dict[str, MailSettings] = Field(default_factory=dict)

    @property
    def channels(self) -> dict[str, ChatSettings | MailSettings]:
        """All of them, chat first."""
        return {**self.chat, **self.mail}

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for name in self.chat.keys() & self.mail.keys():
            raise ValueError(f"two channels are called {name!r}; what was sent is noted by the name")
        return self
