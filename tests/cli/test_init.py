"""`digest init`: what it writes is what `digest run` reads, whatever was typed; what is there stays."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unicodedata import category

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from digest.cli import home_program
from digest.cli.home import LANGUAGES, Answers, section_of, settings_text, write_home
from digest.cli.home_program import PROGRAM, program_for
from digest.cli.prompts import load as load_prompt
from digest.config import Settings, load
from digest.sample.knobs import DAY
from digest.system.errors import UsageError
from tests.conftest import Run
from tests.faulty import Server

FILES = {
    ".github/workflows/digest.yml",
    ".gitignore",
    ".gitlab-ci.yml",
    "README.md",
    "automation.sh",
    "digest.toml",
    "prompts/entry-en.md",
    "prompts/entry-short.md",
    "prompts/entry.md",
    "prompts/fields.md",
    "prompts/line.md",
    "requirements.txt",
}


def read(answers: Answers, folder: Path) -> Settings:
    path = folder / "digest.toml"
    path.write_text(settings_text(answers), encoding="utf-8")
    return load(path=path)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_without_a_terminal_a_home_is_made_and_three_steps_are_said(digest: Run, folder: Path) -> None:
    ran = digest("init", "lab", "--endpoint", "deepseek", "--model", "deepseek-chat", "--contact", "a@b.org")
    assert ran.code == 0, ran.err
    assert files(folder / "lab") == FILES
    steps = ran.out[ran.out.index("Next:") :]
    for word in ("cd lab", "OPENAI_API_KEY", "digest doctor", "digest run", "GitHub"):
        assert word in steps
    settings = load(path=folder / "lab/digest.toml")
    assert (settings.model.preset, settings.model.name) == ("deepseek", "deepseek-chat")
    assert settings.arxiv.contact == "a@b.org"
    assert [section.key for section in settings.chosen_sections()] == ["audio"]


@pytest.mark.pages
def test_a_home_works_with_digest_run(
    digest: Run, folder: Path, sample_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sample_server()
    ran = digest("init", "--endpoint", f"{server.url}/v1", "--model", "m", "--section", "audio")
    assert ran.code == 0
    places = "".join(f'{name} = "{server.url}"\n' for name in ("pages", "api", "feed", "pdf"))
    settings = folder / "digest.toml"
    text = settings.read_text(encoding="utf-8").replace("[arxiv]\n", f"[arxiv]\n{places}")
    settings.write_text(text, encoding="utf-8")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-to-be-seen")
    ran = digest("run", "--no-pdf", "--date", str(DAY), "--limit", "2")
    assert ran.code == 0, ran.err
    assert "summarised 2, flagged 0" in ran.out
    assert (folder / f"runs/{DAY}/audio.md").exists()
    assert (folder / "runs/site/index.html").exists()


def test_answers_are_asked_for_at_a_terminal(
    digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = [
        "audoi",
        "audio，cs.LG",
        "qwem",
        "qwen",
        "qwen-plus",
        "me@uni.edu.cn",
        "zh, en",
        "语音分离，target speaker extraction",
        "",
    ]
    monkeypatch.setattr(sys, "stdin", Terminal("\n".join(answers) + "\n"))
    ran = digest("init")
    assert ran.code == 0, ran.err
    settings = load(path=folder / "digest.toml")
    assert [section.key for section in settings.chosen_sections()] == ["audio", "cs-lg"]
    assert (settings.model.preset, settings.model.name) == ("qwen", "qwen-plus")
    assert settings.run.languages == ("zh", "en")
    assert list(settings.interests.words) == ["语音分离", "target speaker extraction"]
    assert "Did you mean 'audio'" in ran.err  # and asked again
    assert "Did you mean 'qwen'" in ran.err


def test_somebody_who_leaves_while_asked_left_nothing(
    digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("audio\n"))
    ran = digest("init")
    assert ran.code == 130
    assert "Nothing was written" in ran.err
    assert files(folder) == set()


@pytest.mark.parametrize(
    ("language", "sections", "endpoint"),
    [
        (language, sections, endpoint)
        for language in LANGUAGES
        for sections in (
            ["audio"],
            ["text", "learning=机器学习:cs.LG,stat.ML"],
            ["量子=量子: 信息:quant-ph"],
        )
        for endpoint in ("", "openai", "ollama", "https://api.example.cn/v1")
    ],
)
def test_every_combination_is_read_back(
    tmp_path: Path, language: str, sections: list[str], endpoint: str
) -> None:
    settings = read(Answers(sections=sections, endpoint=endpoint, language=language), tmp_path)
    chosen = settings.chosen_sections()
    assert len(chosen) == len(sections)  # and none of those that are shipped
    assert settings.site.lang == language[:2]
    assert endpoint in {settings.model.preset, settings.model.base_url}
    load_prompt(settings.run.prompt).speaking(settings.run.languages)


@given(
    title=st.text(min_size=1),
    model=st.text(),
    contact=st.text(),
    interests=st.lists(st.text(), max_size=3),
)
def test_whatever_is_typed_comes_back_or_is_refused(
    title: str, model: str, contact: str, interests: list[str]
) -> None:
    answers = Answers(
        sections=[f"x={title}:cs.LG"], model=model, contact=contact, interests=interests, language="zh"
    )
    given = (title, model, contact, *interests)
    if any(category(letter) in {"Cc", "Cs"} for one in given for letter in " ".join(one.split())):
        with pytest.raises(UsageError, match="control character"):
            settings_text(answers)
        return
    text = settings_text(answers)
    values = tomllib.loads(text)
    assert values["sections"]["x"]["title"] == (" ".join(title.split()) or "x")
    assert values["model"]["name"] == " ".join(model.split())
    assert values["arxiv"]["contact"] == " ".join(contact.split())
    assert values["interests"]["words"] == [" ".join(one.split()) for one in interests if one.split()]
    assert set(values) == {"sections", "run", "model", "arxiv", "site", "interests"}
    assert set(values["model"]) <= {"name", "base_url", "preset"}


def test_quotes_and_line_breaks_set_nothing_else(tmp_path: Path) -> None:
    evil = 'm"\nkey = "sk-1"\n[arxiv]\npages = "https://evil.example'
    settings = read(
        Answers(model=evil, contact="'''\"\"\" \\ ${{ secrets.X }} #", interests=['"', "\\"]), tmp_path
    )
    assert settings.model.name == evil.replace("\n", " ")
    assert settings.arxiv.pages == "https://arxiv.org"
    assert settings.model.key.get_secret_value() == ""
    written = write_home(tmp_path / "lab", Answers(model=evil), "x", force=False)
    for name in written:
        text = (tmp_path / "lab" / name).read_text(encoding="utf-8")
        assert name == "digest.toml" or "evil.example" not in text  # no answer goes into YAML or shell
        if name.endswith(".yml"):
            yaml.safe_load(text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--section", "audoi"], "Did you mean 'audio'"),
        (["--section", "x=题:cs.LGG"], "Did you mean 'cs.LG'"),
        (["--section", "../x=题:cs.LG"], "names files"),
        (["--section", "x=题:"], "names no category"),
        (["--endpoint", "deepsek"], "Did you mean 'deepseek'"),
        (["--endpoint", "ftp://x/v1"], "http"),
        (["--language", "fr"], "zh,en"),
        (["--url", "lab.github.io"], "http"),
        (["--model", "a\x1bb"], "control character"),
        (["--program", "--index-url=http://x"], "--program"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_is_written(
    digest: Run, folder: Path, words: list[str], said: str
) -> None:
    ran = digest("init", "lab", *words)
    assert ran.code == 2
    assert said in ran.err
    assert files(folder) == set()


def test_what_is_there_is_kept_and_told_until_force(digest: Run, folder: Path) -> None:
    (folder / "digest.toml").write_text("# mine\n", encoding="utf-8")
    (folder / "README.md").write_text("mine\n", encoding="utf-8")
    ran = digest("init", "--model", "m")
    assert ran.code == 0
    assert (folder / "digest.toml").read_text(encoding="utf-8") == "# mine\n"
    kept = [line.split()[1] for line in ran.out.splitlines() if line.startswith("kept")]
    assert kept == ["digest.toml", "README.md"]
    assert "--force" in ran.out
    assert files(folder) == FILES
    ran = digest("init", "--model", "m", "--force")
    assert "replaced" in ran.out
    assert 'name = "m"' in (folder / "digest.toml").read_text(encoding="utf-8")
    before = ran.out.count("as it was")
    assert before == len(FILES) - 2
    assert digest("init", "--model", "m").out.count("as it was") == len(FILES)


def test_a_folder_that_cannot_be(digest: Run, folder: Path) -> None:
    (folder / "file").write_text("", encoding="utf-8")
    (folder / "lab").mkdir()
    (folder / "lab/digest.toml").symlink_to("nowhere")
    for name in ("file", "lab"):
        ran = digest("init", name)
        assert ran.code == 2, name
        assert name in ran.err


def test_sections_are_read(root: Path) -> None:
    assert section_of("cs.LG") == ("cs-lg", {"title": "Machine Learning", "categories": ["cs.LG"]})
    assert section_of("x = 甲：乙 : cs.LG，stat.ML cs.LG")[1] == {
        "title": "甲：乙",
        "categories": ["cs.LG", "stat.ML"],
    }
    assert section_of("x=cs.LG")[1]["title"] == "x"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("https://git.example/lab/digest", f"{PROGRAM} @ git+https://git.example/lab/digest"),
        ("git+https://git.example/lab/digest@v1", f"{PROGRAM} @ git+https://git.example/lab/digest@v1"),
        ("git@git.example:lab/digest.git", f"{PROGRAM} @ git+ssh://git@git.example/lab/digest.git"),
        ("https://x.example/d-0.1-py3-none-any.whl", f"{PROGRAM} @ https://x.example/d-0.1-py3-none-any.whl"),
        ("./wheels/d.whl", "./wheels/d.whl"),
        ("bilingual-arxiv-digest==0.2", "bilingual-arxiv-digest==0.2"),
        ("a\n--index-url http://x", "a --index-url http://x"),
    ],
)
def test_where_the_program_comes_from_as_given(tmp_path: Path, given: str, line: str) -> None:
    assert program_for(tmp_path, given) == line


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (
            {"url": "https://me:tok@git.example/d.git", "vcs_info": {"vcs": "git", "commit_id": "ab12"}},
            f"{PROGRAM} @ git+https://git.example/d.git@ab12",
        ),
        ({"url": "https://x.example/d.whl", "archive_info": {}}, f"{PROGRAM} @ https://x.example/d.whl"),
        ({"url": "file:///home/me/digest", "dir_info": {"editable": True}}, f"{PROGRAM}=="),
        (None, f"{PROGRAM}=="),
    ],
)
def test_where_the_program_comes_from_as_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: object, line: str
) -> None:
    text = None if record is None else json.dumps(record)
    monkeypatch.setattr(home_program, "distribution", lambda _: SimpleNamespace(read_text=lambda _: text))
    assert program_for(tmp_path).startswith(line)
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "{PROGRAM}"\n', encoding="utf-8")
    assert program_for(tmp_path) == "."  # a fork installs itself


def test_git_sees_digests_and_nothing_else_of_runs(tmp_path: Path) -> None:
    write_home(tmp_path, Answers(), "x", force=False)
    kept = ("runs/2026-01-28/audio.md", "runs/2026-01-28/audio.json", "runs/interests.json")
    others = (
        *(f"runs/{name}" for name in ("ledger.sqlite3", "pdf/x.pdf", "site/a.html", "sample/a.md")),
        *("public/index.html", ".automation/log", ".env"),
    )
    for name in (*kept, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, env=env, check=True)
    words = ["git", "status", "--porcelain", "--untracked-files=all"]
    shown = subprocess.run(words, cwd=tmp_path, env=env, check=True, capture_output=True, text=True).stdout
    seen = {line[3:] for line in shown.splitlines()}
    assert seen == {*kept, *FILES}


@pytest.mark.slow
def test_the_wheel_carries_all_of_it(root: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(root)]
    subprocess.run(words, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    ours = {path.relative_to(root).as_posix() for path in (root / "deploy/home").rglob("*") if path.is_file()}
    assert {f"digest/defaults/{name}" for name in ours} <= inside
    assert "digest/defaults/deploy/home/.github/workflows/digest.yml" in inside


@pytest.mark.parametrize(
    "typed", ["ml=机器学习：cs.LG，stat.ML", "ml＝机器学习：cs.LG、stat.ML", "ml=机器学习:cs.LG,stat.ML"]
)
def test_punctuation_of_a_section_may_be_full_width(typed: str) -> None:
    assert section_of(typed) == ("ml", {"title": "机器学习", "categories": ["cs.LG", "stat.ML"]})


def test_a_title_keeps_its_colon() -> None:
    assert section_of("ml=学习：入门：cs.LG")[1]["title"] == "学习：入门"
    assert section_of("ml=cs.LG") == ("ml", {"title": "ml", "categories": ["cs.LG"]})


def test_a_shipped_section_is_known_by_its_title() -> None:
    assert section_of("音频") == section_of("audio")


def test_the_example_of_delivery_works_once_it_is_uncommented(tmp_path: Path) -> None:
    text = settings_text(Answers())
    start = text.index("# [deliver]\n")
    shown = re.sub(r"^# (?=[\[a-z])", "", text[start:], flags=re.MULTILINE)
    (tmp_path / "digest.toml").write_text(text[:start] + shown, encoding="utf-8")
    assert set(load(path=tmp_path / "digest.toml").deliver.channels) == {"group", "lab"}
    two = text.replace("# [deliver.chat.group]", "[deliver.chat.group]").replace("# url_env", "url_env")
    (tmp_path / "digest.toml").write_text(two, encoding="utf-8")
    assert set(load(path=tmp_path / "digest.toml").deliver.channels) == {"group"}
