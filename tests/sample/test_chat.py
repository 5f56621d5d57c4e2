"""The model's endpoint, asked with OpenAI's own package."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from digest.cli.prompts import load
from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from digest.summarize.answer import entry_schema
from tests.faulty import Server, fault

if TYPE_CHECKING:  # half a second to import
    import openai
    from openai.types.chat import ChatCompletion as Answer

PAPER = next(record for record in SampleData(Knobs()).records if record.id == "2601.19781")
QUESTION = [
    {"role": "system", "content": "Answer in Chinese."},
    {"role": "user", "content": f"标题：{PAPER.title}\n摘要：{PAPER.abstract}"},
]
AS_JSON = {"response_format": {"type": "json_object"}}


def say(*texts: str) -> list[dict[str, str]]:
    roles = ("user", "assistant") * len(texts)
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]


@pytest.fixture(scope="module")
def _asking(_running: Server) -> Iterator[tuple[asyncio.Runner, openai.AsyncOpenAI]]:
    import openai

    with asyncio.Runner() as runner:
        http = openai.DefaultAsyncHttpxClient(trust_env=False)
        url = f"{_running.url}/v1"
        client = openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0, http_client=http, timeout=60)
        yield runner, client
        runner.run(client.close())


@pytest.fixture
def ask(server: Server, _asking: tuple[asyncio.Runner, openai.AsyncOpenAI]) -> Callable[..., Answer]:
    """Ask one question, with more fields if wanted; errors as the package raises them."""
    runner, client = _asking

    def run(messages: Any = QUESTION, **fields: Any) -> Answer:
        answer: Answer = runner.run(client.chat.completions.create(model="m-1", messages=messages, **fields))
        return answer

    return run


def content(answer: Answer) -> str:
    return answer.choices[0].message.content or ""


def test_a_line_unless_json_is_asked_for(ask: Callable[..., Answer]) -> None:
    answer = ask()
    assert content(answer).startswith("离散语音token")
    assert answer.model == "m-1"
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("kind", ["json_object", "json_schema"])
def test_fields_in_json_mode(ask: Callable[..., Answer], kind: str) -> None:
    schema = (
        {"json_schema": {"name": "summary", "schema": {"type": "object"}}} if kind == "json_schema" else {}
    )
    answer = ask(
        [{"role": "system", "content": "JSON."}, QUESTION[1]], response_format={"type": kind, **schema}
    )
    assert list(json.loads(content(answer))) == ["kind", "task", "problem", "contribution"]


ENTRY = ["kind", "task", "problem", "contribution", "line"]
DRAFTED = [*ENTRY[:4], "draft", "review", "line"]


@pytest.mark.parametrize("kind", ["json_schema", "json_object", "text"])
def test_an_entry_where_a_line_is_among_the_fields(ask: Callable[..., Answer], kind: str) -> None:
    schema = (
        {"json_schema": {"name": "answer", "schema": entry_schema("zh")}} if kind == "json_schema" else {}
    )
    system = "按说明作答。" if kind == "json_schema" else "输出 JSON，有kind、task和line等字段。"
    messages = [{"role": "system", "content": system}, QUESTION[1]]
    answer = content(ask(messages, response_format={"type": kind, **schema}))
    assert list(json.loads(answer)) == ENTRY
    recorded = SampleData(Knobs()).entries[PAPER.id]
    assert json.loads(answer) == {name: recorded[name] for name in ENTRY}


def test_the_shipped_prompts_get_answers_of_their_own_kind(ask: Callable[..., Answer]) -> None:
    for name, expected in (("entry", DRAFTED), ("fields", ENTRY[:4])):
        prompt = load(name)
        messages = [message.model_dump() for message in prompt.render(PAPER)]
        schema = {"name": "answer", "schema": prompt.json_schema}
        for form in (
            {"type": "json_schema", "json_schema": schema},
            {"type": "json_object"},
            {"type": "text"},
        ):
            assert list(json.loads(content(ask(messages, response_format=form)))) == expected


def test_fields_when_words_ask_for_json_but_not_when_only_the_paper_says_so(
    ask: Callable[..., Answer],
) -> None:
    paper = SampleData(Knobs()).get("2506.01256")
    assert paper is not None
    assert "JSON" in paper.abstract
    asked = f"Title: {paper.title}\nAbstract: {paper.abstract}"
    assert not content(ask(say(asked))).startswith("{")
    assert content(ask(say(f"Answer as JSON.\n{asked}"))).startswith("{")


def test_the_title_is_found_wrapped_quoted_and_after_examples(ask: Callable[..., Answer]) -> None:
    wrapped = PAPER.title.replace(" ", "\n", 3)
    other = SampleData(Knobs()).records[0].title
    assert content(ask(say(f"e.g. {other} -> ...\n\n# {wrapped}"))).startswith("离散语音token")
    quoted = json.dumps({"title": 'Audio Deepfake Detection at the First Greeting: "Hi!"'})
    assert "Hi" in content(ask(say(quoted)))


def test_usage_counts_a_repeated_beginning_as_cached(ask: Callable[..., Answer]) -> None:
    system = {"role": "system", "content": "Be brief and exact. " * 20}
    first, second = (ask([system, QUESTION[1]]).usage for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.prompt_tokens_details is not None
    assert second.prompt_tokens_details is not None
    assert first.prompt_tokens == second.prompt_tokens > 200
    assert first.prompt_tokens_details.cached_tokens == 0
    assert second.prompt_tokens_details.cached_tokens == 100


def test_an_unknown_paper_is_an_error_that_says_why(server: Server, ask: Callable[..., Answer]) -> None:
    import openai

    with pytest.raises(
        openai.NotFoundError, match="Recorded answers exist only for the papers of the sample day"
    ):
        ask(say("What is 1 + 1?"))
    assert server.stats()["asked"] == {"unknown": 1}
    assert server.stats()["answered"] == {}


def test_a_key_is_needed(get: httpx2.Client) -> None:
    for answer in (get.get("/v1/models"), get.post("/v1/chat/completions", json={"messages": QUESTION})):
        assert answer.status_code == 401
        assert "API key" in answer.json()["error"]["message"]
    listed = get.get("/v1/models", headers={"Authorization": "Bearer k"}).json()
    assert [model["id"] for model in listed["data"]] == ["recorded"]


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"messages": []}', b'{"messages": ["x"]}'])
def test_a_malformed_question(get: httpx2.Client, body: bytes) -> None:
    answer = get.post("/v1/chat/completions", content=body, headers={"Authorization": "Bearer k"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_endpoints_that_know_less(server: Server, ask: Callable[..., Answer]) -> None:
    import openai

    server.set(rejects=["json_object"])
    with pytest.raises(openai.BadRequestError, match="response_format"):
        ask(**AS_JSON)
    server.set(unsupported=["temperature"])
    with pytest.raises(openai.BadRequestError, match="'temperature' is not supported"):
        ask(temperature=0)
    server.set(requires={"enable_thinking": False})
    with pytest.raises(openai.BadRequestError, match="enable_thinking must be set to false"):
        ask()
    assert content(ask(extra_body={"enable_thinking": False}))


def test_json_mode_wants_the_word_json(ask: Callable[..., Answer]) -> None:
    import openai

    with pytest.raises(openai.BadRequestError, match="must contain the word 'json'"):
        ask(**AS_JSON)


def test_composed_answers_for_papers_without_a_recording(server: Server, ask: Callable[..., Answer]) -> None:
    server.set(synthesize=True, entry=[], fields=[], line=[])
    once, twice = (content(ask()) for _ in range(2))
    assert once == twice
    assert "提出Phonological Tokenizer" in once
    assert 25 <= len(once) <= 160
    assert list(json.loads(content(ask([{"role": "system", "content": "JSON"}, QUESTION[1]])))) == [
        "kind", "task", "problem", "contribution",
    ]  # fmt: skip
    system = {"role": "system", "content": "JSON with a line"}
    assert list(json.loads(content(ask([system, QUESTION[1]])))) == ENTRY


def test_a_first_answer_with_a_defect_is_mended_when_asked_again(
    server: Server, ask: Callable[..., Answer]
) -> None:
    right = content(ask())
    server.set(erring=1)
    wrong = content(ask())
    assert wrong != right
    assert "QuartzFormer-X" in wrong or "training strategy" in wrong
    mended = ask(
        [*QUESTION, {"role": "assistant", "content": wrong}, {"role": "user", "content": "Please mend it."}]
    )
    assert content(mended) == right


Check = Callable[[str, "Answer"], bool]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("invalid-json", lambda right, got: right.startswith(content(got)) and content(got) != right),
        ("empty", lambda _, got: content(got) == "" and got.choices[0].finish_reason == "stop"),
        ("length", lambda _, got: got.choices[0].finish_reason == "length"),
        ("think", lambda right, got: content(got).startswith("<think>") and content(got).endswith(right)),
        ("fence", lambda right, got: content(got) == f"```json\n{right}\n```"),
        ("chatter", lambda right, got: right in content(got) and content(got) != right),
        ("refusal", lambda _, got: bool(got.choices[0].message.refusal)),
        ("content-filter", lambda _, got: got.choices[0].finish_reason == "content_filter"),
        ("reasoning-only", lambda _, got: got.choices[0].message.content is None),
    ],
)
def test_peculiar_answers(server: Server, ask: Callable[..., Answer], name: str, check: Check) -> None:
    right = content(ask())
    server.faults(fault(name))
    assert check(right, ask())


@pytest.mark.parametrize(
    ("name", "error", "code"),
    [
        ("content-risk", "BadRequestError", "invalid_request_error"),
        ("inspection-failed", "BadRequestError", "data_inspection_failed"),
        ("no-balance", "APIStatusError", "invalid_request_error"),
        ("insufficient-quota", "RateLimitError", "insufficient_quota"),
        ("bad-key", "AuthenticationError", "invalid_api_key"),
        ("server-error", "InternalServerError", None),
    ],
)
def test_refused_questions(
    server: Server, ask: Callable[..., Answer], name: str, error: str, code: str | None
) -> None:
    import openai

    server.faults(fault(name))
    with pytest.raises(getattr(openai, error)) as raised:
        ask()
    assert raised.value.code == code


def many(server: Server, number: int) -> list[int]:
    """Ask that many questions at once; the statuses."""

    async def one(client: httpx2.AsyncClient) -> int:
        body = {"model": "m", "messages": QUESTION}
        return (await client.post("/v1/chat/completions", json=body)).status_code

    async def together() -> list[int]:
        key = {"Authorization": "Bearer k"}
        async with httpx2.AsyncClient(base_url=server.url, headers=key, trust_env=False) as client:
            questions: list[Awaitable[int]] = [one(client) for _ in range(number)]
            return await asyncio.gather(*questions)

    return asyncio.run(together())


def test_only_so_many_in_flight(server: Server) -> None:
    server.set(concurrency=3, latency=0.1)
    assert sorted(many(server, 5)) == [200, 200, 200, 429, 429]
    assert server.stats()["peak"] == 3


def test_only_so_many_in_a_window(server: Server, get: httpx2.Client) -> None:
    server.set(window=(3, 60), ratelimit_headers=True)
    assert sorted(many(server, 4)) == [200, 200, 200, 429]
    body = {"model": "m", "messages": QUESTION}
    answer = get.post("/v1/chat/completions", json=body, headers={"Authorization": "Bearer k"})
    assert answer.status_code == 429
    assert 55 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["x-ratelimit-remaining-requests"] == "0"
    stats = server.stats()
    assert (stats["too_many"], stats["early"]) == (2, 1)  # the last one had been told to wait


def test_an_answer_that_comes_after_knobs_were_set_counts_with_its_question(server: Server) -> None:
    """As one for a process that was killed does: what is counted then is the next one's."""
    server.set(latency=0.3)
    question = threading.Thread(target=many, args=(server, 1))
    question.start()
    while not server.stats()["asked"]:
        pass
    server.set()
    question.join()
    assert server.stats()["answered"] == {}
