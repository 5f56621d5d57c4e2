"""The messages of the program, read from its code; `python -m tests.catalogue` brings the catalogue up.

New messages are put in without a translation, which `tests/test_architecture.py` finds; those that the code
no longer has are taken out. What is already translated stays as it is.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import typer

from digest.cli.app import app
from digest.summarize.checks import rules_for
from digest.system.language import CATALOGUE, entries
from tests.architecture import ROOT, trees

SAYING = frozenset(
    {"say", "_say", "doing", "print_message", "print_status", "print_on_terminal", "print_error"}
    | {"translated", "Diagnosis", "BadParameter", "fail"}
)
# Those of whose arguments single words are read, too.
NAMING = frozenset({"Diagnosis", "translated"})
"""Functions whose arguments are read by people; every class whose name ends in Error is one, too."""
HEADS = frozenset({"head", "_HEAD", "_COLUMNS"})
"""Variables that hold the names of a table's columns."""

WORDS = (
    *("running", "quiet", "complete", "flagged", "failed", "stopped", "submitted", "skipped"),
    *("source", "text", "ask", "check", "publish"),
    *("announced", "answered", "kept", "passed", "written", "rewritten", "pdf", "abstract", "batch"),
    *("unknown", "denied", "refused", "empty", "unreachable", "rejected"),
    *("new", "cross", "replaced"),
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    *("papers", "answers", "pairs", "channel", "PDFs"),
    *("section", "pending", "nothing", "due", "missing", "newest"),
    *("sent", "not delivered", "perhaps delivered", "would be sent", "nothing to send", "not sent"),
    *("better", "worse", "higher", "lower", "undecided"),
    *("No such file or directory", "Permission denied", "Is a directory", "Not a directory", "File exists"),
    *("No space left on device", "Read-only file system", "Address already in use", "none yet"),
    "; ",
)
"""Values in tables and sentences: states, stages and what came of them, kinds, weekdays, file errors."""

SPOKEN = (
    "cli/backfill",
    "cli/backfill_output",
    "cli/days_progress",
    "cli/doctor",
    "cli/doctor_checks",
    "cli/eval_output",
    "cli/eval_run",
    "cli/init",
    "cli/output",
    "cli/paper",
    "cli/progress",
    "cli/runs_output",
    "cli/sample_traces",
    "cli/session",
    "cli/verify",
    "config",
    "deliver/channels",
    "deliver/chat",
    "deliver/delivery",
    "deliver/journal",
    "deliver/mail",
    "deliver/sending",
    "deliver/services",
    "evaluate/comparison/compare",
    "evaluate/gold/dataset",
    "evaluate/gold/importer",
    "evaluate/judge/verdicts",
    "evaluate/report/decision",
    "ledger/sql/history",
    "ledger/sqlite/maintenance",
    "llm/api_error",
    "llm/batch",
    "llm/cost",
    "llm/endpoint",
    "llm/error_mapping",
    "llm/limiter",
    "llm/presets",
    "system/reach",
    "llm/response",
    "pipeline",
    "publish/keeping",
    "publish/site/search",
    "scale/backfill",
    "sources",
    "summarize/prompt_text",
    "summarize/summarizer",
    "system/files",
    "system/network",
    "system/retry_after",
    "text/breaker",
    "text/errors",
    "text/extract",
    "text/pdf_pages",
    "text/reader",
)
"""Modules and folders of whose strings every one that looks like words is read by people."""

_UNSPOKEN = re.compile(
    r"\\|^(?:SELECT|INSERT|UPDATE|DELETE|PRAGMA|CREATE|BEGIN)\b|\bIN \(| < \?"
    r"|[\u4e00-\u9fff]|^[a-z]\w*/|[<>]|%[(sdYm]"
)
_OWN = ("Field", "compile", "getLogger", "debug", "info", "warning", "exception", "render", "TextColumn")
_NO_MESSAGES = frozenset(
    {
        *(
            "bilingual-arxiv-digest (doctor)",
            "red strike",
            "bold green",
            "Value error, ",
            "pymupdf {versionbind}",
        ),
        *("Error: {format_message}", "digest: {of}: ", "{path}, line {number}"),
        *(
            "id, token, run, section, date, state, changed, file, remote",
            "search {year}",
            "date, section, channel, recipient, edition, attempt, state, at, shown",
            "export DIGEST_MODEL=...  # {value}",
            "export OPENAI_API_KEY=...",
            "digest doctor                # {value}",
            "2. digest run                   # {pages}",
            "cd {folder}",
            "arXiv digest",
            "deliver {day} {channel} {recipient}",
            "a an and are as at be by for from in is it of on or that the this to via we with",
            "batches {address}",
        ),
        *(" --date {date}", " --section {section}", "digest run{days}{section}", "digest {command} ..."),
        *(
            "{remote} for {title}",
            "HTTP {status}",
            "HTTP {status_code}",
            "{url}: HTTP {status}.",
            "Feed error",
        ),
        *("sample", "sample_note", "without a day the latest is taken as it is", "arXiv has no PDF ("),
        *("{every} paper{len}: {every_2}{more}", "{local} (UTC{offset}:{offset_2})"),
        *("Http is used inside `async with`", "{category} of {date}"),
        "{python_version} on {system}",
        "Your answer has these problems. Mend them, and answer again in full, in the form asked for:",
    }
)
"""What looks like a message and is none: names, patterns, words to a model, the same in every language."""
_OF_THE_LIBRARY = (
    "Usage: ",
    "Arguments",
    "Options",
    "Commands",
    "Show this message and exit.",
    "required",
    "default: {default}",
    "Error: {problem}",
    "Missing command.",
    "No such command '{name}'.",
    "No such command '{name}'. Did you mean '{near}'?",
    "No such command '{name}'. Did you mean {near}?",
    "No such option: {option}",
    "No such option: {option} (Possible options: {near})",
    "Missing argument '{name}'.",
    "Missing option '{name}'.",
    "Invalid value for '{name}': {problem}",
    "Option '{name}' requires an argument.",
    "Option '{name}' does not take a value.",
    "Got unexpected extra argument(s) ({names})",
    "Try '{command}' for help.",
    "Value error, '{value}' is not one of {names}.",
    "Input should be a valid integer, unable to parse string as an integer",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be a valid integer",
    "Input should be a valid integer, got a number with a fractional part",
    "Input should be a valid number",
    "Input should be a finite number",
    "Input should be a valid boolean",
    "Input should be a valid boolean, unable to interpret input",
    "Input should be a valid string",
    "Input should be a valid list",
    "Input should be a list in brackets",
    "Input should be a valid dictionary",
    "Input should be a valid dictionary or instance of {of}",
    "Input should be {several} or {other}",
    "Input should be {given}",
    "Input should be greater than {least}",
    "Input should be less than {most}",
    "Input is not a valid path for {kind}",
    "String should have at least 1 character",
    "String should have at least {count} characters",
    "{kind} should have at least {count} item after validation, not {number}",
    "Field required",
    "Extra inputs are not permitted",
    "Input should be greater than or equal to {least}",
    "Input should be less than or equal to {most}",
)
"""What Typer says of wrong flags, and over its lists."""


@cache
def messages() -> dict[str, str]:
    """Message, with placeholders in braces -> the first place that has it."""
    found: dict[str, str] = {}
    for path, tree in trees().items():
        if path.parent.name == "sample" and path.name not in {"__init__.py", "traces.py"}:
            continue  # it speaks to our own client, as arXiv and an endpoint do
        for message, line in _of_module(path, tree):
            found.setdefault(message, f"{path.relative_to(ROOT)}:{line}")
    for message in _of_help():
        found.setdefault(message, "--help")
    for rule in rules_for({}):
        found.setdefault(rule.why, "digest lint --rules")
    for message in WORDS:
        found.setdefault(message, "digest/model")
    for message in _OF_THE_LIBRARY:
        found.setdefault(message, "typer")
    return found


def _of_help() -> Iterator[str]:
    waiting = [typer.main.get_command(app)]
    while waiting:
        command = waiting.pop()
        yield from filter(None, [command.help, *(getattr(one, "help", None) for one in command.params)])
        waiting += getattr(command, "commands", {}).values()


def _of_module(path: Path, tree: ast.Module) -> Iterator[tuple[str, int]]:
    name = path.relative_to(ROOT / "digest").with_suffix("").as_posix()
    spoken = any(name == one or name.startswith(f"{one}/") for one in SPOKEN)
    for node in _strings(tree, heard=spoken, single=False):
        yield message_of(node), node.lineno


def _strings(node: ast.AST, *, heard: bool, single: bool) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Strings that people read: where `heard`, what looks like words; where `single`, single words, too."""
    if isinstance(node, ast.Constant | ast.JoinedStr):
        if heard and _is_words(node, single=single):
            yield node
    elif isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in _OWN:
            return
        heard = heard or called in SAYING or (called.endswith("Error") and called[0] != "_")
        single = called in NAMING
    elif isinstance(node, ast.Assign):
        single = any(isinstance(target, ast.Name) and target.id in HEADS for target in node.targets)
        heard = heard or single
    elif isinstance(node, ast.Compare | ast.MatchValue | ast.arg | ast.Subscript) or _is_docstring(node):
        return
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from _strings(child, heard=heard, single=single)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_words(node: ast.Constant | ast.JoinedStr, *, single: bool) -> bool:
    if isinstance(node, ast.Constant) and not isinstance(node.value, str):
        return False
    message = message_of(node)
    if message in _NO_MESSAGES or not re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", message)):
        return False
    return (single or " " in message.strip()) and not _UNSPOKEN.search(message.replace("\n", " "))


def message_of(node: ast.Constant | ast.JoinedStr) -> str:
    """A string as the catalogue has it, placeholders named after what stands there."""
    if isinstance(node, ast.Constant):
        return str(node.value).replace("{", "{{").replace("}", "}}")
    pieces: list[str] = []
    names: list[str] = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            pieces.append(str(part.value).replace("{", "{{").replace("}", "}}"))
        elif isinstance(part, ast.FormattedValue):
            name = _name_of(part.value)
            again = sum(one == name for one in names)
            names.append(name)
            pieces.append(f"{{{name}_{again + 1}}}" if again else f"{{{name}}}")
    return "".join(pieces)


def _name_of(node: ast.expr) -> str:
    """The last name of an expression: of `self.path` path, of `', '.join(names)` names."""
    if isinstance(node, ast.Call):
        if node.args and not (isinstance(node.func, ast.Name) and node.func.id[0] == "_"):
            return _name_of(node.args[0])
        return _name_of(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_").lower()
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower()
    names = [one for one in ast.walk(node) if isinstance(one, ast.Name | ast.Attribute)]
    return _name_of(names[0]) if names else "value"


def _file(place: str) -> str:
    """Without the line, which changes with every edit."""
    return place.split(":", maxsplit=1)[0]


def written(known: dict[str, str]) -> str:
    """The catalogue as PO, with the translations that are known."""
    head = 'msgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    parts = [head]
    for message, place in sorted(messages().items(), key=lambda item: (_file(item[1]), item[0])):
        flag = "#, python-brace-format\n" if re.search(r"\{\w+\}", message) else ""
        quoted = (json.dumps(one, ensure_ascii=False) for one in (message, known.get(message, "")))
        parts.append("#: {}\n{}msgid {}\nmsgstr {}\n".format(_file(place), flag, *quoted))
    return "\n".join(parts)


if __name__ == "__main__":
    before = entries(CATALOGUE.read_text(encoding="utf-8")) if CATALOGUE.exists() else {}
    CATALOGUE.write_text(written(before), encoding="utf-8")
    for message, place in messages().items():
        if not before.get(message):
            print(f"{place}: {message}")
