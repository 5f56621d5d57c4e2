"""Metadata that the export API adds to papers: version, dates, DOI. Its absence costs nothing but these.

Package `arxiv` builds the queries and reads the answers; the asking itself is done by the one polite client.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from digest.config import ArxivSettings
from digest.model import Paper
from digest.sources.arxiv import markup
from digest.sources.arxiv.wording import some
from digest.sources.http_client import Http
from digest.system.errors import SourceError, UsageError

if TYPE_CHECKING:
    import arxiv
    import requests

_BATCH = 100
_BAD_REQUEST = 400
LISTED_AUTHORS = 100
"""arXiv's listing pages cut longer lists after so many linked names, without a word (browse code,
truncate_author_list_size); names of three letters and less are not linked."""


_PUT_BEFORE = re.compile(r"http://|https://(?:dx\.)?doi\.org/")


async def enrich(
    papers: Sequence[Paper], http: Http, settings: ArxivSettings
) -> tuple[tuple[Paper, ...], tuple[str, ...]]:
    """The papers in their order, with what the API knows of them, and notes on what it did not.

    Texts stay as the listing has them, except where listings are known to lose something: a list of authors
    that is missing or cut after 100, a missing abstract, a scheme that was put before a bare host name, and
    categories that are aliases of others.
    """
    found: dict[str, arxiv.Result] = {}
    notes: list[str] = []
    for start in range(0, len(papers), _BATCH):
        ids = [paper.id for paper in papers[start : start + _BATCH]]
        try:
            found |= await _ask(ids, http, settings, notes)
        except SourceError as error:
            without = sum(paper.id not in found for paper in papers)
            notes.append(f"The API gave nothing for {without} papers; they stand as listed. {error}")
            return tuple(_enriched(paper, found.get(paper.id)) for paper in papers), tuple(notes)
    if missing := [paper.id for paper in papers if paper.id not in found]:
        notes.append(f"The API does not know them yet, they stand as listed: {some(missing)}.")
    return tuple(_enriched(paper, found.get(paper.id)) for paper in papers), tuple(notes)


async def fetch_paper(paper_id: str, version: int | None, http: Http, settings: ArxivSettings) -> Paper:
    """One paper as the API has it: this version, or the current one.

    Raises:
        UsageError: arXiv has no such paper or version.
        SourceError: the API gave no usable answer.
    """
    name = paper_id if version is None else f"{paper_id}v{version}"
    result = (await _query([name], http, settings) or {}).get(paper_id)
    if result is None or (version and not result.entry_id.endswith(f"v{version}")):
        raise UsageError(f"arXiv knows no paper {name}. A paper announced today may follow within a day.")
    bare = Paper(id=paper_id, version=version, title=markup.collapse(result.title), abstract="")
    comments = markup.collapse(result.comment or "") or None
    return _enriched(bare.model_copy(update={"comments": comments}), result)


async def _ask(
    ids: list[str], http: Http, settings: ArxivSettings, notes: list[str]
) -> dict[str, arxiv.Result]:
    """The API's results by identifier; an id that spoils its batch is found by halving, and left out."""
    results = await _query(ids, http, settings)
    if results is not None:
        return results
    if len(ids) == 1:
        notes.append(f"The API refuses the identifier {ids[0]}.")
        return {}
    half = len(ids) // 2
    first = await _ask(ids[:half], http, settings, notes)
    return first | await _ask(ids[half:], http, settings, notes)


async def _query(ids: list[str], http: Http, settings: ArxivSettings) -> dict[str, arxiv.Result] | None:
    """One request; None when the API refuses it as malformed."""
    import arxiv

    client = arxiv.Client(page_size=len(ids), delay_seconds=0, num_retries=0)
    client.query_url_format = f"{settings.api}/api/query?{{}}"
    client._session = _session(http)  # noqa: SLF001 - the package offers no other way to give it timeouts
    search = arxiv.Search(id_list=ids, max_results=len(ids))
    try:
        results = await asyncio.to_thread(lambda: list(client.results(search)))
    except arxiv.HTTPError as error:
        if error.status == _BAD_REQUEST:
            return None
        raise SourceError(f"{error.url}: HTTP {error.status}.") from error
    except arxiv.ArxivError as error:
        raise SourceError(f"{error.url}: {error.message}.") from error
    read = ((markup.identifier(result.entry_id), result) for result in results)
    return {identity[0]: result for identity, result in read if identity}


def _session(http: Http) -> requests.Session:
    """A session for the package's thread that lets our client, in the event loop, do the asking."""
    import requests

    loop = asyncio.get_running_loop()

    class Session(requests.Session):
        def get(self, url: str | bytes, **_: object) -> requests.Response:
            address = url if isinstance(url, str) else url.decode()
            page = asyncio.run_coroutine_threadsafe(http.get(address, attempts=3), loop).result()
            if page.status == requests.codes.ok and not page.text.rstrip().endswith("</feed>"):
                raise SourceError(f"{address}: the answer is no complete feed.")
            response = requests.Response()
            response.status_code = page.status
            response.raw = BytesIO(page.text.encode())
            return response

    return Session()


def _enriched(paper: Paper, result: arxiv.Result | None) -> Paper:
    if result is None:
        return paper
    identity = markup.identifier(result.entry_id)
    version = identity[1] if identity else None
    same = paper.version in (None, version)
    abstract, comments = markup.collapse(result.summary), markup.collapse(result.comment or "")
    return paper.model_copy(
        update={
            "version": paper.version or version,
            "authors": _authors(paper, result),
            "abstract": _unlinked(paper.abstract, abstract) if paper.abstract else abstract,
            "comments": _unlinked(paper.comments, comments) if paper.comments else paper.comments,
            "categories": _categories(paper, result),
            "published": result.published,
            "updated": result.updated if same else paper.updated,
            "doi": paper.doi or _doi(result),
            "journal_ref": paper.journal_ref or markup.collapse(result.journal_ref or "") or None,
        }
    )


def _authors(paper: Paper, result: arxiv.Result) -> tuple[str, ...]:
    names = tuple(markup.collapse(author.name) for author in result.authors)
    cut = not paper.authors or len(paper.authors) >= LISTED_AUTHORS
    return names if cut and len(names) > len(paper.authors) else paper.authors


def _unlinked(listed: str, known: str) -> str:
    """The listing's text without what arXiv put before bare host names and DOIs, by the API's text."""
    if _PUT_BEFORE.sub("", listed) == _PUT_BEFORE.sub("", known):
        return known
    words = known.split()

    def written(link: re.Match[str]) -> str:
        bare = any(word.endswith(link[1]) for word in words)
        return link[1] if bare and not any(word.endswith(link[0]) for word in words) else link[0]

    return re.sub(r"http://(\S+)", written, listed)


def _categories(paper: Paper, result: arxiv.Result) -> tuple[str, ...]:
    """The API's categories, if they are the listing's and more; ACM and MSC classes are none."""
    known = [one for one in (result.primary_category, *result.categories) if markup.is_category(one)]
    same_primary = known[:1] == list(paper.categories[:1]) or not paper.categories
    more = len(set(known)) > len(paper.categories)
    if same_primary and more and set(known) >= set(paper.categories):
        return tuple(dict.fromkeys(known))
    return paper.categories


def _doi(result: arxiv.Result) -> str | None:
    return (result.doi or "").strip().removeprefix("https://doi.org/") or None
