"""The workflow that `digest init` writes: its steps are run as they stand, day after day."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from digest.cli.home import Answers, write_home
from digest.sample.knobs import DATA
from digest.sources.arxiv import calendar
from tests.deploy.actions import Done, Host, clean_path, load
from tests.faulty import Fault, Server, fault

DAYS = (date(2026, 1, 26), date(2026, 1, 27), date(2026, 1, 28), date(2026, 1, 29))
HOURS = ("00:20", "01:20", "03:20")  # in winter the first comes before the announcement
A_DAY = 4  # papers


class Lab:
    """A repository with a home, on a machine with an arXiv and a model of its own."""

    def __init__(self, folder: Path, server: Server, root: Path, records: Path) -> None:
        self.server, self.records, self.asked = server, records, Counter[str]()
        bin_folder = folder / "bin"
        bin_folder.mkdir(parents=True)
        stand_in = bin_folder / "digest"
        stand_in.write_text(
            f'#!/bin/sh\nexec {sys.executable} -m tests.deploy.digest_at "$@"\n', encoding="utf-8"
        )
        stand_in.chmod(0o755)
        self.host = Host(folder, clean_path(bin_folder, Path(sys.executable).parent))
        self.host.secrets["OPENAI_API_KEY"] = "sk-not-to-be-seen"
        self.host.environment["PYTHONPATH"] = str(root)
        self.home = folder / "home"
        # the program is installed already, so that pip asks nobody
        write_home(
            self.home, Answers(endpoint=f"{server.url}/v1", model="m"), "bilingual-arxiv-digest", force=False
        )
        places = "".join(f'{name} = "{server.url}"\n' for name in ("pages", "api", "feed", "pdf"))
        settings = self.home / "digest.toml"
        text = settings.read_text(encoding="utf-8").replace("[arxiv]\n", f"[arxiv]\n{places}")
        settings.write_text(text + '[text]\nsource = "abstract"\n', encoding="utf-8")
        self.workflow = load(self.home / ".github/workflows/digest.yml")
        self.host.create(self.home)

    def at(self, day: date, hour: str, *faults: Fault, arxiv: date | None = None, **inputs: str) -> Done:
        """One run at an hour (UTC) of a day; `arxiv`: the day that arXiv shows, if not what is due."""
        now = datetime.fromisoformat(f"{day}T{hour}:00+00:00")
        self.host.environment["DIGEST_TEST_NOW"] = now.isoformat()
        self.server.set(today=arxiv or calendar.current(now), records=(self.records,), faults=faults)
        done = self.host.run(self.workflow, **inputs)
        self.asked.update(self.server.stats()["answered"])
        assert "sk-not-to-be-seen" not in done.log + done.summary
        return done

    def all_day(self, day: date) -> list[Done]:
        return [self.at(day, hour) for hour in HOURS]

    def published(self) -> dict[str, int]:
        """Files of digests in the repository -> how often they were written."""
        log = self.host.git("log", "--name-only", "--format=", "main", "--", "runs")
        return Counter(line for line in log.splitlines() if line.endswith("audio.json"))

    def papers_of(self, day: date) -> set[str]:
        rows = (json.loads(row) for row in self.records.read_text(encoding="utf-8").splitlines())
        return {row["id"] for row in rows if row["date"] == str(day)}

    def answers_on_branch(self) -> int:
        """How many answers the ledger holds that is on the branch now."""
        words = [
            "bash",
            "-c",
            "git archive digest-ledger | tar -xO --wildcards 'ledger.gz.*' | gzip -dc >ledger",
        ]
        env = self.host.env()
        if subprocess.run(words, cwd=self.host.origin, env=env, capture_output=True, check=False).returncode:
            return 0
        with contextlib.closing(sqlite3.connect(self.host.origin / "ledger")) as ledger:
            return int(ledger.execute("SELECT count(*) FROM completions").fetchone()[0])

    def lose_branch(self) -> None:
        self.host.git("update-ref", "-d", "refs/heads/digest-ledger")

    def lose_cache(self) -> None:
        shutil.rmtree(self.host.cache, ignore_errors=True)


@pytest.fixture
def lab(tmp_path: Path, sample_server: Callable[..., Server], root: Path) -> Lab:
    """Some papers of the sample day, dealt out to four days; each has a recorded answer."""
    rows = [json.loads(row) for row in (DATA / "papers.jsonl").read_text(encoding="utf-8").splitlines()]
    new = [row for row in rows if row.get("kind", "new") == "new"]
    dealt = [
        json.dumps({**row, "date": str(day)}, ensure_ascii=False)
        for number, day in enumerate(DAYS)
        for row in new[number * A_DAY : (number + 1) * A_DAY]
    ]
    records = tmp_path / "records.jsonl"
    records.write_text("\n".join(dealt), encoding="utf-8")
    return Lab(tmp_path / "host", sample_server(), root, records)


def file_of(day: date) -> str:
    return f"runs/{day}/audio.json"


@pytest.mark.slow
def test_a_run_on_an_empty_clone_publishes_the_day(lab: Lab) -> None:
    done = lab.at(DAYS[1], "01:20")
    assert done.ok, done.log
    assert lab.published() == {file_of(DAYS[1]): 1}
    assert set(lab.asked) == lab.papers_of(DAYS[1])
    for made in ("index.html", "feeds/all.xml", f"{DAYS[1]}/mail.html", f"digests/{DAYS[1]}/audio.md"):
        assert (lab.host.pages / made).is_file(), made
    assert "The digests are complete" in done.summary
    assert "digest-ledger" in lab.host.git("branch")
    again = lab.at(DAYS[1], "03:20")
    assert again.ok
    assert "Nothing is due" in again.log
    assert lab.published() == {file_of(DAYS[1]): 1}
    assert "The ledger is as it was." in again.log
    assert set(lab.asked.values()) == {1}


@pytest.mark.slow
def test_three_days_each_once_whatever_is_lost(lab: Lab) -> None:
    losses = {DAYS[2]: lab.lose_cache, DAYS[3]: lab.lose_branch}
    for day in DAYS[1:]:
        if day in losses:
            losses[day]()
        assert all(done.ok for done in lab.all_day(day))
    # the first run came before the announcement, and made the latest there was
    assert lab.published() == {file_of(day): 1 for day in DAYS}
    assert set(lab.asked) == set().union(*map(lab.papers_of, DAYS))
    assert set(lab.asked.values()) == {1}


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["nothing", "cache", "branch"])
def test_a_run_that_is_killed_is_gone_on_with(lab: Lab, lost: str) -> None:
    lab.host.environment["DIGEST_TEST_KILL"] = "2"
    first = lab.at(DAYS[1], "01:20", Fault(path="^/v1/chat", every=3, action="delay", seconds=1))
    assert not first.ok, first.log
    assert "stopped before its end" in first.summary
    assert lab.published() == {}
    del lab.host.environment["DIGEST_TEST_KILL"]
    if lost != "nothing":
        (lab.lose_cache if lost == "cache" else lab.lose_branch)()
    kept = 2
    assert lab.at(DAYS[1], "03:20").ok
    assert lab.published() == {file_of(DAYS[1]): 1}
    # what was under way when it was killed was answered to nobody; what was kept is not asked again
    again = Counter(lab.server.stats()["answered"])
    assert sum(again.values()) == A_DAY - kept


@pytest.mark.slow
def test_missed_days_are_made_up_for(lab: Lab) -> None:
    assert lab.at(DAYS[0], "03:20").ok
    done = lab.at(DAYS[3], "01:20")  # nobody ran for two days
    assert done.ok, done.log
    assert lab.published() == {file_of(day): 1 for day in DAYS}
    assert set(lab.asked.values()) == {1}


@pytest.mark.slow
def test_an_outage_is_red_with_what_to_report_and_made_up_for(lab: Lab) -> None:
    done = lab.at(DAYS[1], "01:20", fault("bad-key"))
    assert not done.ok
    assert "exit code: 4" in done.summary
    assert "~~~~text" in done.summary
    assert "https://git.example/lab/digest/actions/runs/1" in done.summary
    assert done.steps["pages"] == "skipped"
    assert lab.at(DAYS[2], "01:20").ok
    assert lab.published() == {file_of(DAYS[1]): 1, file_of(DAYS[2]): 1}


@pytest.mark.slow
def test_flagged_papers_are_a_warning_and_a_late_announcement_is_none(lab: Lab) -> None:
    refused = min(lab.papers_of(DAYS[1]))
    done = lab.at(DAYS[1], "01:20", fault("refusal", paper=refused))
    assert done.ok
    assert "::warning title=digest::Published, with flagged papers" in done.log
    assert "exit code: 3" in done.summary
    late = lab.at(DAYS[2], "01:20", arxiv=DAYS[1])
    assert late.ok, late.log
    assert "still that of" in late.summary
    assert lab.at(DAYS[2], "03:20").ok
    assert file_of(DAYS[2]) in lab.published()


@pytest.mark.slow
def test_a_missing_secret_and_a_date_that_is_shell_are_told(lab: Lab) -> None:
    done = lab.at(DAYS[1], "01:20", date="2026-01-27; touch pwned $(touch pwned)")
    assert not done.ok
    assert "is no date" in done.summary
    assert not list(lab.host.folder.rglob("pwned"))
    done = lab.at(DAYS[1], "01:20", date=str(DAYS[0]))
    assert done.ok
    assert lab.published() == {file_of(DAYS[0]): 1}
    del lab.host.secrets["OPENAI_API_KEY"]
    lab.host.vars["OPENAI_BASE_URL"] = "https://model.example/v1"
    done = lab.at(DAYS[1], "01:20")
    assert not done.ok
    assert "The secret OPENAI_API_KEY is not set: Settings" in done.summary


@pytest.mark.slow
def test_a_protected_branch_and_a_push_meanwhile(lab: Lab, tmp_path: Path) -> None:
    def somebody_pushes() -> None:
        other = tmp_path / "other"
        lab.host.git("clone", "--quiet", str(lab.host.origin), str(other), cwd=tmp_path)
        (other / "notes.md").write_text("x", encoding="utf-8")
        lab.host.git("add", ".", cwd=other)
        lab.host.git("commit", "--quiet", "-m", "notes", cwd=other)
        lab.host.git("push", "--quiet", cwd=other)

    lab.host.meanwhile["publish"] = somebody_pushes
    assert lab.at(DAYS[0], "03:20").ok
    assert lab.published() == {file_of(DAYS[0]): 1}
    assert "notes.md" in lab.host.git("ls-tree", "--name-only", "main")
    lab.host.meanwhile.clear()

    hook = lab.host.origin / "hooks/update"
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ]\n', encoding="utf-8")
    hook.chmod(0o755)
    done = lab.at(DAYS[1], "01:20")
    assert done.ok, done.log
    assert "is it protected?" in done.summary
    assert lab.at(DAYS[2], "01:20").ok
    assert lab.at(DAYS[2], "03:20").ok
    log = lab.host.git("log", "--name-only", "--format=", "digest-days", "--", "runs")
    assert sorted(set(log.split())) == sorted(
        f"runs/{day}/audio{end}" for day in DAYS[:3] for end in (".json", ".md", ".reader.md")
    )
    assert (lab.host.pages / str(DAYS[0])).is_dir()
    assert set(lab.asked.values()) == {1}
    hook.unlink()
    assert lab.at(DAYS[3], "01:20").ok
    assert set(lab.published()) == {file_of(day) for day in DAYS}
    assert "digest-days" not in lab.host.git("branch")


@pytest.mark.slow
def test_a_cache_that_is_damaged_does_not_stand_in_the_way(lab: Lab) -> None:
    lab.host.environment["DIGEST_TEST_KILL"] = "2"
    lab.at(DAYS[1], "01:20")
    del lab.host.environment["DIGEST_TEST_KILL"]
    (cached,) = lab.host.cache.glob("*")
    (cached / "generation").write_text("99\n", encoding="utf-8")
    part = cached / "ledger.gz.aa"
    part.write_bytes(part.read_bytes()[:-100])
    done = lab.at(DAYS[1], "03:20")
    assert done.ok
    assert "(.automation/branch)" in done.log
    assert sum(lab.server.stats()["answered"].values()) == A_DAY - 2


@pytest.mark.slow
def test_a_machine_that_is_lost_takes_little_with_it(lab: Lab) -> None:
    """The last paper is never answered; what came before it is on the branch while the run goes on."""
    last = max(lab.papers_of(DAYS[1]))
    lab.host.environment["DIGEST_CHECKPOINT"] = "1"
    lab.server.set(
        today=DAYS[1], records=(lab.records,), faults=(fault("silence", path="^/v1/chat", paper=last),)
    )
    lab.host.environment["DIGEST_TEST_NOW"] = f"{DAYS[1]}T01:20:00+00:00"
    work = lab.host.clone()
    env = lab.host.env(GITHUB_ACTIONS="true", OPENAI_API_KEY="k", GITHUB_REF_NAME="main")
    with subprocess.Popen(
        ["bash", "automation.sh", "run"],
        cwd=work,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as machine:
        try:
            for _ in range(600):  # a look a fifth of a second: two minutes, on a machine however busy
                if lab.answers_on_branch() >= A_DAY - 1:
                    break
                time.sleep(0.2)  # a look at another process, which tells nobody
        finally:
            os.killpg(machine.pid, signal.SIGKILL)
    assert lab.answers_on_branch() == A_DAY - 1
    del lab.host.environment["DIGEST_CHECKPOINT"]
    assert lab.at(DAYS[1], "03:20").ok
    assert Counter(lab.server.stats()["answered"]) == {last: 1}


@pytest.mark.slow
def test_on_gitlab_a_flagged_paper_is_a_code_that_it_takes_for_a_warning(lab: Lab) -> None:
    job = load(lab.home / ".gitlab-ci.yml")["digest"]
    refused = min(lab.papers_of(DAYS[1]))
    lab.server.set(today=DAYS[1], records=(lab.records,), faults=(fault("refusal", paper=refused),))
    work = lab.host.clone()
    lab.host.git("checkout", "--quiet", "--detach", cwd=work)  # as its runner does
    env = lab.host.env(
        GITLAB_CI="true",
        CI_COMMIT_BRANCH="main",
        CI_JOB_URL="https://lab.example/jobs/1",
        DIGEST_TEST_NOW=f"{DAYS[1]}T01:20:00+00:00",
        OPENAI_API_KEY="k",
        DIGEST_ENV="OTHER=a=b\r\nnot a name=x\n$(touch pwned)=y\n",
    )
    ended = [
        subprocess.run(["bash", "-c", line], cwd=work, env=env, capture_output=True, text=True, check=False)
        for line in (*job["script"], *job["after_script"])
    ]
    codes = [one.returncode for one in ended]
    assert codes == [0, 0, 0, 0, 3, 0], ended
    assert 3 in job["allow_failure"]["exit_codes"]
    assert "https://lab.example/jobs/1" in ended[4].stdout
    assert "::" not in "".join(one.stdout for one in ended)
    assert (work / "public/index.html").is_file()
    assert (work / job["cache"]["paths"][0] / "ledger.gz.aa").is_file()
    assert lab.published() == {file_of(DAYS[1]): 1}
    assert not list(lab.host.folder.rglob("pwned"))
