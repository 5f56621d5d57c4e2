"""Checks of what a run finds around it: the vocabulary, arXiv, the disk, the ledger."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2

from digest.cli.doctor_checks import Diagnosis
from digest.cli.sample_traces import left_in
from digest.cli.verify import verify
from digest.config import Settings
from digest.ledger import open_history
from digest.sample.knobs import FOLDER
from digest.system.errors import DigestError, NoLedgerError, UsageError
from digest.system.network import client_options, explained
from digest.system.reach import reason
from digest.text.tokens import ESTIMATE, count

_SPACE = 1e9
"""Bytes that a run should find free: a day's PDFs take up to a gigabyte."""

_REACH = 20.0
"""Seconds that arXiv may take to answer."""


def vocabulary(model: str, *, fetch: bool) -> Diagnosis:
    """The vocabulary that tokens are counted with; fetched only when that is asked for."""
    if fetch:
        import tiktoken

        try:
            tiktoken.encoding_for_model(model.rsplit("/", 1)[-1])
        except KeyError:
            tiktoken.get_encoding("o200k_base")
        except Exception as error:  # noqa: BLE001 - requests, which tiktoken uses, has many
            reason = f"the vocabulary cannot be fetched ({type(error).__name__})"
            return Diagnosis(
                "tokens", "fail", reason, "Leave --fetch-vocabulary out: an estimate will do.", 4
            )
    counted = count("tokens", model)[1]
    if counted == ESTIMATE:
        found = "estimated, within 6 %: the model's vocabulary is not on this machine"
        return Diagnosis(
            "tokens", "note", found, "`digest doctor --fetch-vocabulary` downloads what tiktoken has."
        )
    return Diagnosis("tokens", "ok", f"counted by {counted}")


async def arxiv(settings: Settings) -> Diagnosis:
    """A check that the listing of the first category can be had; asks for it."""
    category = settings.chosen_sections()[0].categories[0]
    url = f"{settings.arxiv.pages}/list/{category}/new"
    try:
        with explained():
            client = httpx2.AsyncClient(timeout=_REACH, follow_redirects=True, **client_options(url))
    except UsageError as error:
        return Diagnosis("arxiv", "fail", str(error), "Correct or unset it.", 2)
    try:
        async with client:
            response = await client.get(url, headers={"User-Agent": "bilingual-arxiv-digest (doctor)"})
    except httpx2.HTTPError as error:
        found = f"{url} did not answer ({reason(error, url)})"
        return Diagnosis("arxiv", "fail", found, "Check the network and its proxy, then try again.", 4)
    if response.status_code >= 400:
        advice = "Wait some minutes, or check [arxiv] in digest.toml."
        return Diagnosis("arxiv", "fail", f"{url} answered HTTP {response.status_code}", advice, 4)
    contact = (
        "" if settings.arxiv.contact else "Set arxiv.contact in digest.toml: arXiv asks whose program it is."
    )
    return Diagnosis("arxiv", "ok" if not contact else "note", f"{url} answers", contact)


def disk(out: Path) -> Diagnosis:
    """A check that the folder can be written, and has room."""
    there = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        reason = f"{there} cannot be written ({error.strerror})"
        return Diagnosis("disk", "fail", reason, "Choose another folder with --out.", 2)
    free = shutil.disk_usage(there).free
    found = f"{there} can be written, {free / 1e9:.1f} GB are free"
    if free < _SPACE:
        return Diagnosis(
            "disk", "note", found, "A day's PDFs may need a gigabyte: free some, or use --no-pdf."
        )
    return Diagnosis("disk", "ok", found)


def ledger(settings: Settings) -> Iterator[Diagnosis]:
    """Checks of the ledger: a file whole, a database by what it says of itself."""
    out, where = settings.run.out, settings.ledger_at
    try:
        with open_history(where) as history:
            name = history.name
            if out.name != FOLDER and left_in(history.database):
                found = "earlier runs of the sample day are in it"
                yield Diagnosis("ledger", "note", found, "The next `digest run` takes them out, and says so.")
            # a file is read whole; a database that many share may hold a year
            wrong = list(verify(out)) if where == out else list(history.database.problems())
    except NoLedgerError:
        yield Diagnosis("ledger", "ok", "there is none yet; the first run makes one")
        return
    except DigestError as error:
        yield Diagnosis("ledger", "fail", str(error), "`digest runs verify` says more.", error.exit_code)
        return
    for sentence in wrong:
        yield Diagnosis("ledger", "fail", sentence, "`digest runs verify` says more.", 4)
    if not wrong:
        yield Diagnosis("ledger", "ok", f"{name} is sound")
