"""What an endpoint's errors mean: for this try, for this paper, or for all of them.

Sources: the error codes in the documentation of OpenAI, DeepSeek, Model Studio, OpenRouter and SiliconFlow,
and what users of them reported.
"""

from __future__ import annotations

from digest.errors import AnswerError, DigestError, ModelError, QuotaError

_TRANSIENT = {408, 409, 429}
_REFUSAL_WORDS = (
    "content exists risk",
    "data_inspection_failed",
    "inappropriate content",
    "content_filter",
    "content management policy",
    "flagged",
    "moderation",
)
_QUOTA_WORDS = (
    "insufficient_quota",
    "insufficient balance",
    "insufficient_balance",
    "balance is insufficient",
    "exceeded your current quota",
    "insufficient_user_quota",
    "arrearage",
    "good standing",
    "insufficient credits",
)
_MODEL_WORDS = ("model does not exist", "model_not_found", "model not found", "no such model")


class PassingError(Exception):
    """Trouble that may be over when the same question is sent again.

    Attributes:
        limited: a rate limit; it costs time, not one of the attempts.
        told: seconds that the endpoint says to wait, if it does.
        final: what the trouble means if it stays.
    """

    def __init__(self, final: DigestError, *, limited: bool = False) -> None:
        super().__init__(str(final))
        self.limited = limited
        self.told: float | None = None
        self.final = final


def meaning_of(status: int, said: str, model: str, address: str) -> DigestError | PassingError:
    """What an error means.

    Args:
        status: of HTTP, or the one that a 200 names in its body.
        said: the endpoint's words.
        model: what was asked.
        address: of the endpoint.
    """
    words = said.lower()
    if status == 402 or any(word in words for word in _QUOTA_WORDS):
        return QuotaError(
            f"The account at {address} has no balance left. Top it up, then run again to go on."
        )
    if status in {400, 403} and any(word in words for word in _REFUSAL_WORDS):
        return AnswerError("refused", "the endpoint's content filter refused the paper")
    if status in {401, 403}:
        return ModelError(
            f"{address} does not accept the key (HTTP {status}). Set OPENAI_API_KEY to a valid one."
        )
    if status == 404 or (status == 400 and any(word in words for word in _MODEL_WORDS)):
        return ModelError(
            f"{address} does not know the model {model!r} (HTTP {status}). Set DIGEST_MODEL or --model."
        )
    short = " ".join(said.split())[:200]
    if status in _TRANSIENT or status >= 500:
        final = AnswerError("unreachable", f"{address} answered HTTP {status}: {short}")
        return PassingError(final, limited=status == 429)
    return AnswerError("rejected", f"{address} answered HTTP {status}: {short}")
