"""A GitHub Actions runner in small: a workflow's steps in order, `run` as it stands, `uses` by stand-ins.

The repository is a bare one on this disk, the cache a folder, and Pages another.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_NAME = re.compile(r"'[^']*'|\b[a-z]+\(\)|\b[A-Za-z_]\w*(?:\.\w+)+|&&|\|\||!(?!=)")


@dataclass
class Done:
    """What became of a run of the workflow."""

    ok: bool = True
    log: str = ""
    summary: str = ""
    steps: dict[str, str] = field(default_factory=dict)  # name or id -> outcome


@dataclass
class Host:
    """What outlives a run: the repository, the cache, what Pages show."""

    folder: Path
    path: str
    secrets: dict[str, str] = field(default_factory=dict)
    vars: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    number: int = 0
    meanwhile: dict[str, Callable[[], None]] = field(default_factory=dict)  # before the step of that name

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def pages(self) -> Path:
        return self.folder / "pages"

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=cwd or self.origin,
            check=True,
            capture_output=True,
            text=True,
            env=self.env(),
        )
        return done.stdout

    def env(self, **more: str) -> dict[str, str]:
        """The environment of a runner: nothing of the person who tests."""
        identity = {
            f"GIT_{who}_{what}": "t@localhost"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        return {
            "PATH": self.path,
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "LANG": "C.UTF-8",
            **(identity if "GITHUB_ACTIONS" not in more and "GITLAB_CI" not in more else {}),
            **self.environment,
            **more,
        }

    def create(self, home: Path) -> None:
        """Push a home as the first commit of a new repository."""
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.origin), cwd=self.folder)
        self.git("init", "--quiet", "--initial-branch=main", cwd=home)
        self.git("add", ".", cwd=home)
        self.git("commit", "--quiet", "-m", "home", cwd=home)
        self.git("push", "--quiet", str(self.origin), "main", cwd=home)

    def clone(self) -> Path:
        """A fresh machine's checkout."""
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        self.git("clone", "--quiet", "--depth=1", f"file://{self.origin}", str(work), cwd=self.folder)
        return work

    def run(self, workflow: Mapping[str, Any], **inputs: str) -> Done:
        """One run of all jobs."""
        self.number += 1
        done = Done()
        outputs: dict[str, str] = {}
        for name, job in workflow["jobs"].items():
            run = _Job(self, inputs, done, outputs)
            run.steps(job, name)
            outputs |= {
                f"needs.{name}.outputs.{key}": run.expand(value)
                for key, value in job.get("outputs", {}).items()
            }
        return done


class _Job:
    def __init__(self, host: Host, inputs: Mapping[str, str], done: Done, outputs: Mapping[str, str]) -> None:
        self.host, self.done = host, done
        self.failed = self.cancelled = False
        self.work = host.folder / "work"
        self.values: dict[str, str] = {
            "github.run_id": str(host.number),
            "github.run_attempt": "1",
            **{f"secrets.{key}": value for key, value in host.secrets.items()},
            **{f"vars.{key}": value for key, value in host.vars.items()},
            **{f"inputs.{key}": value for key, value in inputs.items()},
            **outputs,
        }

    def steps(self, job: Mapping[str, Any], job_name: str) -> None:
        if not self.wanted(job.get("if")):
            self.done.steps[job_name] = "skipped"
            return
        for step in job["steps"]:
            name = str(step.get("id") or step.get("name") or step["uses"])
            if (before := self.host.meanwhile.get(name)) is not None:
                before()
            outcome = "skipped"
            if self.wanted(step.get("if")):
                self.done.log += f"\n### {name}\n"
                outcome = "success" if self.step(step, name) else "failure"
            self.done.steps[name] = self.values[f"steps.{name}.outcome"] = outcome
            self.failed |= outcome == "failure"
        self.done.ok &= not self.failed

    def step(self, step: Mapping[str, Any], name: str) -> bool:
        if "run" in step:
            return self.shell(step, name)
        given = {key: self.expand(str(value)) for key, value in step.get("with", {}).items()}
        action = str(step["uses"]).partition("@")[0].removeprefix("actions/")
        if action == "checkout":
            self.host.clone()
        elif action == "cache/restore":
            self.restore(given)
        elif action == "cache/save":
            shutil.copytree(self.work / given["path"], self.host.cache / given["key"])
        elif action == "upload-pages-artifact":
            shutil.rmtree(self.host.folder / "artifact", ignore_errors=True)
            shutil.copytree(self.work / given["path"], self.host.folder / "artifact")
        elif action == "deploy-pages":
            shutil.rmtree(self.host.pages, ignore_errors=True)
            shutil.copytree(self.host.folder / "artifact", self.host.pages)
        else:
            assert action == "setup-python", action
        return True

    def restore(self, given: Mapping[str, str]) -> None:
        """The newest entry whose key begins so."""
        found = sorted(
            self.host.cache.glob(f"{given['restore-keys']}*"),
            key=lambda path: int(path.name.split("-")[2]),
        )
        if found:
            shutil.copytree(found[-1], self.work / given["path"], dirs_exist_ok=True)

    def shell(self, step: Mapping[str, Any], name: str) -> bool:
        """As `shell: bash` does it; the output goes to a file, so that nothing left running holds us."""
        output, summary = self.host.folder / "output", self.host.folder / "summary"
        script, log = self.host.folder / "script.sh", self.host.folder / "log"
        for file in (output, summary):
            file.write_text("", encoding="utf-8")
        script.write_text(step["run"], encoding="utf-8")
        own = {key: self.expand(str(value)) for key, value in step.get("env", {}).items()}
        env = self.host.env(
            CI="true",
            GITHUB_ACTIONS="true",
            GITHUB_OUTPUT=str(output),
            GITHUB_STEP_SUMMARY=str(summary),
            GITHUB_REF_NAME="main",
            GITHUB_REPOSITORY="lab/digest",
            GITHUB_SERVER_URL="https://git.example",
            GITHUB_RUN_ID=str(self.host.number),
            **own,
        )
        with log.open("w") as sink:
            ended = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
                cwd=self.work,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                check=False,
            )
        self.done.log += log.read_text(encoding="utf-8", errors="replace")
        self.done.summary += summary.read_text(encoding="utf-8")
        for line in output.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            self.values[f"steps.{name}.outputs.{key}"] = value
        return ended.returncode == 0

    def wanted(self, condition: object) -> bool:
        """An `if`: as GitHub's, it asks for success unless it says otherwise."""
        ready = not self.failed
        if condition is None:
            return ready
        text = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", str(condition).strip())
        if re.search(r"(always|cancelled|failure)\(\)", text):
            return bool(self.evaluate(text))
        return bool(self.evaluate(text)) and ready

    def expand(self, text: str) -> str:
        return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(self.evaluate(found[1]) or ""), text)

    def evaluate(self, expression: str) -> object:
        """An expression of those that our workflow uses, made one of Python's."""

        def python(found: re.Match[str]) -> str:
            word = found[0]
            known = {"&&": " and ", "||": " or ", "!": " not ", "always()": "True", "cancelled()": "False"}
            return word if word.startswith("'") else known.get(word) or repr(self.values.get(word, ""))

        return eval(_NAME.sub(python, expression.strip()), {"__builtins__": {}})


def load(path: Path) -> dict[str, Any]:
    """A YAML file that holds a table."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def clean_path(*folders: Path) -> str:
    return os.pathsep.join([*map(str, folders), "/usr/local/bin", "/usr/bin", "/bin"])
