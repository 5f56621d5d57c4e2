"""The code of `digest/`, parsed once for all of this: its plan, docstrings, messages, what Windows lacks.

A package knows only packages below, and the page that says so is true, to the files and names that it tells
of. A docstring says what comes out; one that begins with a question word tells a story. Every message has its
translation. What can be known here of Windows: nothing is used that only POSIX has.
"""

from __future__ import annotations

import ast
import os
import pkgutil
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

import digest
from digest.system.files import is_file_name
from digest.system.language import CATALOGUE, entries
from tests.architecture import LAYERS, PAGE, ROOT, arrows, trees, with_picture
from tests.catalogue import messages, written

_QUESTION = re.compile(r"\s*(What|Whether|How)\b")

POSIX_ONLY = ("fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty")
HERE_ONLY = {
    "os": {
        "fork", "forkpty", "getgid", "getuid", "geteuid", "getegid", "getpgid", "getpgrp", "killpg", "lockf",
        "mkfifo", "nice", "pread", "pwrite", "setsid", "sched_setaffinity", "statvfs", "sysconf", "uname",
        "wait", "wait3", "wait4", "WNOHANG", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "chown",
        "fchmod", "fchown", "getloadavg", "pipe2", "posix_spawn", "register_at_fork", "set_blocking",
    },
    "signal": {
        "SIGKILL", "SIGALRM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGPIPE", "SIGSTOP", "SIGCONT",
        "alarm", "pause", "setitimer", "sigwait", "pthread_kill", "pthread_sigmask", "siginterrupt",
    },
    "socket": {"AF_UNIX", "SO_REUSEPORT", "socketpair"},
}  # fmt: skip
"""Attributes that Windows does not have, and that somebody may reach for."""


def test_a_package_knows_only_packages_below() -> None:
    layer = {package: number for number, packages in enumerate(LAYERS, start=1) for package in packages}
    found = arrows()
    assert {package for arrow in found for package in arrow} <= layer.keys(), (
        "a package without a place in the plan"
    )
    upward = {f"{a} -> {b}": files for (a, b), files in found.items() if layer[b] >= layer[a]}
    assert not upward
    assert len(found) <= 65


def test_only_the_ledger_and_the_commands_that_mend_it_know_sqlite() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "digest").rglob("*.py")
        if "digest.ledger.sqlite" in path.read_text(encoding="utf-8") and "ledger" not in path.parts
    }
    care = {f"digest/cli/{name}.py" for name in ("doctor", "runs", "runs_output", "session", "verify")}
    care |= {"digest/cli/status.py"}
    assert users <= {*care, "digest/cli/sample_traces.py"}


def test_the_page_shows_the_imports_as_they_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_picture(page) == page, "run: python -m tests.architecture"
    for packages in LAYERS:
        for package in packages:
            assert package == "__main__" or f"`{package}" in page


def test_the_page_names_files_that_are_there_and_names_that_stand_in_them() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path in re.findall(r"`([\w./]+(?:/|\.(?:py|toml|po|md|jsonl|j2)))`", page):
        assert any((base / path).exists() for base in (ROOT / "digest", ROOT)), path
    table = page[page.index("| a new | where | also |") :].partition("\n\n")[0]
    names = 0
    for row in table.splitlines()[2:]:
        paths = re.findall(r"`([\w./]+\.(?:py|toml))`", row)
        files = [base / path for path in paths for base in (ROOT / "digest", ROOT) if (base / path).exists()]
        code = "\n".join(file.read_text(encoding="utf-8") for file in files)
        for name in re.findall(r"`@?([A-Za-z_]+)(?:=True)?`", row):
            names += 1
            assert re.search(rf"\b{name}\b", code), f"{name} stands in none of {paths}"
    assert names > 20


def docstrings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts that stand alone, with their lines: of modules, classes, functions, and below a name."""
    for node in ast.iter_child_nodes(tree):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.lineno, value.value
        elif isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            yield from docstrings(node)


def test_no_docstring_begins_with_a_question() -> None:
    found = []
    count = 0
    for path, tree in trees().items():
        for line, text in docstrings(tree):
            count += 1
            if _QUESTION.match(text):
                found.append(f"{path}:{line}: {text.splitlines()[0]}")
    assert count > 1000
    assert found == []


def test_every_message_is_in_the_catalogue_and_none_that_the_code_no_longer_has() -> None:
    known = entries(CATALOGUE.read_text(encoding="utf-8"))
    untranslated = {message: place for message, place in messages().items() if message not in known}
    assert not untranslated, "run: python -m tests.catalogue, and translate what it puts in"
    assert CATALOGUE.read_text(encoding="utf-8") == written(known), "run: python -m tests.catalogue"


def test_a_question_is_found_wherever_it_stands() -> None:
    code = (
        '"""Fine."""\nx = 1\n"""What x is."""\ndef f():\n    """Whether it is."""\n    return 1 if x else 2\n'
    )
    found = [line for line, text in docstrings(ast.parse(code)) if _QUESTION.match(text)]
    assert found == [3, 5]


def test_the_list_is_of_things_that_are_there() -> None:
    assert hasattr(os, "fork") == hasattr(signal, "SIGKILL") == (os.name == "posix")


@pytest.mark.slow  # the next one looks for the same in the code
def test_every_module_is_imported_without_what_only_posix_has() -> None:
    names = [one.name for one in pkgutil.walk_packages(digest.__path__, "digest.")]
    assert len(names) > 80
    script = (  # libraries may ask for what they have another of on Windows
        "import builtins, sys, importlib\n"
        "real, absent = builtins.__import__, sys.argv[1].split()\n"
        "def imported(name, globals=None, *more, **named):\n"
        "    ours = str((globals or {}).get('__name__')).startswith('digest.')\n"
        "    if ours and name in absent: raise ModuleNotFoundError(globals['__name__'] + ': ' + name)\n"
        "    return real(name, globals, *more, **named)\n"
        "builtins.__import__ = imported\n"
        "for name in sys.argv[2].split():\n"
        "    if not name.endswith('__main__'): importlib.import_module(name)\n"
    )
    command = [sys.executable, "-c", script, " ".join(POSIX_ONLY), " ".join(names)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_no_module_names_what_windows_lacks_and_texts_are_utf8_whatever_the_system_prefers() -> None:
    found = []
    for path, tree in trees().items():
        for node in ast.walk(tree):
            found += [f"{path}:{getattr(node, 'lineno', 0)}: {what}" for what in lacking(node)]
    assert found == []


def lacking(node: ast.AST) -> list[str]:
    """What a piece of code names that Windows does not have, or does otherwise."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        return sorted(set(names) & set(POSIX_ONLY))
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        absent = node.attr in HERE_ONLY.get(owner, set()) or node.attr == "add_signal_handler"
        return [f"{owner}.{node.attr}"] if absent else []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        text = node.func.attr in {"read_text", "write_text"} and isinstance(node.func.value, ast.Name)
        return ["encoding"] if text and "encoding" not in {word.arg for word in node.keywords} else []
    return []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import fcntl", ["fcntl"]),
        ("from pwd import getpwuid", ["pwd"]),
        ("os.fork()", ["os.fork"]),
        ("loop.add_signal_handler(1)", ["loop.add_signal_handler"]),
        ("path.read_text()", ["encoding"]),
        ("path.read_text(encoding='utf-8'); import os; os.getpid()", []),
    ],
)
def test_what_windows_lacks_is_found(code: str, found: list[str]) -> None:
    assert [what for node in ast.walk(ast.parse(code)) for what in lacking(node)] == found


@pytest.mark.parametrize("name", ["con", "NUL", "aux", "com1", "a:b", "what?", "audio.", "audio "])
def test_names_that_windows_cannot_hold(name: str) -> None:
    assert not is_file_name(name, windows=True)
    assert is_file_name(name, windows=False)
    assert is_file_name("audio", windows=True)
    assert not is_file_name("../audio", windows=False)
