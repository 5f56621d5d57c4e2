"""The daily bilingual arXiv digest: one checked line in Chinese for every announced paper."""

from __future__ import annotations

__version__ = "0.2.0"
