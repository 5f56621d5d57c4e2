"""Mail by SMTP: each recipient a message of their own, so that one who is refused is tried again alone.

A server takes responsibility for a message with its answer to the end of the data, and not before (RFC 5321,
section 4.2.5): a connection that ends without it is a message that was not taken. One that stays silent there
may have taken it, which is why such a message is not sent again by itself (RFC 1047).
"""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from digest.config import MailSettings
from digest.deliver.sending import Secrets, SendOutcome

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_TROUBLES: dict[type[Exception], str] = {
    smtplib.SMTPNotSupportedError: "the server does not offer what `security` and `user` ask for",
    smtplib.SMTPServerDisconnected: "the server ended the connection",
    ssl.SSLCertVerificationError: "the server's certificate is not one to trust",
    ssl.SSLError: "TLS failed",
    UnicodeError: "user and password must be ASCII",
}


@dataclass(frozen=True)
class Letter:
    """A message before it has a recipient.

    Attributes:
        html: empty where only text is wanted.
        name: tells it from all others of the channel; the same for each attempt, and so is its Message-ID.
        answers: the name of the letter that it corrects, if it corrects one.
    """

    subject: str
    text: str
    html: str
    name: str
    answers: str = ""


def recipient_key(address: str) -> str:
    """The text that stands for an address in the ledger."""
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()[:16]


def shown_address(address: str) -> str:
    """An address as logs may show it: a***@example.org."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"


def envelope(letter: Letter, to: str, settings: MailSettings, now: datetime, channel: str) -> bytes:
    """The message for a recipient, as it goes over the wire: RFC 5322, with ASCII only.

    It can be unsubscribed from (RFC 2369, RFC 8058), and no out-of-office answers come (RFC 3834).
    """
    message = EmailMessage(policy=SMTP)
    domain = parseaddr(settings.sender)[1].rpartition("@")[2]
    message["From"] = settings.sender
    message["To"] = to
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = _id(letter.name, to, domain)
    if letter.answers:
        message["In-Reply-To"] = message["References"] = _id(letter.answers, to, domain)
    leave = settings.unsubscribe or f"mailto:{parseaddr(settings.sender)[1]}?subject=unsubscribe"
    message["List-Unsubscribe"] = f"<{leave}>"
    if leave.startswith("https:"):
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["List-ID"] = f"<{_id(channel, '', domain)[1:-1].replace('@', '.')}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Precedence"] = "bulk"
    message.set_content(_encodable(letter.text), cte="base64")
    if letter.html:
        message.add_alternative(_encodable(letter.html), subtype="html", cte="base64")
    return message.as_bytes()


class Mailer:
    """One connection to a server, made when the first message is sent, and again when it was lost.

    A server that was not reached, or kept silent, is not asked again: there may be many recipients.

    Args:
        settings: of the channel.
        password: empty: the server is not told who we are, unless `user` is set.
        timeout: seconds that the server may keep silent.
    """

    def __init__(self, settings: MailSettings, password: str, timeout: float) -> None:
        self._settings, self._password, self._timeout = settings, password, timeout
        self._secrets = Secrets([password])
        self._server: smtplib.SMTP | None = None
        self._down: SendOutcome | None = None

    def close(self) -> None:
        """End the connection, if there is one."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def send(self, message: bytes, to: str, begin: Callable[[], bool]) -> SendOutcome | None:
        """Send a message to one address.

        Args:
            message: as `envelope` makes it.
            to: the address.
            begin: called right before the message itself goes out; False: it is to stay here after all.

        Returns:
            What became of it; None where `begin` said no.
        """
        if self._down is not None:
            return self._down
        try:
            server = self._connected()
            self._ask(server, to)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            outcome = SendOutcome("failed", self._words(error))
            if self._server is None or _silent(error):
                self._down = outcome
            self._lose(error)
            return outcome
        begun = False
        try:
            begun = begin()
        finally:
            if not begun:
                self._drop()  # the server waits for a message: there is no other way out
        return self._transmit(server, message) if begun else None

    def _transmit(self, server: smtplib.SMTP, message: bytes) -> SendOutcome:
        try:
            server.send(re.sub(rb"(?m)^\.", b"..", message).removesuffix(b"\r\n") + b"\r\n.\r\n")
            code, answer = server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            if _silent(error):
                self._down = SendOutcome("failed", self._words(error))
            return SendOutcome("unsure" if _silent(error) else "failed", self._words(error))
        if code == 250:
            return SendOutcome("sent")
        refusal = smtplib.SMTPDataError(code, answer)
        self._lose(refusal)
        return SendOutcome("failed", self._words(refusal))

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            self._server = self._connect()
        return self._server

    def _connect(self) -> smtplib.SMTP:
        one = self._settings
        port = one.port or _PORTS[one.security]
        if one.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                one.host, port, timeout=self._timeout, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(one.host, port, timeout=self._timeout)
        try:
            if one.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if one.user:
                server.login(one.user, self._password)
            server.ehlo_or_helo_if_needed()
        except BaseException:  # no connection is left open; raised again
            server.close()
            raise
        return server

    def _ask(self, server: smtplib.SMTP, to: str) -> None:
        """MAIL, RCPT and DATA: whether the server will take something for this address."""
        sender = parseaddr(self._settings.sender)[1]
        for code, answer in (server.mail(sender), server.rcpt(to)):
            if code not in {250, 251}:
                raise smtplib.SMTPResponseException(code, answer)
        code, answer = server.docmd("data")
        if code != 354:
            raise smtplib.SMTPResponseException(code, answer)

    def _lose(self, error: Exception) -> None:
        """Go on with the connection after a refusal, and without it after anything else."""
        if not isinstance(error, smtplib.SMTPResponseException) or self._server is None:
            self._drop()
            return
        try:
            self._server.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _words(self, error: Exception) -> str:
        """The words for what went wrong, without the password."""
        if _silent(error):
            return "the server did not answer in time"
        if isinstance(error, smtplib.SMTPResponseException):
            refused = "user and password" if isinstance(error, smtplib.SMTPAuthenticationError) else "it"
            return f"the server refuses {refused}: {self._said(error)}"
        for kind, words in _TROUBLES.items():
            if isinstance(error, kind):
                return words
        return f"the server cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}"

    def _said(self, error: smtplib.SMTPResponseException) -> str:
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return self._secrets.taken_out(f"{error.smtp_code} {text}")


def _silent(error: Exception) -> bool:
    """True for silence, which smtplib takes for a connection that was closed."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _id(name: str, to: str, domain: str) -> str:
    return f"<{hashlib.sha256(f'{name} {to}'.encode()).hexdigest()[:24]}@{domain}>"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
