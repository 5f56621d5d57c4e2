"""The structure of `digest/`, read from its imports; `python -m tests.architecture` writes it into the docs.

A package is a folder or a module directly below `digest/`. Imports for type checkers count as well.
"""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("model", "system"),
    ("config", "ledger"),
    ("publish", "sources", "text", "llm", "summarize"),
    ("sample", "deliver"),
    ("pipeline",),
    ("evaluate", "scale"),
    ("cli",),
    ("__main__",),
)
"""The plan, from the ground up: a package may know those on lower layers only."""


def package_of(module: str) -> str:
    """The package of a module such as `digest.llm.endpoint`; "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


@cache
def trees() -> dict[Path, ast.Module]:
    """The modules of `digest/`, parsed; they stay, so the garbage collector need not look at them."""
    paths = sorted((ROOT / "digest").rglob("*.py"))
    gc.disable()
    try:
        return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    finally:
        gc.freeze()
        gc.enable()


@cache
def nodes() -> dict[Path, list[ast.AST]]:
    """All of each module, found once."""
    return {path: [*ast.walk(tree)] for path, tree in trees().items()}


@cache
def arrows() -> dict[tuple[str, str], set[str]]:
    """From which package to which there are imports, and the files that have them."""
    found: dict[tuple[str, str], set[str]] = {}
    for path, all_of_it in nodes().items():
        inside = path.relative_to(ROOT).with_suffix("").parts
        here = inside[1] if len(inside) > 1 else ""
        for module in _imported(all_of_it):
            there = package_of(module)
            if there and here not in {there, "__init__"}:
                found.setdefault((here, there), set()).add(str(path.relative_to(ROOT)))
    return found


def _imported(all_of_it: Iterable[ast.AST]) -> Iterator[str]:
    for node in all_of_it:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("digest."))
        elif isinstance(node, ast.ImportFrom) and node.module == "digest":
            yield from (f"digest.{name.name}" for name in node.names if not name.name.startswith("__"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("digest."):
            yield node.module or ""


def picture() -> str:
    """The packages and arrows as a Mermaid graph, arrows that a longer way shows left out."""
    known = {arrow for arrow in arrows() if "__main__" not in arrow}
    lines = ["graph TD"]
    for number, packages in reversed([*enumerate(LAYERS, start=1)]):
        names = "; ".join(package for package in packages if package != "__main__")
        if names:
            lines.append(f"    subgraph layer{number}[layer {number}]; {names}; end")
    reach = {package: {b for a, b in known if a == package} for layer in LAYERS for package in layer}
    for layer in LAYERS:  # the lowest first: what they reach is known by then
        for package in layer:
            reach[package] |= {far for near in reach[package] for far in reach[near]}
    for a, b in sorted(known):
        if not any(b in reach[between] for x, between in known if x == a and between != b):
            lines.append(f"    {a} --> {b}")
    return "\n".join(lines)


def with_picture(page: str) -> str:
    """The page with the picture as the imports draw it."""
    return re.sub(r"(?<=```mermaid\n).*?(?=\n```)", lambda _: picture(), page, count=1, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(with_picture(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
