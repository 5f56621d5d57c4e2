"""The pictures at the top of the READMEs, taken of the sample day in a real Chromium.

digest run --sample
python -m tests.browser.pictures runs/sample/site
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.browser.conftest import FLAGS

DOCS = Path(__file__).parents[2] / "docs"
SECTION = "2026-01-28/audio.html"


@dataclass(frozen=True)
class Picture:
    """One of them: `unfolded` shows the abstract of the first paper."""

    name: str
    page: str
    width: int
    height: int
    scheme: Literal["light", "dark"]
    scale: float = 1
    unfolded: bool = False


PICTURES = (
    Picture("site-light", SECTION, 1280, 720, "light"),
    Picture("site-dark", "index.html", 1280, 720, "dark"),
    Picture("site-phone-light", SECTION, 390, 844, "light", 1.5),
    Picture("site-phone-dark", SECTION, 390, 844, "dark", 1.5, unfolded=True),
)


def main() -> None:
    """Take all of them."""
    options = argparse.ArgumentParser()
    options.add_argument("site", type=Path)
    site: Path = options.parse_args().site.resolve()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for one in PICTURES:
            page = browser.new_page(
                viewport={"width": one.width, "height": one.height},
                color_scheme=one.scheme,
                device_scale_factor=one.scale,
            )
            page.goto(f"{site.as_uri()}/{one.page}")
            if one.unfolded:
                page.locator("article .more").first.click()
                page.locator("article .abs").first.wait_for()
                page.locator("article").first.evaluate(
                    "one => scrollTo(0, one.getBoundingClientRect().top + scrollY - 100)"
                )
            page.evaluate("() => document.fonts.ready")
            page.screenshot(path=DOCS / f"{one.name}.png", animations="disabled")
        browser.close()


if __name__ == "__main__":
    main()
