"""Where files that a user may edit are found: in the working directory first, in the package second."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
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
