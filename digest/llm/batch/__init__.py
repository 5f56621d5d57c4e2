"""Batch mode: a day's questions handed in as a file, its answers collected later, at half the price.

`batches` is the policy, `gathering` stands before an asker, `steps` takes one batch on its way, `api` makes
the calls, `rows` writes and reads the files.
"""

from digest.llm.batch.deferred import DeferredError
from digest.llm.batch.runner import Batches, Pending

__all__ = ["Batches", "DeferredError", "Pending"]
