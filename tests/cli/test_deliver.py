"""`digest deliver`, and what `digest run` delivers by itself: through the command line, to real servers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from digest.cli.deliver import after_run
from digest.cli.session import CommandOptions, Ready
from tests import forked
from tests.conftest import Run, Start, use
from tests.deliver.conftest import chat_at, mail_to
from tests.deliver.days import DAY, NOW, loaded, paper, publish
from tests.deliver.servers import Chats, Mailbox, chat_server, here, mail_server

ADA = "ada@lab.example"
ENABLED = "[deliver]\nenabled = true\n"
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def chats(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chats]:
    with chat_server() as server:
        here(server, monkeypatch)
        monkeypatch.setenv("GROUP", f"feishu://{TOKEN}")
        yield server


def test_a_run_publishes_and_sends_once_and_what_failed_is_tried_again_alone(
    digest: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    sample_server: Start,
    mailbox: Mailbox,
    chats: Chats,
) -> None:
    server, channels = sample_server(), chat_at("GROUP") + mail_to(mailbox, ADA)
    use(server, folder, monkeypatch, channels)
    assert digest("run", "--no-pdf").code == 0
    assert (chats.asked, mailbox.to()) == ([], [])  # nobody has asked for it yet
    files = {path: path.read_bytes() for path in (folder / "runs").rglob("audio.*")}
    use(server, folder, monkeypatch, ENABLED + channels)
    chats.answers.append((200, json.dumps({"code": 19024, "msg": f"Key Words Not Found {TOKEN}"})))
    ran = digest("run", "--no-pdf")
    assert ran.code == 5
    assert "lab a***@lab.example: 2026-01-28 audio sent" in ran.out
    assert "digest: group: 2026-01-28 audio not delivered: the service answered 200:" in ran.err
    assert "Key Words Not Found ***" in ran.err
    tried = digest("deliver", "--json")
    assert (tried.code, [(one["channel"], one["state"]) for one in tried.json]) == (0, [("group", "sent")])
    assert (tried.json[0]["papers"], tried.json[0]["left"]) == (27, 17)
    assert "Everybody has what is published." in digest("deliver").out
    assert (len(chats.asked), mailbox.to()) == (2, [ADA])
    assert digest("deliver", "--again", "--channel", "group").code == 0
    assert (len(chats.asked), mailbox.to()) == (3, [ADA])
    assert TOKEN not in ran.out + ran.err + tried.out
    assert {path: path.read_bytes() for path in files} == files


@pytest.mark.parametrize(("before", "after"), [(0, 5), (3, 5), (1, 1), (2, 2), (4, 4)])
def test_what_is_worse_than_a_lost_message_decides_the_exit_code(
    folder: Path, before: int, after: int, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(folder / "runs", [paper(1)])
    ready = Ready(loaded(folder, ENABLED + chat_at("UNSET")), lambda: NOW, CommandOptions({}))
    assert after_run(ready, [DAY], before, whole=True) == after
    assert "UNSET is not set" in capsys.readouterr().err
    assert after_run(ready, [DAY], before, whole=False) == before


def test_the_last_days_of_a_long_range_are_news_and_the_others_are_not(folder: Path, chats: Chats) -> None:
    days = [DAY - timedelta(days=back) for back in (0, 7, 8, 60)]
    for day in days:
        publish(folder / "runs", [paper(1)], day=day)
    ready = Ready(loaded(folder, ENABLED + chat_at("GROUP")), lambda: NOW, CommandOptions({}, quiet=True))
    assert after_run(ready, days, 0, whole=True) == 0
    assert len(chats.asked) == 2


def test_a_quiet_day_makes_up_for_what_failed_before(folder: Path, chats: Chats) -> None:
    publish(folder / "runs", [paper(1)])
    ready = Ready(loaded(folder, ENABLED + chat_at("GROUP")), lambda: NOW, CommandOptions({}, quiet=True))
    chats.answers.append((502, ""))
    assert after_run(ready, [DAY], 0, whole=True) == 5
    assert after_run(ready, [None], 0, whole=True) == 0
    assert len(chats.asked) == 2


def test_the_sample_day_reaches_nobody_unless_told_to(
    digest: Run, folder: Path, mailbox: Mailbox, chats: Chats
) -> None:
    channels = ENABLED + chat_at("GROUP") + mail_to(mailbox, ADA)
    publish(folder / "runs/sample", [paper(1)], sample=True)
    ready = Ready(loaded(folder, channels), lambda: NOW, CommandOptions({}, sample=True))
    assert after_run(ready, [DAY], 0, whole=True) == 0
    assert (chats.asked, mailbox.to()) == ([], [])
    refused = digest("deliver")
    assert refused.code == 2
    assert "holds no digest" in refused.err
    assert digest("deliver", "--sample").code == 0
    (asked,) = chats.asked
    assert "示例：录制的回答" in asked.json["card"]["elements"][0]["text"]["content"]
    assert mailbox.to() == [ADA]


def test_a_quick_look_is_sent_to_nobody(
    digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, sample_server: Start, chats: Chats
) -> None:
    use(sample_server(), folder, monkeypatch, ENABLED + chat_at("GROUP"))
    assert digest("run", "--no-pdf", "--limit", "3").code == 0
    assert chats.asked == []


def test_several_days_each_once(digest: Run, folder: Path, chats: Chats) -> None:
    (folder / "digest.toml").write_text(chat_at("GROUP"), encoding="utf-8")
    for number in (26, 27, 28):
        publish(folder / "runs", [paper(number)], day=date(2026, 1, number))
    assert digest("deliver", "--date", "2026-01-26..2026-01-27").code == 0
    assert digest("deliver", "--date", "2026-01-26..2026-01-28").code == 0
    days = [asked.json["card"]["header"]["title"]["content"] for asked in chats.asked]
    assert [f"1 月 {number} 日" in day for number, day in zip((26, 27, 28), days, strict=True)] == [True] * 3


def test_a_dry_run_needs_no_ledger_and_shows_the_message(digest: Run, folder: Path, chats: Chats) -> None:
    (folder / "digest.toml").write_text(chat_at("GROUP"), encoding="utf-8")
    publish(folder / "runs", [paper(1)])
    shown = digest("deliver", "--dry-run")
    assert shown.code == 0
    assert "group: 2026-01-28 audio would be sent, 1 papers, 0 more left" in shown.out
    assert "第 1 个问题" in shown.out
    assert (chats.asked, [path.name for path in (folder / "runs").iterdir()]) == ([], ["2026-01-28"])
    (planned,) = digest("deliver", "--dry-run", "--json").json
    assert planned["state"] == "planned"
    assert TOKEN not in str(planned)


@pytest.mark.parametrize(
    ("settings", "words", "said"),
    [
        ("", ("deliver",), "names no channel"),
        (chat_at("GROUP"), ("deliver", "--channel", "grop"), "no channel 'grop'. Channels in [deliver]"),
        (chat_at("GROUP"), ("deliver", "--again"), "--channel NAME"),
        (chat_at("GROUP"), ("deliver", "--date", "2026-01-27"), "holds no digest of 2026-01-27"),
        (f'[deliver.chat.group]\nurl_env = "feishu://{TOKEN}"\n', ("deliver",), "never the secret itself"),
        (
            chat_at("GROUP", 'sections = ["adio"]\n'),
            ("deliver",),
            "the channel group of [deliver] has 'adio'",
        ),
    ],
)
def test_what_cannot_be_used_is_said(
    digest: Run, folder: Path, chats: Chats, settings: str, words: tuple[str, ...], said: str
) -> None:
    (folder / "digest.toml").write_text(settings, encoding="utf-8")
    publish(folder / "runs", [paper(1)])
    refused = digest(*words)
    assert refused.code == 2
    assert said in refused.err
    assert TOKEN not in refused.out + refused.err
    assert chats.asked == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "the variable GROUP is not set"),
        ("sesame-open-9", "no address that Apprise can use"),
        (f"ntfy://127.0.0.1/{TOKEN}/another-topic", "several recipients"),
        (f"schan://{TOKEN}", "takes no html"),
    ],
)
def test_an_address_that_cannot_be_used_is_not_shown(
    digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, chats: Chats, address: str, said: str
) -> None:
    template = 'template = "html"\n' if address.startswith("schan") else ""
    (folder / "digest.toml").write_text(chat_at("GROUP", template), encoding="utf-8")
    monkeypatch.setenv("GROUP", address)
    publish(folder / "runs", [paper(1)])
    refused = digest("deliver")
    assert refused.code == 5
    assert said in refused.err
    for secret in ("sesame-open", TOKEN):
        assert secret not in refused.out + refused.err


def test_the_debug_log_of_a_real_process_shows_no_address(folder: Path) -> None:
    with chat_server() as chats:
        (folder / "digest.toml").write_text(chat_at("GROUP"), encoding="utf-8")
        publish(folder / "runs", [paper(1)])
        environment = {**os.environ, "GROUP": f"ntfy://127.0.0.1:{chats.port}/a-secret-topic"}
        chats.answers.append((500, json.dumps({"error": "no such topic: a-secret-topic"})))
        ran = forked.run("-m", "digest", "--debug", "deliver", env=environment)
    assert (ran.returncode, len(chats.asked)) == (5, 1)
    assert "no such topic: ***" in ran.stderr
    assert "DEBUG digest.cli.app" in ran.stderr
    assert "a-secret-topic" not in ran.stdout + ran.stderr


def test_the_doctor_looks_at_channels_without_sending(
    digest: Run, folder: Path, mailbox: Mailbox, chats: Chats
) -> None:
    channels = chat_at("GROUP") + chat_at("UNSET", name="unset") + mail_to(mailbox, ADA)
    (folder / "digest.toml").write_text(channels, encoding="utf-8")
    looked = digest("doctor", "--sample")
    assert looked.code == 0  # that day needs no channel
    assert "group can be used" in looked.out
    assert "unset cannot be used: the variable UNSET is not set" in looked.out
    assert "lab can be used" in looked.out
    assert TOKEN not in looked.out + looked.err
    assert (chats.asked, mailbox.tried) == ([], [])
