"""Everybody gets everything once: over reruns, late sections, failures, crashes, corrections, processes."""

from __future__ import annotations

import os
import signal
from datetime import date, timedelta

import pytest

from digest.deliver.journal import Journal
from digest.ledger import Ledger, open_ledger
from digest.system.errors import LedgerError
from tests import forked
from tests.deliver.conftest import Lab, chat_at, mail_to
from tests.deliver.days import DAY, NOW, paper, publish
from tests.deliver.servers import Chats, Mailbox

TOPIC = "ntfy://127.0.0.1:{port}/lab-arxiv"
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def group(lab: Lab, chats: Chats) -> Lab:
    lab.settings = chat_at("GROUP")
    lab.environment = {"GROUP": TOPIC.format(port=chats.port)}
    return lab


def told(chats: Chats) -> list[str]:
    """The messages that arrived."""
    return [str(asked.json["message"]) for asked in chats.asked]


@pytest.mark.slow
def test_a_rerun_and_a_changed_line_send_nothing(group: Lab, chats: Chats) -> None:
    publish(group.runs, [paper(1)])
    assert [one.state for one in group.send()] == ["sent"]
    publish(group.runs, [paper(1, "换过的一句。")])
    assert group.send() == []
    assert len(chats.asked) == 1


def test_a_section_that_comes_later_follows_alone(group: Lab, chats: Chats) -> None:
    publish(group.runs, [paper(1)])
    group.send()
    publish(group.runs, [paper(2)], "text")
    publish(group.runs, [paper(3), paper(2)], "video")
    (report,) = group.send()
    assert report.sections == ("text", "video")
    assert "2601.00001" not in told(chats)[1]
    assert told(chats)[1].count("2601.00002") == 1  # in two sections, and told of once
    assert group.send() == []


def test_a_channel_gets_the_sections_it_wants(lab: Lab, chats: Chats, mailbox: Mailbox) -> None:
    lab.settings = chat_at("GROUP", 'sections = ["text"]\n') + mail_to(
        mailbox, "ada@lab.example", more='sections = ["audio", "video"]\n'
    )
    lab.environment = {"GROUP": TOPIC.format(port=chats.port)}
    publish(lab.runs, [paper(1)])
    publish(lab.runs, [paper(2)], "text")
    assert [(one.channel, one.sections) for one in lab.send()] == [("group", ("text",)), ("lab", ("audio",))]


def test_a_channel_that_fails_takes_no_other_with_it(lab: Lab, chats: Chats, mailbox: Mailbox) -> None:
    lab.settings = (
        chat_at("NOT_SET", name="unset")
        + chat_at("NONSENSE", name="nonsense")
        + chat_at("GROUP")
        + mail_to(mailbox, "ada@lab.example")
    )
    lab.environment = {"GROUP": TOPIC.format(port=chats.port), "NONSENSE": "sesame-open-9"}
    publish(lab.runs, [paper(1)])
    reports = lab.send()
    assert [one.state for one in reports] == ["failed", "failed", "sent", "sent"]
    assert "NOT_SET is not set" in reports[0].why
    assert "sesame" not in str(reports)
    assert [one.state for one in lab.send()] == ["failed", "failed"]


def test_an_address_with_several_recipients_would_reach_half_of_them_twice(lab: Lab, chats: Chats) -> None:
    lab.settings = chat_at("GROUP")
    lab.environment = {"GROUP": f"ntfy://127.0.0.1:{chats.port}/one-topic/another-topic"}
    publish(lab.runs, [paper(1)])
    (report,) = lab.send()
    assert report.state == "failed"
    assert "several recipients" in report.why
    assert chats.asked == []


def test_what_was_missed_is_made_up_and_what_was_before_is_not(group: Lab, chats: Chats) -> None:
    for back in (3, 2):
        publish(group.runs, [paper(back)], day=DAY - timedelta(days=back))
    publish(group.runs, [paper(10)])
    assert [one.day for one in group.send(catch_up=True)] == [DAY]  # older days are not news to a new channel
    publish(group.runs, [paper(11)], day=NEXT)
    chats.answers += [(500, "down")] * 2
    assert [one.state for one in group.send(NEXT, catch_up=True)] == ["failed"]
    publish(group.runs, [paper(12)], day=NEXT + timedelta(days=1))
    publish(group.runs, [paper(13)], day=NEXT + timedelta(days=2))
    third = NEXT + timedelta(days=2)
    assert [one.state for one in group.send(third, catch_up=True)] == ["failed", "sent", "sent"]
    assert [one.day for one in group.send(third, catch_up=True)] == [NEXT]
    assert len(chats.asked) == 6
    assert group.send(third, catch_up=True) == []


def test_a_new_recipient_and_a_new_section_begin_today(lab: Lab, mailbox: Mailbox) -> None:
    for number, day in enumerate((DAY, NEXT)):
        publish(lab.runs, [paper(10 + number)], day=day)
        publish(lab.runs, [paper(20 + number)], "text", day=day)
    wants = 'sections = ["audio"]\n'
    lab.settings = mail_to(mailbox, "ada@lab.example", more=wants)
    lab.send()
    mailbox.taken.clear()
    lab.settings = mail_to(mailbox, "ada@lab.example", "bob@lab.example", more=wants)
    lab.settings = lab.settings.replace('["audio"]', '["audio", "text"]')
    assert [(one.day, one.sections) for one in lab.send(NEXT, catch_up=True)] == [
        (NEXT, ("audio", "text"))
    ] * 2
    assert mailbox.to() == ["ada@lab.example", "bob@lab.example"]


def test_what_was_missed_too_long_ago_stays_so(group: Lab) -> None:
    publish(group.runs, [paper(1)])
    group.send()
    publish(group.runs, [paper(2)], day=NEXT)
    later = NEXT + timedelta(days=9)
    publish(group.runs, [paper(3)], day=later)
    assert [one.day for one in group.send(later, catch_up=True)] == [later]
    assert [one.day for one in group.send(NEXT)] == [NEXT]


@pytest.mark.parametrize("digest", ["empty", "not near"])
@pytest.mark.parametrize("wanted", [False, True])
def test_a_day_without_papers_is_told_where_that_is_wanted(
    group: Lab, chats: Chats, digest: str, wanted: bool
) -> None:
    if digest == "not near":
        group.settings = '[interests]\nwords = ["whale"]\n' + chat_at("GROUP", 'only = "interests"\n')
    group.settings = f"[deliver]\nempty = {str(wanted).lower()}\n{group.settings}"
    publish(group.runs, [paper(1)] if digest == "not near" else [])
    assert [one.state for one in group.send()] == ["sent" if wanted else "nothing"]
    expected = "这一天没有论文" if digest == "empty" else "没有与关注相近的论文"
    assert [expected in text for text in told(chats)] == [True] * wanted


def test_a_quick_look_at_a_few_papers_is_no_day(group: Lab, chats: Chats) -> None:
    from tests.publish.samples import digest_of

    counts = digest_of(paper(1)).counts.model_copy(update={"announced": 40})
    publish(group.runs, [paper(1)], counts=counts)
    publish(group.runs, [paper(2)], "text")
    held, sent = group.send()
    assert (held.sections, held.state) == (("audio",), "held")
    assert held.why == "of 40 papers it lists 1, 1 with a line"
    assert (sent.sections, sent.state) == (("text",), "sent")
    assert "2601.00001" not in told(chats)[0]
    publish(group.runs, [paper(1)])
    assert [(one.sections, one.state) for one in group.send()] == [(("audio",), "sent")]


def test_what_arxiv_did_not_show_and_flags_and_kinds_are_stated(group: Lab, chats: Chats) -> None:
    publish(group.runs, [paper(1), paper(2, kind="replaced"), paper(3, kind="cross")], withheld=2)
    group.send()
    (text,) = told(chats)
    assert "音频：新发布 1 · 交叉列出 1 · 更新 1 · arXiv 还计有 2 篇，没有列出" in text
    assert "另有 1 篇" in text  # the new version: told of before, and on the page
    assert "2601.00002" not in text


def test_what_is_recorded_is_sent_when_asked_for_and_says_so(group: Lab, chats: Chats) -> None:
    publish(group.runs, [paper(1)], sample=True)
    (report,) = group.send()
    assert (report.state, chats.asked) == ("held", [])
    assert [one.state for one in group.send(sample=True)] == ["sent"]
    assert "示例：录制的回答" in told(chats)[0]


def test_a_dry_run_shows_all_and_does_nothing(group: Lab, chats: Chats) -> None:
    publish(group.runs, [paper(1)])
    (report,) = group.send(dry=True)
    assert report.state == "planned"
    assert report.message
    assert "第 1 个问题" in report.message.body
    assert (chats.asked, group.ledger.deliveries(DAY, DAY)) == ([], ())


def test_corrections_where_they_are_wanted_once_each(group: Lab, chats: Chats) -> None:
    group.settings = f"[deliver]\ncorrections = true\n{group.settings}"
    publish(group.runs, [paper(1), paper(2)])
    group.send()
    assert group.send() == []
    for line in ("第一次改过的一句。", "第二次改过的一句。"):
        publish(group.runs, [paper(1), paper(2, line)])
        chats.answers.append((500, "down"))
        assert [one.state for one in group.send()] == ["failed"]
        (report,) = group.send()
        assert (report.state, report.correction) == ("sent", True)
        assert line in told(chats)[-1]
        assert "2601.00001" not in told(chats)[-1]
        assert chats.asked[-1].json["title"].startswith("更正 1 篇")
        assert group.send() == []


def test_a_correction_by_mail_answers_the_mail_that_it_corrects(lab: Lab, mailbox: Mailbox) -> None:
    lab.settings = f"[deliver]\ncorrections = true\n{mail_to(mailbox, 'ada@lab.example')}"
    publish(lab.runs, [paper(1)])
    lab.send()
    publish(lab.runs, [paper(1, "改过的一句。")])
    lab.send()
    (_, first), (_, second) = mailbox.taken
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]


def test_silence_may_mean_that_it_arrived(group: Lab, chats: Chats) -> None:
    group.settings = f"[deliver]\ntimeout = 0.3\n{group.settings}"
    publish(group.runs, [paper(1)])
    chats.answers.append((-1, ""))
    (report,) = group.send()
    assert report.state == "unsure"
    chats.release.set()
    assert group.send() == []
    assert [one.state for one in group.send(again=True)] == ["sent"]


def test_a_service_that_keeps_silent_puts_no_other_day_in_doubt(group: Lab, chats: Chats) -> None:
    group.settings = f"[deliver]\ntimeout = 0.3\n{group.settings}"
    publish(group.runs, [paper(1)])
    publish(group.runs, [paper(2)], day=NEXT)
    chats.answers.append((-1, ""))
    assert [one.state for one in group.send(DAY, NEXT)] == ["unsure", "failed"]
    chats.release.set()
    assert [(one.day, one.state) for one in group.send(DAY, NEXT)] == [(NEXT, "sent")]


def test_a_correction_that_was_killed_on_the_way_is_told_of_and_not_sent_twice(
    group: Lab, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    group.settings = f"[deliver]\ncorrections = true\n{group.settings}"
    publish(group.runs, [paper(1)])
    group.send()
    publish(group.runs, [paper(1, "改过的一句。")])
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "end", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            group.send()
    assert [(one.state, one.correction) for one in group.send()] == [("unsure", True)]
    assert group.send() == []
    assert len(chats.asked) == 2


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_cannot_be_noted_is_not_sent(lab: Lab, chats: Chats, mailbox: Mailbox) -> None:
    lab.environment = {"GROUP": TOPIC.format(port=chats.port)}
    publish(lab.runs, [paper(1)])
    lab.ledger = _Full(lab.ledger)
    for channel in (chat_at("GROUP"), mail_to(mailbox, "ada@lab.example")):
        lab.settings = channel
        with pytest.raises(LedgerError):
            lab.send()
    assert (chats.asked, mailbox.taken) == ([], [])


# processes

SCRIPT = """
import os, sys
from datetime import date
from pathlib import Path
from digest.deliver.delivery import Wish, deliver
from digest.ledger import open_ledger
from tests.deliver.days import DAY, NOW, loaded
folder = Path(sys.argv[1])
settings = loaded(folder, sys.argv[2])
with open_ledger(folder / "runs") as ledger:
    for report in deliver(settings, ledger, Wish((DAY,)), lambda: NOW, os.environ):
        print(report.state, flush=True)
"""


def process(lab: Lab) -> forked.Process:
    """A process that delivers the day."""
    words = (SCRIPT, str(lab.folder), lab.settings)
    return forked.Process("-c", *words, env={**os.environ, **lab.environment})


@pytest.fixture
def kept(lab: Lab) -> Lab:
    """The same with a ledger on disk."""
    lab.runs.mkdir()
    return lab


def with_ledger(lab: Lab, *days: date, **wish: bool) -> list[str]:
    with open_ledger(lab.runs) as ledger:
        lab.ledger = ledger
        return [one.state for one in lab.send(*days, **wish)]


def test_a_process_killed_before_it_could_note_that_it_sent_sends_nothing_twice(
    kept: Lab, mailbox: Mailbox
) -> None:
    kept.settings = mail_to(mailbox, "ada@lab.example", "bob@lab.example")
    publish(kept.runs, [paper(1)])
    sender = process(kept)
    mailbox.after = lambda: os.kill(sender.pid, signal.SIGKILL)
    sender.communicate()
    assert sender.returncode == -signal.SIGKILL
    mailbox.after = None
    assert mailbox.to() == ["ada@lab.example"]
    assert with_ledger(kept) == ["unsure", "sent"]
    assert mailbox.to() == ["ada@lab.example", "bob@lab.example"]
    assert with_ledger(kept) == []
    assert with_ledger(kept, again=True) == ["sent", "sent"]


def test_a_process_killed_before_it_sent_anything_leaves_it_to_the_next(kept: Lab, mailbox: Mailbox) -> None:
    kept.settings = mail_to(mailbox, "ada@lab.example")
    publish(kept.runs, [paper(1)])
    sender = process(kept)
    mailbox.asked = lambda: os.kill(sender.pid, signal.SIGKILL)
    sender.communicate()
    mailbox.asked = None
    assert mailbox.to() == []
    assert with_ledger(kept) == ["sent"]


def test_a_chat_that_was_killed_on_the_way_is_told_of_and_not_sent_twice(kept: Lab, chats: Chats) -> None:
    kept.settings = chat_at("GROUP")
    kept.environment = {"GROUP": TOPIC.format(port=chats.port)}
    publish(kept.runs, [paper(1)])
    sender = process(kept)
    chats.after = lambda: os.kill(sender.pid, signal.SIGKILL)
    sender.communicate()
    chats.after = None
    assert with_ledger(kept) == ["unsure"]
    assert with_ledger(kept) == []
    assert len(chats.asked) == 1


def test_of_two_processes_one_sends(kept: Lab, chats: Chats) -> None:
    kept.settings = chat_at("GROUP")
    kept.environment = {"GROUP": TOPIC.format(port=chats.port)}
    publish(kept.runs, [paper(1)])
    senders = [process(kept) for _ in range(2)]
    said = [sender.communicate() for sender in senders]
    assert sorted(out for out, _ in said) == ["", "sent\n"], said
    assert len(chats.asked) == 1


def test_without_locks_the_ledger_itself_lets_one_begin(lab: Lab, chats: Chats) -> None:
    lab.settings = chat_at("GROUP")
    lab.environment = {"GROUP": TOPIC.format(port=chats.port)}
    publish(lab.runs, [paper(1)])
    first, second = lab.ledger, _Behind(lab.ledger)
    assert [one.state for one in lab.send()] == ["sent"]
    lab.ledger = second
    assert [one.state for one in lab.send()] == ["nothing"]
    lab.ledger = first
    assert len(chats.asked) == 1


class _Full:
    """A ledger on a disk that is full."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def note_deliveries(self, deliveries: object) -> bool:
        raise LedgerError(f"no room for {deliveries}")

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)


class _Behind:
    """A ledger whose reader does not see yet what another process has just noted."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def deliveries(self, first: date, last: date) -> tuple[()]:  # noqa: ARG002 - of the interface
        return ()

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)


def test_the_ledger_holds_no_address(kept: Lab, mailbox: Mailbox, chats: Chats) -> None:
    kept.settings = mail_to(mailbox, "ada@lab.example") + chat_at("GROUP")
    kept.environment = {"GROUP": f"ntfy://127.0.0.1:{chats.port}/a-secret-topic"}
    publish(kept.runs, [paper(1)])
    assert with_ledger(kept) == ["sent", "sent"]
    content = b"".join(path.read_bytes() for path in kept.runs.glob("ledger*") if path.is_file())
    for secret in (b"ada@", b"a-secret-topic"):
        assert secret not in content
    assert NOW.isoformat()[:10].encode() in content
