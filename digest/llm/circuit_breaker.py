"""The circuit breaker of an endpoint: no question is sent to a model that it answers no more.

What an error means depends on what was answered before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from digest.llm.attempt import Attempt
from digest.llm.refusals import Refusals
from digest.system.errors import AnswerError, ModelError, QuotaError

_DENIALS = 3
"""So many denials in a row, and nothing answered in this run, are no matter of single questions any more."""


class CircuitBreaker:
    """Opens for models that an endpoint answers no more: an observer of attempts.

    Args:
        known: says of a model if it was answered in an earlier run.
    """

    def __init__(self, known: Callable[[str], bool]) -> None:
        self._known = known
        self._answered: set[str] = set()
        self._denied: Counter[str] = Counter()
        self._tripped: dict[str, ModelError] = {}
        self._refusals = Refusals()

    def check(self, model: str) -> None:
        """Let a question pass.

        Raises:
            ModelError: the endpoint answers nobody of this model, so it is not asked again.
        """
        if model in self._tripped:
            raise self._tripped[model]

    def trip(self, model: str, error: ModelError) -> None:
        """Ask no more questions of a model."""
        self._tripped[model] = error

    def observe(self, attempt: Attempt) -> None:
        """Learn from an attempt; one that concerns a model trips it.

        A model that was answered is there, and the key is good for it, so what denies that concerns one
        question; if it was answered in an earlier run only, so do the first denials. Where another model was
        answered, trouble with this one is not trouble with the account. What is said to one question after
        another concerns none of them, whatever it is.
        """
        in_a_row = self._refusals.observe(attempt)
        meaning, model = attempt.meaning, attempt.request.model
        if attempt.retry_as is not None:
            return
        taken = isinstance(meaning, AnswerError) and meaning.code in {"refused", "too_long"}
        if attempt.completion is not None or taken:
            self._answered.add(model)
        elif isinstance(meaning, ModelError):
            for_all = isinstance(meaning, QuotaError) or attempt.status == 401
            if for_all and self._answered - {model} and model not in self._answered:
                meaning = ModelError(str(meaning))
            if for_all or attempt.error is None or not self._one_question_alone(model):
                self.trip(model, meaning)
        if in_a_row and model not in self._tripped:
            error = ModelError(
                f"{meaning}. It says so to every question, so no more are asked. Run again later."
            )
            self.trip(model, QuotaError(str(error), "refusing") if model in self._answered else error)

    def meaning(self, attempt: Attempt) -> Exception | None:
        """The meaning of an attempt, given all that was observed; None: it was answered."""
        if not isinstance(attempt.meaning, ModelError):
            return attempt.meaning
        return self._tripped.get(attempt.request.model) or AnswerError("rejected", str(attempt.meaning))

    def _one_question_alone(self, model: str) -> bool:
        """True: a denial concerns the question that was denied, and not the model."""
        if model in self._answered:
            return True
        self._denied[model] += 1
        return self._known(model) and self._denied[model] < _DENIALS
