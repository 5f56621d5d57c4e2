"""The PostgreSQL server of the ledger's tests, for back-fills too."""

from tests.ledger.conftest import cluster, postgres

__all__ = ["cluster", "postgres"]
