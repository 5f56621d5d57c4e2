"""The ledger's logic and SQL, for each database; `sqlite/` and `postgres/` are the drivers."""
