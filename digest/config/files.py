"""The places of the files that the project ships, and of those that a user has in their stead."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_INSTALLED = _PACKAGE / "defaults"
_CHECKOUT = _PACKAGE.parent


def shipped(name: str) -> Path:
    """The file or folder `name` as the project ships it, in a wheel or in a checkout."""
    installed = _INSTALLED / name
    return installed if installed.exists() else _CHECKOUT / name


def find(name: str, folder: Path | None = None) -> Path:
    """The file or folder `name` of `folder` (default: the working directory), else the shipped one."""
    own = (folder or Path.cwd()) / name
    return own if own.exists() else shipped(name)


def no_file_hint() -> str:
    """A sentence with a blank before it where the working directory has no settings file; else empty."""
    if Path("digest.toml").exists():
        return ""
    return f" No digest.toml was found here ({Path.cwd()}); `digest init` makes one."
