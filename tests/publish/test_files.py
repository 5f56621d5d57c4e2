from __future__ import annotations

import os
from pathlib import Path

import pytest

from digest.publish.files import import_file, render_file, write_digest
from digest.publish.json_format import from_json
from digest.system.errors import FormatError, UsageError
from digest.system.files import write_atomically
from tests.publish.samples import PAGE, digest_of, entry, full_digest


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_import_and_render_give_the_file_back(tmp_path: Path) -> None:
    source = tmp_path / "20260128_Wed" / "audio.md"
    source.parent.mkdir()
    source.write_text(PAGE, encoding="utf-8")
    record, page = tmp_path / "new" / "a.json", tmp_path / "a.md"
    imported = import_file(source, record)
    rendered = render_file(record, page)
    assert imported == rendered
    assert str(imported.date) == "2026-01-28"
    assert page.read_bytes() == source.read_bytes()


def test_import_of_a_bare_name_finds_the_date_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "2026-01-28"
    folder.mkdir()
    (folder / "audio.md").write_text(PAGE, encoding="utf-8")
    monkeypatch.chdir(folder)
    assert str(import_file(Path("audio.md"), Path("audio.json")).date) == "2026-01-28"


def test_nothing_is_written_when_the_source_is_no_digest(tmp_path: Path) -> None:
    source, target = tmp_path / "a.md", tmp_path / "out" / "a.json"
    for content, line in ((b"# Readme\n\nwords\n", 1), (b"\x89PNG", 1), (PAGE.encode()[:-9] + b"\n\xff", 47)):
        source.write_bytes(content)
        with pytest.raises(FormatError) as caught:
            import_file(source, target)
        assert caught.value.line == line
        assert str(source) in str(caught.value)
        with pytest.raises(UsageError):
            render_file(source, target)
    assert listing(tmp_path) == ["a.md"]


def test_source_is_never_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "audio.md"
    source.write_text(PAGE, encoding="utf-8")
    (tmp_path / "link.md").symlink_to(source)
    for target in (source, tmp_path / "link.md"):
        with pytest.raises(UsageError, match="another file"):
            import_file(source, target)
    assert source.read_text(encoding="utf-8") == PAGE


def test_missing_source(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.md: cannot be read: No such file"):
        import_file(tmp_path / "none.md", tmp_path / "a.json")


def test_write_digest_puts_every_form_under_the_date(tmp_path: Path) -> None:
    digest = full_digest()
    page, record = write_digest(digest, tmp_path / "runs")
    assert listing(tmp_path) == [
        f"runs/2026-01-28/audio{suffix}" for suffix in (".json", ".md", ".reader.md")
    ]
    assert page.read_text(encoding="utf-8").startswith("# 音频 cs.SD;  eess.AS\n")
    assert from_json(record.read_text(encoding="utf-8"), "x") == digest


def test_write_digest_refuses_what_has_no_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no date"):
        write_digest(digest_of(entry(), day=None), tmp_path)
    digest = full_digest()
    section = digest.section.model_copy(update={"key": "../audio"})
    with pytest.raises(UsageError, match="no file name"):
        write_digest(digest.model_copy(update={"section": section}), tmp_path)
    assert listing(tmp_path) == []


def test_identical_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    write_atomically(path, "一\n")
    os.utime(path, ns=(1, 1))
    inode = path.stat().st_ino
    write_atomically(path, "一\n")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (1, inode)
    write_atomically(path, "二\n")
    assert path.read_bytes() == "二\n".encode()
    assert path.stat().st_mtime_ns != 1


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_atomically(tmp_path / "a.md", "x")
    assert (tmp_path / "a.md").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("broken", ["fsync", "rename"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failure_in_the_middle_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, error: BaseException
) -> None:
    path = tmp_path / "a.md"
    path.write_text("old", encoding="utf-8")

    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(*((os, "fsync", fail) if broken == "fsync" else (Path, "replace", fail)))
    said = r"a\.md cannot be written: No space left" if isinstance(error, OSError) else None
    with pytest.raises((UsageError, KeyboardInterrupt), match=said):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert listing(tmp_path) == ["a.md"]


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    folder, pipe, loop = tmp_path / "folder", tmp_path / "pipe", tmp_path / "loop"
    folder.mkdir()
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    (tmp_path / "file").touch()
    for path in (folder, pipe, loop, tmp_path / "file" / "below"):
        with pytest.raises(UsageError, match="cannot be written"):
            write_atomically(path, "x")
    assert pipe.is_fifo()


def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link.md").symlink_to(tmp_path / "real.md")
    write_atomically(tmp_path / "link.md", "x")
    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "real.md").read_text(encoding="utf-8") == "x"


def test_text_that_is_no_unicode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="surrogates not allowed"):
        write_atomically(tmp_path / "a.md", "half \ud800")
    assert listing(tmp_path) == []
