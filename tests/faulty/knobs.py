"""Faults, limits and peculiarities on top of the sample server's own knobs. All of it is data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from digest.sample import knobs

CHAT = "^/v1/chat/completions"

Action = Literal["answer", "rewrite", "truncate", "shorten", "stall", "reset", "silence", "delay"]
"""The kind of a fault: answer something else; rewrite the completion; cut the body in the middle, against the
announced length, unnoticed, or without ever ending; reset the connection; never answer; answer late."""


class Fault(BaseModel):
    """One rule: which requests it hits, and what happens to them. The first rule that hits wins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(default="", description="regular expression searched in the path with its query")
    paper: str = Field(default="", description="only questions about the paper with this id")
    every: int = Field(default=1, ge=1, description="of the matching requests, each Nth")
    share: float = Field(default=1, ge=0, le=1, description="of those, this share, by chance")
    seed: int = Field(default=0, description="of that chance")
    sticky: bool = Field(
        default=False, description="a share of the papers, each always or never, not of requests"
    )
    first: int | None = Field(default=None, ge=0, description="at most so many times")
    action: Action = "answer"
    status: int = Field(default=200, description="of action answer")
    headers: dict[str, str] = Field(
        default_factory=dict,
        description="of action answer; the value date+2 is sent as the date in two seconds",
    )
    body: str | dict[str, Any] = Field(default="", description="of action answer; a table is sent as JSON")
    seconds: float = Field(default=0, ge=0, description="of action delay")
    content: str | None = Field(
        default=None, description="of action rewrite: {} stands for the right content"
    )
    keep: float = Field(default=1, ge=0, le=1, description="of action rewrite: share of the content kept")
    message: dict[str, Any] = Field(
        default_factory=dict, description="of action rewrite: fields of the message"
    )
    finish_reason: str | None = Field(default=None, description="of action rewrite")


class Knobs(knobs.Knobs):
    """Everything that can be set; the defaults are the sample day as `digest run --sample` sees it."""

    pdfs: Path | None = Field(default=None, description="folder of files ID.pdf or IDvN.pdf to serve instead")
    typeset: Path | None = Field(default=None, description="folder that keeps PDFs for all servers")
    instead: dict[str, str] = Field(
        default_factory=dict, description="category -> another, whose pages are sent in its place"
    )

    latency: float = Field(default=0, ge=0, description="seconds before each chat completion")
    synthesize: bool = Field(default=False, description="compose an answer where none is recorded")
    erring: float = Field(
        default=0,
        ge=0,
        le=1,
        description="share of papers whose first answer has a defect; a follow-up mends it",
    )
    rejects: tuple[str, ...] = Field(default=(), description="types of response_format answered with 400")
    unsupported: tuple[str, ...] = Field(default=(), description="fields of a question answered with 400")
    requires: dict[str, Any] = Field(default_factory=dict, description="fields that a question must carry")
    context: int | None = Field(default=None, ge=1, description="tokens of a question; more get a 400")
    concurrency: int | None = Field(default=None, ge=1, description="questions in flight; more get a 429")
    window: tuple[int, float] | None = Field(default=None, description="so many questions in so many seconds")
    window_told: bool = Field(default=True, description="a full window's 429 says how long it lasts")
    ratelimit_headers: bool = Field(default=False, description="send x-ratelimit-* about the window")

    batches: bool = Field(default=True, description="whether there is a Batch API")
    batch_looks: int = Field(default=0, ge=0, description="looks at a batch before it is done")
    batch_failed: float = Field(default=0, ge=0, le=1, description="share of a batch's questions that fail")
    batch_expired: float = Field(default=0, ge=0, le=1, description="share that is left when it expires")

    faults: tuple[Fault, ...] = ()


def fault(name: str, **changes: Any) -> Fault:
    """The ready-made fault of that name, with some fields changed: `fault("429", path="^/api", every=5)`."""
    return Fault.model_validate({**READY[name], **changes})


def _error(status: int, message: str, **fields: object) -> dict[str, Any]:
    """A fault of the chat endpoint in the shape that OpenAI's errors have."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None, **fields}
    return {"path": CHAT, "status": status, "body": {"error": error}}


def _rewrite(**fields: object) -> dict[str, Any]:
    return {"path": CHAT, "action": "rewrite", **fields}


READY: Mapping[str, Mapping[str, Any]] = {
    "429-retry-after": {"status": 429, "headers": {"Retry-After": "2"}, "body": "Rate exceeded."},
    "429": {"status": 429, "body": "Rate exceeded."},
    "503": {"status": 503, "body": "<html><body><h1>503 Service Unavailable</h1></body></html>"},
    "503-retry-after": {"status": 503, "headers": {"Retry-After": "1"}, "body": "Service Unavailable"},
    "rate-exceeded": {"status": 200, "body": "Rate exceeded."},
    "html-instead": {"headers": {"Content-Type": "text/html"}, "body": "<html><h1>Access Denied</h1></html>"},
    "truncated": {"action": "truncate"},
    "shortened": {"action": "shorten"},
    "stalled": {"action": "stall"},
    "reset": {"action": "reset"},
    "silence": {"action": "silence"},
    "delay": {"action": "delay", "seconds": 0.2},
    "invalid-json": _rewrite(keep=0.6),
    "empty": _rewrite(content=""),
    "reasoning-only": _rewrite(message={"content": None, "reasoning_content": "让我想想这篇论文。"}),
    "length": _rewrite(keep=0.5, finish_reason="length"),
    "think": _rewrite(content='<think>先看标题，{"再": 看摘要}。</think>\n\n{}'),
    "fence": _rewrite(content="```json\n{}\n```"),
    "chatter": _rewrite(content="好的，结果如下：\n{}\n希望对您有帮助。"),
    "refusal": _rewrite(message={"content": None, "refusal": "I'm sorry, I can't help with that."}),
    "content-filter": _rewrite(content="", finish_reason="content_filter"),
    "content-risk": _error(400, "Content Exists Risk", code="invalid_request_error"),
    "inspection-failed": _error(
        400,
        "Input data may contain inappropriate content.",
        type="data_inspection_failed",
        code="data_inspection_failed",
    ),
    "bad-key": _error(401, "Incorrect API key provided.", code="invalid_api_key"),
    "no-balance": _error(402, "Insufficient Balance", type="unknown_error", code="invalid_request_error"),
    "insufficient-quota": _error(
        429, "You exceeded your current quota.", type="insufficient_quota", code="insufficient_quota"
    ),
    "server-error": _error(500, "The server had an error.", type="server_error"),
}
"""Faults by name, as fields of `Fault`; those of the chat endpoint carry its path, others hit all."""
