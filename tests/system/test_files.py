"""Files as editors leave them: byte order marks, line ends, other encodings, homes in paths."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from digest.system.errors import FormatError, UsageError
from digest.system.files import at_home, read_text, words_at_home
from tests.conftest import Run
from tests.examples import first_fast

BOM = b"\xef\xbb\xbf"


def as_windows(content: bytes) -> bytes:
    """As an editor of Windows saves it: a byte order mark, and CR LF."""
    return BOM + content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def test_marks_and_line_ends_of_any_editor_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (BOM + "音\n频".encode(), "音\r\n频".encode(), as_windows("音\n频".encode())):
        path.write_bytes(content)
        assert read_text(path) == "音\n频"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("音频".encode("utf-16"), "UTF-16"),
        ("a\n音频".encode("gb18030"), "line 2: byte 0xd2 is no UTF-8"),
        ("ab\n".encode("utf-16-le"), "line 1: byte 0x00 is no text"),
        (b"a = 1\n\0", "line 2: byte 0x00"),
    ],
)
def test_other_encodings_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=words):
        read_text(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_text(tmp_path)


def test_homes_and_variables_in_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("WHERE", "there")
    assert at_home("~/a") == tmp_path / "a"
    assert at_home("$HOME/$WHERE") == tmp_path / "there"
    assert at_home("a~b/~") == Path("a~b/~")
    with pytest.raises(ValueError, match="home"):
        at_home("~nobody-of-this-name/a")


def test_every_file_that_people_edit_may_come_from_windows(digest: Run, folder: Path, root: Path) -> None:
    prompt = (root / "prompts/line.md").read_bytes()
    (folder / "mine.md").write_bytes(as_windows(prompt))
    (folder / "digest.toml").write_bytes(as_windows(b'[run]\nprompt = "mine.md"\n'))
    assert digest("run", "--sample", "--no-pdf", "--limit", "2").code == 0
    page = (root / "tests/data/audio-20260128.md").read_bytes()
    (folder / "audio-20260128.md").write_bytes(as_windows(page))
    assert digest("import", "audio-20260128.md", "-o", "a.json").code == 0
    (folder / "a.json").write_bytes(as_windows((folder / "a.json").read_bytes()))
    assert digest("render", "a.json", "-o", "b.md").code == 0
    assert (folder / "b.md").read_bytes() == page
    assert "0x" not in digest("lint", "audio-20260128.md").err
    gold = (root / "eval/gold/audio-20260128.jsonl").read_bytes()
    (folder / "gold.jsonl").write_bytes(as_windows(gold))
    ran = digest(
        "eval", "run", "--gold", "gold.jsonl", "--prompt", "mine.md", "--sample", "--no-pdf", "--limit", "2"
    )
    assert ran.code == 0


@pytest.mark.parametrize("name", ["digest.toml", "mine.md"])
def test_utf16_is_a_sentence(name: str, digest: Run, folder: Path) -> None:
    (folder / name).write_bytes('[run]\nprompt = "mine.md"\n'.encode("utf-16"))
    ran = digest("run", "--sample", "--no-pdf", "--prompt", "mine.md")
    assert ran.code == 2
    assert f"{name}: this is UTF-16" in ran.err


@pytest.mark.slow
def test_out_may_lie_at_home(digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.setenv("USERPROFILE", str(folder / "home"))
    (folder / "digest.toml").write_text('[run]\nout = "~/digests"\n', encoding="utf-8")
    assert digest("run", "--sample", "--no-pdf", "--limit", "1").code == 0
    assert digest("run", "--sample", "--no-pdf", "--limit", "1", "--out", "~/others").code == 0
    assert sorted(path.name for path in (folder / "home").iterdir()) == ["digests", "others"]
    assert not (folder / "~").exists()


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("~/a.md", "/home/me/a.md"),
        ("~", "/home/me"),
        ("--out=~/runs", "--out=/home/me/runs"),
        ("-o=~/x", "-o=/home/me/x"),
        ("~other/a", "~other/a"),
        ("a~/b", "a~/b"),
        ("--model=a=~/b", "--model=a=~/b"),
    ],
)
def test_a_home_in_a_word_is_filled_in(word: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert words_at_home(["lint", word]) == ["lint", meant]


@pytest.mark.slow
def test_files_of_commands_may_lie_at_home(
    digest: Run, folder: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.setenv("USERPROFILE", str(folder / "home"))
    (folder / "home").mkdir()
    published = (root / "tests/data/audio-20260128.md").read_bytes()
    (folder / "home/a.md").write_bytes(published)
    assert digest("import", "~/a.md", "-o", "~/a.json").code == 0
    assert digest("render", "~/a.json", "--output=~/b.md").code == 0
    assert (folder / "home/b.md").read_bytes() == published
    assert digest("lint", "~/b.md").code in {0, 1}
    assert digest("run", "--sample", "--no-pdf", "--limit", "1", "--out=~/runs").code == 0
    assert digest("runs", "backup", "~/copy.sqlite3", "--out", "~/runs/sample").code == 0
    assert digest("runs", "rescue", "~/new.sqlite3", "--out", "~/runs/sample").code == 0
    assert {path.name for path in folder.iterdir()} == {"home"}
    assert {"copy.sqlite3", "new.sqlite3"} <= {path.name for path in (folder / "home").iterdir()}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
@pytest.mark.parametrize(
    "words",
    first_fast(
        [
            "lint x.md",
            "run --sample --prompt x.md",
            "gold check x.md",
            "interests import x.md",
            "import x.md -o y.json",
            "backfill --from 2026-01-01 --to 2026-01-02 --metadata x.md --plan",
        ],
        2,
    ),
)
def test_nobody_waits_at_a_named_pipe(digest: Run, folder: Path, words: str) -> None:
    os.mkfifo(folder / "x.md")
    done = digest(*words.split())
    assert done.code == 2
    assert "named pipe" in done.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_settings_and_a_ledger_are_no_named_pipes(digest: Run, folder: Path) -> None:
    (folder / "runs").mkdir()
    os.mkfifo(folder / "runs/ledger.sqlite3")
    assert "it is no file" in digest("runs").err
    os.mkfifo(folder / "digest.toml")
    assert "digest.toml: cannot be read: it is a named pipe" in digest("status").err


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="shells hand no pipes there")
def test_what_a_shell_hands_is_read(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, "音频\n".encode())
    os.close(writer)
    assert read_text(Path(f"/dev/fd/{reader}")) == "音频\n"
    os.close(reader)
    with pytest.raises(UsageError, match="device"):
        read_text(Path("/dev/zero"))
    assert read_text(Path(os.devnull)) == ""


def test_a_file_that_is_too_large_for_people_is_named(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.touch()
    os.truncate(path, 1 << 30)
    with pytest.raises(UsageError, match="larger than 512 MB"):
        read_text(path)
