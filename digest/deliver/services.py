"""The ways of each chat service: markup, how much it takes, and what it answers when it took a message.

Apprise takes HTTP 200 for success; several services answer 200 and say in the body that they took nothing.
Limits are of the services' own documents: Feishu and DingTalk 20 KB a request, WeCom 4096 bytes (text: 2048),
ServerChan 32 KB and a title of 32 characters, PushPlus 20,000 characters, Telegram 4096 and Discord 2000
UTF-16 units, ntfy 4096 bytes (more becomes an attachment), Bark what one push notification of Apple's holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from digest.deliver.markup import DISCORD, HTML, LARK, LOOKALIKES, MARKDOWN, SLACK, TELEGRAM, TEXT, Markup

_PAGE = re.compile(r"<(!doctype\s+html|html|head|title|body|script)\b", re.IGNORECASE)

Measure = Callable[[str], int]


@dataclass(frozen=True)
class MessageFormat:
    """A markup, and how long a message in it may be, in what `measure` counts."""

    markup: Markup
    limit: int
    measure: Measure


@dataclass(frozen=True)
class Service:
    """One chat service.

    Attributes:
        forms: by the name of the template; the first is the usual one.
        title: characters that a title may have; 0: there is none, and it begins the text.
        took: whether a service that answered this (the body of a 2xx) took the message; None: that does not
            show, as the answer has no form that we know.
        expected: the answer of a service that took it, in short.
    """

    formats: Mapping[str, MessageFormat]
    title: int
    took: Callable[[str], bool | None]
    expected: str = ""


def utf8(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def utf16(text: str) -> int:
    """Units of UTF-16, in which Telegram and Discord count."""
    return len(text.encode("utf-16-le", "replace")) // 2


def in_json(text: str) -> int:
    """Bytes of a string in JSON as UTF-8."""
    return utf8(json.dumps(text, ensure_ascii=False)) - 2


def in_ascii_json(text: str) -> int:
    """Bytes of a string in JSON where all but ASCII is escaped, as Apprise sends it to some services."""
    return len(json.dumps(text)) - 2


def _ntfy(text: str) -> int:
    # Apprise makes an attachment of more than 8000 bytes of escaped JSON, title and all
    return max(utf8(text), in_ascii_json(text) // 2)


def _says(**accepted: object) -> Callable[[str], bool | None]:
    """An answer in JSON that has one of these fields: with this value it took the message, else not."""

    def took(body: str) -> bool | None:
        answer = _fields(body)
        known = [name for name, value in accepted.items() if type(answer.get(name)) is type(value)]
        return any(answer[name] == accepted[name] for name in known) if known else _unknown(body)

    return took


def _discord(body: str) -> bool | None:
    """Nothing, or the message as it was made; a refusal has a code."""
    answer = _fields(body)
    if not body.strip() or "id" in answer:
        return True
    return False if "code" in answer else _unknown(body)


def _slack(body: str) -> bool | None:
    return body.strip() == "ok" or _SLACK_JSON(body)


def _fields(body: str) -> dict[str, object]:
    """The fields of an object in JSON; none where it is something else."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _unknown(body: str) -> bool | None:
    """False for a web page, which is of a proxy and not of the service; None for all else."""
    is_page = not body.lstrip().startswith(("{", "[")) and _PAGE.search(body[:4000])
    return False if is_page else None


def _formats(**formats: tuple[Markup, int, Measure]) -> Mapping[str, MessageFormat]:
    return {name: MessageFormat(*format_) for name, format_ in formats.items()}


_FEISHU = Service(
    _formats(markdown=(LARK, 19_000, in_json), text=(TEXT, 19_000, in_json)),
    100,
    _says(code=0, StatusCode=0),
    '"code":0',
)
_SLACK_JSON = _says(ok=True)

SERVICES: Mapping[str, Service] = {
    "feishu": _FEISHU,
    "lark": _FEISHU,
    "dingtalk": Service(
        _formats(markdown=(LOOKALIKES, 19_000, in_ascii_json), text=(TEXT, 19_000, in_ascii_json)),
        100,
        _says(errcode=0),
        '"errcode":0',
    ),
    "wecombot": Service(
        _formats(markdown=(LOOKALIKES, 4096, utf8), text=(TEXT, 2048, utf8)),
        0,
        _says(errcode=0),
        '"errcode":0',
    ),
    "schan": Service(_formats(markdown=(MARKDOWN, 32_000, utf8)), 32, _says(code=0), '"code":0'),
    "pushplus": Service(
        _formats(html=(HTML, 20_000, utf16), markdown=(MARKDOWN, 20_000, utf16), text=(TEXT, 20_000, utf16)),
        100,
        _says(code=200),
        '"code":200',
    ),
    "tgram": Service(_formats(html=(TELEGRAM, 4096, utf16)), 0, _says(ok=True), '"ok":true'),
    "slack": Service(_formats(markdown=(SLACK, 35_000, utf16)), 100, _slack, "ok"),
    "discord": Service(_formats(markdown=(DISCORD, 2000, utf16)), 0, _discord, '"id"'),
    "ntfy": Service(
        _formats(text=(TEXT, 3700, _ntfy), markdown=(MARKDOWN, 3700, _ntfy)),
        60,
        _says(event="message"),
        '"event":"message"',
    ),
    "bark": Service(
        _formats(markdown=(MARKDOWN, 3000, in_json), text=(TEXT, 3000, in_json)),
        60,
        _says(code=200),
        '"code":200',
    ),
}
"""By the scheme of an Apprise address, without the `s` that stands for TLS."""


def any_other(limit: int, title: int) -> Service:
    """A service that Apprise knows and we do not: plain text, counted in bytes to be safe."""
    return Service(_formats(text=(TEXT, limit, utf8)), title, lambda _: True)
