from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from digest.cli import app
from digest.publish.site.serve import app_of
from tests.publish.site.support import built, digest_on, paper, put

DAY = date(2026, 1, 28)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def go(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["digest", *words])
        with pytest.raises(SystemExit) as end:
            app.main()
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return int(end.value.code or 0), out, err

    return go


def test_the_sample_run_makes_pages_and_says_where(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("run", "--sample", "--no-pdf")
    assert code == 0
    assert "runs/sample/site/index.html" in out
    page = (tmp_path / "runs/sample/site/2026-01-28/audio.html").read_text(encoding="utf-8")
    assert page.count("<article") == 44
    assert (tmp_path / "runs/sample/2026-01-28/audio.reader.md").exists()
    assert (
        run("paper", "2601.19781", "--sample")[0] == 0
    )  # the pages hold no digest that it could stumble over


def test_pages_may_be_left_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "digest.toml").write_text("[site]\nenabled = false\n", encoding="utf-8")
    assert run("run", "--sample", "--no-pdf", "--limit", "3")[0] == 0
    assert (tmp_path / "runs/sample/2026-01-28/audio.md").exists()
    assert not (tmp_path / "runs/sample/site").exists()


def test_site_tells_what_it_made_and_what_it_left_out(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "runs", digest_on(DAY, paper(1)))
    code, out, err = run("site")
    assert (code, err) == (0, "")
    assert "1 sections of days" in out
    (tmp_path / "runs/2026-01-28/text.json").write_text("[]", encoding="utf-8")
    code, _, err = run("site", "--to", "pages")
    assert code == 2
    assert "text.json" in err
    assert (tmp_path / "pages/2026-01-28/audio.html").exists()


def test_a_folder_that_cannot_be_written_is_told_of(run: Run, tmp_path: Path) -> None:
    put(tmp_path / "runs", digest_on(DAY, paper(1)))
    (tmp_path / "pages").write_text("", encoding="utf-8")
    code, _, err = run("site", "--to", "pages")
    assert code == 2
    assert "pages" in err


def test_a_library_is_imported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "l.bib").write_text("@misc{a, title={Kettles}, author={Li, Bo}}", encoding="utf-8")
    code, out, _ = run("interests", "import", "l.bib")
    assert (code, "1 papers" in out) == (0, True)
    assert run("interests", "import", "none.bib")[0] == 2


@pytest.mark.parametrize("bad", ["words = 3", "words = { x = 0 }", "word = []"])
def test_interests_that_are_none_are_told_of(run: Run, tmp_path: Path, bad: str) -> None:
    (tmp_path / "digest.toml").write_text(f"[interests]\n{bad}\n", encoding="utf-8")
    code, _, err = run("site")
    assert code == 2
    assert "interests.word" in err


def test_serve_shows_the_pages_to_this_machine_only(tmp_path: Path) -> None:
    put(tmp_path, digest_on(DAY, paper(1)))
    built(tmp_path)
    from starlette.testclient import TestClient

    client = TestClient(app_of(tmp_path / "site"), base_url="http://127.0.0.1")
    assert "速览" in client.get("/").text
    assert client.get("/2026-01-28/audio.html").status_code == 200
    assert client.get("/2026-01-28/../../2026-01-28/audio.json").status_code == 404
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_serve_without_pages_says_how_to_make_them(run: Run) -> None:
    code, _, err = run("serve")
    assert code == 2
    assert "digest site" in err
