"""Invented days, a folder whose settings name the sample server, and commands run in it as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faulty import Server

DAY = "2026-01-28"
_THINGS = ("Adaptation", "Separation", "Alignment", "Detection", "Synthesis", "Tagging", "Diarization")
_OF = ("Whispered Speech", "Polyphonic Piano", "Bird Songs", "Room Impulses", "Long Podcasts")


def write_records(path: Path, papers: int) -> Path:
    """JSONL of so many papers, all new in cs.SD on the sample day; each with an abstract of 180 words."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(papers):
            thing, of = _THINGS[number % 7], _OF[number % 5]
            abstract = " ".join(
                f"In part {part} we study {thing.lower()} of {of.lower()} with {number} recordings "
                "and report how noise and length change the result."
                for part in range(10)
            )
            record = {
                "id": f"2601.{30000 + number}",
                "title": f"{thing} of {of} in Setting {number}",
                "authors": [f"Ada Author{number}", "Bo Writer"],
                "abstract": abstract,
                "categories": ["cs.SD"],
            }
            file.write(json.dumps(record) + "\n")
    return path


def use(server: Server, folder: Path, more: str = "") -> Path:
    """Write settings into `folder` that name the server for arXiv and for the model."""
    addresses = "".join(f'{name} = "{server.url}"\n' for name in ("pages", "api", "feed", "pdf"))
    (folder / "digest.toml").write_text(
        f'[arxiv]\n{addresses}[model]\nname = "m"\nbase_url = "{server.url}/v1"\n'
        f'[run]\nsections = ["audio"]\n{more}',
        encoding="utf-8",
    )
    return folder


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """`digest WORDS` in a folder, under way."""
    return subprocess.Popen(
        [sys.executable, "-m", "digest", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENAI_API_KEY": "sk-test"},
    )


def run(folder: Path, *words: str, code: int = 0) -> str:
    """`digest WORDS` in a folder, whose exit code is checked; returns standard output and error."""
    process = start(folder, *words)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, out + err
    assert "Traceback" not in out + err
    return out + err
