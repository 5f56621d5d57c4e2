"""The sample server with faults, limits and counts, which tests turn on while it runs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from digest import sample
from digest.system.errors import DigestError
from tests.faulty.knobs import Fault, Knobs, fault

__all__ = ["Fault", "Knobs", "Server", "fault", "start"]

_start = sample.start  # tests replace it by their own


class Server(sample.Server):
    """A running sample server whose knobs can be turned."""

    def stats(self) -> dict[str, Any]:
        """Counts of what was asked and answered since the knobs were last set.

        `requests` by kind of page, `statuses`, `too_many` (429s sent), `early` (requests before a Retry-After
        was over), `asked` and `answered` (questions by paper id), `faults` by action, `peak` of questions in
        flight.
        """
        return self._control("GET", "/_control/stats")

    def set(self, **knobs: Any) -> None:
        """Turn knobs, on top of those of the start: without arguments back to these. Counts begin anew."""
        self._control("POST", "/_control", Knobs.model_validate(knobs).model_dump_json(exclude_unset=True))

    def faults(self, *rules: Fault) -> None:
        """Answer by these rules, and otherwise as at the start; without any, no more faults."""
        self.set(faults=rules)

    def _control(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        """Ask the server's own URL; `http.client` knows no proxies."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body and body.encode())
            answer: dict[str, Any] = json.load(connection.getresponse())
        if "error" in answer:
            raise DigestError(f"The sample server refused its knobs: {answer['error']}")
        return answer


@contextlib.contextmanager
def start(knobs: Knobs | None = None) -> Iterator[Server]:
    """Run the server beside this process, as `digest.sample.start`."""
    with _start(knobs, "tests.faulty.server") as server:
        yield Server(server.url)
