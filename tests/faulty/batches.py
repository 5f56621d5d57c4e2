"""The Batch API with batches that take time, fail in part or expire."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from digest.sample.batches import Answer, Batches, result_row
from digest.sample.chat import error
from digest.sample.data import share
from tests.faulty.knobs import Knobs


class FaultyBatches(Batches):
    """Uploaded files and batches.

    Args:
        answer: answers one question.
        knobs: gives the knobs of the moment.
    """

    def __init__(self, answer: Answer, knobs: Callable[[], Knobs]) -> None:
        super().__init__(answer)
        self._knobs = knobs
        self._looks: Counter[str] = Counter()

    def forget(self) -> None:
        """Begin anew."""
        self.files.clear()
        self.batches.clear()
        self._looks.clear()

    def work(self, batch: dict[str, Any]) -> None:
        """Be done after some looks; what is left over expires."""
        batch["status"] = "in_progress"
        self._looks[batch["id"]] += 1
        if self._looks[batch["id"]] > self._knobs().batch_looks:
            super().work(batch)
            if self._knobs().batch_expired:
                batch["status"] = "expired"

    def result(self, row: Mapping[str, Any]) -> tuple[bool, str]:
        """The row of a result file: some fail, and some are left over when the batch expires."""
        knobs, drawn = self._knobs(), share(f"batch {row['custom_id']}", 10_000) / 10_000
        if drawn < knobs.batch_expired:
            expired = {"code": "batch_expired", "message": "This request could not be executed in time."}
            return False, json.dumps({"custom_id": row["custom_id"], "response": None, "error": expired})
        if drawn < knobs.batch_expired + knobs.batch_failed:
            return False, result_row(row, 500, {"error": error("The server had an error.")})
        return super().result(row)
