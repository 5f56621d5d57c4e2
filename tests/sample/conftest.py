"""One server for all tests of a file; each test finds it with its knobs as at the start."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.conftest import Lending
from tests.faulty import Server


@pytest.fixture(scope="module")
def _running(lending: Lending) -> Iterator[Server]:
    with lending.start() as server:
        yield server


@pytest.fixture
def server(_running: Server) -> Server:
    _running.set()
    return _running


@pytest.fixture(scope="module")
def _client(_running: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=_running.url, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def get(server: Server, _client: httpx2.Client) -> httpx2.Client:
    """A client of the server that `server` is."""
    return _client
