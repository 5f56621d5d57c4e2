"""The faults of an answer in words for the model, which is to mend them."""

from __future__ import annotations

from collections.abc import Sequence

from digest.model import Completion, Finding, Language, Message
from digest.summarize import bounds


def in_words(findings: Sequence[Finding], language: Language) -> list[str]:
    """The findings as sentences."""
    from digest.summarize.checks import correction  # a tenth of a second, for new answers only

    return [correction(finding, language) for finding in findings]


_CORRECTIONS: dict[Language, str] = {
    "zh": "上面的回答有这些问题，请改正后按原来的要求和格式完整地重新回答：",
    "en": "Your answer has these problems. Mend them, and answer again in full, in the form asked for:",
}


def correction_of(
    completion: Completion, wrong: Sequence[str], language: Language
) -> tuple[Message, Message]:
    """The answer, and the request to mend what is wrong with it."""
    listed = "\n".join(f"- {reason}" for reason in wrong)
    return (
        Message(role="assistant", content=bounds.within("answer", completion.content)),
        Message(role="user", content=f"{_CORRECTIONS[language]}\n{listed}"),
    )
