"""Batch mode: a day's questions handed in as a file, its answers collected later, at half the price.

`runner.py` is the policy, `deferred.py` stands before a client, `lifecycle.py` is the state machine,
`client.py` makes the calls, `jsonl.py` writes and reads the files.
"""

from digest.llm.batch.deferred import DeferredError
from digest.llm.batch.runner import Batches, Pending

__all__ = ["Batches", "DeferredError", "Pending"]
