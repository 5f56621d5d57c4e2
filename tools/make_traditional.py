"""Make `digest/summarize/checks/traditional.txt` of OpenCC's table of traditional characters.

Run by hand when the table changes: pip install opencc-python-reimplemented, then
python tools/make_traditional.py
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

TARGET = Path(__file__).parents[1] / "digest/summarize/checks/traditional.txt"
HEADING = """\
# Characters that only Traditional Chinese writes: those of OpenCC's table TSCharacters that have another
# simplified form, without the characters of GB 2312. Made by tools/make_traditional.py.
# OpenCC (https://github.com/BYVoid/OpenCC), Copyright Carbo Kuo and contributors, Apache License 2.0.
"""
WIDTH = 100


def main() -> None:
    """Write the file."""
    table = files("opencc").joinpath("dictionary/TSCharacters.txt").read_text(encoding="utf-8")
    rows = (row.split("\t") for row in table.splitlines() if "\t" in row)
    found = sorted(
        old
        for old, new in rows
        if len(old) == 1 and old < "\ua000" and old not in new.split() and not old.encode("gb2312", "ignore")
    )
    text = "".join(found)
    lines = (text[start : start + WIDTH] for start in range(0, len(text), WIDTH))
    TARGET.write_text(HEADING + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
