"""The example that eval/README.md begins with, carried out as it stands."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.evaluate.conftest import Run


@pytest.mark.slow
def test_the_example_gives_the_numbers_of_the_page(
    root: Path, tmp_path: Path, digest: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DIGEST_LANG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    page = (root / "eval" / "README.md").read_text(encoding="utf-8")
    for name in ("eval", "prompts"):
        (tmp_path / name).symlink_to(root / name)
    found = re.search(r"<!-- example -->\n```sh\n(.*?)```", page, re.DOTALL)
    assert found is not None
    (shown,) = re.findall(r"```text\n(.*?)\n```", page, re.DOTALL)
    said = ""
    for line in found[1].splitlines():
        program, *words = shlex.split(line, comments=True)
        if program == "digest":
            ran = digest(*words)
            assert ran.code == 0, ran.err
            said += ran.out
        else:
            said += subprocess.check_output(["bash", "-euc", line], cwd=tmp_path, text=True)
    assert shown in said
    assert "## mine: undecided" in said
    assert "44 papers" in page
    assert len(page.splitlines()) < 100
