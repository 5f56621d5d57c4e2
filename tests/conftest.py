"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from digest.sample import Knobs, Server, start

ROOT = Path(__file__).parent.parent

# The same examples every time, and no clock: a busy machine must not make a test fail.
settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


FULL = bool(os.environ.get("DIGEST_FULL_TESTS"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what takes long, but for a full run."""
    for item in items:
        if item.get_closest_marker("slow") and not FULL:
            item.add_marker(
                pytest.mark.skip(reason="takes long; DIGEST_FULL_TESTS=1 runs it, as .ci/run does")
            )


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material that tests may read but the project may not contain: papers, pages, published days."""
    folder = os.environ.get("DIGEST_SHARED")
    if not folder or not Path(folder).is_dir():
        pytest.skip("DIGEST_SHARED names no folder with the papers and pages that these tests read")
    return Path(folder)


@pytest.fixture
def sample_server() -> Iterator[Callable[..., Server]]:
    """Starts a sample server with the knobs given, for as long as the test lasts."""
    with contextlib.ExitStack() as running:

        def started(**knobs: Any) -> Server:
            return running.enter_context(start(Knobs(**knobs)))

        yield started
