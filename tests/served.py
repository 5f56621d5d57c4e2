"""A sample server whose PDFs are typeset once for all servers of a test run, which share a folder.

`python -m tests.served FOLDER` is `python -m digest.sample.server` otherwise.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from digest.sample import pdf, server
from digest.sample.data import SamplePaper

_typeset = pdf.typeset


def shared(folder: Path, record: SamplePaper) -> bytes:
    """As `digest.sample.pdf.typeset`; the PDF lies in the folder from then on."""
    place = folder / f"{hashlib.sha256(record.model_dump_json().encode()).hexdigest()}.pdf"
    try:
        return place.read_bytes()
    except FileNotFoundError:
        content = _typeset(record)
        unfinished = place.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(content)
        unfinished.replace(place)
        return content


if __name__ == "__main__":
    folder = Path(sys.argv.pop(1))
    pdf.typeset = lambda record: shared(folder, record)  # type: ignore[assignment]  # same signature
    server.main()
