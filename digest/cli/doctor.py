"""`digest doctor`: whether everything that a run needs is there, each with what to do where it is not."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from digest.cli import output
from digest.cli.check import Check
from digest.cli.options import Flags, Json, Model, Out, PromptName, Sample
from digest.cli.table import table
from digest.errors import DigestError, NoLedgerError, UsageError
from digest.system.language import translated

if TYPE_CHECKING:
    from digest.cli.session import CommandOptions
    from digest.config import Settings
    from digest.llm.endpoint import Endpoint
    from digest.model import Completion, Paper
    from digest.summarize.prompt import Prompt

_OWN_FILE = Path("digest.toml")
_ADDRESS = re.compile(r"[^\s\"<>,;@]+@[^\s\"<>,;@]+")
_SPACE = 1e9
"""Bytes that a run should find free: a day's PDFs take up to a gigabyte."""

_PATIENCE = 20.0
"""Seconds that the endpoint may keep its question waiting: a run has more, but nobody watches that."""

_SLOW = 0.2
"""Of the timeout: a question that takes more is told of; one with passages of a paper takes two to four times
as long where reading it takes the time."""

_REACH = 20.0
"""Seconds that arXiv may take to answer."""


def command(
    model: Model = None,
    prompt: PromptName = None,
    out: Out = None,
    fetch_vocabulary: Annotated[
        bool, typer.Option("--fetch-vocabulary", help="Download tiktoken's vocabulary for counting tokens.")
    ] = False,
    sample: Sample = False,
    json: Json = False,
) -> None:
    """Check the whole set-up: settings, key, endpoint, arXiv, disk, ledger; asks one cheap question."""
    from digest.cli.session import CommandOptions

    flags: Flags = {"run": {"prompt": prompt, "out": out}, "model": {"name": model}}
    raise typer.Exit(doctor(CommandOptions(flags, sample, json), fetch_vocabulary=fetch_vocabulary))


def doctor(given: CommandOptions, *, fetch_vocabulary: bool) -> int:
    """Check the whole set-up, print a table, and return the exit code.

    0: a run can begin; 2: something must be set; 4: something cannot be reached, or the ledger is damaged.
    """
    import asyncio

    from digest.cli.session import prepared

    with prepared(given, asks_model=False) as ready:
        checks = asyncio.run(_all(ready.settings, given, fetch_vocabulary=fetch_vocabulary))
    if given.json:
        output.as_json([asdict(check) for check in checks])
    else:
        for line in table(("", "", ""), _rows(checks)):
            print(line)
    return max((check.code for check in checks if check.state == "fail"), default=0)


def _rows(checks: Sequence[Check]) -> Iterator[tuple[str, ...]]:
    for check in checks:
        yield translated(check.state), f"{translated(check.name):<10}", translated(check.found)
        if check.advice:
            yield "", "", f"-> {translated(check.advice)}"


async def _all(settings: Settings, given: CommandOptions, *, fetch_vocabulary: bool) -> list[Check]:
    checks = [_python(), *_settings(settings, given), *_environment(settings), *_model_settings(settings)]
    from digest.cli.home_check import home_checks

    checks += home_checks(settings)
    if all(check.state != "fail" for check in checks):
        checks += [check async for check in _endpoint(settings)]
    checks += [_vocabulary(settings.model.name, fetch=fetch_vocabulary), await _arxiv(settings)]
    return [
        *checks,
        _disk(settings.run.out),
        *_ledger(settings),
        *_channels(settings, needed=not given.sample),
    ]


def _python() -> Check:
    return Check("python", "ok", f"{platform.python_version()} on {platform.system()}")


def _settings(settings: Settings, given: CommandOptions) -> Iterator[Check]:
    """The settings that are not as shipped, each with where it came from; a key is never shown."""
    import tomllib

    from digest.config import ENVIRONMENT
    from digest.system.files import read_text

    own = tomllib.loads(read_text(_OWN_FILE)) if _OWN_FILE.exists() else {}
    yield Check("settings", "ok", str(_OWN_FILE.absolute()) if own else "as shipped: there is no digest.toml")
    sources: dict[tuple[str, str], str] = {}
    if given.sample:
        sources |= dict.fromkeys((("model", "base_url"), ("model", "name"), ("model", "key")), "sample day")
    else:
        sources |= {(table, key): _OWN_FILE.name for table, keys in own.items() for key in _keys(keys)}
        sources |= {place: name for name, place in ENVIRONMENT.items() if os.environ.get(name, "").strip()}
    sources |= {
        (table, key): "flag"
        for table, keys in given.flags.items()
        for key, value in keys.items()
        if value is not None
    }
    for (part, key), source in sorted(sources.items()):
        if key != "key" and part != "sections":
            value = getattr(getattr(settings, part, None), key, None)
            yield Check("", "ok", f"{part}.{key} = {_shown(value)} ({source})")


def _shown(value: object) -> str:
    """A value of the settings as TOML has it: of a table the names of its entries, addresses masked."""
    import json

    from pydantic import BaseModel

    from digest.deliver.mail import shown_address

    if isinstance(value, BaseModel):
        return ", ".join(sorted(value.model_fields_set))
    if isinstance(value, Mapping):
        return ", ".join(map(str, value))
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(map(_shown, value))}]"
    plain = value if isinstance(value, bool | int | float) else str(value)
    return _ADDRESS.sub(lambda found: shown_address(found[0]), json.dumps(plain, ensure_ascii=False))


def _environment(settings: Settings) -> Iterator[Check]:
    """The variables that have to do with the network: proxies, and what cannot be used."""
    from digest.system.network import OF_REQUESTS, on_this_machine, proxies, unusable

    places = settings.arxiv
    urls = (settings.model.base_url, places.pages, places.api, places.feed, places.pdf, places.oai)
    outside = not all(map(on_this_machine, urls))
    wrong = unusable(os.environ)
    for name, address in proxies(os.environ).items():
        if name not in wrong and outside:
            yield Check("variable", "ok", f"{name}: requests to the world go through {address}")
    for name, why in wrong.items():
        needed = outside and name not in OF_REQUESTS
        found = f"{name} cannot be used: {why}"
        yield Check(
            "variable", "fail" if needed else "note", found, "Correct or unset it.", 2 if needed else 0
        )


def _keys(table: object) -> list[str]:
    return list(table) if isinstance(table, Mapping) else []


def _model_settings(settings: Settings) -> Iterator[Check]:
    from digest.llm.presets import preset_of

    model = settings.model
    try:
        known = preset_of(model)
    except UsageError as error:
        yield Check("preset", "fail", str(error), "Correct model.preset in digest.toml.", 2)
        return
    extra = f", body {known.body}" if known.body else ""
    yield Check("preset", "ok", f"preset {known.name or 'none'} for {known.base_url}{extra}")
    if model.key.get_secret_value():
        yield Check("key", "ok", "OPENAI_API_KEY is set")
    elif known.key:
        yield Check("key", "fail", "OPENAI_API_KEY is not set", "Set it to your endpoint's key.", 2)
    else:
        yield Check("key", "ok", "none is needed")
    if model.name:
        yield Check("model", "ok", model.name)
    else:
        yield Check("model", "fail", "no model is named", "Set DIGEST_MODEL or give --model.", 2)


async def _endpoint(settings: Settings) -> AsyncIterator[Check]:
    """Checks of the endpoint: its list of models, and one cheap question, which is asked."""
    from digest.cli.estimate import estimated
    from digest.llm.endpoint import Endpoint

    quick = settings.model.model_copy(update={"attempts": 2, "patience": 0})
    endpoint = Endpoint(quick, patience=_PATIENCE)
    try:
        names = await endpoint.models(_PATIENCE)
        yield Check("endpoint", "ok", f"{endpoint.address} answers and lists {len(names)} models")
        if settings.model.name in names:
            yield Check("listed", "ok", f"{settings.model.name} is listed")
        else:
            few = ", ".join(names[:8])
            yield Check("listed", "note", f"{settings.model.name} is not listed; listed are {few}")
    except DigestError as error:
        yield Check("endpoint", "note", f"no list of models: {error}")
    try:
        check, answer = await _asked(endpoint, settings)
        yield check
        async for one in estimated(answer, settings):
            yield one
    except UsageError as error:
        yield Check("question", "fail", str(error), "Correct digest.toml or the flags.", 2)
    except DigestError as error:
        yield Check("question", "fail", str(error), "Mend what the sentence says, then try again.", 4)
    finally:
        await endpoint.close()


async def _asked(endpoint: Endpoint, settings: Settings) -> tuple[Check, Completion | None]:
    """One question as a run asks it, about a paper of the sample day; and its answer, if there is one."""
    from digest.llm.response import UnusableError
    from digest.summarize.prompt import load
    from digest.summarize.summarizer import request_for

    prompt = load(settings.run.prompt).speaking(settings.run.languages)
    conversation = prompt.render(_a_paper())
    request = request_for(prompt, settings.model.name, conversation, endpoint.body)
    try:
        completion = await endpoint.complete(request)
    except UnusableError as error:
        if not error.thinks:
            raise
        return Check("question", "note", "answered with thoughts only", f"{error}."), None
    took = completion.milliseconds / 1000
    cost = "price unknown" if completion.cost is None else f"${completion.cost:.5f}"
    usage = f"{completion.usage.input} tokens in, {completion.usage.output} out, {cost}"
    known = endpoint.capabilities(settings.model.name)
    form = ", ".join((known.answer_format, *(f"without {field}" for field in known.left_out)))
    try:
        _read(completion.content, prompt)
    except ValueError as error:
        advice = "Try another model, or model.answer_format in digest.toml."
        found = f"answered as {form} in {took:.1f} s ({usage}), but: {error}"
        return Check("question", "note", found, advice), completion
    found = f"answered as {form} in {took:.1f} s ({usage})"
    if took > _SLOW * settings.model.timeout:
        return Check("question", "note", found, _slow(took, settings.model.timeout)), completion
    return Check("question", "ok", found), completion


def _slow(took: float, timeout: float) -> str:
    """Advice for a model that takes so many seconds for a short question."""
    from digest.llm.retry_after import in_words

    return (
        f"That is much of the {timeout:g} s that model.timeout allows, and with passages of the paper it "
        f"takes longer: a hundred papers one after another take {in_words(100 * took)}. "
        "Raise model.timeout, lower text.budget, or take a smaller model."
    )


def _read(content: str, prompt: Prompt) -> None:
    """Do nothing with an answer that can be read.

    Raises:
        ValueError: it cannot be read; says why.
    """
    from digest.summarize.answer import read_entry, read_fields, read_line

    if prompt.answer == "entry":
        if lacking := read_entry(content, prompt.lang, prompt.also).lacking:
            raise ValueError(f"JSON 字段 {lacking[0]} 缺失或不可用")
    else:
        (read_fields if prompt.answer == "fields" else read_line)(content)


def _a_paper() -> Paper:
    """The first paper of the sample day: its endpoint knows no others."""
    from digest.model import Paper
    from digest.sample.data import Library
    from digest.sample.knobs import Knobs

    record = Library(Knobs()).records[0]
    return Paper(id=record.id, title=record.title, abstract=record.abstract)


def _vocabulary(model: str, *, fetch: bool) -> Check:
    """The vocabulary that tokens are counted with; fetched only when that is asked for."""
    from digest.text.tokens import ESTIMATE, count

    if fetch:
        import tiktoken

        try:
            tiktoken.encoding_for_model(model.rsplit("/", 1)[-1])
        except KeyError:
            tiktoken.get_encoding("o200k_base")
        except Exception as error:  # noqa: BLE001 - requests, which tiktoken uses, has many
            reason = f"the vocabulary cannot be fetched ({type(error).__name__})"
            return Check("tokens", "fail", reason, "Leave --fetch-vocabulary out: an estimate will do.", 4)
    counted = count("tokens", model)[1]
    if counted == ESTIMATE:
        found = "estimated, within 6 %: the model's vocabulary is not on this machine"
        return Check(
            "tokens", "note", found, "`digest doctor --fetch-vocabulary` downloads what tiktoken has."
        )
    return Check("tokens", "ok", f"counted by {counted}")


async def _arxiv(settings: Settings) -> Check:
    import httpx2

    from digest.system.network import client_options, explained
    from digest.system.reach import reason

    category = settings.chosen_sections()[0].categories[0]
    url = f"{settings.arxiv.pages}/list/{category}/new"
    try:
        with explained():
            client = httpx2.AsyncClient(timeout=_REACH, follow_redirects=True, **client_options(url))
    except UsageError as error:
        return Check("arxiv", "fail", str(error), "Correct or unset it.", 2)
    try:
        async with client:
            response = await client.get(url, headers={"User-Agent": "bilingual-arxiv-digest (doctor)"})
    except httpx2.HTTPError as error:
        found = f"{url} did not answer ({reason(error, url)})"
        return Check("arxiv", "fail", found, "Check the network and its proxy, then try again.", 4)
    if response.status_code >= 400:
        advice = "Wait some minutes, or check [arxiv] in digest.toml."
        return Check("arxiv", "fail", f"{url} answered HTTP {response.status_code}", advice, 4)
    contact = (
        "" if settings.arxiv.contact else "Set arxiv.contact in digest.toml: arXiv asks whose program it is."
    )
    return Check("arxiv", "ok" if not contact else "note", f"{url} answers", contact)


def _disk(out: Path) -> Check:
    """A check that the folder can be written, and has room."""
    import tempfile

    there = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        reason = f"{there} cannot be written ({error.strerror})"
        return Check("disk", "fail", reason, "Choose another folder with --out.", 2)
    free = shutil.disk_usage(there).free
    found = f"{there} can be written, {free / 1e9:.1f} GB are free"
    if free < _SPACE:
        return Check("disk", "note", found, "A day's PDFs may need a gigabyte: free some, or use --no-pdf.")
    return Check("disk", "ok", found)


def _ledger(settings: Settings) -> Iterator[Check]:
    from digest.cli.verify import verify
    from digest.ledger import open_history
    from digest.sample.knobs import FOLDER
    from digest.sample.traces import left_in

    out, where = settings.run.out, settings.ledger_at
    try:
        with open_history(where) as history:
            name = history.name
            if out.name != FOLDER and left_in(history.database):
                found = "earlier runs of the sample day are in it"
                yield Check("ledger", "note", found, "The next `digest run` takes them out, and says so.")
            # a file is read whole; a database that many share may hold a year
            wrong = list(verify(out)) if where == out else list(history.database.problems())
    except NoLedgerError:
        yield Check("ledger", "ok", "there is none yet; the first run makes one")
        return
    except DigestError as error:
        yield Check("ledger", "fail", str(error), "`digest runs verify` says more.", error.exit_code)
        return
    for sentence in wrong:
        yield Check("ledger", "fail", sentence, "`digest runs verify` says more.", 4)
    if not wrong:
        yield Check("ledger", "ok", f"{name} is sound")


def _channels(settings: Settings, *, needed: bool) -> Iterator[Check]:
    """Where digests are sent, as far as that shows without sending; trouble fails where they are needed."""
    from digest.deliver.channels import troubles

    for name, trouble in troubles(settings, os.environ):
        if trouble:
            state: Literal["fail", "note"] = "fail" if needed else "note"
            found = f"{name} cannot be used: {trouble}"
            advice = "docs/delivery.md has an example of each."
            yield Check("channel", state, found, advice, 2 if needed else 0)
        else:
            yield Check(
                "channel", "ok", f"{name} can be used; `digest deliver --dry-run` shows what goes there"
            )
