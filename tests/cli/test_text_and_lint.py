"""`digest text` and `digest lint` as commands: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run


def published(folder: Path, root: Path, spoilt: str = "") -> Path:
    """The published digest, with its first line spoilt if wanted."""
    text = (root / "tests/data/audio-20260128.md").read_text(encoding="utf-8")
    path = folder / "audio-20260128.md"
    path.write_text(text.replace("- **简介: ", f"- **简介: {spoilt}", 1), encoding="utf-8")
    return path


def test_a_paper_of_arxiv_is_shown_as_a_prompt_gets_it(digest: Run, folder: Path) -> None:
    shown = digest("text", "2601.18904", "--sample")
    assert shown.code == 0
    assert "== " in shown.out
    assert "tokens: " in shown.out
    pdf = next(folder.rglob("*.pdf"))
    values = digest("text", str(pdf), "--json").json
    assert values["origin"]["source"] == "pdf"
    assert values["passages"][0]["content"] in shown.out


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("there.pdf", b"%PDF-1.4 and no more", 0, "text: abstract ("),
        ("there.pdf", b"", 0, "text: abstract ("),
        ("absent.pdf", None, 2, "there is no such file"),
        ("nonsense", None, 2, "is no arXiv identifier"),
    ],
)
def test_what_is_no_paper_is_a_sentence(
    digest: Run, folder: Path, name: str, content: bytes | None, code: int, said: str
) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    ran = digest("text", name)
    assert ran.code == code
    assert said in ran.out + ran.err


def test_a_digest_without_defect_is_0_and_one_with_a_defect_is_1(
    digest: Run, folder: Path, root: Path
) -> None:
    fine = digest("lint", str(published(folder, root)), "--json")
    severest = max((row["severity"] for row in fine.json), default=0)
    assert fine.code == (1 if severest == 3 else 0)
    spoilt = digest("lint", str(published(folder, root, "```json ")))
    assert spoilt.code == 1
    assert "markup" in spoilt.out


def test_lint_reads_its_settings_and_refuses_what_is_no_digest(digest: Run, folder: Path, root: Path) -> None:
    path = published(folder, root, "```json ")
    (folder / "digest.toml").write_text('[checks]\nmarkup = "off"\n', encoding="utf-8")
    assert "markup" not in digest("lint", str(path)).out
    (folder / "digest.toml").unlink()
    for words in ((), ("absent.md",), (str(path), "absent.md")):
        refused = digest("lint", *words)
        assert (refused.code, refused.out) == (2, "")
        assert len(refused.err.splitlines()) == 1


def test_the_rules_are_listed(digest: Run) -> None:
    rules = json.loads(digest("lint", "--rules", "--json").out)
    assert {"markup", "other-paper"} <= {rule["rule"] for rule in rules}
    assert "markup" in digest("lint", "--rules").out
