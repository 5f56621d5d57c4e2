"""One Settings object: flags before environment before `digest.toml` before the shipped defaults.

Plain pydantic, not pydantic-settings: importing the latter costs 0.15 s more, and three variables are all
that the environment may set.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeGuard, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from digest.errors import UsageError
from digest.model import Language, Section
from digest.system.files import at_home, read_text
from digest.system.full_width import full_width
from digest.system.network import on_this_machine

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "defaults"
_CHECKOUT = _PACKAGE.parent

ENVIRONMENT = {
    "OPENAI_API_KEY": ("model", "key"),
    "OPENAI_BASE_URL": ("model", "base_url"),
    "DIGEST_MODEL": ("model", "name"),
    "DIGEST_LEDGER_URL": ("ledger", "url"),
}
"""Which variable sets which setting."""


CONCURRENCY = 8
"""Questions under way at once where nothing is set; a server on this machine is asked one at first."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SectionSettings(_Table):
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


class RunSettings(_Table):
    """Settings of `digest run` where flags do not say."""

    sections: tuple[str, ...] = ()
    prompt: str = "entry"
    languages: tuple[Language, ...] = ()
    out: Path = Path("runs")
    reuse_unchanged: bool = False
    after: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    confirm_cost: float | None = Field(default=None, ge=0, description="US dollars; None: never asked")

    @field_validator("out")
    @classmethod
    def _at_home(cls, out: Path) -> Path:
        return at_home(str(out))


class LedgerSettings(_Table):
    """Where the ledger is."""

    url: SecretStr = Field(default=SecretStr(""), description="of a PostgreSQL database; empty: a file")

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: SecretStr) -> SecretStr:
        bare = url.get_secret_value().strip()
        if bare and not re.match(r"postgres(ql)?://", bare):
            raise ValueError("the ledger's address looks like postgresql://user@host:5432/database")
        return SecretStr(bare)


class PriceSettings(_Table):
    """The price of a million tokens, in US dollars."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0, description="of input; None: as other input")


class ModelSettings(_Table):
    """The endpoint and how hard to press it."""

    name: str = ""
    fallback: str = ""
    base_url: str = ""
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

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url and not re.match(r"https?://[^/\s]", url):
            raise ValueError(f"{url!r} is no address: it begins with http:// or https://")
        return url

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


class TextSettings(_Table):
    """Settings of a paper's text: the passages that go into a prompt."""

    source: Literal["pdf", "abstract"] = "pdf"
    budget: int = Field(default=2000, ge=200, description="tokens")
    deadline: float = Field(default=30, gt=0, description="seconds")
    size_limit: int = Field(default=50, ge=1, description="MB of one PDF")
    page_limit: int = Field(default=150, ge=3, description="pages read of one PDF")
    cache_limit: int = Field(default=2000, ge=1, description="MB of all PDFs kept")


class ArxivSettings(_Table):
    """arXiv's addresses; the sample day and tests put loopback addresses here."""

    contact: str = ""
    pages: str = "https://arxiv.org"
    api: str = "https://export.arxiv.org"
    feed: str = "https://rss.arxiv.org"
    pdf: str = "https://export.arxiv.org"
    oai: str = "https://oaipmh.arxiv.org/oai"


class SiteSettings(_Table):
    """The pages made from digests."""

    enabled: bool = True
    folder: Path = Path("site")
    title: str = Field(default="arXiv 速览", min_length=1)
    lang: Literal["zh", "en"] = "zh"
    url: str = ""

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if url and not re.match(r"https?://[^/\s]", url):
            raise ValueError(f"{url!r} is no address: it begins with http:// or https://")
        return url.rstrip("/")


def is_mail_address(text: str) -> bool:
    """True for what SMTP takes without extensions."""
    return re.fullmatch(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[A-Za-z0-9.-]*[A-Za-z0-9]", text) is not None


def _names_a_variable(name: str) -> str:
    if name and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
        raise ValueError(
            "the name of an environment variable, in capitals, is wanted, and never the secret itself"
        )
    return name


Weights = dict[str, Annotated[float, Field(gt=0)]]
"""Subject that a reader cares for -> its weight; a plain list weighs 1 each."""


class InterestSettings(_Table):
    """Settings of the reader's interests: papers near it come first."""

    words: Weights = {}
    authors: Weights = {}
    categories: Weights = {}
    negative: Weights = {}
    library_weight: float = Field(default=10, ge=0)

    @field_validator("words", "authors", "categories", "negative", mode="before")
    @classmethod
    def _weighted(cls, given: object) -> object:
        return dict.fromkeys(given, 1.0) if isinstance(given, list) else given


EnvironmentName = Annotated[str, AfterValidator(_names_a_variable)]
"""Where a secret is read from. What stands in its place by mistake is not repeated: it may be the secret."""


class ChannelSettings(_Table):
    """Settings of one channel; empty `sections`: those that `digest run` makes."""

    sections: tuple[str, ...] = ()
    only: Literal["all", "interests"] = "all"
    limit: int | None = Field(default=None, ge=1, description="papers in one message; None: what fits")
    lang: Literal["", "zh", "en"] = Field(default="", description="empty: that of the pages")


class ChatSettings(ChannelSettings):
    """A group or device that an Apprise address names."""

    url_env: EnvironmentName = Field(min_length=1)
    template: Literal["auto", "text", "markdown", "html"] = "auto"


class MailSettings(ChannelSettings):
    """Recipients of mail, and the server that takes it."""

    to: tuple[str, ...] = ()
    to_env: EnvironmentName = ""
    sender: str
    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: EnvironmentName = ""
    unsubscribe: str = ""
    template: Literal["html", "text"] = "html"

    @field_validator("to")
    @classmethod
    def _are_addresses(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        for address in to:
            if not is_mail_address(address):
                raise ValueError(f"{address!r} is no mail address; they look like ada@example.org")
        return to

    @field_validator("sender")
    @classmethod
    def _is_sender(cls, sender: str) -> str:
        if not is_mail_address(parseaddr(sender)[1]) or not sender.isprintable():
            raise ValueError(f"{sender!r} is no sender; they look like arXiv <digest@example.org>")
        return sender

    @field_validator("unsubscribe")
    @classmethod
    def _is_link(cls, link: str) -> str:
        if link and not re.fullmatch(r"(mailto:|https://)[!-;=?-~]+", link):
            raise ValueError(f"{link!r} is no address: it begins with mailto: or https://")
        return link

    @model_validator(mode="after")
    def _keeps_the_password(self) -> Self:
        if not (self.to or self.to_env):
            raise ValueError("nobody is to get it: name addresses in `to`, or a variable in `to_env`")
        if self.security == "none" and self.user and not on_this_machine(f"http://{self.host}"):
            raise ValueError("a password is sent in the clear only to this machine: set security")
        return self


class DeliverSettings(_Table):
    """Where digests are sent once they are published; channels by name."""

    enabled: bool = False
    corrections: bool = False
    empty: bool = False
    days: int = Field(default=7, ge=1, le=31, description="how old what was missed may be")
    timeout: float = Field(default=30, gt=0, description="seconds that a server may keep silent")
    chat: dict[str, ChatSettings] = {}
    mail: dict[str, MailSettings] = {}

    @property
    def channels(self) -> dict[str, ChatSettings | MailSettings]:
        """All of them, chat first."""
        return {**self.chat, **self.mail}

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for name in self.chat.keys() & self.mail.keys():
            raise ValueError(f"two channels are called {name!r}; what was sent is noted by the name")
        return self


class Settings(_Table):
    """Everything that can be set."""

    sections: dict[str, SectionSettings]
    run: RunSettings = RunSettings()
    ledger: LedgerSettings = LedgerSettings()
    model: ModelSettings = ModelSettings()
    text: TextSettings = TextSettings()
    arxiv: ArxivSettings = ArxivSettings()
    checks: dict[str, Literal["off", 1, 2, 3]] = {}
    site: SiteSettings = SiteSettings()
    interests: InterestSettings = InterestSettings()
    deliver: DeliverSettings = DeliverSettings()

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
        """Where the ledger is: the folder of the digests, or the address of a database."""
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


def shipped(name: str) -> Path:
    """The file or folder `name` as the project ships it, in a wheel or in a checkout."""
    installed = _INSTALLED / name
    return installed if installed.exists() else _CHECKOUT / name


def find(name: str, folder: Path | None = None) -> Path:
    """The file or folder `name` of `folder` (default: the working directory), else the shipped one."""
    own = (folder or Path.cwd()) / name
    return own if own.exists() else shipped(name)


def no_file_hint() -> str:
    """A sentence with a blank before it where the working directory has no settings file; else empty."""
    if Path("digest.toml").exists():
        return ""
    return f" No digest.toml was found here ({Path.cwd()}); `digest init` makes one."


def load(
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    environment: Mapping[str, str] | None = None,
    path: Path | None = None,
) -> Settings:
    """Merge the four layers, table by table and key by key; lists are replaced, never joined.

    Args:
        flags: table -> key -> value, for what the command line gave; None values are left out.
        environment: variables, normally `os.environ`.
        path: a settings file; default `digest.toml` of the working directory, if there is one.

    Raises:
        UsageError: a file or value is not usable; the message names file, line or key, and what is allowed.
    """
    merged = _read(shipped("digest.toml"))
    own = path or Path("digest.toml")
    if own.exists():
        settings = _read(own)
        _validate(_merge(merged, settings), own)  # blame the file before flags hide what is wrong in it
        merged = _merge(merged, settings)
    elif path is not None:
        raise UsageError(f"{path}: there is no such file.")
    layered: dict[str, dict[str, Any]] = {}
    for variable, (table, key) in ENVIRONMENT.items():
        if value := (environment or {}).get(variable, "").strip():
            layered.setdefault(table, {})[key] = value
    merged = _merge(merged, layered)
    given = {t: {k: v for k, v in keys.items() if v is not None} for t, keys in (flags or {}).items()}
    named = {
        f"{table}.{key}": name
        for name, (table, key) in ENVIRONMENT.items()
        if key in layered.get(table, {}) and key not in given.get(table, {})
    }
    return _validate(_merge(merged, given), None, named)


def _read(path: Path) -> dict[str, Any]:
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if found := full_width(text, error):
            line, typed, plain = found
            raise UsageError(
                f"{path}, line {line}: `{typed}` is a full-width or curly character: type `{plain}` instead."
            ) from error
        raise UsageError(f"{path}: not valid TOML: {error}.") from error


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _merge(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _validate(
    values: Mapping[str, Any], path: Path | None, named: Mapping[str, str] | None = None
) -> Settings:
    """The settings, or a sentence about the first that is not usable; `named`: those of the environment."""
    secret = values.get("model", {})
    if path is not None and isinstance(secret, dict) and "key" in secret:
        raise UsageError(f"{path}: a key must not stand in a file; set OPENAI_API_KEY instead.")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise UsageError(_explain(error, path, named or {})) from None


def _explain(error: ValidationError, path: Path | None, named: Mapping[str, str]) -> str:
    """One sentence for the first thing that is wrong: where, what, and what is allowed there."""
    errors = error.errors(include_url=False, include_context=False)
    # a misspelt key also makes a required one missing: the misspelling is what the user wants to hear of
    first = min(errors, key=lambda one: one["type"] != "extra_forbidden")
    location = [str(part) for part in first["loc"]]
    name = ".".join(location)
    name = named.get(name, name)
    line = _line_of(path, location)
    if first["type"] != "extra_forbidden":
        wrong = first["msg"].removeprefix("Value error, ").replace("a valid tuple", "a list in brackets")
        if line:
            return f"{path}, line {line}: {name}: {wrong}."
        sentence = f"{name}: {wrong}." if name else f"{wrong}."
    else:
        sentence = _unknown(name, location)
    if line:
        return f"{path}, line {line}: {sentence}"
    return f"{path}: {sentence}" if path else sentence


def _unknown(name: str, location: list[str]) -> str:
    """The sentence about a setting that there is not."""
    allowed = _allowed(location[:-1])
    near = difflib.get_close_matches(location[-1], allowed, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"there is no setting {name!r}.{hint} Allowed here: {', '.join(allowed)}."


def _allowed(tables: list[str]) -> list[str]:
    """The keys that may stand in the table reached by these names."""
    model: type[BaseModel] | None = Settings
    entries: type[BaseModel] | None = None  # of a table whose keys the user chooses
    for table in tables:
        if entries is not None:
            model, entries = entries, None
            continue
        assert model is not None  # a table of entries has no fields of its own
        annotation = model.model_fields[table].annotation
        model = annotation if _is_table(annotation) else None
        entries = next((one for one in get_args(annotation)[1:] if _is_table(one)), None)
        if model is None and entries is None:
            return []
    return [key for key in model.model_fields if key != "key"] if model else []


def _is_table(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _line_of(path: Path | None, location: list[str]) -> int | None:
    """The line of `path` where the setting stands, as far as plain TOML tells."""
    if path is None or not location:
        return None
    table, found = "", None
    wanted = {".".join(location[:depth]): location[depth] for depth in range(len(location))}
    for number, text in enumerate(read_text(path).splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", text):
            table = header[1]
            if table.split(".") == location[: table.count(".") + 1]:
                found = number
        elif (key := re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*=", text)) and wanted.get(table) == key[1]:
            found = number
    return found
