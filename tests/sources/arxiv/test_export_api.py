from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest

from digest.model import Paper
from digest.sources.arxiv.export_api import enrich, fetch_paper
from digest.sources.http_client import Http
from digest.system.errors import UsageError
from tests.sources.conftest import Answer, RawServer, in_turn, response
from tests.sources.support import Clock, morning, run_with_http

HEAD = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom" '
    'xmlns:o="http://a9.com/-/spec/opensearch/1.1/"><o:totalResults>{}</o:totalResults>'
)


def known(paper: Paper, version: int = 1, **fields: str) -> str:
    """The API's entry of a paper."""
    extra = "".join(f"<arxiv:{name}>{escape(value)}</arxiv:{name}>" for name, value in fields.items())
    names = "".join(f"<author><name>{escape(name)}</name></author>" for name in paper.authors)
    terms = "".join(f'<category term="{one}"/>' for one in paper.categories)
    return (
        f"<entry><id>http://arxiv.org/abs/{paper.id}v{version}</id><title>{escape(paper.title)}</title>"
        "<published>2026-01-20T10:00:00Z</published><updated>2026-01-26T11:00:00Z</updated>"
        f"<summary>{escape(paper.abstract)}</summary>{names}{terms}{extra}"
        f'<arxiv:primary_category term="{paper.categories[0]}"/></entry>'
    )


def feed(*entries: str) -> bytes:
    return response("200 OK", HEAD.format(len(entries)) + "".join(entries) + "</feed>")


def listed(number: int, **fields: object) -> Paper:
    plain: dict[str, object] = {
        "id": f"2601.{number:05}",
        "title": f"Paper {number}",
        "authors": ("Ann Lee",),
        "abstract": "As listed.",
        "categories": ("cs.SD",),
    }
    return Paper.model_validate({**plain, **fields})


def enriched(server: RawServer, papers: Sequence[Paper]) -> tuple[tuple[Paper, ...], tuple[str, ...]]:
    async def use(http: Http) -> tuple[tuple[Paper, ...], tuple[str, ...]]:
        return await enrich(papers, http, http.settings)

    return run_with_http(server.url, use, clock=Clock(morning(date(2026, 1, 28))))


def asked_ids(path: str) -> list[str]:
    return parse_qs(urlsplit(path).query)["id_list"][0].split(",")


def api_of(papers: Sequence[Paper], malformed: Sequence[str] = ()) -> Answer:
    """An API that knows these papers, and refuses a request that names a malformed id."""

    def answer(path: str, _headers: dict[str, str]) -> bytes:
        ids = asked_ids(path)
        if set(ids) & set(malformed):
            return response("400 Bad Request", "<feed/>")
        return feed(*(known(paper) for paper in reversed(papers) if paper.id in ids))

    return answer


def test_dates_version_and_references_are_added(raw_server: RawServer) -> None:
    paper = listed(1, title="Title as listed")
    raw_server.answer = in_turn(
        feed(
            known(
                paper.model_copy(update={"title": "Other", "abstract": "Other."}),
                doi="10.1/x",
                journal_ref="J.\n 5",
            )
        )
    )
    ((result,), notes) = enriched(raw_server, [paper])
    assert notes == ()
    assert result == paper.model_copy(
        update={
            "version": 1,
            "published": datetime(2026, 1, 20, 10, tzinfo=UTC),
            "updated": datetime(2026, 1, 26, 11, tzinfo=UTC),
            "doi": "10.1/x",
            "journal_ref": "J. 5",
        }
    )


def test_the_announced_version_stays(raw_server: RawServer) -> None:
    paper = listed(1, version=2)
    raw_server.answer = in_turn(feed(known(paper, version=3)))
    ((result,), _) = enriched(raw_server, [paper])
    assert (result.version, result.updated) == (2, None)
    assert result.published == datetime(2026, 1, 20, 10, tzinfo=UTC)


def test_what_listings_lose_comes_back(raw_server: RawServer) -> None:
    names = tuple(f"Author {n}" for n in range(120))
    full = listed(
        1,
        authors=names,
        abstract="Code at example.org/a and http://example.org/b.",
        categories=("eess.SY", "cs.LG", "cs.SY"),
    )
    shown = full.model_copy(
        update={
            "authors": names[:100],
            "abstract": "Code at http://example.org/a and http://example.org/b.",
            "categories": ("eess.SY", "cs.LG"),
        }
    )
    raw_server.answer = in_turn(
        feed(known(full.model_copy(update={"categories": (*full.categories, "68T10")})))
    )
    ((result,), _) = enriched(raw_server, [shown])
    assert (result.authors, result.abstract, result.categories) == (
        full.authors,
        full.abstract,
        full.categories,
    )


def test_batches_ask_for_as_many_results_as_ids(raw_server: RawServer) -> None:
    papers = [listed(number) for number in range(1, 251)]
    raw_server.answer = api_of(papers)
    results, notes = enriched(raw_server, papers)
    assert notes == ()
    assert [one.id for one in results] == [one.id for one in papers]
    assert all(one.version == 1 for one in results)
    sizes = [
        (len(asked_ids(path)), parse_qs(urlsplit(path).query)["max_results"]) for path in raw_server.paths()
    ]
    assert sizes == [(100, ["100"]), (100, ["100"]), (50, ["50"])]


def test_one_bad_identifier_costs_only_itself(raw_server: RawServer) -> None:
    papers = [listed(number) for number in range(1, 41)]
    raw_server.answer = api_of(papers, ["2601.00017"])
    results, notes = enriched(raw_server, papers)
    assert [one.id for one in results if one.version is None] == ["2601.00017"]
    assert notes[0] == "The API refuses the identifier 2601.00017."
    assert len(raw_server.asked) <= 13


def test_unknown_papers_stay_as_listed(raw_server: RawServer) -> None:
    papers = [listed(number) for number in range(1, 10)]
    raw_server.answer = api_of(papers[:2])
    results, notes = enriched(raw_server, papers)
    assert results[2:] == tuple(papers[2:])
    assert results[0].version == 1
    assert "7 papers: 2601.00003" in notes[0]


@pytest.mark.parametrize(
    "answer",
    [
        response("200 OK", "Rate exceeded."),
        response("429 Too Many Requests", "Rate exceeded."),
        response("503 Busy"),
        response("200 OK", "<html><body>Down for maintenance</body></html>"),
        response("200 OK", (HEAD.format(1) + known(listed(1)))[:-20]),
        response("403 Forbidden", "no"),
        b"",
    ],
    ids=["rate-exceeded", "429", "503", "html", "truncated", "403", "closed"],
)
def test_an_api_that_is_down_costs_no_paper(raw_server: RawServer, answer: bytes) -> None:
    papers = [listed(number) for number in range(1, 251)]
    raw_server.answer = in_turn(answer)
    results, notes = enriched(raw_server, papers)
    assert results == tuple(papers)
    assert len(notes) == 1
    assert notes[0].startswith("The API gave nothing for 250 papers; they stand as listed.")
    assert len(raw_server.asked) <= 3


def recorded(shared: Path, name: str) -> bytes:
    (file,) = (shared / "arxiv" / "api").glob(f"real_{name}_*.json")
    answer = json.loads(file.read_text(encoding="utf-8"))
    return response(f"{answer['status_code']} Recorded", answer["body"].encode("latin-1"))


@pytest.mark.parametrize(
    ("name", "ids", "versions"),
    [
        ("id_1605.08386_s0", ["1605.08386"], [1]),
        ("id_0808.05394_1707.08567_s0", ["0808.05394", "1707.08567"], [None, 1]),
        ("id_0808.05394_s0", ["0808.05394"], [None]),
        ("id_astro-ph_0601001_s0", ["astro-ph/0601001"], [1]),
        ("id_quant-ph_0201082v1_s0", ["quant-ph/0201082"], [1]),
        ("id_abc_s0", ["abc"], [None]),
    ],
)
def test_recorded_answers(
    shared: Path, raw_server: RawServer, name: str, ids: list[str], versions: list[int | None]
) -> None:
    raw_server.answer = in_turn(recorded(shared, name))
    results, notes = enriched(raw_server, [listed(1, id=one) for one in ids])
    assert [one.version for one in results] == versions
    assert [one.published is None for one in results] == [one is None for one in versions]
    assert bool(notes) == (None in versions)


def test_one_paper_by_its_identifier(raw_server: RawServer) -> None:
    full = listed(1, comments="5 pages", categories=("cs.SD", "cs.LG"))
    raw_server.answer = in_turn(feed(known(full, version=2, comment="5\n pages")))

    async def use(http: Http) -> Paper:
        return await fetch_paper("2601.00001", 2, http, http.settings)

    paper = run_with_http(raw_server.url, use)
    assert asked_ids(raw_server.paths()[0]) == ["2601.00001v2"]
    assert paper.model_copy(update={"published": None, "updated": None}) == full.model_copy(
        update={"version": 2}
    )


@pytest.mark.parametrize("answer", [feed(), response("400 Bad Request", "<feed/>"), feed(known(listed(1)))])
def test_a_paper_or_version_that_is_not_there(raw_server: RawServer, answer: bytes) -> None:
    raw_server.answer = in_turn(answer)

    async def use(http: Http) -> Paper:
        return await fetch_paper("2601.00001", 7, http, http.settings)

    with pytest.raises(UsageError, match=r"knows no paper 2601\.00001v7"):
        run_with_http(raw_server.url, use)
