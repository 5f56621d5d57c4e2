"""The kind of trouble that an error tells of: by its fields first, by its words last.

The codes and words are in kinds.toml.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from digest.llm.api_error import ApiError

ErrorKind = Literal[
    "empty account",
    "filtered",
    "too long",
    "limited",
    "unknown model",
    "denied",
    "no such address",
    "transient",
    "rejected",
]
"""The last is all else: the question is not taken as it is."""

_TRANSIENT = {408, 409, 425, 429}
_REFUSING = {200, 400, 403, 406, 422, 451}
"""Statuses at which words about a filter mean one; at others they are about its outage, or something else."""

_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MONEY = {"balance", "funds", "credit", "credits", "billing", "payment", "arrears", "arrearage", "overdue"}


def error_kind(error: ApiError, retry_after: float | None = None) -> ErrorKind:
    """The kind of trouble that an error tells of.

    Args:
        error: as the endpoint told it.
        retry_after: seconds that it says to wait, if it does.
    """
    kind, words = _by_fields(error), error.words.replace("`", "")
    may_pass = error.status in {200, 429} and _say("rate", words)
    if kind == "empty account" and may_pass and not _says_empty(words):
        return "limited"  # Model Studio calls a rate limit insufficient_quota
    if kind in {"limited", "denied"} and _say("empty", error.message) and not _say("rate", error.message):
        return "empty account"
    if kind == "limited" and _say("one_too_large", words):
        return "too long"  # one question above the limit of a minute: waiting is of no use
    if kind is not None and kind != "transient":
        return kind
    said = _of_429(words, retry_after) if error.status == 429 else _by_words(error.status, words)
    # llama-cpp-python calls a full context an `internal_server_error`, as gateways do what they do not know
    general = kind is not None and error.status != 429 and said not in {"too long", "empty account"}
    return "transient" if general else said


def is_by_day(error: ApiError) -> bool:
    """True if the limit that an error tells of is one by the day: it is not over in minutes."""
    return _say("by_day", error.words)


def _by_fields(error: ApiError) -> ErrorKind | None:
    if error.status == 402:
        return "empty account"
    for field in (error.code, error.type):
        if error.status >= 400 and _of_money(field):
            return "empty account"
        name = field.lower().removesuffix("exception")
        kind = _kinds_of_codes().get(name) or _kinds_of_codes().get(name.partition(".")[0])
        if kind == "filtered" and error.status >= 500 and _say("outage", error.message):
            return "transient"
        if kind is not None:
            return kind
    if error.status == 413:
        return "too long"
    # MiniMax; Zhipu has them with a 401, for keys
    return "limited" if error.status == 200 and error.code in {"1002", "1039", "1041"} else None


def _of_money(field: str) -> bool:
    """True if a part of a code's or type's name is money: `NotEnoughFunds`, `no_credits`, `billing`."""
    parts = {part.lower() for part in _PART.findall(field)}
    return bool(parts & _MONEY) and "load" not in parts  # balanced between servers


def _says_empty(words: str) -> bool:
    """True if more than a code says so."""
    return _say("empty", _expression("empty_or_rate").sub("", words.replace("insufficient_quota", "")))


def _of_429(words: str, retry_after: float | None) -> ErrorKind:
    if _say("one_too_large", words):
        return "too long"
    if _say("denied", words):
        return "denied"
    rate = _say("rate", words) or (retry_after is not None and _say("empty_or_rate", words))
    empty = _say("empty", words) or _say("empty_or_rate", words)
    return "empty account" if empty and not rate else "limited"


def _by_words(status: int, words: str) -> ErrorKind:
    rate = _say("rate", words)
    found: dict[ErrorKind, bool] = {
        "empty account": not rate and (_say("empty", words) or _say("empty_or_rate", words)),
        "denied": status < 500 and _say("denied", words),
        "too long": status not in {401, 403, 404} and _say("too_long", words) and not _about_answer(words),
        "filtered": _say("filtered", words)
        and (status in _REFUSING or (status >= 500 and not _say("outage", words))),
        "unknown model": status not in {401, 403} and _say("model", words),
        "no such address": status in {404, 405} or (status in {200, 400} and _say("address", words)),
        "limited": rate and status in {200, 400, 403},
        "transient": status in _TRANSIENT or status >= 500 or status == 200 or _say("passing", words),
    }
    return next(
        (kind for kind, holds in found.items() if holds), "denied" if status in {401, 403} else "rejected"
    )


def _about_answer(words: str) -> bool:
    """True if a length is that of the answer: a limit that was set too high."""
    return _say("answer_limit", words) or (_say("answer_room", words) and not _say("question", words))


def _say(name: str, words: str) -> bool:
    """True if words say what a list of expressions stands for."""
    return _expression(name).search(words) is not None


@cache
def _expression(name: str) -> re.Pattern[str]:
    told = list(_data()["words"][name])
    if near := _data()["near"].get(name):
        things, states = ("|".join(near[half]) for half in ("things", "states"))
        told += [f'(?:{one})[^"]{{0,60}}?(?:{other})' for one, other in ((things, states), (states, things))]
    return re.compile("|".join(told), re.IGNORECASE)


@cache
def _kinds_of_codes() -> dict[str, ErrorKind]:
    return {code: kind for kind, codes in _data()["codes"].items() for code in codes}


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "kinds.toml").read_text(encoding="utf-8"))
