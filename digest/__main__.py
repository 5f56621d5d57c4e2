"""`python -m digest` is the same as `digest`."""

from __future__ import annotations

from digest.cli.app import main

main()
