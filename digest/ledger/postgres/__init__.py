"""The ledger in a PostgreSQL database, which several machines may share."""
