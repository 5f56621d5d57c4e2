"""The server that these tests share: one a process, with its knobs turned back before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from digest.sample import Server, start


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    with start() as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    running.set()
    return running
