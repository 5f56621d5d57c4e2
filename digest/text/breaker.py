"""A circuit breaker for PDFs: when arXiv refuses most of them, asking for the rest helps nobody."""

from __future__ import annotations

from collections import deque

_LAST, _MOST = 10, 8
"""Of so many in a row, so many refusals are no matter of single papers any more."""


class Breaker:
    """The outcomes of the last PDFs that were asked for.

    Attributes:
        open: whether no more are to be asked for; it stays so until the end of the run.
    """

    def __init__(self) -> None:
        self._refused: deque[bool] = deque(maxlen=_LAST)
        self.open = False

    def came(self) -> None:
        """A PDF came, or arXiv said of the paper itself that there is none."""
        self._refused.append(False)

    def refused(self, why: str, *, told: bool = False) -> str | None:
        """A PDF was refused; returns what to tell a person when this one opens the circuit.

        Args:
            why: in words.
            told: whether arXiv said not to ask again for longer than a run waits.
        """
        self._refused.append(True)
        if self.open or not (told or sum(self._refused) >= _MOST):
            return None
        self.open = True
        return (
            f"{sum(self._refused)} of the last {len(self._refused)} PDFs were refused ({why}), so no more "
            "are asked for in this run: title and abstract must do. The next run asks again."
        )
