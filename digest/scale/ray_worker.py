"""A worker: a Ray actor that reads papers. It keeps nothing that is not kept elsewhere."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from digest.config import LedgerSettings, Settings
from digest.model import Paper, Text
from digest.scale.mirror_reader import MirrorReader, open_reader
from digest.scale.ray_services import Relay
from digest.scale.ray_shared import download_through
from digest.sources.bulk.mirror import Mirror
from digest.system.errors import DigestError
from digest.text.reader import Download


@dataclass(frozen=True)
class Setup:
    """All that a worker is told; it pickles, and holds no key.

    Attributes:
        arxiv: fetches PDFs; None: arXiv is asked for none.
        mirror: the folder of papers, under the same path on every machine.
    """

    settings: Settings
    arxiv: Relay | None
    mirror: Path | None


def without_key(settings: Settings) -> Settings:
    """The settings as workers may know them: with absolute paths, and neither key nor password."""
    model = settings.model.model_copy(update={"key": SecretStr("")})
    run = settings.run.model_copy(update={"out": settings.run.out.absolute()})
    return settings.model_copy(update={"model": model, "run": run, "ledger": LedgerSettings()})


class PaperWorker:
    """The actor. It reads one paper at a time, in a process that may be killed; others wait here.

    Args:
        setup: see there.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._stack = AsyncExitStack()
        self._reader: MirrorReader | None = None
        self._said: list[str] = []

    async def ready(self) -> DigestError | None:
        """Open everything; what is wrong with the settings on this machine."""
        try:
            self._reader = await self._open()
        except DigestError as error:
            return error
        return None

    async def read(self, paper: Paper, model: str) -> tuple[Text | None, list[str], DigestError | None]:
        """A paper's text for a prompt to `model`, what a person should know, and what ends the run, if so."""
        assert self._reader is not None, "it is ready before it works"
        text = trouble = None
        try:
            text = await self._reader.read(paper, model)
        except DigestError as error:
            trouble = error
        said, self._said = self._said, []
        return text, said, trouble

    async def _open(self) -> MirrorReader:
        setup = self._setup
        mirror = None if setup.mirror is None else Mirror(setup.mirror, self._said_once)
        fetch = None
        if setup.arxiv is not None:
            through = download_through(setup.arxiv)

            async def fetch() -> Download:
                return through

        opening = open_reader(setup.settings, mirror, fetch, self._said_once, workers=1)
        return await self._stack.enter_async_context(opening)

    def _said_once(self, sentence: str) -> None:
        self._said.append(sentence)
