"""A room knows only rooms below, and the page that says so is true."""

from __future__ import annotations

from tests.architecture import FLOORS, PAGE, arrows, with_picture


def test_a_room_knows_only_rooms_below() -> None:
    floor = {room: number for number, rooms in enumerate(FLOORS, start=1) for room in rooms}
    found = arrows()
    assert {room for arrow in found for room in arrow} <= floor.keys(), "a room without a place in the plan"
    upward = {f"{a} -> {b}": files for (a, b), files in found.items() if floor[b] >= floor[a]}
    assert not upward
    assert len(found) <= 70


def test_only_the_ledger_and_the_commands_that_mend_it_know_sqlite() -> None:
    from tests.architecture import ROOT

    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "digest").rglob("*.py")
        if "digest.ledger.sqlite" in path.read_text(encoding="utf-8") and "ledger" not in path.parts
    }
    care = {f"digest/cli/{name}.py" for name in ("doctor", "runs", "runs_output", "session", "verify")}
    care |= {"digest/cli/status.py"}
    assert users <= {*care, "digest/cli/sample_traces.py"}


def test_the_page_shows_the_imports_as_they_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_picture(page) == page, "run: python -m tests.architecture"
    for rooms in FLOORS:
        for room in rooms:
            assert room == "__main__" or f"`{room}" in page
