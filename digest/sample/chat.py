"""The chat endpoint: which paper a question is about, and the recorded or composed answer to it."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import HTTPConnection

from digest.sample.data import SampleData, SamplePaper, share, words
from digest.sample.knobs import MODEL, Fault, Knobs


class ChatError(Exception):
    """A question that the endpoint refuses: an HTTP status, headers, and OpenAI's error fields."""

    def __init__(
        self, status: int, message: str, headers: Mapping[str, str] | None = None, **fields: str | None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body = {"error": error(message, **fields)}


def error(message: str, **fields: str | None) -> dict[str, str | None]:
    """The fields of an OpenAI error."""
    return {"message": message, "type": "invalid_request_error", "param": None, "code": None, **fields}


def messages_of(question: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - a body as it came
    """The messages of a question; none if it is malformed."""
    messages = question.get("messages") if isinstance(question, dict) else None
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return []
    return messages


def check_key(request: HTTPConnection) -> None:
    """Let a request pass that has a key, whatever key it is. Raises ChatError."""
    if not request.headers.get("authorization", "").removeprefix("Bearer").strip():
        raise ChatError(401, "No API key: send one in the Authorization header as 'Bearer KEY'.")


def accept(question: Any, knobs: Knobs) -> None:  # noqa: ANN401 - a body as it came
    """Do nothing if this endpoint takes such a question.

    Raises:
        ChatError: it is malformed, or asks for what the endpoint does not support.
    """
    messages = messages_of(question)
    if not messages:
        raise ChatError(400, "The body must be JSON with a list 'messages'.", param="messages")
    for name, value in knobs.requires.items():
        if question.get(name) != value:
            raise ChatError(
                400, f"parameter.{name} must be set to {json.dumps(value)} for this call", param=name
            )
    for name in (*knobs.unsupported, *(("stream",) if question.get("stream") else ())):
        if name in question:
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            raise ChatError(400, message, param=name, code="unsupported_parameter")
    tokens = sum(estimate(_content(message)) for message in messages)
    if knobs.context is not None and tokens > knobs.context:
        message = f"request ({tokens} tokens) exceeds the available context size ({knobs.context} tokens)"
        raise ChatError(400, message, type="exceed_context_size_error")
    wanted = _format(question)
    if wanted in knobs.rejects:
        raise ChatError(400, "This response_format type is unavailable now", param="response_format")
    if wanted == "json_object" and "json" not in "".join(map(_content, messages)).casefold():
        message = "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'."
        raise ChatError(400, message, param="messages")


def paper_of(messages: Sequence[Mapping[str, Any]], library: SampleData) -> SamplePaper | None:
    """The paper that the user's messages are about, or else any of the messages."""
    asked = [_content(message) for message in messages if message.get("role") == "user"]
    return library.about(asked) or library.about(map(_content, messages))


def answer(question: Mapping[str, Any], record: SamplePaper, library: SampleData, knobs: Knobs) -> str:
    """The content of the right answer: an entry, fields or a line, whichever was asked for.

    Raises:
        ChatError: there is no recorded answer for the paper.
    """
    as_json = _asks_for_json(question, record)
    as_entry = as_json and _asks_for(question, "line")
    answers: Mapping[str, Any] = library.fields if as_json else library.lines
    recorded = (library.entries if as_entry else answers).get(record.id)
    if recorded is None and not knobs.synthesize:
        raise no_recording(record.title)
    fields: dict[str, Any] = recorded if isinstance(recorded, dict) else compose(record)
    line = recorded if isinstance(recorded, str) else fields.get("line") or _line(fields)
    left_out = {"line"} if _asks_for(question, "draft") else {"line", "draft", "review"}
    fields = {name: value for name, value in fields.items() if name not in left_out}
    first = all(message.get("role") != "assistant" for message in question["messages"])
    if first and share(record.id, 1000) < knobs.erring * 1000:
        fields, line = _with_defect(record, fields, line)
    if as_entry:
        fields["line"] = line
    return json.dumps(fields, ensure_ascii=False) if as_json else line


def no_recording(subject: str) -> ChatError:
    """The refusal of a question that nobody recorded an answer to."""
    message = f"Recorded answers exist only for the papers of the sample day, not for {subject!r}."
    return ChatError(404, message, param="messages", code="no_recorded_answer")


def completion(question: Mapping[str, Any], content: str, cached: int, fault: Fault | None) -> dict[str, Any]:
    """The body of a chat completion around the content, rewritten by the fault if there is one.

    Args:
        question: the request's body.
        content: the right answer.
        cached: tokens of the prompt that the endpoint had seen before.
        fault: a rule of action rewrite.
    """
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    finish = "stop"
    if fault is not None:
        kept = content[: int(len(content) * fault.keep)]
        message["content"] = kept if fault.content is None else fault.content.replace("{}", kept)
        message |= fault.message
        finish = fault.finish_reason or finish
    prompt = sum(estimate(_content(each)) + 4 for each in question["messages"])
    reasoning = estimate(str(message.get("reasoning_content") or ""))
    written = estimate(message["content"] or "") + reasoning
    if finish == "length":
        written = max(written, question.get("max_tokens") or question.get("max_completion_tokens") or 0)
    digest = hashlib.sha256(json.dumps(question["messages"], sort_keys=True).encode()).hexdigest()
    return {
        "id": f"chatcmpl-{digest[:24]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": question.get("model") or MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
            "prompt_tokens_details": {"cached_tokens": min(cached, prompt)},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        },
    }


def system_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the system messages: the constant beginning that an endpoint's prefix cache would hit."""
    return "\n".join(
        _content(message) for message in messages if message.get("role") in {"system", "developer"}
    )


def estimate(text: str) -> int:
    """Tokens of a text, roughly: four bytes of ASCII each, seven for ten other characters."""
    wide = (len(text.encode(errors="replace")) - len(text)) / 2  # a Chinese character has three bytes
    return round((len(text) - wide) / 4 + wide * 0.7)


def compose(record: SamplePaper) -> dict[str, Any]:
    """Plausible fields for a paper without a recorded answer; the same title always gives the same ones."""
    name = record.title.partition(":")[0] if ":" in record.title else ""
    choices = [_PARTS[part][share(part + record.title, len(_PARTS[part]))] for part in _PARTS]
    task, problem, method, effect = choices
    subject = f"提出{name}，" if 0 < len(name) <= 40 else "提出一种新方法，"
    return {
        "kind": "method",
        "task": task,
        "problem": problem,
        "contribution": f"{subject}{method}，{effect}",
    }


_PARTS = {
    "task": ("语音识别", "语音增强", "音乐生成", "说话人验证", "声音事件检测", "语音合成", "语音情感识别"),
    "problem": (
        "标注数据稀缺时模型泛化能力不足",
        "噪声环境下性能明显下降",
        "长序列建模计算开销过大",
        "不同领域之间分布不一致",
        "现有评估指标与人的感知不符",
    ),
    "method": (
        "结合自监督预训练与轻量微调",
        "以交叉注意力融合多种特征",
        "通过对比学习对齐两种表示",
        "引入分层的离散表示",
    ),
    "effect": ("提升了模型的鲁棒性", "降低了推理开销", "在多个数据集上取得更好结果", "增强了结果的可解释性"),
}


def _line(fields: Mapping[str, Any]) -> str:
    return f"该论文属于{fields['task']}任务，旨在解决{fields['problem']}的问题。{fields['contribution']}。"


def _with_defect(record: SamplePaper, fields: dict[str, Any], line: str) -> tuple[dict[str, Any], str]:
    """The answer with an invented method name, or with an English phrase left in."""
    if share("defect" + record.id, 2):
        wrong = f"提出QuartzFormer-X，{fields['contribution'].removeprefix('提出')}"
        return {**fields, "contribution": wrong}, f"提出QuartzFormer-X。{line}"
    phrase = "并使用a carefully designed training strategy完成训练"
    return {
        **fields,
        "contribution": f"{fields['contribution']}，{phrase}",
    }, f"{line.rstrip('。')}，{phrase}。"


def _format(question: Mapping[str, Any]) -> str:
    wanted = question.get("response_format")
    return str(wanted.get("type", "")) if isinstance(wanted, dict) else ""


def _asks_for_json(question: Mapping[str, Any], record: SamplePaper) -> bool:
    """True if by response_format or in words; what the paper itself says about JSON does not count."""
    if _format(question) in {"json_schema", "json_object"}:
        return True
    said = "\n".join(map(_content, question["messages"]))
    if "json" not in said.casefold():
        return False
    text = " ".join(words(said))
    for sentence in (record.title, *re.split(r"(?<=[.!?]) +(?=[A-Z])", record.abstract)):
        text = text.replace(" ".join(words(sentence)), "")
    return "json" in text.split()


def _asks_for(question: Mapping[str, Any], field: str) -> bool:
    """True if the JSON is to hold this field: by its schema, or else by the instructions."""
    wanted = question.get("response_format")
    if isinstance(wanted, dict) and isinstance(described := wanted.get("json_schema"), dict):
        return field in described.get("schema", {}).get("properties", {})
    return re.search(rf"\b{field}\b", system_text(question["messages"]), re.ASCII) is not None


def _content(message: Mapping[str, Any]) -> str:
    """The text of a message, whether it is one string or a list of parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")
