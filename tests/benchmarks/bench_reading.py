"""The reading of a site in a real Chromium: first paint, and answers of the search.

    DIGEST_SHARED=... python -m tests.benchmarks.bench_reading FOLDER [--times 9]

FOLDER holds digests and their site (as `bench_site --keep FOLDER` leaves them). Prints medians, the fastest
and the slowest, in milliseconds, from a folder (file:) and from `digest serve`: the first paint of the
largest page and of the index; from a key press until results are shown, with the index cold (nothing loaded
since the page opened) and warm (looked for before). The load of the machine stands beside them.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.browser.conftest import FLAGS
from tests.browser.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

T = TypeVar("T")
QUERIES = {
    "English word": "diffusion",
    "Chinese word": "语音识别",
    "two words": "diffusion 语音",
    "rare author": "Hadjeres",
    "very common word": "model",
    "very common Chinese word": "任务",
}
_PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) => {
  const paint = list.getEntries().find((one) => one.name === "first-contentful-paint");
  if (paint) resolve(paint.startTime);
}).observe({ type: "paint", buffered: true }))"""
# From the event to the frame in which results stand: the answer, and painting it.
_ANSWER = """(query) => new Promise((resolve) => {
  const input = document.querySelector("input[name=q]"), box = document.getElementById("papers");
  input.value = query;
  const began = performance.now();
  new MutationObserver((_, observer) => {
    if (!box.querySelector("article")) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
  }).observe(box, { childList: true });
  input.dispatchEvent(new Event("input", { bubbles: true }));
})"""


def main() -> None:
    """Measure, and print a line a thing."""
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("--times", type=int, default=9)
    given = options.parse_args()
    site: Path = given.folder.resolve() / "site"
    largest = max(site.glob("????-??-??/*.html"), key=_papers).relative_to(site)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, served(site) as address:
        program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for root in (site.as_uri(), address):
            print(f"{root.partition(':')[0]}:, load {os.getloadavg()[0]:.1f}")
            for path in (str(largest), "index.html"):
                _print(
                    f"first paint of {path}", _repeat(given.times, browser, f"{root}/{path}", _first_paint)
                )
            for what, query in QUERIES.items():
                search = f"{root}/search.html"
                both = _repeat(given.times, browser, search, partial(_answers, query))
                _print(f"{what}, cold: {query}", [cold for cold, _ in both])
                _print(f"{what}, warm: {query}", [warm for _, warm in both])
        browser.close()


def _papers(page: Path) -> int:
    return 0 if page.name.endswith((".more.html", "mail.html")) else page.read_bytes().count(b"<article")


def _repeat(times: int, browser: Browser, address: str, measure: Callable[[Page], T]) -> list[T]:
    found = []
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1280, "height": 800})  # with an empty cache
        page = context.new_page()
        page.goto(address)
        found.append(measure(page))
        context.close()
    return found


def _first_paint(page: Page) -> float:
    return float(page.evaluate(_PAINT))


def _answers(query: str, page: Page) -> tuple[float, float]:
    """The first answer of a page, and that to the same word with a letter taken off and put back."""
    cold = float(page.evaluate(_ANSWER, query))
    page.evaluate(_ANSWER, query[:-1])
    return cold, float(page.evaluate(_ANSWER, query))


def _print(what: str, values: list[float]) -> None:
    print(
        f"  {what}: {statistics.median(values):.0f} ms ({min(values):.0f} to {max(values):.0f})", flush=True
    )


if __name__ == "__main__":
    main()
