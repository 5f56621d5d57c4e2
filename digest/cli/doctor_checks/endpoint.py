"""Checks of the model: its settings, and the endpoint, which is asked one cheap question."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from digest.cli import output
from digest.cli.doctor_checks import Diagnosis
from digest.cli.doctor_checks.estimate import estimated
from digest.cli.prompts import load
from digest.config import Settings
from digest.llm.endpoint import Endpoint
from digest.llm.model_list import listed_models
from digest.llm.presets import preset_of
from digest.llm.response import UnusableError
from digest.model import Completion, Paper
from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from digest.summarize.answer import read_entry, read_fields, read_line
from digest.summarize.prompt import Prompt, request_for
from digest.system.errors import AnswerError, DigestError, UsageError
from digest.system.redact import without_credentials
from digest.system.retry_after import format_wait

_PATIENCE = 20.0
"""Seconds that the endpoint may keep its question waiting: a run has more, but nobody watches that."""

_SLOW = 0.2
"""The share of its timeout beyond which an answer is slow, and told of: a question with passages of a paper
takes two to four times as long where reading it takes the time."""


def model_settings(settings: Settings) -> Iterator[Diagnosis]:
    """Preset, key and name of the model, without asking it."""
    model = settings.model
    try:
        known = preset_of(model)
    except UsageError as error:
        yield Diagnosis("preset", "fail", str(error), "Correct model.preset in digest.toml.", 2)
        return
    extra = f", body {known.body}" if known.body else ""
    yield Diagnosis(
        "preset", "ok", f"preset {known.name or 'none'} for {without_credentials(known.base_url)}{extra}"
    )
    if model.key.get_secret_value():
        yield Diagnosis("key", "ok", "OPENAI_API_KEY is set")
    elif known.key:
        yield Diagnosis("key", "fail", "OPENAI_API_KEY is not set", "Set it to your endpoint's key.", 2)
    else:
        yield Diagnosis("key", "ok", "none is needed")
    if model.name:
        yield Diagnosis("model", "ok", model.name)
    else:
        yield Diagnosis("model", "fail", "no model is named", "Set DIGEST_MODEL or give --model.", 2)


async def questions(settings: Settings) -> AsyncIterator[Diagnosis]:
    """Checks of the endpoint: its list of models, and one cheap question, which is asked."""
    quick = settings.model.model_copy(update={"attempts": 2, "patience": 0})
    endpoint = Endpoint(quick, patience=_PATIENCE)
    try:
        names = await listed_models(endpoint, _PATIENCE)
        yield Diagnosis("endpoint", "ok", f"{endpoint.address} answers and lists {len(names)} models")
        if settings.model.name in names:
            yield Diagnosis("listed", "ok", f"{settings.model.name} is listed")
        else:
            few = ", ".join(names[:8])
            yield Diagnosis("listed", "note", f"{settings.model.name} is not listed; listed are {few}")
    except DigestError as error:
        yield Diagnosis("endpoint", "note", f"no list of models: {error}")
    output.print_on_terminal(
        f"{settings.model.name} is asked one question, which may take up to "
        f"{format_wait(endpoint.timeout)} ..."
    )
    try:
        check, answer = await _fitted(endpoint, settings)
        yield check
        async for one in estimated(answer, settings):
            yield one
    except UsageError as error:
        yield Diagnosis("question", "fail", str(error), "Correct digest.toml or the flags.", 2)
    except DigestError as error:
        yield Diagnosis("question", "fail", str(error), "Mend what the sentence says, then try again.", 4)
    finally:
        await endpoint.close()


async def _fitted(endpoint: Endpoint, settings: Settings) -> tuple[Diagnosis, Completion | None]:
    """One question as a run asks it: with the prompt's shorter form where the model has no room for it."""
    prompt = load(settings.run.prompt).speaking(settings.run.languages)
    try:
        return await _asked(endpoint, settings, prompt)
    except AnswerError as error:
        if error.code != "too_long" or prompt.shorter is None:
            raise
        check, answer = await _asked(endpoint, settings, prompt.shorter)
        found = f"{check.found}, with the shorter prompt {prompt.shorter.name}: {error}"
        return Diagnosis("question", "note", found, "Long papers may find no room at all."), answer


async def _asked(
    endpoint: Endpoint, settings: Settings, prompt: Prompt
) -> tuple[Diagnosis, Completion | None]:
    """One question about a paper of the sample day; and its answer, if there is one."""
    conversation = prompt.render(_a_paper())
    request = request_for(prompt, settings.model.name, conversation, endpoint.body)
    try:
        completion = await endpoint.complete(request)
    except UnusableError as error:
        if not error.thinks:
            raise
        return Diagnosis("question", "note", "answered with thoughts only", f"{error}."), None
    took = completion.milliseconds / 1000
    cost = "price unknown" if completion.cost is None else f"${completion.cost:.5f}"
    usage = f"{completion.usage.input} tokens in, {completion.usage.output} out, {cost}"
    known = endpoint.capabilities(settings.model.name)
    form = ", ".join((known.answer_format, *(f"without {field}" for field in known.left_out)))
    try:
        _refuse_unreadable(completion.content, prompt)
    except ValueError as error:
        advice = "Try another model, or model.answer_format in digest.toml."
        found = f"answered as {form} in {took:.1f} s ({usage}), but: {error}"
        return Diagnosis("question", "note", found, advice), completion
    found = f"answered as {form} in {took:.1f} s ({usage})"
    if took > _SLOW * endpoint.timeout:
        return Diagnosis("question", "note", found, _slow(took, endpoint.timeout)), completion
    return Diagnosis("question", "ok", found), completion


def _slow(took: float, timeout: float) -> str:
    """Advice for a model that takes so many seconds for a short question."""
    return (
        f"That is much of the {timeout:g} s that it may take, and with passages of the paper it "
        f"takes longer: a hundred papers one after another take {format_wait(100 * took)}. "
        "Raise model.timeout, lower text.budget, or take a smaller model."
    )


def _refuse_unreadable(content: str, prompt: Prompt) -> None:
    """Do nothing with an answer that can be read.

    Raises:
        ValueError: it cannot be read; says why.
    """
    if prompt.answer == "entry":
        if lacking := read_entry(content, prompt.lang, prompt.also).lacking:
            raise ValueError(f"JSON 字段 {lacking[0]} 缺失或不可用")
    else:
        (read_fields if prompt.answer == "fields" else read_line)(content)


def _a_paper() -> Paper:
    """The first paper of the sample day: its endpoint knows no others."""
    record = SampleData(Knobs()).records[0]
    return Paper(id=record.id, title=record.title, abstract=record.abstract)
