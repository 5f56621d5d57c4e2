"""The server that the tests of a file share, with its knobs turned back before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Lending
from tests.faulty import Server


@pytest.fixture(scope="module")
def running(lending: Lending) -> Iterator[Server]:
    with lending.start() as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    running.set()
    return running
