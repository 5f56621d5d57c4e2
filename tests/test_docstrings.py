"""A docstring says what comes out; one that begins with a question word tells a story."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import digest

_QUESTION = re.compile(r"\s*(What|Whether|How)\b")


def docstrings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts that stand alone, with their lines: of modules, classes, functions, and below a name."""
    for node in ast.walk(tree):
        for statement in getattr(node, "body", []) if not isinstance(node, ast.Lambda | ast.IfExp) else []:
            value = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.lineno, value.value


def test_no_docstring_begins_with_a_question() -> None:
    found = []
    count = 0
    for path in sorted(Path(digest.__path__[0]).rglob("*.py")):
        for line, text in docstrings(ast.parse(path.read_text(encoding="utf-8"))):
            count += 1
            if _QUESTION.match(text):
                found.append(f"{path}:{line}: {text.splitlines()[0]}")
    assert count > 1000
    assert found == []


def test_a_question_is_found_wherever_it_stands() -> None:
    code = (
        '"""Fine."""\nx = 1\n"""What x is."""\ndef f():\n    """Whether it is."""\n    return 1 if x else 2\n'
    )
    found = [line for line, text in docstrings(ast.parse(code)) if _QUESTION.match(text)]
    assert found == [3, 5]
