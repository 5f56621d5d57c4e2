"""The debug switch: a bug's traceback can be had, and nothing that is secret with it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.system import logs as debug
from digest.system.logs import masked, switched_on, without_switch
from tests import forked
from tests.conftest import Run, Start, use
from tests.faulty import Fault

KEY = "sk-proj-Zu+9/aQ=="
BUG = (
    "import sys, os\n"
    "import digest.cli.list as commands\n"
    "def broken(*_, **__):\n"
    "    raise RuntimeError('at https://me:pass-word@host: ' + os.environ['OPENAI_API_KEY'])\n"
    "commands.list_announcements = broken\n"
    "from digest.cli.app import main; main()\n"
)


@pytest.fixture(autouse=True)
def quiet_again() -> Iterator[None]:
    """Logging as it was."""
    root, ours = logging.getLogger(), logging.getLogger("digest")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    debug._secrets.cache_clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    debug._secrets.cache_clear()


@pytest.mark.parametrize(
    ("words", "value", "on"),
    [
        (["list"], "", False),
        (["list"], "0", False),
        (["list"], "1", True),
        (["--debug", "list"], "", True),
        (["list", "--debug"], "", True),
        (["list", "--", "--debug"], "", False),
    ],
)
def test_the_switch(words: list[str], value: str, on: bool) -> None:
    assert switched_on(words, {"DIGEST_DEBUG": value}) == on
    assert "--debug" not in without_switch(words)[: words.index("--") if "--" in words else None]


def buggy(folder: Path, *words: str, **environment: str) -> str:
    ran = forked.run("-c", BUG, *words, cwd=folder, env={**os.environ, "OPENAI_API_KEY": KEY, **environment})
    assert ran.returncode == 1
    assert KEY not in ran.stderr
    assert "pass-word" not in ran.stderr
    return ran.stderr


def test_a_bug_is_a_sentence_and_with_the_switch_a_traceback(tmp_path: Path) -> None:
    quiet = buggy(tmp_path, "list")
    assert quiet.startswith("digest: a bug: RuntimeError: at https://***@host: ***. Please report it")
    assert len(quiet.splitlines()) == 1
    assert "--debug" in quiet
    loud = buggy(tmp_path, "list", DIGEST_DEBUG="1")  # the flag is in the run below
    assert "Traceback (most recent call last)" in loud
    assert ", in broken" in loud
    assert "DEBUG digest.cli.app: digest " in loud


def test_keys_of_any_variable_are_masked_in_any_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("SOME_TOKEN", "another-secret")
    assert masked(f"a {KEY} b another-secret") == "a *** b ***"
    assert masked("k=sk-proj-Zu%2B9%2FaQ%3D%3D") == "k=***"
    assert masked("via socks5://user:word@127.0.0.1:1") == "via socks5://***@127.0.0.1:1"
    assert masked("POST http://a/v1?v=1&api_key=word&b=2 200") == "POST http://a/v1?v=1&api_key=***&b=2 200"
    assert masked("at http://user:w@rd@host/v1, x@y") == "at http://***@host/v1, x@y"


@pytest.mark.parametrize(
    "address", ["http://user:hunter2@127.0.0.1:9/v1", "http://127.0.0.1:9/v1?api-key=hunter2"]
)
def test_what_is_secret_in_the_address_of_an_endpoint_is_not_told(
    address: str, digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sample_server(), folder, monkeypatch)
    settings = (folder / "digest.toml").read_text(encoding="utf-8")
    impatient = settings.replace("[model]", "[model]\npatience = 0\nattempts = 1")
    (folder / "digest.toml").write_text(impatient, encoding="utf-8")
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    for words in (("run", "--no-pdf", "--limit", "1", "--json"), ("doctor",)):
        ran = digest(*words)
        assert ran.code == 4
        assert "127.0.0.1:9/v1" in ran.out + ran.err
        assert "hunter2" not in ran.out + ran.err
    for file in (folder / "runs").rglob("*"):
        assert file.is_dir() or b"hunter2" not in file.read_bytes(), file


def test_a_run_tells_what_happens_without_the_key(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sample_server(), folder, monkeypatch)
    said = {"error": {"message": "the key sk-not-to-be-seen is wrong"}}
    server = sample_server(faults=(Fault(path="^/v1/chat", status=401, body=said),))
    use(server, folder, monkeypatch)
    ran = forked.run("-m", "digest", "--debug", "run", "--no-pdf", "--limit", "1", cwd=folder)
    assert ran.returncode == 4
    assert "sk-not-to-be-seen" not in ran.stdout + ran.stderr
    for words in ("DEBUG digest.cli.session: settings: ", "INFO httpx2: HTTP Request: GET", "ModelError"):
        assert words in ran.stderr, words
    assert "answered 401" in ran.stderr


def test_without_the_switch_nothing_is_logged(digest: Run) -> None:
    assert "DEBUG" not in digest("list", "--sample").err
