"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


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
