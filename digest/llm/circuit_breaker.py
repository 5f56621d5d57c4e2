"""Which models an endpoint answers: what an error means depends on what was answered before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from digest.errors import AnswerError, DigestError, ModelError, QuotaError

_DENIALS = 3
"""So many denials in a row, and nothing answered in this run, are no matter of single questions any more."""


class CircuitBreaker:
    """What one endpoint was seen to answer, and what it answers no more.

    Args:
        known: whether a model was answered in an earlier run.
    """

    def __init__(self, known: Callable[[str], bool]) -> None:
        self._known = known
        self._answered: set[str] = set()
        self._denied: Counter[str] = Counter()
        self._closed: dict[str, ModelError] = {}

    def check(self, model: str) -> None:
        """Let a question pass.

        Raises:
            ModelError: the endpoint answers nobody of this model, so it is not asked again.
        """
        if model in self._closed:
            raise self._closed[model]

    def answers(self, model: str) -> None:
        """Key and model were accepted."""
        self._answered.add(model)

    def close(self, model: str, error: ModelError) -> None:
        """Ask no more questions of a model."""
        self._closed[model] = error

    def weigh(self, error: DigestError, status: int, model: str) -> DigestError:
        """What an error means, given what was answered before; one that concerns a model closes it.

        A model that was answered is there, and the key is good for it, so what denies that concerns one
        question; if it was answered in an earlier run only, so do the first denials. Where another model was
        answered, trouble with this one is not trouble with the account.
        """
        if not isinstance(error, ModelError):
            if isinstance(error, AnswerError) and error.code in {"refused", "too_long"}:
                self.answers(model)
            return error
        if isinstance(error, QuotaError) or status == 401:
            if self._answered - {model} and model not in self._answered:
                error = ModelError(str(error))
        elif self._one_question_alone(model):
            return AnswerError("rejected", str(error))
        self.close(model, error)
        return error

    def _one_question_alone(self, model: str) -> bool:
        """Whether a denial concerns the question that was denied, and not the model."""
        if model in self._answered:
            return True
        self._denied[model] += 1
        return self._known(model) and self._denied[model] < _DENIALS
