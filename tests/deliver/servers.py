"""Real servers on loopback: one that takes mail as asked, and one that plays the chat services."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class Mailbox:
    """What a mail server took, and how it is to answer.

    Attributes:
        refuse: address -> what RCPT is answered.
        data: what the end of a message is answered, in turn; then 250. "drop" ends the connection instead.
        after: called when a message was taken, before it is answered.
        asked: called when somebody is asked about, before it is answered.
    """

    port: int = 0
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    after: Callable[[], None] | None = None
    asked: Callable[[], None] | None = None
    release: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002 - aiosmtpd hands it in
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        self.tried.append(address)
        if self.asked:
            self.asked()
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self,
        server: SMTP,
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        answer = self.data.pop(0) if self.data else "250 OK"
        if answer == "drop":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "421 gone"
        if answer == "silence":
            await asyncio.get_running_loop().run_in_executor(None, self.release.wait, 20)
            return "250 OK"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.taken.append((envelope.rcpt_tos[0], message))
            if self.after:
                self.after()
        return answer

    def to(self) -> list[str]:
        """Who got something, in order."""
        return [address for address, _ in self.taken]


@contextlib.contextmanager
def mail_server(
    *, tls: Any = None, implicit: bool = False, user: str = "", password: str = "", **answers: Any
) -> Iterator[Mailbox]:
    """A mail server on 127.0.0.1; `tls` is the server's context, offered by STARTTLS unless `implicit`."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

    box = Mailbox(**answers)

    def knows(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        box.users.append(mechanism)
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            user.encode(),
            password.encode(),
        )
        return AuthResult(success=right, handled=False)

    options: dict[str, Any] = {"authenticator": knows, "auth_required": True} if user else {}
    if tls is not None and implicit:
        options |= {"ssl_context": tls, "auth_require_tls": False}
    elif tls is not None:
        options |= {"tls_context": tls, "require_starttls": True}
    else:
        options |= {"auth_require_tls": False}
    controller = Controller(box, hostname="127.0.0.1", port=0, **options)
    with _free_port(controller):
        box.port = controller.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        try:
            yield box
        finally:
            box.release.set()


@contextlib.contextmanager
def _free_port(controller: Controller) -> Iterator[None]:
    """aiosmtpd connects to its own port to see that it runs: it must know which one the system gave."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        controller.port = probe.getsockname()[1]
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@dataclass(frozen=True)
class Asked:
    """A request to a chat service, and what it was answered."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Chats:
    """What the services were sent, and how they are to answer: status and body in turn, then as usual.

    Status 0 ends the connection without a word, and -1 says nothing until `release` is set.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    after: Callable[[], None] | None = None
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


def usual_answer(path: str) -> tuple[int, str]:
    """What the real services answer to a message that they take."""
    for begin, answer in {
        "/feishu": (200, '{"code":0,"data":{},"msg":"success"}'),
        "/lark": (200, '{"code":0,"data":{},"msg":"success"}'),
        "/dingtalk": (200, '{"errcode":0,"errmsg":"ok"}'),
        "/wecom": (200, '{"errcode":0,"errmsg":"ok"}'),
        "/schan": (200, '{"code":0,"message":"","data":{"pushid":"1","errno":0}}'),
        "/pushplus": (200, '{"code":200,"msg":"请求成功","data":"1"}'),
        "/tgram": (200, '{"ok":true,"result":{"message_id":1}}'),
        "/slack": (200, "ok"),
        "/discord": (204, ""),
        "/push": (200, '{"code":200,"message":"success","timestamp":1}'),
    }.items():
        if path.startswith(begin):
            return answer
    return 200, '{"id":"1","time":1,"event":"message","topic":"t","message":"m"}'


@contextlib.contextmanager
def chat_server() -> Iterator[Chats]:
    """A server that plays all chat services, each below a path of its own."""
    chats = Chats()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            status, answer = chats.answers.pop(0) if chats.answers else usual_answer(parts.path)
            query = parse_qs(parts.query)
            chats.asked.append(Asked(parts.path, query, dict(self.headers), body, status))
            if chats.after:
                chats.after()
            if status == 0:
                self.close_connection = True
                return
            if status == -1:
                chats.release.wait(20)
                return
            content = answer.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if status != 204:
                self.wfile.write(content)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chats.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield chats
    finally:
        chats.release.set()
        server.shutdown()
        server.server_close()


def here(chats: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Apprise's plugins ask the server: their addresses are attributes of their classes.

    ntfy and Bark need nothing: their Apprise addresses name a host.
    """
    from apprise.plugins.base import NotifyBase
    from apprise.plugins.dingtalk import NotifyDingTalk
    from apprise.plugins.discord import NotifyDiscord
    from apprise.plugins.feishu import NotifyFeishu
    from apprise.plugins.lark import NotifyLark
    from apprise.plugins.pushplus import NotifyPushplus
    from apprise.plugins.serverchan import NotifyServerChan
    from apprise.plugins.slack import NotifySlack
    from apprise.plugins.telegram import NotifyTelegram
    from apprise.plugins.wecombot import NotifyWeComBot

    monkeypatch.setattr(NotifyBase, "request_rate_per_sec", 0)  # there is nobody to be polite to
    for plugin, name, path in (
        (NotifyFeishu, "notify_url", "/feishu/{token}/"),
        (NotifyLark, "notify_url", "/lark/"),
        (NotifyDingTalk, "notify_url", "/dingtalk?access_token={token}"),
        (NotifyWeComBot, "notify_url", "/wecom?key={key}"),
        (NotifyServerChan, "notify_url", "/schan/{token}.send"),
        (NotifyPushplus, "notify_url", "/pushplus"),
        (NotifyTelegram, "notify_url", "/tgram/bot"),
        (NotifySlack, "webhook_url", "/slack"),
        (NotifyDiscord, "notify_url", "/discord"),
    ):
        monkeypatch.setattr(plugin, name, chats.url + path)


def settings_of(folder: Path, text: str) -> None:
    """Write a user's settings with these channels."""
    (folder / "digest.toml").write_text(
        f'[site]\nurl = "https://lab.example/arxiv"\n{text}', encoding="utf-8"
    )
