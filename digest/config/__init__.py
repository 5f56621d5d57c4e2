"""Settings: records in `settings.py` and `delivery.py`, made by `reading.py`; `files.py` finds files."""

from __future__ import annotations

from digest.config.delivery import ChannelSettings, ChatSettings, MailSettings, is_mail_address
from digest.config.files import find, no_file_hint, shipped
from digest.config.reading import ENVIRONMENT, load
from digest.config.settings import (
    CONCURRENCY,
    ArxivSettings,
    InterestSettings,
    LedgerSettings,
    ModelSettings,
    Settings,
    SiteSettings,
    TextSettings,
)

__all__ = [
    "CONCURRENCY",
    "ENVIRONMENT",
    "ArxivSettings",
    "ChannelSettings",
    "ChatSettings",
    "InterestSettings",
    "LedgerSettings",
    "MailSettings",
    "ModelSettings",
    "Settings",
    "SiteSettings",
    "TextSettings",
    "find",
    "is_mail_address",
    "load",
    "no_file_hint",
    "shipped",
]
