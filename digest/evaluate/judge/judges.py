"""Judges: a model that is asked, and rules that are run.

The model answers a checklist about each line first, because a checklist is harder to talk round than a
comparison (verdicts change with the order in 9 % instead of 35 %). Only pairs that it leaves tied are
compared, in both orders.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from digest.evaluate.judge.verdicts import TURNED, Judged, LinePair, Verdict, decided
from digest.evaluate.metrics import metrics
from digest.model import Completion, Message, Request
from digest.summarize.answer import object_schema
from digest.summarize.checks import Source
from digest.summarize.checks.rule import Reading
from digest.summarize.checks.topic import glossary, terms_of
from digest.summarize.extract import RepeatedKeys, last_object, without_thoughts
from digest.summarize.prompt_text import fence, within
from digest.system.errors import AnswerError

QUESTIONS = ("task", "problem", "method", "direction", "supported", "complete")
RULE = "rule"
"""The name of the judge that needs no model."""

_LEAST = (1, 1, 3)
"""By how much lines must differ for the rules to prefer one: findings, percent unsupported, terms.

Three terms never prefer a line that lacks its second sentence; one or two do, or prefer a wordier style.
"""

_SIDES: Mapping[str, Verdict] = {"A": "first", "B": "second", "tie": "tie"}

Judge = Callable[[LinePair], Awaitable[Judged]]


def rubric(name: str) -> str:
    """The instructions for a judge: checklist or pairwise."""
    return (
        files("digest.evaluate.judge").joinpath("rubrics", f"{name}.md").read_text(encoding="utf-8").strip()
    )


def rubric_hash() -> str:
    """The identifier of the rubrics, in verdicts and calibrations."""
    return hashlib.sha256(f"{rubric('checklist')}\n{rubric('pairwise')}".encode()).hexdigest()[:12]


async def judge_all(pairs: Sequence[LinePair], judge: Judge, step: Callable[[], None]) -> list[Judged]:
    """The verdicts on pairs, in their order; asked side by side.

    Raises:
        ModelError: the model answers nobody.
    """

    async def one(pair: LinePair) -> Judged:
        judged = await judge(pair)
        step()
        return judged

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(pair)) for pair in pairs]
    except BaseExceptionGroup as errors:  # one that stops all of it
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


@dataclass(frozen=True)
class ModelJudge:
    """A model as judge.

    Attributes:
        model: what the endpoint calls it.
        ask: answers requests; see `CachedClient.ask`.
        body: further fields of every question.
    """

    model: str
    ask: Callable[[Request, str], Awaitable[Completion]]
    body: Mapping[str, Any]

    async def __call__(self, pair: LinePair) -> Judged:
        """Judge one pair; without readable answers the verdict is None."""
        judged = Judged(
            id=pair.id, kind=pair.kind, paper=pair.paper.id, judge=self.model, rubric=rubric_hash()
        )
        if pair.first == pair.second:
            return judged.model_copy(update={"verdict": "tie", "evidence": "the same line"})
        try:
            first, second = await asyncio.gather(
                self._checklist(pair, pair.first), self._checklist(pair, pair.second)
            )
        except (AnswerError, ValueError):
            return judged
        failed = tuple(first), tuple(second)
        verdict = decided(len(first), len(second))
        evidence = "; ".join(f"{name}: {why}" for name, why in {**first, **second}.items())
        judged = judged.model_copy(update={"failed": failed, "evidence": evidence})
        if verdict != "tie":
            return judged.model_copy(update={"verdict": verdict})
        return await self._both_orders(pair, judged)

    async def _both_orders(self, pair: LinePair, judged: Judged) -> Judged:
        try:
            (straight, why), (turned, _) = await asyncio.gather(
                self._compare(pair, pair.first, pair.second), self._compare(pair, pair.second, pair.first)
            )
        except (AnswerError, ValueError):
            return judged
        orders = straight, TURNED[turned]
        verdict = orders[0] if orders[0] == orders[1] else "tie"
        return judged.model_copy(update={"orders": orders, "verdict": verdict, "evidence": why})

    async def _checklist(self, pair: LinePair, line: str) -> dict[str, str]:
        """The questions that a line fails, with the judge's reason."""
        one = {"quote": "string", "reason": "string", "holds": "boolean"}
        answered = await self._answer(
            pair, "checklist", {"简介": line}, {name: _object(one) for name in QUESTIONS}
        )
        return {
            name: str(answered[name]["reason"]) for name in QUESTIONS if not _boolean(answered[name]["holds"])
        }

    async def _compare(self, pair: LinePair, a: str, b: str) -> tuple[Verdict, str]:
        better = {"type": "string", "enum": list(_SIDES)}
        answered = await self._answer(
            pair, "pairwise", {"A": a, "B": b}, {"reason": {"type": "string"}, "better": better}
        )
        return _SIDES[answered["better"]], str(answered["reason"])

    async def _answer(
        self, pair: LinePair, name: str, lines: Mapping[str, str], properties: dict[str, Any]
    ) -> dict[str, Any]:
        """The answer as an object with these properties.

        Raises:
            AnswerError: there is none.
            ValueError: it is not readable.
        """
        paper = pair.paper
        shown = {"标题": within("title", paper.title), "摘要": within("abstract", paper.abstract), **lines}
        content = fence("\n\n".join(f"{label}：{text}" for label, text in shown.items()))
        request = Request(
            model=self.model,
            messages=(
                Message(role="system", content=rubric(name)),
                Message(role="user", content=content),
            ),
            temperature=0.0,
            max_tokens=1500,
            json_schema=_object(properties),
            body=dict(self.body),
        )
        completion = await self.ask(request, paper.id)
        return _answers_in(completion.content, properties)


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of an object with just these properties; of a plain one the type is enough."""
    described = {name: {"type": form} if isinstance(form, str) else form for name, form in properties.items()}
    return object_schema(described)


def _answers_in(content: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    found = last_object(without_thoughts(content))
    if found is None or isinstance(found, RepeatedKeys) or not set(properties) <= set(found):
        raise ValueError("not the object that was asked for")
    for name, form in properties.items():
        if form.get("type") == "object" and not isinstance(found[name], dict):
            raise ValueError(f"{name} is no object")
        if "enum" in form and found[name] not in form["enum"]:
            raise ValueError(f"{name} is none of the answers that were offered")
        if form.get("type") == "object" and not set(form["required"]) <= set(found[name]):
            raise ValueError(f"{name} lacks something")
    return found


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("holds is neither true nor false")  # noqa: TRY004 - an unreadable answer
    return value


@dataclass(frozen=True)
class RuleJudge:
    """The checks as judge: deterministic, asks nobody.

    Fewer findings of severity 2 or 3 win, then more support by the paper for names and numbers, then more of
    the paper's own terms. It sees neither polarity nor exchanged roles.

    Attributes:
        sources: what each paper says.
        others: the papers of each paper's day.
    """

    sources: Mapping[str, Source]
    others: Mapping[str, Sequence[Source]]

    async def __call__(self, pair: LinePair) -> Judged:
        """Judge one pair."""
        first, second = self._merits(pair, pair.first), self._merits(pair, pair.second)
        verdict: Verdict = "tie"
        for theirs, ours, least in zip(first, second, _LEAST, strict=True):
            if verdict == "tie" and abs(theirs - ours) >= least:
                verdict = decided(theirs, ours)
        evidence = f"findings {first[0]}:{second[0]}, unsupported {first[1]}:{second[1]}"
        return Judged(
            id=pair.id,
            kind=pair.kind,
            paper=pair.paper.id,
            judge=RULE,
            rubric=f"rules:{metrics.RULES_HASH}",
            verdict=verdict,
            evidence=evidence,
        )

    def _merits(self, pair: LinePair, line: str) -> tuple[int, int, int]:
        """The demerits of a line: findings, percent unsupported, terms that it lacks or makes up."""
        source = self.sources[pair.paper.id]
        scored = metrics.score(line, source, (), self.others[pair.paper.id])
        serious = sum(finding.severity >= 2 for finding in scored.findings)
        support = scored.metrics["src_support"]
        return serious, 0 if support is None else round(100 - support), -_terms(line, source)


def _terms(line: str, source: Source) -> int:
    """Glossary terms of a line that the paper has, less twice those that it lacks."""
    terms = terms_of(Reading(line, source)).chinese
    had = sum(any(source.subject.begins(stem) for stem in glossary()[term]) for term in terms)
    return had - 2 * (len(terms) - had)
