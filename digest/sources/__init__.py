"""Where a day comes from: arXiv's listing pages, catch-up pages, feed and API, read politely."""

from __future__ import annotations

from digest.sources.announcement import announce
from digest.sources.metadata import enrich, fetch_paper
from digest.sources.quiet import Quiet

__all__ = ["Quiet", "announce", "enrich", "fetch_paper"]
