"""The example that eval/README.md begins with, carried out as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def test_the_example_gives_the_numbers_of_the_page(root: Path, tmp_path: Path) -> None:
    page = (root / "eval" / "README.md").read_text(encoding="utf-8")
    for name in ("eval", "prompts"):
        (tmp_path / name).symlink_to(root / name)
    found = re.search(r"<!-- example -->\n```sh\n(.*?)```", page, re.DOTALL)
    assert found is not None
    (shown,) = re.findall(r"```text\n(.*?)\n```", page, re.DOTALL)
    unwanted = {"DIGEST_LANG", "COLUMNS"}
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    ran = subprocess.run(
        ["bash", "-euc", found[1]],
        cwd=tmp_path,
        env={
            **environment,
            "LC_ALL": "C.UTF-8",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert shown in ran.stdout
    assert "## mine: undecided" in ran.stdout
    assert "44 papers" in page
    assert len(page.splitlines()) < 100
