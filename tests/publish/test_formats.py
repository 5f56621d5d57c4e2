from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from digest.cli.lint import lint_files
from digest.evaluate.gold.importer import import_digests
from digest.model import Digest
from digest.publish import files, formats
from digest.publish.formats import FORMATS, JSON, Format, format_of, read_digest
from digest.system.errors import UsageError
from tests.conftest import FULL
from tests.publish.samples import digests, entry, full_digest


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.json", ".json"),
        ("a.md", ".md"),
        ("a.reader.md", ".reader.md"),
        ("x.reader.json", ".json"),
        ("a", ".md"),
    ],
)
def test_names_tell_of_forms(name: str, suffix: str) -> None:
    assert format_of(Path(name)).suffix == suffix


@pytest.mark.slow
@given(digests)
@settings(max_examples=100 if FULL else 8)
def test_every_form_writes_what_a_file_can_hold(digest: Digest) -> None:
    for one in FORMATS:
        assert one.render(digest).encode().endswith(b"\n")


@pytest.mark.parametrize("one", [form for form in FORMATS if form.read], ids=lambda form: form.suffix)
def test_forms_are_read_back_by_their_names(tmp_path: Path, one: Format) -> None:
    path = tmp_path / f"audio-20260128{one.suffix}"
    path.write_text(one.render(full_digest()), encoding="utf-8", newline="")
    read = read_digest(path)
    assert [each.paper.id for each in read.entries] == [each.paper.id for each in full_digest().entries]


def test_a_form_for_looking_at_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "audio.reader.md"
    path.write_text(format_of(path).render(full_digest()), encoding="utf-8")
    for read in (
        lambda: lint_files([path]),
        lambda: import_digests([path], read_digest, None),
        lambda: read_digest(path),
    ):
        with pytest.raises(UsageError, match="reading only"):
            read()


def test_render_and_import_write_the_form_of_the_name(tmp_path: Path) -> None:
    record, page = tmp_path / "a.json", tmp_path / "a.md"
    record.write_text(JSON.render(full_digest()), encoding="utf-8")
    files.convert(record, page, formats.JSON, formats.MARKDOWN)
    files.convert(record, tmp_path / "a.reader.md", formats.JSON, formats.MARKDOWN)
    assert (tmp_path / "a.reader.md").read_text(encoding="utf-8").startswith("# ")
    files.convert(
        page, tmp_path / "b", formats.MARKDOWN, formats.JSON
    )  # a name that tells of none: JSON, as ever
    assert (tmp_path / "b").read_text(encoding="utf-8").startswith("{")


def test_another_form_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = Format(".ids", lambda digest: "".join(f"{one.paper.id}\n" for one in digest.entries))
    for module in (formats, files):
        monkeypatch.setattr(module, "FORMATS", (*FORMATS, ids))
    page, record = files.write_digest(full_digest().model_copy(update={"entries": (entry(),)}), tmp_path)
    assert (page.suffix, record.suffix) == (".md", ".json")
    assert page.with_suffix(".ids").read_text(encoding="utf-8") == f"{entry().paper.id}\n"
    files.convert(record, tmp_path / "x.ids", formats.JSON, formats.MARKDOWN)
    assert (tmp_path / "x.ids").exists()
