"""An endpoint's errors, as values and as words, whatever its shape: nothing in it may end a run."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, replace

from digest.system.redact import KeyRedactor

_LONE = re.compile("[\ud800-\udfff]")
_TAG = re.compile(r"<[^<>]*>")
_FIELDS = ("code", "type", "param", "message")
_NAMES = {
    **dict.fromkeys(("code", "errorcode", "errcode", "statuscode"), "code"),
    **dict.fromkeys(("type", "errortype", "status", "reason"), "type"),
    **dict.fromkeys(("param", "parameter", "loc", "field"), "param"),
    **dict.fromkeys(
        ("message", "msg", "detail", "details", "description", "title", "error", "errors"), "message"
    ),
    **dict.fromkeys(("errormsg", "errmsg", "statusmsg", "errormessage", "errordescription"), "message"),
    **dict.fromkeys(("metadata", "raw", "header", "baseresp", "response", "cause", "data"), "message"),
    **dict.fromkeys(("violations", "quotaid"), "message"),  # Gemini: which of its limits was reached
}
"""Fields of errors that tell something; others may repeat the question, whose words mean nothing here.
In lower case and without underscores: `errorMsg` is `error_msg`."""

_STATUS = re.compile(r"[45][0-9][0-9]")
_REPEATED = re.compile(r"""['"](code|type|param)\\?['"]\s*:\s*\\?['"]?([\w.-]+)""", re.IGNORECASE)

_DEPTH, _BREADTH, _LONGEST = 8, 20, 1000


def clean(text: str) -> str:
    """A text that can be written down: half characters, as cut answers have them, are replaced."""
    return _LONE.sub("\ufffd", text)


@dataclass(frozen=True)
class ApiError:
    """An error as an endpoint told it, whatever the shape of its body.

    Attributes:
        status: of HTTP; of a 200, the one that its body names, if any.
        code: the endpoint's own, such as `insufficient_quota` or `1113`; a status repeated there is none.
        type: the kind of error in the endpoint's words, such as `invalid_request_error`.
        param: the field of the question that it is about.
        message: for people, on a line; all that was told, if there is more than one.
    """

    status: int
    code: str = ""
    type: str = ""
    param: str = ""
    message: str = ""

    @property
    def words(self) -> str:
        """Everything told, on a line: for quoting, and for what only words can say."""
        told = (self.message, *(field for field in (self.code, self.type, self.param) if field))
        return " ".join(dict.fromkeys(part for part in told if part))

    @property
    def quote(self) -> str:
        """The error as a person is shown it: at most 200 characters."""
        return (self.message or self.words or "no words")[:200]


def error_of(status: int, content: bytes, mask: KeyRedactor) -> ApiError:
    """The error in a body: JSON of any shape, a page, or plain text; without the key."""
    try:
        found = error_in(status, mask.parsed(content))
    except ValueError:
        found = ApiError(status)
    if found.message or found.code:
        return found
    page = _TAG.sub(" ", mask.text(content.decode(errors="replace"))[: 4 * _LONGEST])
    return replace(found, message=_on_a_line(page))


def error_in(status: int, value: object) -> ApiError:
    """The error in values: fields by their usual names, however deep, the outermost first."""
    told: dict[str, list[str]] = {name: [] for name in _FIELDS}
    _gather(value, told, _DEPTH)
    for text in tuple(told["message"]):  # gateways repeat what they were told, as JSON or as Python writes it
        for name, found in _REPEATED.findall(text):
            told[name.lower()].append(found)
    codes = [code for code in told["code"] if not _STATUS.fullmatch(code)]
    named = next((int(code) for code in told["code"] if _STATUS.fullmatch(code)), None)
    further = [] if told["message"] else codes[1:] + told["type"][1:]
    return ApiError(
        status=named if status == 200 and named is not None else status,
        code=codes[0] if codes else "",
        type=told["type"][0] if told["type"] else "",
        param=" ".join(dict.fromkeys(told["param"]))[:200],
        message=_on_a_line(" ".join(dict.fromkeys(told["message"] + further))),
    )


def _gather(value: object, told: dict[str, list[str]], depth: int, name: str = "message") -> None:
    """Note what stands under a field of that name, and in everything below it."""
    if isinstance(value, str):
        _note(value, told, depth, name)
    elif isinstance(value, int) and (name == "code" or (name == "type" and _STATUS.fullmatch(str(value)))):
        told["code"].append(str(int(value)))
    elif isinstance(value, list) and name == "param":
        told["param"].append(".".join(str(part) for part in value[:_BREADTH] if part != "body"))
    elif isinstance(value, list) and depth:
        for one in value[:_BREADTH]:
            _gather(one, told, depth - 1, "message")
    elif isinstance(value, dict) and depth:
        for key in value:
            if known := _NAMES.get(key.lower().replace("_", "")):
                _gather(value[key], told, depth - 1, known)
            elif key == "retryDelay" and isinstance(value[key], str):  # Gemini
                told["message"].append(f"retry in {value[key]}")


def _note(text: str, told: dict[str, list[str]], depth: int, name: str) -> None:
    inner: object = None
    if name == "message" and depth and text.lstrip()[:1] in {"{", "["}:
        with suppress(ValueError, RecursionError):
            inner = json.loads(text)
    if isinstance(inner, dict | list):
        _gather(inner, told, depth - 1)
    elif text.strip():
        told[name].append(_on_a_line(text))


def _on_a_line(text: str) -> str:
    printable = "".join(
        character if character.isprintable() else " " for character in clean(text[: 4 * _LONGEST])
    )
    return " ".join(printable.split())[:_LONGEST]
