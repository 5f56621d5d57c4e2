"""The databases that the ledger's tests run against."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from tests.ledger.cluster import PLACE, Cluster, programs, running


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running PostgreSQL server of this test process."""
    pytest.importorskip("psycopg_pool", reason="PostgreSQL's driver is not installed: pip install '.[scale]'")
    found = programs()
    if found is None:
        pytest.skip(f"no PostgreSQL server is installed (initdb), and {PLACE} names none")
    with pytest.MonkeyPatch.context() as environment, running(found) as cluster:
        for name in [name for name in os.environ if name.startswith("PG")]:  # a developer's own server
            environment.delenv(name)
        yield cluster


@pytest.fixture
def postgres(cluster: Cluster) -> SecretStr:
    """The address of an empty schema."""
    return cluster.fresh()
