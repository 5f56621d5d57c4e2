"""An endpoint's capabilities for each of its models, learned from attempts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

from pydantic import ValidationError

from digest.llm.api_error import ApiError
from digest.llm.attempt import Attempt
from digest.llm.capabilities import Capabilities
from digest.llm.error_mapping import TransientError
from digest.llm.lessons import fitting, infer_capabilities
from digest.llm.presets import Preset
from digest.system.errors import AnswerError

_DOUBTS = 5
"""So many refusals without an answer take back a form that was answered before: one may be one paper's."""


_GENERAL = {400, 422, 500, 501}
"""Statuses of refusals that may be about the form of the question without saying so."""


class LearnedCapabilities:
    """The capabilities of one endpoint, by model: an observer of attempts.

    Args:
        preset: what is known of it before the first question.
        recall: what is known of a model from earlier runs (JSON), if anything.
        remember: called with a model and what was learned of it (JSON).
    """

    def __init__(
        self, preset: Preset, recall: Callable[[str], str | None], remember: Callable[[str, str], None]
    ) -> None:
        self._preset = preset
        self._recall = recall
        self._remember = remember
        self._current: dict[str, Capabilities] = {}
        self._proven: dict[str, Capabilities] = {}
        self._doubts: Counter[str] = Counter()
        self._cut_at: Counter[str] = Counter()
        self._taken: Counter[str] = Counter()
        self._measured: set[str] = set()
        self._doubted: set[str] = set()
        self._weakened: dict[str, list[tuple[object, ...]]] = defaultdict(list)
        self._hopeless: set[str] = set()

    def of(self, model: str) -> Capabilities:
        """The capabilities for a model: learned, else as the endpoint's preset says."""
        if model not in self._current:
            preset = self._preset
            current = preset.capabilities
            if kept := self.kept(model):
                fixed = {"answer_format": preset.answer_format} if preset.fixed_format else {}
                self._proven[model] = current = kept.model_copy(update=fixed)
            self._current[model] = current
        return self._current[model]

    def kept(self, model: str) -> Capabilities | None:
        """The capabilities that earlier answers taught, if there were any."""
        if model in self._proven:
            return self._proven[model]
        kept = self._recall(model)
        try:
            return None if kept is None else Capabilities.model_validate_json(kept)
        except ValidationError:  # written by another version of this program: learn again
            return None

    def fallback_for(self, attempt: Attempt, *, answered: bool) -> Capabilities | None:
        """The form to send a refused question in next, if that may help; None: it is not the form.

        Args:
            attempt: what came of it.
            answered: the endpoint has answered a question in this run. Of one that nothing is known of, less
                may be asked without a word about the form. Where that was of use, all others are put in the
                form that was answered.
        """
        error, meaning, request = attempt.error, attempt.meaning, attempt.request
        passing = isinstance(meaning, TransientError) and not meaning.limited
        rejected = isinstance(meaning, AnswerError) and meaning.code == "rejected"
        if error is None or not (passing or rejected):
            return None
        if (lesson := self._lesson(attempt, error)) is not None:
            return lesson
        if error.status not in _GENERAL:
            return None
        if self.kept(request.model) is not None:
            now, form = self.of(request.model), attempt.form
            return now if now.form != form.form and now.strength <= form.strength else None
        return None if answered else self._less(attempt)

    def after_others(self, attempt: Attempt) -> Capabilities | None:
        """The form to send a refused question in after others tried theirs; None: they found none."""
        model = attempt.request.model
        if self.kept(model) is None and model not in self._hopeless:
            return attempt.retry_as
        return self.fallback_for(attempt, answered=True)

    def _less(self, attempt: Attempt) -> Capabilities | None:
        """The next weaker form of a question that was refused without a word about its form.

        Less and less is asked until one question was refused in the weakest form: then it is not the form.
        For what may be trouble that passes, one step is tried once a question.
        """
        request, model = attempt.request, attempt.request.model
        before = self._weakened[request.key]
        if isinstance(attempt.meaning, TransientError):
            return None if before else attempt.form.weaker(request)
        tried = model in self._hopeless or attempt.form.form in before
        less = None if tried else attempt.form.weaker(request, unbounded=True)
        if less is None:
            self._hopeless.add(model)
        return less

    def observe(self, attempt: Attempt) -> None:
        """Learn from an attempt."""
        request, error, meaning = attempt.request, attempt.error, attempt.meaning
        model, tokens = request.model, request.prompt_tokens
        if attempt.completion is not None and meaning is None:
            self._answered(model, attempt.form)
            self._ended(model, request.max_tokens, attempt.completion.usage.output)
            self._took(model, tokens)
        elif attempt.retry_as is not None and error is not None:
            if (lesson := self._lesson(attempt, error)) is None:
                self._weakened[request.key].append(attempt.form.form)
            else:
                self._refused(model, attempt.form, lesson)
        elif isinstance(meaning, AnswerError) and meaning.code == "cut":
            self._cut_at[model] = max(self._cut_at[model], request.max_tokens)
        elif isinstance(meaning, AnswerError) and meaning.code == "too_long":
            self._too_long(model, tokens, error or ApiError(200))

    def _lesson(self, attempt: Attempt, error: ApiError) -> Capabilities | None:
        return infer_capabilities(attempt.form, attempt.request, error, self._preset.body)

    def _refused(self, model: str, form: Capabilities, lesson: Capabilities) -> None:
        """Put others in the new form too, unless the old one was answered before."""
        if self.of(model).form != form.form:
            return
        self._doubts[model] += 1
        proven = self._proven.get(model)
        if proven is None or proven.form != form.form or self._doubts[model] >= _DOUBTS:
            self._current[model] = self._current[model].with_form_of(lesson)
            self._proven.pop(model, None)

    def _answered(self, model: str, form: Capabilities) -> None:
        """A question in this form was answered: the strongest that was is kept."""
        proven = self._proven.get(model)
        if proven is not None and proven.form == form.form:
            self._doubts[model] = 0
        if proven is None or form.strength > proven.strength:
            self._keep(model, self.of(model).with_form_of(form))

    def _ended(self, model: str, limit: int, tokens: int) -> None:
        """An answer ended within a limit; if an earlier limit was less, others need it too."""
        cut_at, known = self._cut_at[model], self.of(model).room or 0
        if cut_at and limit > max(cut_at, known) and (tokens > cut_at or not tokens):
            self._keep(model, self.of(model).model_copy(update={"room": limit}))

    def _too_long(self, model: str, tokens: int, error: ApiError) -> None:
        """A question of so many tokens, in our own reckoning, was too long."""
        known, longest = self.of(model).longest, fitting(tokens, error)
        self._measured.add(model)
        longest = max(longest if known is None else min(known, longest), self._taken[model])
        self._current[model] = self.of(model).model_copy(update={"longest": longest})
        if model in self._proven:
            self._keep(model, self._current[model])

    def fits(self, model: str, tokens: int, *, doubt: bool) -> bool:
        """True if a question of so many tokens may be sent.

        Args:
            model: which.
            tokens: of the question, in our own reckoning.
            doubt: what an earlier run found too long may be tried again, once: the context may have grown.
        """
        longest = self.of(model).longest
        if longest is None or tokens <= longest:
            return True
        if doubt and model not in self._measured:
            self._measured.add(model)
            self._doubted.add(model)
            return True
        return False

    def _took(self, model: str, tokens: int) -> None:
        """A question of so many tokens was answered: what was too long in an earlier run may be no more."""
        self._taken[model] = max(self._taken[model], tokens)
        longest = self.of(model).longest
        if longest is not None and tokens > longest:
            now = None if model in self._doubted else tokens
            self._keep(model, self.of(model).model_copy(update={"longest": now}))

    def _keep(self, model: str, known: Capabilities) -> None:
        self._current[model] = self._proven[model] = known
        self._remember(model, known.model_dump_json(exclude_defaults=True))


class LearnedError(Exception):
    """The endpoint said, in these words, what it does not accept; the question is put in another form.

    Attributes:
        attempt: what it said so to.
        form: to try next.
    """

    def __init__(self, attempt: Attempt, said: str, form: Capabilities) -> None:
        super().__init__(said)
        self.attempt = attempt
        self.form = form
