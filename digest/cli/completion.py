"""`digest completion`: what a shell needs to complete the command line, and names that only settings know."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Literal

import typer

PROGRAM = "digest"
VARIABLE = "_DIGEST_COMPLETE"
"""The environment variable that the script sets when it asks for completions."""


def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish"],
        typer.Argument(metavar="bash|zsh|fish", help="Whose script is printed."),
    ],
) -> None:
    """Print the script that completes commands, options and names in a shell; its --help says where it goes.

    bash: digest completion bash >> ~/.bashrc

    zsh: digest completion zsh >> ~/.zshrc (behind compinit)

    fish: digest completion fish > ~/.config/fish/completions/digest.fish
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # it is documented, not exported

    print(get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell))


def prepare(environment: Mapping[str, str]) -> None:
    """Let Typer answer the script, where the environment says that it asks."""
    if VARIABLE in environment:
        from typer.completion import completion_init  # type: ignore[attr-defined]  # as above

        completion_init()


def sections(incomplete: str) -> list[str]:
    """The sections of the settings that begin so; none where the settings cannot be read."""
    from digest.config import load
    from digest.system.errors import DigestError

    try:
        known = load(environment=os.environ).sections
    except DigestError:
        return []
    return [name for name in known if name.startswith(incomplete)]


def prompts(incomplete: str) -> list[str]:
    """The prompts that begin so."""
    from digest.cli.prompts import known

    return [name for name in known() if name.startswith(incomplete)]
