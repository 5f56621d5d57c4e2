"""The settings: a record a table of `digest.toml`, each value checked as it comes in.

Plain pydantic, not pydantic-settings: importing the latter costs 0.15 s more, and three variables are all
that the environment may set.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from digest.config.delivery import DeliverSettings
from digest.config.files import no_file_hint
from digest.config.table import Table
from digest.model import Language, Section
from digest.system.errors import UsageError
from digest.system.files import NAME_LIMIT, at_home, is_file_name
from digest.system.redact import without_credentials

CONCURRENCY = 8
"""Questions under way at once where nothing is set; a server on this machine is asked one at first."""


def _address(url: str) -> str:
    """An address on the web as it was typed, or nothing.

    Raises:
        ValueError: it is none.
    """
    shown = without_credentials(url if "//" in url else f"//{url}").removeprefix("//")
    if url and not re.match(r"https?://[^/\s]", url):
        raise ValueError(f"{shown!r} is no address: it begins with http:// or https://")
    try:
        parts = urlsplit(url)
        usable = not url or bool(parts.hostname and parts.port != 0)
    except ValueError:  # a port that is no number, or too high; brackets that do not close
        usable = False
    if not usable or re.search(r"\s", url):
        raise ValueError(f"{shown!r} is no address, such as http://127.0.0.1:11434/v1")
    return url


Address = Annotated[str, AfterValidator(_address)]
"""An address on the web, or nothing."""

Root = Annotated[str, AfterValidator(lambda url: _address(url).rstrip("/"))]
"""An address that paths are put behind, or nothing."""


class SectionSettings(Table):
    """A section as `digest.toml` describes it."""

    title: str = Field(min_length=1)
    categories: tuple[str, ...] = Field(min_length=1)

    @field_validator("categories")
    @classmethod
    def _known_form(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        for category in categories:
            if not re.fullmatch(r"[a-z-]+(\.[A-Za-z-]+)?", category):
                message = (
                    f"{category!r} is no arXiv category; they look like cs.SD, quant-ph, physics.chem-ph"
                )
                raise ValueError(message)
        return categories


class RunSettings(Table):
    """Settings of `digest run` where flags do not say."""

    sections: tuple[str, ...] = ()
    prompt: str = "entry"
    languages: tuple[Language, ...] = ()
    out: Annotated[Path, AfterValidator(lambda out: at_home(str(out)))] = Path("runs")
    reuse_unchanged: bool = False
    after: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    confirm_cost: float | None = Field(default=None, ge=0, description="US dollars; None: never asked")


class LedgerSettings(Table):
    """The address of the ledger."""

    url: SecretStr = Field(default=SecretStr(""), description="of a PostgreSQL database; empty: a file")

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: SecretStr) -> SecretStr:
        bare = url.get_secret_value().strip()
        if bare and not re.match(r"postgres(ql)?://", bare):
            raise ValueError("the ledger's address looks like postgresql://user@host:5432/database")
        return SecretStr(bare)


class PriceSettings(Table):
    """The price of a million tokens, in US dollars."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0, description="of input; None: as other input")


class ModelSettings(Table):
    """The endpoint and how hard to press it."""

    name: str = ""
    fallback: str = ""
    base_url: Address = ""
    preset: str = ""
    key: SecretStr = SecretStr("")

    concurrency: int | None = Field(default=None, ge=1, le=512, description="None: see `CONCURRENCY`")
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    max_cost: float | None = Field(default=None, ge=0, description="US dollars of one command")
    timeout: float = Field(default=120, gt=0, description="seconds")
    attempts: int = Field(default=5, ge=1, le=20)
    patience: float = Field(default=300, ge=0, le=86400, description="seconds")
    answer_format: Literal["auto", "json_schema", "json_object", "text"] = "auto"
    body: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    price: PriceSettings | None = None

    @field_validator("key")
    @classmethod
    def _can_be_sent(cls, key: SecretStr) -> SecretStr:
        bare = key.get_secret_value().strip()
        if not re.fullmatch(r"[!-~]*", bare):
            raise ValueError("no key looks like that: copy it again, without blanks and curly quotes")
        return SecretStr(bare)

    @field_validator("headers")
    @classmethod
    def _no_secrets(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if re.search(r"auth|key|token|cookie|secret", name, re.IGNORECASE):
                raise ValueError(f"{name!r} would hold a secret; keys are read from OPENAI_API_KEY only")
        return headers


class TextSettings(Table):
    """Settings of a paper's text: the passages that go into a prompt."""

    source: Literal["pdf", "abstract"] = "pdf"
    budget: int = Field(default=2000, ge=200, description="tokens")
    deadline: float = Field(default=30, gt=0, description="seconds")
    size_limit: int = Field(default=50, ge=1, description="MB of one PDF")
    page_limit: int = Field(default=150, ge=3, description="pages read of one PDF")
    cache_limit: int = Field(default=2000, ge=1, description="MB of all PDFs kept")


class ArxivSettings(Table):
    """arXiv's addresses; the sample day and tests put loopback addresses here."""

    contact: str = ""
    pages: Root = "https://arxiv.org"
    api: Root = "https://export.arxiv.org"
    feed: Root = "https://rss.arxiv.org"
    pdf: Root = "https://export.arxiv.org"
    oai: Root = "https://oaipmh.arxiv.org/oai"


class SiteSettings(Table):
    """The pages made from digests."""

    enabled: bool = True
    folder: Path = Path("site")
    title: str = Field(default="arXiv 速览", min_length=1)
    lang: Literal["zh", "en"] = "zh"
    url: Root = ""


Weights = dict[str, Annotated[float, Field(gt=0)]]
"""Subject that a reader cares for -> its weight; a plain list weighs 1 each."""


class InterestSettings(Table):
    """Settings of the reader's interests: papers near it come first."""

    words: Weights = Field(default_factory=dict)
    authors: Weights = Field(default_factory=dict)
    categories: Weights = Field(default_factory=dict)
    negative: Weights = Field(default_factory=dict)
    library_weight: float = Field(default=10, ge=0)

    @field_validator("words", "authors", "categories", "negative", mode="before")
    @classmethod
    def _weighted(cls, given: object) -> object:
        return dict.fromkeys(given, 1.0) if isinstance(given, list) else given


class Settings(Table):
    """Everything that can be set."""

    sections: dict[str, SectionSettings]
    run: RunSettings = RunSettings()
    ledger: LedgerSettings = LedgerSettings()
    model: ModelSettings = ModelSettings()
    text: TextSettings = TextSettings()
    arxiv: ArxivSettings = ArxivSettings()
    checks: dict[str, Literal["off", 1, 2, 3]] = Field(default_factory=dict)
    site: SiteSettings = SiteSettings()
    interests: InterestSettings = InterestSettings()
    deliver: DeliverSettings = DeliverSettings()

    @field_validator("sections")
    @classmethod
    def _name_files(cls, sections: dict[str, SectionSettings]) -> dict[str, SectionSettings]:
        for key in sections:
            if not is_file_name(key):
                shown = key if len(key) <= 40 else f"{key[:40]}..."
                raise ValueError(
                    f"a section cannot be called {shown!r}: its digests are files of that name, in no folder "
                    f"of their own, with at most {NAME_LIMIT} bytes"
                )
        return sections

    @model_validator(mode="after")
    def _channels_have_sections(self) -> Self:
        for name, channel in self.deliver.channels.items():
            for key in channel.sections:
                if key not in self.sections:
                    known = ", ".join(self.sections)
                    raise ValueError(f"the channel {name} of [deliver] has {key!r}; sections are {known}")
        return self

    @property
    def ledger_at(self) -> Path | SecretStr:
        """The place of the ledger: the folder of the digests, or the address of a database."""
        return self.ledger.url if self.ledger.url.get_secret_value() else self.run.out

    def section(self, key: str) -> Section:
        """The section called `key`, or else the one with that title.

        Raises:
            UsageError: there is none, or the title is that of several; the message names those there are.
        """
        if key not in self.sections:
            titled = [name for name, one in self.sections.items() if one.title == key.strip()]
            if len(titled) > 1:
                raise UsageError(f"Several sections have the title {key!r}: {', '.join(titled)}. Name one.")
            if not titled:
                known, hint = ", ".join(self.sections), no_file_hint()
                if hint:
                    raise UsageError(f"There is no section {key!r}. Sections as shipped: {known}.{hint}")
                raise UsageError(f"There is no section {key!r}. Sections in digest.toml: {known}.")
            key = titled[0]
        settings = self.sections[key]
        return Section(key=key, title=settings.title, categories=settings.categories)

    def chosen_sections(self) -> tuple[Section, ...]:
        """The sections of a run, in the order given; all of them when none was chosen."""
        chosen = (self.section(key) for key in self.run.sections or tuple(self.sections))
        return tuple({section.key: section for section in chosen}.values())
