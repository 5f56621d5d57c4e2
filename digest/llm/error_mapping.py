"""The meaning of an endpoint's errors: for this try, for this paper, or for all of them."""

from __future__ import annotations

import re

from digest.llm.api_error import ApiError
from digest.llm.kinds import ErrorKind, error_kind, is_by_day
from digest.system.errors import AnswerError, DigestError, ModelError, QuotaError

_DOWN = {502, 503, 520, 521, 522, 523, 529, 530}
"""There is nobody behind the gateway, or a server starts; from 520 on: Cloudflare, Anthropic."""

_STARTING = re.compile(
    r"\bloading (?:the |this )?model|\bmodel\b.{0,80}\b(?:loading|starting|being loaded|warming up)\b"
    r"|connection (?:error|refused)|cannot connect to|all connection attempts failed"
)
"""A server that loads its model, or a gateway that does not reach it, at any status."""

_MINUTE = 60.0

TOO_LATE = {408, 504, 524}
"""A gateway waited for an answer, and none came; 524: Cloudflare."""


class TransientError(Exception):
    """Trouble that may be over when the same question is sent again.

    Attributes:
        limited: a rate limit, or too much load; it costs time, not one of the attempts.
        unavailable: the endpoint answers nobody; likewise.
        took: seconds until it was known.
        retry_after: seconds that the endpoint says to wait, if it does.
        by_day: the limit is one by the day, and a minute of waiting is enough to see that it stays.
        malformed: a 200 without an answer, as a gateway's page is one.
        tries: how often at most it is worth trying, if that is less than usual.
        final: what the trouble means if it stays.
    """

    def __init__(
        self,
        final: DigestError,
        *,
        limited: bool = False,
        unavailable: bool = False,
        retry_after: float | None = None,
        by_day: bool = False,
        malformed: bool = False,
    ) -> None:
        super().__init__(str(final))
        self.limited = limited
        self.unavailable = unavailable
        self.took = 0.0
        self.retry_after = retry_after
        self.by_day = by_day
        self.malformed = malformed
        self.tries: int | None = None
        self.final = final


def meaning_of(
    error: ApiError, model: str, address: str, retry_after: float | None = None
) -> DigestError | TransientError:
    """The meaning of an error.

    Args:
        error: as the endpoint told it.
        model: what was asked.
        address: of the endpoint.
        retry_after: seconds that the endpoint says to wait, if it does.
    """
    kind, short, status = error_kind(error, retry_after), error.quote, error.status
    final = f"{address} answered HTTP {status}: {short}"
    match kind:
        case "empty account":
            words = f"The account at {address} has no balance left (HTTP {status}: {short})."
            meaning: DigestError | TransientError = QuotaError(f"{words} Top it up, then run again to go on.")
        case "filtered":
            meaning = AnswerError("refused", f"the endpoint's content filter refused the paper: {short}")
        case "too long":
            meaning = AnswerError(
                "too_long",
                f"{model} takes no question of that length, so less text was sent (HTTP {status}: {short}). "
                "Set [text] budget lower in digest.toml, or give the model a longer context",
            )
        case "unknown model" | "denied" | "no such address":
            meaning = ModelError(_denied(kind, error, model, address))
        case "limited":
            by_day = is_by_day(error) and (retry_after or 0.0) < _MINUTE  # Groq tells how long its own takes
            meaning = TransientError(
                AnswerError("unreachable", final), limited=True, retry_after=retry_after, by_day=by_day
            )
        case "transient":
            unavailable = status in _DOWN or _STARTING.search(error.words.lower()) is not None
            final_error = AnswerError("unreachable", final)
            meaning = TransientError(
                final_error, unavailable=unavailable, retry_after=retry_after, malformed=status == 200
            )
        case "rejected":
            meaning = AnswerError("rejected", final)
    return meaning


def _denied(kind: ErrorKind, error: ApiError, model: str, address: str) -> str:
    status, short = f"HTTP {error.status}", error.quote.rstrip(".。")
    if kind == "unknown model":
        return (
            f"{address} does not know the model {model!r} ({status}): {short}. Set DIGEST_MODEL or --model."
        )
    if error.status == 401:
        return f"{address} does not accept the key ({status}): {short}. Set OPENAI_API_KEY to a valid one."
    if kind == "denied":
        return f"{address} denies the model {model!r} ({status}): {short}. Check what OPENAI_API_KEY may use."
    return (
        f"There is nothing at {address} ({status}): {short}. Check OPENAI_BASE_URL: does it end in /v1? "
        f"If it is right, the model {model!r} is not there: set DIGEST_MODEL or --model."
    )
