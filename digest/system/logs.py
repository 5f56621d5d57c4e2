"""The debug switch: what happened inside, on standard error, without keys."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

VARIABLE, FLAG = "DIGEST_DEBUG", "--debug"
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|COOKIE", re.IGNORECASE)
_OFF = {"", "0", "false", "no", "off"}
_kept = set[str]()


def switched_on(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """True if the command line or the environment asks for it."""
    return FLAG in _flags(arguments) or environment.get(VARIABLE, "").strip().lower() not in _OFF


def without_switch(arguments: Sequence[str]) -> list[str]:
    """The arguments without the switch, which may stand before or behind a command."""
    flags = _flags(arguments)
    return [one for one in flags if one != FLAG] + list(arguments[len(flags) :])


def switch_on() -> logging.Logger:
    """Log to standard error: all that this program does, and what its libraries find worth telling.

    Returns:
        The logger of the command line, for its first line.
    """
    import logging

    class Masked(logging.Formatter):
        """Takes secrets out of whole records, their tracebacks included."""

        def format(self, record: logging.LogRecord) -> str:
            return masked(super().format(record))

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Masked("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("digest").setLevel(logging.DEBUG)
    return logging.getLogger("digest.cli.app")


def story_of(error: BaseException) -> str:
    """A traceback without keys."""
    import traceback

    return masked("".join(traceback.format_exception(error)).rstrip())


def keep_secret(value: str) -> None:
    """Mask a value from now on that no name in the environment tells to be secret."""
    _kept.add(value)


def masked(text: str) -> str:
    """A text without what the environment keeps secret, and without the credentials of addresses."""
    for value in (*_secrets(), *sorted(_kept, key=len, reverse=True)):
        text = text.replace(value, "***")
    from digest.system.redact import without_credentials

    return without_credentials(_with_key_masked(text))


def _flags(arguments: Sequence[str]) -> Sequence[str]:
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


@cache
def _secrets() -> tuple[str, ...]:
    named = (value.strip() for name, value in os.environ.items() if _SECRET.search(name))
    return tuple(sorted((value for value in named if len(value) >= 8), key=len, reverse=True))


def _with_key_masked(text: str) -> str:
    """Without the endpoint's key in any spelling."""
    from digest.system.redact import KeyRedactor

    return KeyRedactor(os.environ.get("OPENAI_API_KEY", "").strip()).text(text)
