"""A lab: published days, channels, and servers that take what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from digest.deliver.delivery import Report, Wish, deliver
from tests.deliver.days import DAY, NOW, loaded
from tests.deliver.servers import Chats, Mailbox, chat_server, here, mail_server
from tests.ledger.memory import MemoryLedger


@dataclass
class Lab:
    """A folder of digests, a ledger, and settings."""

    folder: Path
    settings: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    ledger: Any = field(default_factory=MemoryLedger)

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    def send(self, *days: date, **wish: Any) -> list[Report]:
        """Deliver, as one command does."""
        settings = loaded(self.folder, self.settings)
        asked = Wish(days or (DAY,), **wish)
        return list(deliver(settings, self.ledger, asked, lambda: NOW, self.environment))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def chats(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chats]:
    with chat_server() as server:
        here(server, monkeypatch)
        yield server


def mail_to(box: Mailbox, *to: str, more: str = "", name: str = "lab") -> str:
    """The settings of a mail channel that the server takes."""
    addresses = ", ".join(f'"{one}"' for one in to)
    return (
        f'[deliver.mail.{name}]\nto = [{addresses}]\nsender = "arXiv 速览 <digest@lab.example>"\n'
        f'host = "127.0.0.1"\nport = {box.port}\nsecurity = "none"\n{more}'
    )


def chat_at(variable: str, more: str = "", name: str = "group") -> str:
    """The settings of a chat channel."""
    return f'[deliver.chat.{name}]\nurl_env = "{variable}"\n{more}'
