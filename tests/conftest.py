"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
import re
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, is_hypothesis_test, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from digest import sample
from digest.cli import app, session
from digest.ledger.sqlite import connection
from digest.sample.knobs import DATA
from digest.system import logs
from digest.system.network import nothing_of_the_environment
from tests import forked
from tests.faulty import Knobs, Server

ROOT = Path(__file__).parent.parent

os.environ.pop("DIGEST_LEDGER_URL", None)  # a ledger that people work with is no place for tests

# The tests start many processes, and each would compile the project anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

gc.disable()  # collecting makes some hundred thousand objects that stay

FULL = bool(os.environ.get("DIGEST_FULL_TESTS"))

# The same examples every time, and no clock: a busy machine must not make a test fail.
settings.register_profile(
    "steady",
    max_examples=200 if FULL else 25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")


def pytest_collection_finish() -> None:
    """Modules and tests stay until the end."""
    gc.freeze()
    gc.enable()


def _leave_to_the_end() -> None:
    """The garbage collector need not look again at what is there now."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(report: object) -> Generator[None, dict[str, Any], dict[str, Any]]:
    """Of a test that passed nobody reads the keywords and what it printed: they take long to hand over."""
    values = yield
    if isinstance(report, pytest.TestReport) and report.passed:
        values.update(keywords={}, sections=[])
    return values


class ByLibraries(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Files together, and folders whose tests share libraries that take a second to import."""

    def _split_scope(self, nodeid: str) -> str:
        together = ("tests/deliver/", "tests/evaluate/")
        return next(
            (folder for folder in together if nodeid.startswith(folder)), super()._split_scope(nodeid)
        )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return ByLibraries(config, log) if config.option.dist == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Libraries that a file of tests imported stay as well: each pass over them takes 0.2 s."""
    if nextitem is not None and nextitem.path != item.path:
        _leave_to_the_end()


_ALL_SLOW = re.compile(r"^pytestmark = pytest\.mark\.slow\b", re.MULTILINE)
_LEFT_OUT = pytest.StashKey[set[Path]]()


def pytest_configure(config: pytest.Config) -> None:
    """Files of which every test takes long are not even imported, unless one names a file."""
    named = FULL or any(".py" in word for word in config.args)
    folders = [config.invocation_params.dir / word for word in config.args]
    files = (path for folder in folders if not named for path in folder.rglob("test_*.py"))
    config.stash[_LEFT_OUT] = {path for path in files if _ALL_SLOW.search(path.read_text(encoding="utf-8"))}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return collection_path in config.stash[_LEFT_OUT] or None


_SLOW = pytest.StashKey[int]()


def pytest_collection_modifyitems(items: list[pytest.Item], config: pytest.Config) -> None:
    """Leave out what takes long, but for a full run, which tries many more examples of what has such."""
    if FULL:
        for item in items:
            if is_hypothesis_test(getattr(item, "obj", None)):
                item.add_marker("slow")
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    items[:] = [item for item in items if not item.get_closest_marker("slow")]
    config.stash[_SLOW] = len(slow)
    config.hook.pytest_deselected(items=slow)


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["slow"] = config.stash.get(_SLOW, 0)
    elif config.getoption("dist", "no") != "no":
        gc.freeze()  # the process that hands out the tests has no garbage to look for, and looks five times


def pytest_testnodedown(node: Any) -> None:
    """All processes of xdist collect the same tests."""
    node.config.stash[_SLOW] = getattr(node, "workeroutput", {}).get("slow", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    files = sorted(str(path.relative_to(ROOT)) for path in config.stash[_LEFT_OUT])
    if slow := config.stash.get(_SLOW, 0):
        files.append(f"{slow} tests of other files")
    if files:
        terminalreporter.write_line(f"left out, since they take long: {', '.join(files)}")
        terminalreporter.write_line("DIGEST_FULL_TESTS=1 runs them, as .ci/run does")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material that tests may read but the project may not contain: papers, pages, published days."""
    folder = os.environ.get("DIGEST_SHARED")
    if not folder or not Path(folder).is_dir():
        pytest.skip("DIGEST_SHARED names no folder with the papers and pages that these tests read")
    return Path(folder)


@dataclass(frozen=True)
class Lent(Server):
    """A server that was started before this test, whose knobs are those that it falls back to."""

    knobs: dict[str, Any]

    def set(self, **knobs: Any) -> None:
        super().set(**{**self.knobs, **knobs})


class Lending:
    """Sample servers that tests of this process have one after another; all processes share their PDFs."""

    def __init__(self, running: contextlib.ExitStack, pdfs: Path) -> None:
        self._running = running
        self._pdfs = pdfs
        self._free: list[str] = []

    @contextlib.contextmanager
    def start(self, knobs: Knobs | None = None) -> Iterator[Server]:
        """As `tests.faulty.start`."""
        url = self._free.pop() if self._free else self._another()
        server = Lent(url, (knobs or Knobs()).model_dump(exclude_unset=True))
        server.set()
        try:
            yield server
        finally:
            self._free.append(url)

    def _another(self) -> str:
        knobs = Knobs(typeset=self._pdfs).model_dump_json(exclude_unset=True)
        words = ("-m", "tests.faulty.server", knobs)
        process = self._running.enter_context(forked.Process(*words, cwd=ROOT, deadline=None))
        return str(json.loads(process.stdout.readline())["url"])


@pytest.fixture(scope="session")
def lending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lending]:
    base = tmp_path_factory.getbasetemp()
    pdfs = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pdfs"
    pdfs.mkdir(exist_ok=True)
    with contextlib.ExitStack() as running:
        yield Lending(running, pdfs)


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_the_environment() -> Iterator[None]:
    """No proxies and certificates of this machine: tests reach no further, and bundles take long to read."""
    with nothing_of_the_environment():
        yield


@pytest.fixture(autouse=True)
def _apart_and_cheap(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test sees the secrets of another, syncs what it writes or makes a site, but where that is tested.

    Values that one test declares secret are masked in no other; no test cuts the power, so ledgers leave what
    they write to the system; a site is a fifth of what a run in this process takes.
    """
    node = request.node
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "_kept", set())
        if not node.get_closest_marker("synced"):
            patch.setattr(connection, "SYNCHRONOUS", "OFF")
        places = ("tests/publish/site/", "tests/cli/test_after.py")
        if not (node.nodeid.startswith(places) or node.get_closest_marker("pages")):
            patch.setattr(session, "update_pages", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _cheap_commands(lending: Lending) -> Iterator[None]:
    """A command in this process borrows its sample server, and Typer reads our signatures once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample, "start", lending.start)
        patch.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture
def sample_server(lending: Lending) -> Iterator[Callable[..., Server]]:
    """A sample server with the knobs given, for as long as the test lasts."""
    with contextlib.ExitStack() as lent:

        def started(**knobs: Any) -> Server:
            return lent.enter_context(lending.start(Knobs(**knobs)))

        yield started


Start = Callable[..., Server]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment that says nothing."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "DIGEST_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def digest(folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""

    def run(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["digest", *words])
        monkeypatch.setattr(sys.modules["__main__"], "__package__", None)  # no `python -m` in the help
        with pytest.raises(SystemExit) as end:
            app.main()
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Ran(int(end.value.code or 0), out, err)

    return run


def few(folder: Path, papers: int) -> list[str]:
    """A records file of only the first papers of the sample day, for a server: most tests need no more."""
    lines = (DATA / "papers.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "few.jsonl").write_text("".join(lines[:papers]), encoding="utf-8")
    return [str(folder / "few.jsonl")]


def use(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> None:
    """Make `folder` one whose settings name the server, as a user's would name arXiv and an endpoint."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-to-be-seen")
    addresses = "".join(f'{name} = "{server.url}"\n' for name in ("pages", "api", "feed", "pdf"))
    (folder / "digest.toml").write_text(
        f'[arxiv]\n{addresses}[model]\nname = "m"\nbase_url = "{server.url}/v1"\n'
        f'[run]\nsections = ["audio"]\n{more}',
        encoding="utf-8",
    )
