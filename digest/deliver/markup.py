"""The markup that services read, and text from papers and models made harmless in each.

Whatever a title or a line holds, it comes out as text: no link but ours, no mention, no tag, no picture.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_BREAK = "\u200b"
"""A zero-width space: what it stands in is no link and no mention any more, and looks the same."""

_SIGNS = re.compile(r"([\\`*_\[\]()#|~$!])")
_DISCORD = re.compile(r"([\\`*_\[\]<>()#|~:-])")
_LARK = re.compile(r"[&<>*~_`\[\]#|$\\!]")
_LOOKALIKES = str.maketrans(
    {"<": "＜", ">": "＞", "[": "［", "]": "］", "*": "∗", "`": "ˋ", "~": "∼", "\\": "＼", "|": "｜"}
)  # fmt: skip


@dataclass(frozen=True)
class Markup:
    """The markup of one service.

    Attributes:
        escape: text -> the same text, with nothing in it that the service would read as its own.
        bold: of text that is escaped.
        link: of text that is escaped, and an address of ours.
        newline: within a paragraph.
    """

    name: str
    escape: Callable[[str], str]
    bold: Callable[[str], str]
    link: Callable[[str, str], str]
    newline: str = "\n"

    @property
    def paragraph(self) -> str:
        """The text between paragraphs."""
        return 2 * self.newline if self.newline.strip() else "\n\n"


def harmless(text: str) -> str:
    """Text in one line, without characters that nobody sees; mentions and addresses in it are broken.

    Every service makes links of what looks like an address, and mentions of what follows an @.
    """
    if not text.isprintable():
        text = "".join(
            one for one in text if one.isspace() or unicodedata.category(one) not in {"Cc", "Cf", "Cs"}
        )
    text = " ".join(text.split()).replace("@", f"@{_BREAK}").replace("＠", f"＠{_BREAK}")
    text = re.sub(r":(?=//)", f":{_BREAK}", text)
    return re.sub(r"(?<=\w)\.(?=[^\W\d_]{2})", f".{_BREAK}", text)


def _plainly(text: str) -> str:
    # Feishu reads <at user_id="all"> in plain text, too
    return re.sub(r"<(?=[A-Za-z!/@#])", f"<{_BREAK}", harmless(text))


def _markdown(text: str) -> str:
    # not every reader of Markdown takes a backslash before a tag for an escape
    return html.escape(_SIGNS.sub(r"\\\1", harmless(text)), quote=False)


def _discord(text: str) -> str:
    return _DISCORD.sub(r"\\\1", harmless(text))


def _lark(text: str) -> str:
    return _LARK.sub(lambda found: f"&#{ord(found[0])};", harmless(text))


def _lookalikes(text: str) -> str:
    return harmless(text).translate(_LOOKALIKES)


def _html(text: str) -> str:
    return html.escape(harmless(text))


def _slack(text: str) -> str:
    return re.sub(r"([*_`~])", rf"{_BREAK}\1{_BREAK}", html.escape(harmless(text), quote=False))


def _bold(text: str) -> str:
    return f"**{text}**"


def _link(text: str, url: str) -> str:
    return f"[{text}]({url})"


def _anchor(text: str, url: str) -> str:
    return f'<a href="{html.escape(url)}">{text}</a>'


def _bold_html(text: str) -> str:
    return f"<b>{text}</b>"


TEXT = Markup("text", _plainly, lambda text: text, lambda text, url: f"{text}\n{url}")
HTML = Markup("html", _html, _bold_html, _anchor, "<br>\n")
TELEGRAM = Markup("html", _html, _bold_html, _anchor)
"""The few tags of core.telegram.org/bots/api#html-style, among which there is no <br>."""

MARKDOWN = Markup("markdown", _markdown, _bold, _link, "  \n")
"""CommonMark: a backslash stops a sign, tags are written as entities. ServerChan, PushPlus, ntfy, Bark."""

DISCORD = Markup("markdown", _discord, _bold, _link)
"""Discord's Markdown knows no entities."""

LARK = Markup("markdown", _lark, _bold, _link)
"""Cards of Feishu and Lark, where signs are written as HTML entities."""

LOOKALIKES = Markup("markdown", _lookalikes, _bold, _link, "  \n")
"""DingTalk and WeCom document no way to write a sign of theirs: others that look like it take their place."""

SLACK = Markup(
    "markdown", _slack, lambda text: f"*{text}*", lambda text, url: f"<{url}|{text.replace('|', '｜')}>"
)
"""Slack's mrkdwn: docs.slack.dev, messaging/formatting-message-text."""
