"""Errors that cross a room, as sentences for the person at the terminal.

::

    DigestError              exit 1
      UsageError             exit 2   a flag, a file or a setting is not usable
        FormatError                   a file is no digest; says which line
        NoLedgerError                 there is no ledger yet
      SourceError            exit 4   arXiv could not be read; nothing was published
        CountError                    a page does not hold what it says it holds
        StaleError                    a page is the one of an earlier day
        UnreachableError              no usable answer now; there may be one later
          ClosedError                 arXiv says not to ask again for a while
        UnavailableError              there is no such file now
          WithdrawnError              there will be none
        TooLargeError                 the file is larger than the limit
      ModelError             exit 4   the model answers nobody: wrong key, unknown model, no connection
        QuotaError                    no further question is answered; what is there is published incomplete
      AnswerError            -        one paper got no usable answer; it becomes a flag in the digest
      LedgerError            exit 4   what was received could not be kept, or not be read again

Exit 3 (done, with flagged papers) is no error: it is what a finished run says. Nor is exit 5 (published, and
somebody may not have got it): what a channel did not take is told, and tried again.
"""

from __future__ import annotations


class DigestError(Exception):
    """The root: its text says what happened, to which paper or URL, and what to do next."""

    exit_code = 1


class UsageError(DigestError):
    """Something the user gave is not usable."""

    exit_code = 2


class FormatError(UsageError):
    """A file that should be a digest is none.

    Attributes:
        line: the line that could not be read, from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line

    def __reduce__(self) -> tuple[type[FormatError], tuple[str, int]]:
        """Carry both arguments through pickle."""
        return type(self), (str(self), self.line)


class NoLedgerError(UsageError):
    """There is no ledger yet; a run makes one."""


class SourceError(DigestError):
    """arXiv gave no usable answer, so nothing was published."""

    exit_code = 4


class CountError(SourceError):
    """A page holds another number of papers than it declares."""


class StaleError(SourceError):
    """A page carries an announcement that was already published under another date."""


class UnreachableError(SourceError):
    """There was no usable answer now; there may be one later."""


class ClosedError(UnreachableError):
    """arXiv says not to ask again for longer than a run waits."""


class UnavailableError(SourceError):
    """arXiv gives no such file now: not there yet, not public, not to be built, or a captcha instead."""


class WithdrawnError(UnavailableError):
    """arXiv says of the paper itself that there is no file, and there will be none."""


class TooLargeError(SourceError):
    """The file is larger than the limit."""


class ModelError(DigestError):
    """The model's endpoint gave no usable answer to anybody."""

    exit_code = 4


class QuotaError(ModelError):
    """No further question may be asked: the account is empty, the ceiling reached, or all are refused.

    Attributes:
        code: quota, ceiling or refusing.
    """

    def __init__(self, message: str, code: str = "quota") -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[QuotaError], tuple[str, str]]:
        """Carry both arguments through pickle."""
        return type(self), (str(self), self.code)


class AnswerError(DigestError):
    """One question got no usable answer; caught where the paper's entry is made, and shown as its flag.

    Attributes:
        code: refused, empty, cut, too_long, unreachable, rejected.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[AnswerError], tuple[str, str]]:
        """Carry both arguments through pickle."""
        return type(self), (self.code, str(self))


class LedgerError(DigestError):
    """The ledger could not be written or read."""

    exit_code = 4
