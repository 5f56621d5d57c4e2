"""The worked example of eval/README.md, carried out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.evaluate.conftest import Run


def test_the_worked_example_gives_the_numbers_of_the_page(root: Path, tmp_path: Path, digest: Run) -> None:
    page = (root / "eval" / "README.md").read_text(encoding="utf-8")
    (tmp_path / "eval").symlink_to(root / "eval")
    example = page[page.index("Without a key") :]
    commands = re.findall(r"^\$ digest (.*)$", example, re.MULTILINE)[:2]
    (shown,) = re.findall(r"```text\n(.*?)\n```", example, re.DOTALL)
    for command in commands:
        ran = digest(*shlex.split(command))
        assert ran.code == 0, ran.err
    assert shown in ran.out
    assert "44 papers" in page
    assert len(page.splitlines()) < 100
