"""Fixtures of the tests of batch mode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from digest.llm.request import Request
from digest.sample import Server, start
from digest.sample.data import Library
from digest.sample.knobs import Knobs
from tests.llm.batch.bench import question


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with start() as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    running.set()
    return running


@pytest.fixture
def questions() -> list[tuple[Request, str]]:
    return [(question(record.title), record.id) for record in Library(Knobs()).records[:6]]
