"""Each service gets a request of the form it documents, within its limits, and its word is what counts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib import import_module

import pytest

from digest.config import InterestSettings, SiteSettings
from digest.deliver.compose import compose
from digest.deliver.selection import Part, select
from digest.deliver.services import SERVICES as TABLE
from digest.publish.site.interests import InterestScorer
from digest.publish.site.pages import SectionPage
from digest.publish.site.view import views_of
from tests.deliver.conftest import Lab, chat_at
from tests.deliver.days import DAY, flagged, paper, publish
from tests.deliver.servers import Asked, Chats
from tests.examples import each_fast, first_fast
from tests.publish.samples import AUDIO, digest_of

TOKEN = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Documented:
    """What a service documents.

    Attributes:
        address: as Apprise writes it.
        text: takes the message out of a request, after looking at its form.
        fits: whether the request is within the limit.
        refusal: status and body of an answer that takes nothing.
    """

    address: str
    text: Callable[[Asked], str]
    fits: Callable[[Asked], bool]
    refusal: tuple[int, str]


def feishu(asked: Asked) -> str:
    values = asked.json
    assert values.keys() == {"msg_type", "card"}
    assert values["msg_type"] == "interactive"
    card = values["card"]
    assert card["header"]["title"]["tag"] == "plain_text"
    (element,) = card["elements"]
    assert element["text"]["tag"] == "lark_md"
    return f"{card['header']['title']['content']}\n{element['text']['content']}"


def dingtalk(asked: Asked) -> str:
    values = asked.json
    assert values["msgtype"] == "markdown"
    assert values["at"] == {"atMobiles": [], "isAtAll": False}
    assert asked.query["access_token"] == [TOKEN]
    assert values["markdown"]["title"]
    return str(values["markdown"]["text"])


def wecom(asked: Asked) -> str:
    values = asked.json
    assert values.keys() == {"msgtype", "markdown"}
    assert asked.query["key"] == [TOKEN]
    return str(values["markdown"]["content"])


def serverchan(asked: Asked) -> str:
    values = asked.form
    assert values.keys() == {"title", "desp"}
    assert len(values["title"]) <= 32
    return f"{values['title']}\n{values['desp']}"


def pushplus(asked: Asked) -> str:
    values = asked.json
    assert values["token"] == TOKEN
    assert values["template"] == "html"
    assert len(values["title"]) <= 100
    return f"{values['title']}\n{values['content']}"


def telegram(asked: Asked) -> str:
    values = asked.json
    assert asked.path.endswith("/sendMessage")
    assert (str(values["chat_id"]), values["parse_mode"]) == ("12345", "HTML")
    assert "<br" not in values["text"]
    return str(values["text"])


def slack(asked: Asked) -> str:
    values = asked.json
    (attachment,) = values["attachments"]
    assert values["mrkdwn"] is True
    return f"{attachment['title']}\n{attachment['text']}"


def discord(asked: Asked) -> str:
    values = asked.json
    assert values["flags"] & 4
    assert "avatar_url" not in values
    return str(values["content"])


def ntfy(asked: Asked) -> str:
    values = asked.json
    assert values["topic"] == "lab-arxiv"
    return f"{values['title']}\n{values['message']}"


def bark(asked: Asked) -> str:
    values = asked.json
    assert (asked.path, values["device_key"]) == ("/push", "devicekey")
    return f"{values['title']}\n{values['markdown']}"


def _says(**values: int) -> tuple[int, str]:
    """A refusal with the status of success, as several services have it."""
    return 200, json.dumps(values)


SERVICES = {
    "feishu": Documented(f"feishu://{TOKEN}", feishu, lambda one: len(one.body) <= 20_000, _says(code=19024)),
    "lark": Documented(f"lark://{TOKEN}", feishu, lambda one: len(one.body) <= 20_000, _says(code=9499)),
    "dingtalk": Documented(
        f"dingtalk://{TOKEN}", dingtalk, lambda one: len(one.body) <= 20_000, _says(errcode=310000)
    ),
    "wecom": Documented(
        f"wecombot://{TOKEN}", wecom, lambda one: len(wecom(one).encode()) <= 4096, _says(errcode=45009)
    ),
    "serverchan": Documented(
        f"schan://{TOKEN}",
        serverchan,
        lambda one: len(one.form["desp"].encode()) <= 32_768,
        _says(code=40001),
    ),
    "pushplus": Documented(
        f"pushplus://{TOKEN}", pushplus, lambda one: len(one.json["content"]) <= 20_000, _says(code=903)
    ),
    "telegram": Documented(
        f"tgram://123456789:{TOKEN}/12345/",
        telegram,
        lambda one: len(telegram(one).encode("utf-16-le")) <= 2 * 4096,
        (400, '{"ok":false,"description":"Bad Request: chat not found"}'),
    ),
    "slack": Documented(
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        slack,
        lambda one: len(slack(one)) <= 40_000,
        (404, "no_service"),
    ),
    "discord": Documented(
        f"discord://4174216299958026/{TOKEN}",
        discord,
        lambda one: len(discord(one).encode("utf-16-le")) <= 2 * 2000,
        (404, '{"message":"Unknown Webhook","code":10015}'),
    ),
    "ntfy": Documented(
        "ntfy://127.0.0.1:{port}/lab-arxiv",
        ntfy,
        lambda one: len(one.json["message"].encode()) <= 4096,
        (429, '{"code":42901,"http":429,"error":"limit reached"}'),
    ),
    "bark": Documented(
        "bark://127.0.0.1:{port}/devicekey",
        bark,
        lambda one: len(json.dumps(one.json, ensure_ascii=False).encode()) <= 4096,
        (400, '{"code":400,"message":"failed to get device token"}'),
    ),
}


UNLIKE = ("feishu", "wecom", "telegram", "slack")
"""They differ most: how they are addressed, count, escape, and refuse."""
FOUR = pytest.mark.parametrize(
    "service", first_fast([*UNLIKE, *sorted(SERVICES.keys() - UNLIKE)], len(UNLIKE)), indirect=True
)


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> Documented:
    return SERVICES[request.param]


@pytest.fixture
def group(lab: Lab, chats: Chats, service: Documented) -> Lab:
    lab.settings = chat_at("GROUP")
    lab.environment = {"GROUP": service.address.format(port=chats.port)}
    return lab


def test_a_short_day_arrives_whole(group: Lab, chats: Chats, service: Documented) -> None:
    publish(group.runs, [paper(1), flagged(2)])
    (report,) = group.send()
    assert (report.state, report.why) == ("sent", "")
    (asked,) = chats.asked
    text = service.text(asked)
    assert "arXiv 速览" in text
    assert "2026 年 1 月 28 日" in text
    for number in (1, 2):
        assert f"第 {number} 个问题" in text
        assert f"https://arxiv.org/abs/2601.{number:05d}v1" in text
    assert "〔待核〕该论文" in text
    assert "简介由 AI 生成" in text
    assert "https://lab.example/arxiv/2026-01-28/audio.html" in text
    assert "另有" not in text


LINES = ("很长的简介，" * 12, "🎧" * 80, '"\\<&>' * 16)
"""A character takes one byte or four, escapes of six or twelve, or an entity: services count differently."""


@FOUR
def test_a_long_day_is_cut_between_papers_and_says_so(group: Lab, chats: Chats, service: Documented) -> None:
    numbers = range(1, 301)
    publish(group.runs, [paper(number, f"{LINES[number % 3]}第 {number} 句完。") for number in numbers])
    (report,) = group.send()
    assert report.state == "sent"
    assert report.message
    (asked,) = chats.asked
    assert service.fits(asked)
    text = service.text(asked)
    shown = sum(f"第 {number} 句完" in text for number in numbers)
    links = sum(f"abs/2601.{number:05d}v1" in text for number in numbers)
    assert shown == links == report.message.papers
    assert 3 <= shown < 300
    assert f"另有 {300 - shown} 篇" in text
    assert "https://lab.example/arxiv/2026-01-28/audio.html" in text


@pytest.mark.parametrize(("name", "line"), each_fast(SERVICES, LINES))
def test_what_is_composed_fits_by_the_measure_of_the_service(name: str, line: str) -> None:
    scheme = SERVICES[name].address.partition(":")[0]
    for form in TABLE[scheme].formats.values():
        digest = digest_of(*(paper(n, line) for n in range(1, 41)))
        views = views_of(digest, InterestScorer(InterestSettings()), english=False)
        kinds = tuple(entry.listing.kind for entry in digest_of().entries)
        part = Part(SectionPage(AUDIO, DAY, digest_of().counts, "listing", (), views), kinds)
        made = compose(select(DAY, [part], "all", "zh"), form, SiteSettings(), None, 0)
        assert form.measure(made.body) <= form.limit
        assert made.papers + made.left == 40
        assert made.papers


def test_what_the_service_does_not_take_is_not_delivered(
    group: Lab, chats: Chats, service: Documented
) -> None:
    publish(group.runs, [paper(1)])
    status, body = service.refusal
    chats.answers.append((status, body))
    (report,) = group.send()
    assert report.state == "failed"
    assert str(status) in report.why
    secret = group.environment["GROUP"].rpartition("/")[2] or TOKEN
    assert secret not in str(report)
    (report,) = group.send()
    assert report.state == "sent"
    assert group.send() == []


@FOUR
def test_a_page_of_a_proxy_is_no_word_of_the_service(group: Lab, chats: Chats, service: Documented) -> None:
    publish(group.runs, [paper(1)])
    chats.answers.append((200, "<html>Sign in to the network</html>"))
    (report,) = group.send()
    assert report.state == "failed"


@pytest.mark.parametrize(
    ("service", "body"),
    each_fast(SERVICES, ['{"result": "queued"}', "[]", "accepted", '{"note": "<html>"}']),
    indirect=["service"],
)
def test_an_answer_of_no_known_form_is_unsure_and_nothing_is_sent_again(
    group: Lab, chats: Chats, service: Documented, body: str
) -> None:
    publish(group.runs, [paper(1)])
    chats.answers.append((200, body))
    (report,) = group.send()
    expected = TABLE[service.address.partition(":")[0]].expected
    assert (report.state, expected in report.why, body[:6] in report.why) == ("unsure", True, True)
    assert [one.state for one in group.send() if one.state != "unsure"] == []
    assert len(chats.asked) == 1


@FOUR
def test_a_service_that_is_down_is_tried_again(group: Lab, chats: Chats, service: Documented) -> None:
    publish(group.runs, [paper(1)])
    chats.answers += [(502, "down"), (0, "")]  # the second ends the connection without a word
    assert [one.state for one in group.send()] == ["failed"]
    assert [one.state for one in group.send()] == ["failed"]
    assert [one.state for one in group.send()] == ["sent"]


@pytest.mark.parametrize(
    ("shown", "path"),
    [
        (f"https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}", "/feishu"),
        (f"https://open.larksuite.com/open-apis/bot/v2/hook/{TOKEN}", "/lark"),
        (f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}", "/dingtalk"),
        (f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}", "/wecom"),
        (f"https://sctapi.ftqq.com/{TOKEN}.send", "/schan"),
        (f"https://www.pushplus.plus/send?token={TOKEN}", "/pushplus"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "/slack"),
        (f"https://discord.com/api/webhooks/4174216299958026/{TOKEN}", "/discord"),
    ],
)
def test_an_address_may_be_the_one_that_the_service_shows(
    lab: Lab, chats: Chats, shown: str, path: str
) -> None:
    lab.settings, lab.environment = chat_at("GROUP"), {"GROUP": shown}
    publish(lab.runs, [paper(1)])
    assert [one.state for one in lab.send()] == ["sent"]
    assert chats.asked[0].path.startswith(path)


@pytest.mark.parametrize(
    ("scheme", "template", "told"),
    [
        ("feishu", "text", lambda one: one.json["content"]["text"]),
        ("dingtalk", "text", lambda one: one.json["text"]["content"]),
        ("wecombot", "text", lambda one: one.json["text"]["content"]),
        ("pushplus", "markdown", lambda one: one.json["content"] * (one.json["template"] == "markdown")),
        ("pushplus", "text", lambda one: one.json["content"] * (one.json["template"] == "txt")),
    ],
)
def test_another_template_where_the_service_takes_it(
    lab: Lab, chats: Chats, scheme: str, template: str, told: Callable[[Asked], str]
) -> None:
    lab.settings = chat_at("GROUP", f'template = "{template}"\nlimit = 4\n')
    lab.environment = {"GROUP": f"{scheme}://{TOKEN}"}
    publish(lab.runs, [paper(number) for number in range(1, 41)])
    assert [one.state for one in lab.send()] == ["sent"]
    text = told(chats.asked[0])
    assert text.count("https://arxiv.org/abs/") == 4
    assert "另有 36 篇" in text
    assert "**" not in text or template == "markdown"
    assert scheme != "wecombot" or len(text.encode()) <= 2048


def test_a_plugin_that_fails_shows_no_address(
    lab: Lab, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apprise.plugins.feishu import NotifyFeishu

    def broken(*_: object, **__: object) -> bool:
        raise RuntimeError(f"feishu://{TOKEN}")

    monkeypatch.setattr(NotifyFeishu, "send", broken)
    lab.settings, lab.environment = chat_at("GROUP"), {"GROUP": f"feishu://{TOKEN}"}
    publish(lab.runs, [paper(1)])
    (report,) = lab.send()
    assert (report.state, report.why) == ("unsure", "Apprise failed with RuntimeError")
    assert chats.asked == []


def test_without_apprise_chat_says_what_to_install(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    lab.settings, lab.environment = chat_at("GROUP"), {"GROUP": f"feishu://{TOKEN}"}
    publish(lab.runs, [paper(1)])
    (report,) = lab.send()
    assert (report.state, "[deliver]" in report.why) == ("failed", True)


@pytest.mark.slow
def test_nothing_of_it_is_imported_before_it_is_used() -> None:
    check = (
        "import sys, digest.cli.app; assert not {'apprise', 'smtplib', 'requests'} & set(sys.modules)\n"
        "import digest.deliver.delivery; assert not {'apprise', 'requests'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_any_other_service_of_apprise_gets_text(lab: Lab, chats: Chats) -> None:
    lab.settings = chat_at("GROUP")
    lab.environment = {"GROUP": f"json://127.0.0.1:{chats.port}/hook"}
    publish(lab.runs, [paper(1)])
    assert [one.state for one in lab.send()] == ["sent"]
    assert "第 1 个问题" in chats.asked[0].json["message"]


EVIL = (
    '@everyone @all @所有人 ＠here <!channel> <@U123> <at id=all></at> <at user_id="all">x</at> '
    "[x](https://evil.example) ![p](//evil.example/p.png) [y](javascript:alert) <b onclick=x>b</b> "
    "<https://evil.example|y> <script>z</script> `code` *bold* __u__ ~s~ www.evil.example evil.example "
    "http://evil.example/?a=1&b=2 user@evil.example\u202e # h\n# h "
    "\\[z\\](https://evil.example) \\<i>\\ &lt;u&gt;"
)
OURS = ("https://arxiv.org/abs/2601.", "https://lab.example/arxiv/")
LIKE_MARKDOWN = {"feishu", "lark", "dingtalk", "wecombot", "schan", "bark"}


class Reader(HTMLParser):
    """The tags of a page, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert (tag, name) == ("a", "href")
            self.links.append(value or "")


def test_mentions_tags_and_links_of_papers_are_text(group: Lab, chats: Chats, service: Documented) -> None:
    scheme = service.address.partition(":")[0]
    publish(group.runs, [paper(1, f"{EVIL}，完。", title=EVIL), flagged(2)])
    (report,) = group.send()
    assert report.state == "sent"
    text = service.text(chats.asked[0])
    addresses = re.findall(r"https?://[^\s)>\"|\]]+", text)
    assert len(addresses) == 3
    assert all(one.startswith(OURS) for one in addresses)
    assert not re.search(r"[@＠][^\u200b\s]", text)
    assert not re.search(r"(www|evil)\.\w", text)
    assert "\u202e" not in text
    if scheme in LIKE_MARKDOWN:
        text = import_module("markdown").markdown(text)
    if scheme in LIKE_MARKDOWN | {"pushplus", "tgram"}:
        page = Reader(text)
        assert page.tags <= {"a", "b", "br", "p", "strong", "ol", "li", "h1"}
        assert len(page.links) == 3
        assert all(one.startswith(OURS) for one in page.links)
    if scheme == "slack":
        assert all(one.startswith(OURS) for one in re.findall(r"<([^>]*)>", text))
    if scheme == "discord":
        bare = re.sub(r"\]\(https://(arxiv|lab)[^)]*\)|^(\d+\.) \[|\*\*", "", text)
        assert not re.search(r"(?<!\\)(?:\\\\)*[<>`_~]", bare)
        assert not re.search(r"(?<!\\)\]\((?!https://(arxiv|lab))", text)
