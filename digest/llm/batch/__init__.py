"""Batch mode: a day's questions handed in as a file, its answers collected later, at half the price.

`batches` is the policy, `gathering` stands before an asker, `steps` takes one batch on its way, `api` makes
the calls, `rows` writes and reads the files.
"""

from digest.llm.batch.batches import Batches, Pending
from digest.llm.batch.gathering import DeferredError

__all__ = ["Batches", "DeferredError", "Pending"]
