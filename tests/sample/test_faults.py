"""What the knobs break, seen from a client."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import httpx2
import pytest

from digest.system.errors import DigestError
from tests.faulty import Fault, Server, fault

PAGE = "/list/cs.SD/new"


def statuses(get: httpx2.Client, number: int, path: str = PAGE) -> list[int]:
    return [get.get(path).status_code for _ in range(number)]


def test_every_third_then_never(server: Server, get: httpx2.Client) -> None:
    server.faults(fault("429-retry-after", path="^/list/", every=3, first=2))
    assert statuses(get, 9) == [200, 200, 429, 200, 200, 429, 200, 200, 200]
    assert statuses(get, 3, "/atom/cs.SD") == [200] * 3  # another path
    assert server.stats()["too_many"] == 2


def test_a_share_by_chance_is_the_same_each_time(server: Server, get: httpx2.Client) -> None:
    rule = fault("503", share=0.3, seed=4)
    server.faults(rule)
    first = statuses(get, 30)
    server.faults(rule)
    assert statuses(get, 30) == first
    assert 3 < first.count(503) < 16


def test_the_first_rule_that_hits_wins(server: Server, get: httpx2.Client) -> None:
    server.faults(fault("503", first=1), fault("429"))
    assert statuses(get, 2) == [503, 429]


def test_rate_exceeded_with_200_and_html_instead(server: Server, get: httpx2.Client) -> None:
    server.faults(fault("rate-exceeded", path="^/api"), fault("html-instead", path="^/pdf"))
    assert (get.get("/api/query").status_code, get.get("/api/query").text) == (200, "Rate exceeded.")
    answer = get.get("/pdf/2601.19781v1")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")


def test_requests_before_retry_after_are_counted(server: Server, get: httpx2.Client) -> None:
    server.faults(fault("429-retry-after", first=1))
    statuses(get, 2)
    assert server.stats()["early"] == 1
    server.faults(fault("429", first=1))
    statuses(get, 2)
    assert server.stats()["early"] == 0  # nothing was said about waiting
    server.faults(fault("429-retry-after", path="^/list", first=1))
    assert get.get(PAGE).status_code == 429
    get.get("/atom/cs.SD")
    assert server.stats()["early"] == 0  # another kind of page


def test_retry_after_as_a_date(server: Server, get: httpx2.Client) -> None:
    server.faults(fault("429", headers={"Retry-After": "date+5"}))
    wait = parsedate_to_datetime(get.get(PAGE).headers["Retry-After"]).timestamp() - time.time()
    assert 4.5 < wait <= 6


@pytest.mark.parametrize("path", [PAGE, "/pdf/2601.19781v1"])
def test_a_truncated_body_can_be_noticed(server: Server, get: httpx2.Client, path: str) -> None:
    server.faults(fault("truncated"))
    with pytest.raises(httpx2.RemoteProtocolError):
        get.get(path)
    server.faults()
    assert get.get(path).status_code == 200


def test_a_stalled_body_never_ends(server: Server, get: httpx2.Client) -> None:
    server.faults(fault("stalled"))
    with get.stream("GET", PAGE, timeout=1) as answer:
        chunks = answer.iter_bytes()
        assert next(chunks).startswith(b"<!DOCTYPE html>")
        with pytest.raises(httpx2.ReadTimeout):
            list(chunks)
    server.faults()
    assert get.get(PAGE).status_code == 200


def test_a_shortened_body_cannot(server: Server, get: httpx2.Client) -> None:
    whole = get.get("/pdf/2601.19781v1").content
    server.faults(fault("shortened"))
    assert get.get("/pdf/2601.19781v1").content == whole[: len(whole) // 2]


def test_a_reset_connection(server: Server, get: httpx2.Client) -> None:
    server.faults(fault("reset", first=1))
    with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
        get.get(PAGE)
    assert get.get(PAGE).status_code == 200


def test_silence_until_the_client_leaves(server: Server, get: httpx2.Client) -> None:
    server.faults(fault("silence"))
    with pytest.raises(httpx2.ReadTimeout):
        get.get(PAGE, timeout=0.5)
    assert server.stats()["faults"] == {"silence": 1}
    server.faults()
    assert get.get(PAGE).status_code == 200


def test_a_silent_question_leaves_its_place_when_the_client_leaves(
    server: Server, get: httpx2.Client
) -> None:
    server.set(concurrency=1, synthesize=True, faults=[fault("silence", first=1)])
    question = {"messages": [{"role": "user", "content": "SAM Audio Judge"}]}
    key = {"Authorization": "Bearer k"}
    with pytest.raises(httpx2.ReadTimeout):
        get.post("/v1/chat/completions", json=question, headers=key, timeout=0.5)
    deadline = time.monotonic() + 30
    answer = get.post("/v1/chat/completions", json=question, headers=key)
    while answer.status_code == 429 and time.monotonic() < deadline:
        answer = get.post("/v1/chat/completions", json=question, headers=key)
    assert answer.status_code == 404  # let in again; there is no such title


def test_a_late_answer(server: Server, get: httpx2.Client) -> None:
    server.faults(fault("delay", seconds=0.1))
    began = time.monotonic()
    assert get.get(PAGE).status_code == 200
    assert time.monotonic() - began >= 0.1


def test_refusals_that_stick_to_papers(server: Server, get: httpx2.Client) -> None:
    titles = {
        "2601.19399": "Residual Tokens Enhance Masked Autoencoders for Speech Modeling",
        "2601.19194": "SE-DiCoW: Self-Enrolled Diarization-Conditioned Whisper",
    }
    server.faults(fault("content-risk", paper="2601.19194"))
    key = {"Authorization": "Bearer k"}
    got = {
        id_: get.post(
            "/v1/chat/completions", json={"messages": [{"role": "user", "content": title}]}, headers=key
        ).status_code
        for id_, title in titles.items()
    }
    assert got == {"2601.19399": 200, "2601.19194": 400}
    server.faults(fault("content-risk", share=0.5, sticky=True))
    rounds = [
        [
            get.post(
                "/v1/chat/completions", json={"messages": [{"role": "user", "content": title}]}, headers=key
            ).status_code
            for title in titles.values()
        ]
        for _ in range(3)
    ]
    assert rounds[0] == rounds[1] == rounds[2]


def test_counts(server: Server, get: httpx2.Client) -> None:
    get.get(PAGE)
    get.get("/pdf/abc")
    stats = server.stats()
    assert stats["requests"] == {"listing": 1, "pdf": 1}
    assert stats["statuses"] == {"200": 1, "404": 1}
    server.set()
    assert server.stats()["requests"] == {}


def test_knobs_that_make_no_sense_are_refused(server: Server) -> None:
    with pytest.raises(DigestError, match="no-such-file"):
        server.set(records=["no-such-file.jsonl"])
    with pytest.raises(ValueError, match="seconds"):
        Fault(action="delay", seconds=-1)
    with pytest.raises(KeyError):
        fault("no such fault")
