"""A real Chromium, and a site served on loopback.

The browser is the system's (`CHROMIUM`, else /usr/bin/chromium); axe-core is found under `AXE_CORE`, a folder
with node_modules. Both are installed by .ci/run; without them these tests are skipped, and say so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.serving import served
from tests.publish.site.support import TEXT, built, digest_on, hostile, paper, put

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
DAY = date(2026, 1, 28)
Open = Callable[..., "Page"]


@pytest.fixture(scope="package")  # while playwright runs, its event loop does: no other test could start one
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(program).exists():
        pytest.skip(f"there is no Chromium at {program}; CHROMIUM may name another")
    from playwright.sync_api import sync_playwright  # half a second, which collecting need not take

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    folder = os.environ.get("AXE_CORE", "")
    script = Path(folder) / "node_modules/axe-core/axe.min.js"
    if not folder or not script.exists():
        pytest.skip("AXE_CORE names no folder in which npm installed axe-core")
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days in two months, with 40 papers and a hostile one, and their site."""
    out = tmp_path_factory.mktemp("runs")
    tasks = ("语音识别", "语音合成", "说话人日志", "音乐生成")
    fresh = [paper(n, task=tasks[n % 4], title=f"Kettle {n} listens to $x^{n}$") for n in range(1, 31)]
    names = tuple(f"Marouane El Hizabri {n}" for n in range(6))
    cross = [
        paper(n, "cross", categories=("cs.LG", "cs.SD"), comments="Accepted at ICASSP 2026", authors=names)
        for n in range(31, 36)
    ]
    old = [paper(n, "replaced") for n in range(36, 41)]
    put(out, digest_on(DAY, *fresh, *cross, *old, hostile()), digest_on(DAY, paper(50), section=TEXT))
    put(
        out,
        digest_on(
            date(2026, 2, 3),
            paper(60, title="A bell in February", task="钟声检测"),
            *(paper(n, title="Long titles " * 30) for n in (61, 62)),
        ),
    )
    built(out, interests={"words": ["Kettle 7"]})
    return out / "site"


@pytest.fixture(scope="session")
def address(folder: Path) -> Iterator[str]:
    """The site on loopback."""
    with served(folder) as address:
        yield address


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Opens pages, and afterwards asserts that none complained or asked anything of another host."""
    contexts, said, asked = list["BrowserContext"](), list[str](), list[str]()

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(message.text)

    def go(path: str, width: int = 1280, height: int = 800, *, root: str = "", **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]  # options are whatever the browser takes
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{root or address}/{path}")
        return page

    yield go
    for context in contexts:
        context.close()
    assert said == []
    assert [one for one in asked if not one.startswith((address, "file:", "data:", "blob:"))] == []
