"""Archives and metadata in the forms in which arXiv gives them in bulk, of invented papers."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def row(
    paper_id: str = "2601.00001", created: str = "Mon, 5 Jan 2026 10:00:00 GMT", **fields: Any
) -> dict[str, Any]:
    """A record of the metadata snapshot."""
    return {
        "id": paper_id,
        "submitter": "Ann Lee",
        "authors": "Ann Lee and Bo King, Jr.",
        "title": f"Invented Study of\n  {paper_id}",
        "comments": "5 pages",
        "journal-ref": None,
        "doi": None,
        "report-no": None,
        "categories": "cs.SD eess.AS",
        "license": None,
        "abstract": f"  We study {paper_id}.\n",
        "versions": [{"version": "v1", "created": created}],
        "update_date": "2026-01-06",
        "authors_parsed": [["Lee", "Ann", ""], ["King", "Bo", "Jr."]],
        **fields,
    }


def lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in rows)


def tar(path: Path, members: Mapping[str, bytes]) -> Path:
    """A plain archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path
