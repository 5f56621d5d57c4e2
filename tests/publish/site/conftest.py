"""Fixtures of the tests of the site."""

from __future__ import annotations

import pytest

from digest.publish.site import search


@pytest.fixture(autouse=True)
def _no_search_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index takes a second of processor time a month: tests/browser make one."""
    monkeypatch.setattr(search, "_program", lambda: None)
