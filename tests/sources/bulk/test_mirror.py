"""Papers out of archives and folders laid out as arXiv's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from digest.sources.bulk.mirror import Mirror
from digest.system.errors import UsageError
from tests.sources.bulk.support import tar


def content(mirror: Mirror, paper: str, version: int | None, folder: Path) -> tuple[bytes, int | None]:
    found = mirror.find(paper, version)
    assert found is not None
    found.write(folder / "copy")
    return (folder / "copy").read_bytes(), found.other


def test_every_place_that_a_paper_may_have(tmp_path: Path) -> None:
    root = tmp_path / "mirror"
    tar(root / "pdf/arXiv_pdf_2601_001.tar", {"2601/2601.00001.pdf": b"a", "2601/2601.00002v2.pdf": b"b2"})
    tar(root / "pdf/arXiv_pdf_2601_002.tar", {"2601/2601.00002v1.pdf": b"b1", "2601/2601.00003v1.txt": b"c"})
    tar(root / "arXiv_pdf_9901_001.tar", {"9901/hep-th9901001.pdf": b"d", "9901/math9901002v3.pdf": b"e"})
    for place, text in {
        "arxiv/pdf/0704/0704.0001v1.pdf": b"f",
        "math/pdf/0512/0512001v2.pdf": b"g",
        "0001/astro-ph_0001001v1.pdf": b"h",
    }.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_bytes(text)
    mirror = Mirror(root)
    asked = {
        ("2601.00001", 1): (b"a", 0),  # it does not say of which version it is
        ("2601.00002", 1): (b"b1", None),
        ("2601.00002", 2): (b"b2", None),
        ("2601.00002", 3): (b"b2", 2),
        ("2601.00003", 1): (b"c", None),
        ("hep-th/9901001", 1): (b"d", 0),
        ("math/9901002", 3): (b"e", None),
        ("0704.0001", 1): (b"f", None),
        ("math/0512001", 2): (b"g", None),
        ("astro-ph/0001001", 1): (b"h", None),
    }
    assert {key: content(mirror, *key, tmp_path) for key in asked} == asked
    for missing in ("2601.00009", "hep-ph/9901001", "2602.00001", "math/0512002"):
        assert mirror.find(missing, 1) is None


def test_an_unnamed_version_goes_before_another_one(tmp_path: Path) -> None:
    tar(tmp_path / "arXiv_pdf_2601_001.tar", {"2601/2601.00001v3.pdf": b"v3", "2601/2601.00001.pdf": b"?"})
    assert content(Mirror(tmp_path), "2601.00001", 1, tmp_path) == (b"?", 0)


@pytest.mark.parametrize("damage", ["cut", "header", "middle", "zeros", "empty", "foreign"])
def test_of_a_damaged_archive_the_rest_is_read_and_the_damage_told(tmp_path: Path, damage: str) -> None:
    papers = {f"2601/2601.0000{n}v1.pdf": f"{n}".encode() * 700 for n in range(1, 6)}
    path = tar(tmp_path / "arXiv_pdf_2601_001.tar", papers)
    tar(tmp_path / "arXiv_pdf_2601_002.tar", {"2601/2601.00006v1.pdf": b"6"})
    whole = path.read_bytes()
    there = {1, 2, 3, 4, 5}
    if damage == "cut":
        path.write_bytes(whole[: 3 * 1536 + 800])
        there = {1, 2, 3}
    elif damage in {"header", "middle", "zeros"}:
        junk = {"header": b"x" * 512, "middle": b"x" * 1536, "zeros": bytes(1536)}[damage]
        path.write_bytes(whole[:1536] + junk + whole[1536 + len(junk) :])
        there = {1, 3, 4, 5}
    else:
        path.write_bytes(b"" if damage == "empty" else b"<html>" * 2000)
        there = set()
    said: list[str] = []
    mirror = Mirror(tmp_path, said.append)
    assert {n for n in range(1, 6) if mirror.find(f"2601.0000{n}", 1)} == there
    assert mirror.find("2601.00006", 1) is not None
    assert len(said) == 1
    assert "arXiv_pdf_2601_001.tar is damaged" in said[0]


def test_a_whole_archive_is_not_called_damaged(tmp_path: Path) -> None:
    said: list[str] = []
    for number, size in enumerate((0, 1, 511, 512, 513, 10240), start=1):
        tar(tmp_path / f"arXiv_pdf_2601_{number:03}.tar", {f"2601/2601.0000{number}v1.pdf": b"x" * size})
    (tmp_path / "arXiv_pdf_2601_007.tar").write_bytes(
        (tmp_path / "arXiv_pdf_2601_006.tar").read_bytes()[: 512 + 10240]
    )
    mirror = Mirror(tmp_path, said.append)
    assert all(mirror.find(f"2601.0000{number}", 1) for number in range(1, 7))
    assert said == []


def test_another_folder_is_no_mirror(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match=str(path)):
            Mirror(path)


def test_memory_holds_the_months_in_use_only(tmp_path: Path) -> None:
    for month in range(1, 13):
        for year in (24, 25):
            name = f"{year}{month:02}"
            tar(tmp_path / f"arXiv_pdf_{name}_001.tar", {f"{name}/{name}.00001v1.pdf": b"x"})
    mirror = Mirror(tmp_path)
    for month in range(1, 13):
        for year in (24, 25):
            assert mirror.find(f"{year}{month:02}.00001", 1)
    assert len(mirror._months) <= 12


def test_a_month_is_read_once_whoever_asks_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"2601.{number:05}" for number in range(200)]
    tar(tmp_path / "arXiv_pdf_2601_001.tar", {f"2601/{name}v1.pdf": b"%PDF" for name in names})
    mirror, read = Mirror(tmp_path), list[Path]()
    inside = Mirror._inside

    def counting(self: Mirror, path: Path, month: str) -> Any:
        read.append(path)
        return inside(self, path, month)

    monkeypatch.setattr(Mirror, "_inside", counting)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda name: mirror.find(name, 1), names))
    assert len(read) == 1
