"""The lessons of an endpoint's refusals about the form of questions: by fields first, by words last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from digest.llm.api_error import ApiError
from digest.llm.capabilities import LIMITS, Capabilities
from digest.model import Request

_FORMAT_WORDS = (
    *("response_format", "response format", "json_schema", "json schema", "json_object", "structured output"),
    *("response_schema", "response schema", "responseschema", "json output", "constrained decoding"),
    *("structured_output", "guided", "json mode", "json_mode", "grammar", "结构化输出"),
)
_ALSO = {
    "temperature": r"|sampling param|温度",
    "max_tokens": r"|max[ _]new[ _]tokens|max[ _]output[ _]tokens|max tokens",
}
"""Other words for a field."""

_NOT_TAKEN = re.compile(
    r"not (?:be )?(?:\w+ )?(?:support|permitted|allowed|enabled|available|recognized|accepted|known)"
    r"|unsupported|unavailable|unrecognized|unknown|unexpected|deprecated|extra input|forbidden"
    r"|cannot be (?:used|set|specified)|only (?:\S+ )?(?:default|\d)|only supports?\b|use \S+ instead"
    r"|must be (?:set to )?\d+(?:\.\d+)?(?!\S* *(?:and|to|or|-|~))|cannot find field"
    r"|(?:必须|需|应)(?:设置?)?[为是] ?\d+(?:\.\d+)?(?!\S* *(?:和|至|到|或|-|~))"
    r"|不支持|只支持|仅支持|只能|固定|不允许|无法识别",
    re.IGNORECASE,
)
"""Words about whether a field is taken at all, or with one value alone: it is better left out."""

_RANGE = re.compile(
    r"between|\brange\b|(?:less|greater|larger|more)[ _]than|at least|at most"
    r"|too (?:large|small|big|high|low)|[<>≤≥]|exceed|maximum|minimum|within|positive"
    r"|之间|范围|大于|小于|超过|取值|不能低于",
    re.IGNORECASE,
)
"""Words about a value: the field is taken."""

_NOT_ZERO = re.compile(
    r"strictly positive|(?:greater|larger|more) than 0|> ?0(?:\.0+)?(?![.\d])|[(（]0|大于 ?0", re.IGNORECASE
)
_STREAM_ONLY = re.compile(
    r"only (?:\w+ )?supports? (?:the )?stream"
    r"|non-?stream\w* .{0,30}not (?:\w+ )?(?:support|allow|permit)|set stream ?= ?true"
    r"|stream (?:must|should) be (?:set to )?true|[只仅]支持流式",
    re.IGNORECASE,
)
_NO_SYSTEM = re.compile(
    r"(?:system|developer) (?:role|message|prompt|instruction)s?.{0,30}not (?:\w+ )?(?:support|allow|enabled)"
    r"|roles must alternate|(?:invalid|unknown|unsupported) role:? '?system"
    r"|does(?: not|n't) support (?:the )?'?system'?|不支持 ?system",
    re.IGNORECASE,
)
"""Gemma's template and the first reasoning models take no system message."""

_WANTED = re.compile(r"\b([a-z_]{4,40}) must be (?:set to )?(true|false)\b", re.IGNORECASE)
"""Model Studio and what stands before it want `enable_thinking` false of some models."""

_AT_LEAST = re.compile(
    r"at least|greater than|larger than|too (?:small|low)|minimum|>=|≥|大于|不能低于", re.IGNORECASE
)
_OVER_BY = re.compile(r"\bby (?:about )?(\d[\d,]{0,8}) tokens?", re.IGNORECASE)
_STATUS = re.compile(
    r"<[45]\d\d>|\b(?:code|status|http|error)\W{0,3}[45]\d\d\b|\b[45]\d\d (?:bad|-)", re.IGNORECASE
)
"""Numbers that are no lengths: gateways repeat the status in words."""

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]{0,8}(?![\w.]*\d)")

_MARGIN = 0.95
_GUESS = 0.9
"""Shares of a question that was too long that fit: where the endpoint told both lengths; and where not."""


def infer_capabilities(
    known: Capabilities,
    request: Request,
    error: ApiError,
    fields: Mapping[str, object] = MappingProxyType({}),
) -> Capabilities | None:
    """The capabilities that a refusal teaches; None when it is not about the form of the question.

    Args:
        known: how the question was put.
        request: what was asked.
        error: the refusal.
        fields: further ones that every question has.
    """
    said = error.words
    if (learned := _from_general_demand(known, request, said, fields)) is not None:
        return learned
    blamed = next(_blamed(known, request, error, fields), None)
    if blamed is None or (error.status >= 500 and not _NOT_TAKEN.search(said)):
        return None
    if blamed == "response_format":
        return known.with_weaker_format()
    if _RANGE.search(said) and not _NOT_TAKEN.search(error.message):
        return _of_value(known, request, blamed, said)
    if blamed in LIMITS:
        other = next(name for name in LIMITS if name != blamed)
        known = known.model_copy(update={"token_limit": other})
    return known.without(blamed)


def _from_general_demand(
    known: Capabilities, request: Request, said: str, fields: Mapping[str, object]
) -> Capabilities | None:
    """The lesson of a refusal that wants something of all questions, whatever their fields."""
    if _STREAM_ONLY.search(said) and not known.stream:
        return known.model_copy(update={"stream": True})
    if _NO_SYSTEM.search(said) and known.system:
        return known.model_copy(update={"system": False})
    wanted = _WANTED.search(said)
    if wanted and wanted[1] not in {*known.added, *fields, *request.body}:
        return known.model_copy(update={"added": {**known.added, wanted[1]: wanted[2].lower() == "true"}})
    return None


def _of_value(known: Capabilities, request: Request, blamed: str, said: str) -> Capabilities | None:
    """The lesson of a refusal of a field's value: the limit of an answer, or that 0 is no temperature."""
    if blamed in LIMITS:
        return _bounded(known, request, said)
    zero = blamed == "temperature" and not request.temperature and _NOT_ZERO.search(said)
    return known.without(blamed) if zero else None


def _blamed(
    known: Capabilities, request: Request, error: ApiError, fields: Mapping[str, object]
) -> Iterator[str]:
    """The fields of the question that an error is about, those that it names as such first."""
    limit = known.token_field
    scalars: list[str] = [limit] if limit else []
    if request.temperature is not None:
        scalars.append("temperature")
    further = {**fields, **request.body, **({"stream_options": 1} if known.stream else {})}
    scalars += [name for name in further if name not in scalars]
    sent = [name for name in scalars if name not in known.left_out]
    formatted = request.json_schema is not None and known.answer_format != "text"
    for text in filter(None, (error.param, error.words)):
        said = text.lower()
        if formatted and any(word in said for word in _FORMAT_WORDS):
            yield "response_format"
        for name in sent:
            called = "|".join(re.escape(word.lower()) for word in _names(name, further.get(name)))
            if re.search(rf"(?<![a-z_])(?:{called})(?![a-z_]){_ALSO.get(name, '')}", said):
                yield name


def _names(name: str, value: object) -> tuple[str, ...]:
    """The names that a field is called by: its own, and those of fields in it (`chat_template_kwargs`)."""
    inner = value if isinstance(value, Mapping) else ()
    return name, name.removesuffix("_kwargs"), *(word for word in inner if "_" in word)


def _bounded(known: Capabilities, request: Request, said: str) -> Capabilities | None:
    """With the limit of an answer that the endpoint told; None: it told none that helps."""
    asked = min(request.max_tokens, known.answer_limit or request.max_tokens)
    numbers = _numbers(said)
    if _AT_LEAST.search(said) and (more := [number for number in numbers if number > asked]):
        return known.model_copy(update={"room": min(more) + 1})
    less = [number for number in numbers if 16 <= number < asked]
    return known.model_copy(update={"answer_limit": max(less) - ("less than" in said)}) if less else None


def fitting(tokens: int, error: ApiError) -> int:
    """Tokens, in our own reckoning, of a question that may fit where one of so many did not."""
    said = _STATUS.sub("", error.message)
    over = _OVER_BY.search(said)
    if over and (excess := int(over[1].replace(",", ""))) < tokens:
        return int((tokens - excess) * _MARGIN)
    numbers = sorted({number for number in _numbers(said) if number >= 256}, reverse=True)
    if len(numbers) > 1:
        return int(tokens * min(_MARGIN, numbers[1] / numbers[0] * _MARGIN))
    return int(min(tokens * _GUESS, numbers[0] if numbers else tokens))


def _numbers(said: str) -> list[int]:
    return [int(number.replace(",", "")) for number in _NUMBER.findall(said)]
