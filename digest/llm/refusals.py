"""Refusals in words that nobody knows: of single questions, or of all of them?"""

from __future__ import annotations

import re

from digest.llm.attempt import Attempt
from digest.system.errors import AnswerError, ModelError

_IN_A_ROW = 6
"""So many in a row concern all questions. A paper has two at most, with its text and without."""

_CHANGING = re.compile(r"\w*\d\w*")
"""Lengths and numbers of requests."""


class Refusals:
    """Counts refusals in the same words, each of a question that was sent after the one before was refused.

    What was under way at the same time counts once: many questions with too long a text may be refused before
    the first one without it is answered.
    """

    def __init__(self) -> None:
        self._said = ""
        self._count = 0
        self._ended = 0
        self._counted_at = 0

    def observe(self, attempt: Attempt) -> bool:
        """Learn from an attempt; True if that is the last of so many refusals in a row."""
        self._ended += 1
        meaning, error = attempt.meaning, attempt.error
        rejected = isinstance(meaning, AnswerError) and meaning.code == "rejected"
        if error is None or not (rejected or isinstance(meaning, ModelError)):
            if attempt.completion is not None or isinstance(meaning, AnswerError):
                self._count = 0
            return False
        if attempt.retry_as is not None:
            return False
        said = _CHANGING.sub("", f"{attempt.request.model} {error.words}")
        if said != self._said:
            self._said, self._count, self._counted_at = said, 0, 0
        ended_before = attempt.permit.number - attempt.permit.load
        if ended_before >= self._counted_at:
            self._count += 1
            self._counted_at = self._ended
        return self._count >= _IN_A_ROW
