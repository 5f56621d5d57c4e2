"""Nobody pays for PostgreSQL who does not use it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HEAVY = {"psycopg", "psycopg-pool", "ray"}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w-]", one)[0] for one in requirements}


def test_only_the_extra_installs_it(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not names(project["dependencies"]) & HEAVY
    assert {"psycopg", "psycopg-pool"} <= names(project["optional-dependencies"]["scale"])
    users = {extra for extra, wanted in project["optional-dependencies"].items() if names(wanted) & HEAVY}
    assert users == {"dev", "scale"}


@pytest.mark.slow
def test_commands_on_a_file_do_not_import_it(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom digest.cli.app import main\n"
        "for words in (['--help'], ['runs', '--out', sys.argv[1]]):\n"
        "    sys.argv[1:] = words\n"
        "    try: main()\n"
        "    except SystemExit: pass\n"
        "    print('', *sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True
    )
    loaded = set(ran.stderr.split())
    assert "digest" in loaded
    assert not {name for name in loaded if name.startswith(("psycopg", "digest.ledger.postgres"))}
