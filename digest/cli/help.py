"""Help and usage errors in Chinese: Typer's own words, and lines that are folded between characters."""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Sequence
from typing import Any

import typer

from digest.system.language import translated
from digest.system.terminal import columns_of, folded

_HelpFormatter: Any = typer.Context.formatter_class
_WIDEST = 26
"""Columns for the names of options; the text of one that is wider begins below it."""


class _Formatter(_HelpFormatter):  # type: ignore[misc]  # Typer's click has no public name
    """Typer's own words, in Chinese."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line that shows how a command is called."""
        super().write_usage(prog, args, translated(prefix or "Usage: "))

    def write_heading(self, heading: str) -> None:
        """Write what a list is of."""
        self.write(f"{'':>{self.current_indent}}{translated(heading)}：\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        indent = " " * self.current_indent
        paragraphs = (folded(" ".join(one.split()), self.width - len(indent)) for one in text.split("\n\n"))
        self.write("\n".join("".join(f"{indent}{line}\n" for line in lines) for lines in paragraphs))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = _WIDEST, col_spacing: int = 2) -> None:
        """Write names and what they stand for, in two columns."""
        first = min(max(columns_of(name) for name, _ in rows), col_max) + col_spacing
        begin = " " * self.current_indent
        for name, text in rows:
            lines = folded(_with_extras(text), max(self.width - first - self.current_indent, 20))
            room = first - columns_of(name)
            head = f"{name}{' ' * room}" if room >= col_spacing else f"{name}\n{begin}{' ' * first}"
            for line in lines:
                self.write(f"{begin}{head}{line}".rstrip() + "\n")
                head = " " * first


class _Context(typer.Context):
    formatter_class = _Formatter


def _with_extras(text: str) -> str:
    """An option's text with what Typer puts behind it: its default, or that it must be given."""
    said = re.fullmatch(r"(.*)\[([^\]]*)\]", text, re.DOTALL)
    if said is None:
        return translated(text)
    parts = "；".join(translated(part) for part in said[2].split("; "))
    return f"{said[1].rstrip()}［{parts}］"


def in_chinese(command: Any) -> Any:  # noqa: ANN401 - Typer has a click of its own, which is not public
    """A copy of a command, its options and the commands below it, with their help in Chinese."""
    spoken = copy.copy(command)
    spoken.context_class = _Context
    spoken.help = translated(command.help or "")
    spoken.short_help = spoken.help.partition("\n\n")[0]
    spoken.params = [copy.copy(option) for option in command.params]
    for option in spoken.params:
        option.help = translated(getattr(option, "help", None) or "")
    if hasattr(command, "commands"):
        spoken.commands = {name: in_chinese(one) for name, one in command.commands.items()}
    return spoken


def print_usage_error(error: Any) -> None:  # noqa: ANN401 - as above
    """Print a usage error, with how the command is called."""
    context = error.ctx
    if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command; typer does not export it
        error.show()
        return
    if context is not None:
        command = f"{context.command_path} {context.help_option_names[0]}"
        print(context.get_usage(), file=sys.stderr)
        print(translated(f"Try '{command}' for help."), end="\n\n", file=sys.stderr)
    print(translated(f"Error: {error.format_message()}"), file=sys.stderr)
