"""Mail to a real server: what it looks like, and what becomes of each recipient when the server refuses."""

from __future__ import annotations

import base64
import socket
import ssl
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from tests.deliver.conftest import Lab, mail_to
from tests.deliver.days import NOW, flagged, paper, publish
from tests.deliver.servers import Mailbox, mail_server
from tests.examples import first_fast

if TYPE_CHECKING:
    import trustme

ADA, BOB, EVE = "ada@lab.example", "bob@lab.example", "eve@else.example"


def parts(message: EmailMessage) -> tuple[str, str]:
    """The text and the HTML of a message."""
    assert message.get_content_type() == "multipart/alternative"
    text, page = (part.get_content() for part in message.iter_parts())
    return str(text), str(page)


def test_a_mail_is_what_mail_programs_expect(lab: Lab, mailbox: Mailbox) -> None:
    lab.settings = mail_to(mailbox, ADA)
    publish(lab.runs, [paper(1), flagged(2)])
    (report,) = lab.send()
    assert (report.state, report.recipient) == ("sent", "lab a***@lab.example")
    ((to, message),) = mailbox.taken
    assert (to, message["To"]) == (ADA, ADA)
    assert message["From"].addresses[0].display_name == "arXiv 速览"
    assert message["Subject"] == "arXiv 速览 · 2026 年 1 月 28 日 周三 · 2 篇"
    assert parsedate_to_datetime(message["Date"]) == NOW
    assert message["Message-ID"].endswith("@lab.example>")
    assert message["List-Unsubscribe"] == "<mailto:digest@lab.example?subject=unsubscribe>"
    assert message["List-Unsubscribe-Post"] is None
    assert message["List-ID"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert not message.defects
    text, page = parts(message)
    for form in (text, page):
        assert "第 1 个问题" in form
        assert "〔待核〕该论文" in form
        assert "https://arxiv.org/abs/2601.00002v1" in form
        assert "简介由 AI 生成" in form
    assert "<script" not in page


def test_the_bytes_are_ascii_and_the_subject_can_be_decoded_by_all(lab: Lab, mailbox: Mailbox) -> None:
    lab.settings = mail_to(mailbox, ADA)
    publish(lab.runs, [paper(1)])
    lab.send()
    raw = mailbox.taken[0][1].as_bytes()
    raw.decode("ascii")
    assert max(map(len, raw.splitlines())) <= 998
    subject = [line for line in raw.split(b"\r\n\r\n")[0].splitlines() if b"=?utf-8?" in line.lower()]
    assert subject


def test_an_address_for_leaving_may_take_one_click(lab: Lab, mailbox: Mailbox) -> None:
    lab.settings = mail_to(mailbox, ADA, more='unsubscribe = "https://lab.example/leave?u=1"\n')
    publish(lab.runs, [paper(1)])
    lab.send()
    message = mailbox.taken[0][1]
    assert message["List-Unsubscribe"] == "<https://lab.example/leave?u=1>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_each_recipient_gets_a_mail_of_their_own(lab: Lab, mailbox: Mailbox) -> None:
    lab.settings = mail_to(mailbox, ADA, more='to_env = "MORE"\n')
    lab.environment = {"MORE": f"{BOB}, {EVE};Ada@Lab.example"}
    publish(lab.runs, [paper(1)])
    assert [one.state for one in lab.send()] == ["sent"] * 3
    assert sorted(map(str.lower, mailbox.to())) == [ADA, BOB, EVE]
    names = {message["Message-ID"] for _, message in mailbox.taken}
    assert len(names) == 3
    assert all(BOB not in str(message) for to, message in mailbox.taken if to != BOB)


@pytest.mark.parametrize("answer", first_fast(["450 try later", "550 no such user"]))
def test_one_who_is_refused_is_tried_again_alone(lab: Lab, mailbox: Mailbox, answer: str) -> None:
    lab.settings = mail_to(mailbox, ADA, BOB, EVE)
    mailbox.refuse[BOB] = answer
    publish(lab.runs, [paper(1)])
    assert [one.state for one in lab.send()] == ["sent", "failed", "sent"]
    assert mailbox.to() == [ADA, EVE]
    (failed,) = lab.send()
    assert answer in failed.why
    mailbox.refuse.clear()
    mailbox.tried.clear()
    assert [one.state for one in lab.send()] == ["sent"]
    assert mailbox.tried == [BOB]
    assert lab.send() == []


@pytest.mark.parametrize(
    "answer",
    first_fast(
        [
            "drop",
            "451 busy",
            "554 spam",
        ],
        2,
    ),
)
def test_a_message_that_was_not_taken_is_sent_again_as_the_same(
    lab: Lab, mailbox: Mailbox, answer: str
) -> None:
    lab.settings = mail_to(mailbox, ADA, BOB)
    mailbox.data.append(answer)
    publish(lab.runs, [paper(1)])
    assert [one.state for one in lab.send()] == ["failed", "sent"]
    assert [one.state for one in lab.send()] == ["sent"]
    assert mailbox.to() == [BOB, ADA]


def test_a_server_that_keeps_silent_at_the_end_may_have_taken_it(lab: Lab, mailbox: Mailbox) -> None:
    lab.settings = f"[deliver]\ntimeout = 0.3\n{mail_to(mailbox, ADA)}"
    mailbox.data.append("silence")
    publish(lab.runs, [paper(1)])
    (report,) = lab.send()
    assert (report.state, report.why) == ("unsure", "the server did not answer in time")
    mailbox.release.set()
    assert lab.send() == []
    assert [one.state for one in lab.send(again=True)] == ["sent"]


def test_a_server_that_keeps_silent_is_not_waited_for_by_each_recipient(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        box = Mailbox(port=silent.getsockname()[1])
        lab.settings = f"[deliver]\ntimeout = 0.2\n{mail_to(box, ADA, BOB, EVE)}"
        publish(lab.runs, [paper(1)])
        assert [one.state for one in lab.send()] == ["failed"] * 3
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_one_silence_leaves_the_others_to_the_next_time(lab: Lab, mailbox: Mailbox) -> None:
    lab.settings = f"[deliver]\ntimeout = 0.3\n{mail_to(mailbox, ADA, BOB)}"
    mailbox.data.append("silence")
    publish(lab.runs, [paper(1)])
    assert [one.state for one in lab.send()] == ["unsure", "failed"]
    mailbox.release.set()
    assert [one.recipient for one in lab.send()] == ["lab b***@lab.example"]


def test_a_server_that_is_not_there(lab: Lab) -> None:
    with mail_server() as gone:
        lab.settings = mail_to(gone, ADA, BOB)
    publish(lab.runs, [paper(1)])
    assert [one.state for one in lab.send()] == ["failed", "failed"]


PASSWORD = "sesame-open-9"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    import trustme

    return trustme.CA()


def tls_of(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def secured(box: Mailbox, security: str) -> str:
    channel = mail_to(box, ADA).replace('"none"', f'"{security}"')
    return f'{channel}user = "digest"\npassword_env = "SMTP_PASSWORD"\n'


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # aiosmtpd sees STARTTLS only
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_tls_and_a_password(
    lab: Lab, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    publish(lab.runs, [paper(1)])
    lab.environment = {"SMTP_PASSWORD": PASSWORD}
    with (
        authority.cert_pem.tempfile() as trusted,
        mail_server(
            tls=tls_of(authority), implicit=security == "tls", user="digest", password=PASSWORD
        ) as box,
    ):
        lab.settings = secured(box, security)
        (report,) = lab.send()
        assert (report.state, report.why) == ("failed", "the server's certificate is not one to trust")
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        assert [one.state for one in lab.send()] == ["sent"]
        assert box.to() == [ADA]
        assert box.users


def test_a_wrong_password_is_told_and_not_shown(
    lab: Lab, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(lab.runs, [paper(1)])
    lab.environment = {"SMTP_PASSWORD": "wrong-" + PASSWORD}
    with (
        authority.cert_pem.tempfile() as trusted,
        mail_server(tls=tls_of(authority), user="digest", password=PASSWORD) as box,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        lab.settings = secured(box, "starttls")
        (report,) = lab.send()
        assert report.why.startswith("the server refuses user and password: 535")
        for form in (PASSWORD, base64.b64encode(PASSWORD.encode()).decode()):
            assert form not in str(report)


def test_a_server_without_tls_gets_no_password(lab: Lab) -> None:
    publish(lab.runs, [paper(1)])
    lab.environment = {"SMTP_PASSWORD": PASSWORD}
    with mail_server() as box:
        lab.settings = secured(box, "starttls")
        (report,) = lab.send()
    assert report.why == "the server does not offer what `security` and `user` ask for"
    assert (box.users, box.tried) == ([], [])


@pytest.mark.slow
def test_a_long_day_is_whole_as_text_and_fits_as_a_page(lab: Lab, mailbox: Mailbox) -> None:
    lab.settings = mail_to(mailbox, ADA)
    publish(lab.runs, [paper(number) for number in range(1, 501)])
    lab.send()
    text, page = parts(mailbox.taken[0][1])
    assert text.count("https://arxiv.org/abs/") == 500
    assert len(page.encode()) < 102_000
    shown = page.count("https://arxiv.org/abs/")
    assert f"其余 {500 - shown} 篇见网页" in page


def test_limit_and_interests_hold_for_both_parts(lab: Lab, mailbox: Mailbox) -> None:
    papers = [
        paper(number, title=f"Speech {'separation' if number < 6 else 'synthesis'}")
        for number in range(1, 31)
    ]
    publish(lab.runs, papers)
    interests = '[interests]\nwords = ["separation"]\n'
    lab.settings = interests + mail_to(mailbox, ADA, more="limit = 3\n")
    lab.settings += mail_to(mailbox, BOB, more='only = "interests"\n', name="near")
    assert [one.state for one in lab.send()] == ["sent", "sent"]
    for (_, message), count in zip(mailbox.taken, (3, 5), strict=True):
        text, page = parts(message)
        assert text.count("arxiv.org/abs/") == page.count("arxiv.org/abs/") == count
        assert f"另有 {30 - count} 篇" in text
        assert f"其余 {30 - count} 篇" in page
    assert "因为：separation" in text


def test_text_alone_and_another_language(lab: Lab, mailbox: Mailbox) -> None:
    lab.settings = mail_to(mailbox, ADA, more='template = "text"\nlang = "en"\n')
    publish(lab.runs, [paper(1)])
    lab.send()
    message = mailbox.taken[0][1]
    assert message.get_content_type() == "text/plain"
    assert "Wednesday, 28 January 2026 · 1 papers" in message["Subject"]
    assert "written by AI" in message.get_content()


def test_both_parts_count_alike_and_say_at_the_head_that_answers_are_recorded(
    lab: Lab, mailbox: Mailbox
) -> None:
    lab.settings = mail_to(mailbox, ADA)
    kinds = ["new", "new", "cross", "replaced"]
    entries = [
        one.model_copy(update={"listing": one.listing.model_copy(update={"kind": kind})})
        for one, kind in zip(map(paper, range(1, 5)), kinds, strict=True)
    ]
    publish(lab.runs, entries, sample=True)
    lab.send(sample=True)
    for form in parts(mailbox.taken[0][1]):
        assert "新发布 2 · 交叉列出 1 · 更新 1" in form
        assert form.index("录制的回答") < form.index("新发布 2")
