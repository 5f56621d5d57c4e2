"""A year of mornings with outages at random: every day reaches every recipient exactly once."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from tests.conftest import FULL
from tests.deliver.conftest import Lab, chat_at, mail_to
from tests.deliver.days import DAY, paper, publish
from tests.deliver.servers import Chats, Mailbox

MORNINGS = 365 if FULL else 15


@pytest.mark.slow
def test_every_day_reaches_everybody_exactly_once(lab: Lab, chats: Chats, mailbox: Mailbox) -> None:
    chance = random.Random(20260128)
    ada, bob = "ada@lab.example", "bob@lab.example"
    lab.settings = chat_at("GROUP") + mail_to(mailbox, ada, bob)
    lab.environment = {"GROUP": f"ntfy://127.0.0.1:{chats.port}/lab-arxiv"}
    published = []
    for number in range(MORNINGS):
        day = DAY + timedelta(days=number)
        chats.answers[:] = [(500, "down")] * (3 * (chance.random() < 0.2))
        mailbox.data[:] = [chance.choice(["451 busy", "drop"])] * (2 * (chance.random() < 0.2))
        mailbox.refuse = {bob: "450 later"} if chance.random() < 0.2 else {}
        if day.weekday() < 5 and chance.random() < 0.95:
            publish(lab.runs, [paper(number)], day=day)
            published.append(number)
            if chance.random() < 0.1:
                continue  # killed after it was published
        if published:
            latest = day if published[-1] == number else DAY + timedelta(days=published[-1])
            for _ in range(chance.choice([1, 1, 3])):
                lab.send(latest, catch_up=True)
    chats.answers.clear()
    mailbox.data.clear()
    mailbox.refuse.clear()
    lab.send(DAY + timedelta(days=published[-1]), catch_up=True)
    taken = [one for one in chats.asked if one.status == 200]
    assert Counter(f"第 {number} 个" in str(one.json) for one in taken for number in published)[True] == len(
        published
    )
    for to in (ada, bob):
        days = [message["Message-ID"] for address, message in mailbox.taken if address == to]
        assert len(days) == len(set(days)) == len(published)


if FULL:
    pytestmark = pytest.mark.slow
