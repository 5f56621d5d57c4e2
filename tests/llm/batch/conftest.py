"""Fixtures of the tests of batch mode."""

from __future__ import annotations

import pytest

from digest.model import Request
from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from tests.llm.batch.bench import question


@pytest.fixture
def questions() -> list[tuple[Request, str]]:
    return [(question(record.title), record.id) for record in SampleData(Knobs()).records[:6]]
