"""What can be known here of Windows: nothing is used that only POSIX has."""

from __future__ import annotations

import ast
import os
import pkgutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import digest
from digest.publish.files import is_file_name

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


def test_the_list_is_of_things_that_are_there() -> None:
    assert hasattr(os, "fork") == hasattr(signal, "SIGKILL") == (os.name == "posix")


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


@pytest.mark.parametrize("path", sorted(Path(digest.__path__[0]).rglob("*.py")), ids=lambda path: path.stem)
def test_no_module_names_what_windows_lacks(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.attr not in HERE_ONLY.get(node.value.id, set()), f"{path}:{node.lineno}"
        if isinstance(node, ast.Attribute):
            assert node.attr != "add_signal_handler", f"{path}:{node.lineno}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module]
            assert not set(names) & set(POSIX_ONLY), f"{path}:{node.lineno}"


def test_files_are_read_and_written_as_utf8_whatever_the_system_prefers() -> None:
    for path in Path(digest.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                named = {word.arg for word in node.keywords}
                if node.func.attr in {"read_text", "write_text"} and isinstance(node.func.value, ast.Name):
                    assert "encoding" in named, f"{path}:{node.lineno}"


@pytest.mark.parametrize("name", ["con", "NUL", "aux", "com1", "a:b", "what?", "audio.", "audio "])
def test_names_that_windows_cannot_hold(name: str) -> None:
    assert not is_file_name(name, windows=True)
    assert is_file_name(name, windows=False)
    assert is_file_name("audio", windows=True)
    assert not is_file_name("../audio", windows=False)
