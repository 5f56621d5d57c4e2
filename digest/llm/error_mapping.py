"""What an endpoint's errors mean: for this try, for this paper, or for all of them.

Sources: the error codes in the documentation of OpenAI, DeepSeek, Model Studio, OpenRouter, SiliconFlow,
Gemini and Groq, and what users of them reported.
"""

from __future__ import annotations

import re

from digest.errors import AnswerError, DigestError, ModelError, QuotaError

_TRANSIENT = {408, 409, 425, 429}
_DOWN = {502, 503, 520, 521, 522, 523, 529, 530}
"""There is nobody behind the gateway, or a server starts; from 520 on: Cloudflare, Anthropic."""

_STARTING = re.compile(
    r"\bloading (?:the |this )?model|\bmodel\b.{0,80}\b(?:loading|starting|being loaded|warming up)\b"
    r"|connection (?:error|refused)|cannot connect to|all connection attempts failed"
)
"""A server that loads its model, or a gateway that does not reach it, at any status."""

TOO_LATE = {408, 504, 524}
"""A gateway waited for an answer, and none came; 524: Cloudflare."""

_FILTERS = ("data_inspection_failed", "content_filter", "content filter")
_REFUSAL_WORDS = (
    "content exists risk",
    "inappropriate content",
    "content management policy",
    "flagged",
    "moderation",
)
_QUOTA_WORDS = (
    "insufficient_quota",
    "insufficient balance",
    "insufficient_balance",
    "balance is insufficient",
    "insufficient_user_quota",
    "arrearage",
    "good standing",
    "insufficient credits",
)
_QUOTA_OR_RATE = "exceeded your current quota"
"""OpenAI says so of an empty account, Gemini of a rate limit; only the latter is over in a known time."""

_MODEL = re.compile(
    r"model_not_found|\bmodel\b.{0,100}?\b(?:(?:does not|doesn't|not) exist|not found)"
    r"|(?:no such|unknown) model|not a valid model|invalid model(?: name| id|:)|deployment.{0,60}not exist"
)
_BROKEN_ANSWER = ("json_validate_failed", "failed to generate json")
"""The model's own JSON was bad, which another try may mend: Groq, docs/structured-outputs."""


class TransientError(Exception):
    """Trouble that may be over when the same question is sent again.

    Attributes:
        limited: a rate limit, or too much load; it costs time, not one of the attempts.
        down: the endpoint answers nobody; likewise.
        took: seconds until it was known.
        told: seconds that the endpoint says to wait, if it does.
        final: what the trouble means if it stays.
    """

    def __init__(
        self, final: DigestError, *, limited: bool = False, down: bool = False, told: float | None = None
    ) -> None:
        super().__init__(str(final))
        self.limited = limited
        self.down = down
        self.took = 0.0
        self.told = told
        self.final = final


def meaning_of(
    status: int, said: str, model: str, address: str, told: float | None = None
) -> DigestError | TransientError:
    """What an error means.

    Args:
        status: of HTTP, or the one that a 200 names in its body.
        said: the endpoint's words.
        model: what was asked.
        address: of the endpoint.
        told: seconds that the endpoint says to wait, if it does.
    """
    words = said.lower()
    if _is_quota(status, words, told):
        return QuotaError(
            f"The account at {address} has no balance left. Top it up, then run again to go on."
        )
    if _is_refusal(status, words):
        return AnswerError("refused", "the endpoint's content filter refused the paper")
    short = said[:200]
    if status in {401, 403, 404} or (status in {400, 422} and _MODEL.search(words)):
        return ModelError(_denied(status, short, model, address))
    final = f"{address} answered HTTP {status}: {short}"
    if status in _TRANSIENT or status >= 500 or any(word in words for word in _BROKEN_ANSWER):
        down = status in _DOWN or _STARTING.search(words) is not None
        return TransientError(AnswerError("unreachable", final), limited=status == 429, down=down, told=told)
    return AnswerError("rejected", final)


def _is_quota(status: int, words: str, told: float | None) -> bool:
    if _QUOTA_OR_RATE in words and not (status == 429 and told is not None):
        return True
    return status == 402 or any(word in words for word in _QUOTA_WORDS)


def _is_refusal(status: int, words: str) -> bool:
    if status in {400, 403, 422, 451} and any(word in words for word in _REFUSAL_WORDS):
        return True
    return status not in {401, 404, 429} and any(word in words for word in _FILTERS)


def _denied(status: int, short: str, model: str, address: str) -> str:
    if _MODEL.search(short.lower()):
        return f"{address} does not know the model {model!r} (HTTP {status}). Set DIGEST_MODEL or --model."
    if status == 401:
        return f"{address} does not accept the key (HTTP 401). Set OPENAI_API_KEY to a valid one."
    if status == 403:
        return f"{address} denies the model {model!r} (HTTP 403): {short}. Check what OPENAI_API_KEY may use."
    return (
        f"There is nothing at {address} (HTTP 404): {short}. Check OPENAI_BASE_URL: does it end in /v1? "
        f"If it is right, the model {model!r} is not there: set DIGEST_MODEL or --model."
    )
