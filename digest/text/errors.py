"""Why a PDF gives no text."""

from __future__ import annotations

from digest.model import Finding
from digest.system.errors import DigestError


class PdfError(DigestError):
    """A PDF gives no text. The message is short, for `text: abstract (...)` in a digest.

    Attributes:
        transient: whether another try may help.
        findings: what was found in the PDF all the same.
    """

    def __init__(self, reason: str, *, transient: bool = False, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(reason)
        self.transient = transient
        self.findings = findings

    def __reduce__(self) -> tuple[object, ...]:
        """Carry everything through pickle."""
        return _rebuild, (str(self), self.transient, self.findings)


def _rebuild(reason: str, transient: bool, findings: tuple[Finding, ...]) -> PdfError:
    return PdfError(reason, transient=transient, findings=findings)
