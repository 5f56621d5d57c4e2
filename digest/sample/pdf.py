"""A PDF of a record, for the sample day: real in form, made of nothing but the record."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

from digest.sample.data import SamplePaper

NOTICE = "This PDF was typeset from the arXiv record for the sample day. It is not the paper."

_STYLE = """
body { font-family: serif; font-size: 10pt; line-height: 1.25 }
h1 { font-size: 18pt; text-align: center } h2 { font-size: 12pt }
p.authors { text-align: center } p.notice { font-size: 8pt; text-align: center; color: #444 }
"""
_FEW = 60  # authors that are named


@lru_cache(maxsize=512)
def typeset(record: SamplePaper) -> bytes:
    """Two pages with title, authors, abstract, introduction, conclusion, page numbers and arXiv's side stamp.

    The same record gives the same bytes. The introduction and the conclusion are sentences of the abstract.
    """
    import pymupdf

    sentences = re.split(r"(?<=[.!?]) +(?=[A-Z])", record.abstract)
    half, ending = (len(sentences) + 1) // 2, -(-len(sentences) // 3)
    authors = ", ".join(record.authors[:_FEW]) + (" et al." if len(record.authors) > _FEW else "")
    first = (
        f"<h1>{escape(record.title)}</h1><p class='authors'>{escape(authors)}</p>"
        f"<p class='notice'>{NOTICE}</p>"
        f"<h2>Abstract</h2><p>{escape(record.abstract)}</p>"
        f"<h2>1 Introduction</h2><p>{escape(' '.join(sentences[:half]))}</p>"
    )
    second = (
        f"<p>{escape(' '.join(sentences[half:] or sentences))}</p>"
        f"<h2>2 Conclusion</h2><p>{escape(' '.join(sentences[-ending:]))}</p><p class='notice'>{NOTICE}</p>"
    )
    with pymupdf.Document() as document:  # type: ignore[no-untyped-call]  # pymupdf has no types
        for number, content in enumerate((first, second), start=1):
            page = document.new_page(width=612, height=792)
            page.insert_htmlbox((72, 72, 540, 720), content, css=_STYLE)
            page.insert_text((303, 756), str(number), fontsize=9)
        stamp = f"arXiv:{record.versioned_id} [{record.categories[0]}] {record.revised:%d %b %Y}"
        document[0].insert_text((32, 560), stamp, fontsize=16, rotate=90, color=(0.5, 0.5, 0.5))
        document.set_metadata({"title": record.title})
        document.subset_fonts()
        return bytes(document.tobytes(garbage=3, deflate=True, no_new_id=True))
