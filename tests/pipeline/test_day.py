"""The whole daily job through the command line, against the loopback server: real HTTP, real files."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from digest.publish.markdown import SAMPLE
from digest.sample.data import SampleData
from digest.sample.knobs import Knobs
from tests import forked
from tests.conftest import Run, Start, few, use
from tests.examples import first_fast
from tests.faulty import Fault, fault

DAY = "2026-01-28"


def masked(markdown: str) -> tuple[str, list[str]]:
    """The head, and the sorted blocks without numbers and lines."""
    text = re.sub(r"^(#### \[\w+) \d+\]", r"\1]", markdown, flags=re.MULTILINE)
    text = re.sub(r"^- \*\*简介: .*\*\*$", "", text, flags=re.MULTILINE).replace("## 更新\n\n", "")
    head, *blocks = re.split(r"^(?=#### )", text, flags=re.MULTILINE)
    return head, sorted(blocks)


@pytest.mark.parametrize("words", [("--no-pdf",), pytest.param((), marks=pytest.mark.slow)])
def test_the_sample_day_is_the_published_one_but_for_its_lines(
    digest: Run, folder: Path, root: Path, words: tuple[str, ...]
) -> None:
    first = digest("run", "--sample", *words)
    assert first.code == 0
    assert "recorded" in first.out
    assert "announced 44 = listed 44 = summarised 44 + flagged 0" in first.out
    assert "questions asked 44, answers from the ledger 0" in first.out
    files = [folder / "runs/sample" / DAY / f"audio.{kind}" for kind in ("md", "json")]
    assert f"{files[0].relative_to(folder)}" in first.out
    assert [path.name for path in (folder / "runs").iterdir()] == ["sample"]
    marked = files[0].read_text(encoding="utf-8")
    markdown = marked.replace(f"{SAMPLE}\n\n", "")
    assert len(marked) > len(markdown)
    published = (root / "tests/data/audio-20260128.md").read_text(encoding="utf-8")
    assert masked(markdown) == masked(published)
    lines = re.findall(r"^- \*\*简介: (.+。)\*\*$", markdown, re.MULTILINE)
    assert sorted(lines) == sorted(answer["line"] for answer in SampleData(Knobs()).entries.values())
    kinds = [
        entry["listing"]["kind"] for entry in json.loads(files[1].read_text(encoding="utf-8"))["entries"]
    ]
    assert kinds == ["new"] * 22 + ["cross"] * 5 + ["replaced"] * 17

    before = [file.read_bytes() for file in files]
    second = digest("run", "--sample", "--date", DAY, *words)
    assert second.code == 0
    assert "questions asked 0, answers from the ledger 44" in second.out
    assert [file.read_bytes() for file in files] == before


def test_progress_goes_to_standard_error_and_quiet_and_json_are_alone(digest: Run) -> None:
    job = ("run", "--sample", "--no-pdf", "--limit", "3")
    loud, quiet = digest(*job), digest(*job, "--quiet")
    assert "44 papers announced" in loud.err
    assert (quiet.out, quiet.err) == ("", "")
    (values,) = digest(*job, "--json").json
    assert values["counts"] == {"announced": 44, "listed": 3, "summarised": 3, "flagged": 0}
    assert (values["asked"], values["reused"]) == (0, 3)


def test_a_paper_in_two_sections_is_asked_about_once(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    speech_too = '[sections.speech]\ntitle = "语音"\ncategories = ["eess.AS"]\n'
    use(sample_server(records=few(folder, 9)), folder, monkeypatch, speech_too)
    ran = digest("run", "--no-pdf", "--json", "--section", "audio", "--section", "speech")
    audio, speech = ran.json
    assert (audio["asked"], speech["asked"]) == (9, 0)
    assert speech["reused"] == speech["counts"]["listed"] == 6


@pytest.mark.slow
def test_the_line_prompt_and_one_of_the_users_own(digest: Run, folder: Path, root: Path) -> None:
    job = ("run", "--sample", "--no-pdf", "--limit", "3")
    assert digest(*job, "--prompt", "line").code in {0, 3}
    own = (root / "prompts/line.md").read_text(encoding="utf-8").replace('name = "line"', 'name = "mine"')
    (folder / "mine.md").write_text(own, encoding="utf-8")
    again = digest(*job, "--prompt", "mine.md", "--json").json[0]
    assert (again["asked"], again["reused"]) == (0, 3)  # another name does not make another question


def test_a_quick_look_does_not_replace_a_digest(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sample_server(records=few(folder, 6)), folder, monkeypatch)
    look = digest("run", "--no-pdf", "--limit", "3")
    assert look.code == 0
    assert "only the first 3 of 6" in look.out
    assert digest("run", "--no-pdf").code == 0
    refused = digest("run", "--no-pdf", "--limit", "3")
    assert refused.code == 2
    assert "--out" in refused.err
    record = folder / f"runs/{DAY}/audio.json"
    assert len(json.loads(record.read_text(encoding="utf-8"))["entries"]) == 6


def test_papers_without_an_answer_are_shown_and_tried_again(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sample_server(records=few(folder, 10))
    use(server, folder, monkeypatch)
    server.faults(fault("refusal", paper="2601.19130"), fault("content-risk", paper="2601.18904"))
    ran = digest("run", "--no-pdf")
    assert ran.code == 3
    assert "summarised 8 + flagged 2" in ran.out
    assert "2601.19130" in ran.out
    markdown = (folder / f"runs/{DAY}/audio.md").read_text(encoding="utf-8")
    assert markdown.count("〔未生成：模型拒绝回答〕") == 2
    server.faults()
    (again,) = digest("run", "--no-pdf", "--json").json
    assert (again["state"], again["asked"], again["reused"]) == ("complete", 2, 8)
    assert "未生成" not in (folder / f"runs/{DAY}/audio.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "path", "code", "word"),
    [
        ("bad-key", "^/v1/chat", 4, "OPENAI_API_KEY"),
        ("no-balance", "^/v1/chat", 3, "余额不足"),
        ("wrong-day", "^/list", 4, "arXiv"),
    ],
)
def test_what_stops_a_run_says_so(
    digest: Run,
    folder: Path,
    sample_server: Start,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    path: str,
    code: int,
    word: str,
) -> None:
    server = sample_server(records=few(folder, 9))
    use(server, folder, monkeypatch)
    if name == "wrong-day":
        server.set(miscount=1)
    else:
        server.faults(fault(name, path=path))
    ran = digest("run", "--no-pdf")
    assert ran.code == code
    assert word in ran.out + ran.err
    assert (folder / f"runs/{DAY}/audio.md").exists() == (code == 3)
    assert "sk-not-to-be-seen" not in ran.out + ran.err


@pytest.mark.slow
def test_what_is_under_way_when_a_run_ends_is_kept(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sample_server(latency=0.3, records=few(folder, 12))
    use(server, folder, monkeypatch)
    server.faults(fault("bad-key", paper="2601.19130"))
    ran = digest("run", "--no-pdf", "--concurrency", "64")
    assert ran.code == 4
    assert "OPENAI_API_KEY" in ran.err
    asked = server.stats()["requests"]["chat"]
    assert asked > 1
    server.set()
    (values,) = digest("run", "--no-pdf", "--json").json
    assert values["reused"] == asked - 1


def test_a_ceiling_without_a_price_is_told_before_anything_is_asked_or_overwritten(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sample_server(records=few(folder, 2))
    use(server, folder, monkeypatch)
    job = ("run", "--no-pdf", "--limit", "2")
    assert digest(*job).code == 0
    markdown = folder / f"runs/{DAY}/audio.md"
    before = markdown.read_bytes()
    server.set()
    ran = digest(*job, "--fresh", "--max-cost", "1")
    assert ran.code == 2
    assert "[model.price]" in ran.err
    assert "chat" not in server.stats()["requests"]
    assert markdown.read_bytes() == before


def test_the_key_is_in_nothing_that_is_written(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sample_server(records=few(folder, 2)), folder, monkeypatch)
    assert digest("run", "--no-pdf").code == 0
    for file in folder.rglob("*"):
        assert not file.is_file() or b"sk-not-to-be-seen" not in file.read_bytes()


@pytest.mark.parametrize("signal_", first_fast([signal.SIGINT, signal.SIGKILL]))
def test_a_stopped_run_goes_on_where_it_was(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch, signal_: signal.Signals
) -> None:
    # each tenth question hangs, so that the run of four at once waits however late it is stopped
    hanging = Fault(path="^/v1/chat", every=10, action="delay", seconds=60)
    server = sample_server(faults=(hanging,), records=few(folder, 16))
    use(server, folder, monkeypatch)
    process = forked.Process("-m", "digest", "run", "--no-pdf", "--concurrency", "4")
    while server.stats()["requests"].get("chat", 0) < 9:
        assert process.poll() is None
        time.sleep(0.05)  # to leave the processor to it
    process.send_signal(signal_)
    _, err = process.communicate()
    if signal_ is signal.SIGINT:
        assert process.returncode == 130
        assert err.splitlines()[-1].startswith("digest: stopped.")
        assert "Traceback" not in err
    assert [run["state"] for run in digest("runs", "--json").json] == ["stopped"]
    assert not (folder / f"runs/{DAY}/audio.md").exists()
    before = Counter(server.stats()["asked"])
    server.set(faults=())
    ran = digest("run", "--no-pdf", "--json")
    (values,) = ran.json
    assert values["asked"] + values["reused"] == 16
    assert values["reused"] >= 4
    asked = before + Counter(server.stats()["asked"])
    assert sum(asked.values()) <= 16 + 4  # at most what was in flight when it stopped
    assert len(asked) == 16


def test_without_a_key_the_sentence_offers_the_sample(digest: Run) -> None:
    ran = digest("run")
    assert ran.code == 2
    assert "OPENAI_API_KEY" in ran.err
    assert "--sample" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--section", "musik"), "audio, text"),
        (("--date", "2999-01-01"), "future"),
        (("--date", "tomorrow"), "today, yesterday, last-week"),
        (("--date", "last-week..2026-01-05"), "before the first"),
        (("--date", "2026-02-30"), "no date"),
        (("--date", "2026-01-28..2026-01-20"), "before the first"),
        (("--prompt", "nope"), "entry, entry-en, entry-short, fields, line"),
        (("--out", "/dev/null/runs"), "--out"),
        (("--limit", "0"), "--limit"),
    ],
)
def test_bad_input_is_a_sentence_and_leaves_nothing(
    digest: Run, folder: Path, words: tuple[str, str], sentence: str
) -> None:
    ran = digest("run", "--sample", *words)
    assert ran.code == 2
    assert sentence in ran.err
    assert not list(folder.rglob("*.md"))


def test_a_day_that_is_not_out_yet_is_told_when_it_is_expected(digest: Run, folder: Path) -> None:
    for command in (("list", "2026-01-29"), ("run", "--date", "2026-01-29")):
        ran = digest(*command, "--sample")
        assert (ran.code, "has not announced 2026-01-29 yet; it is expected at" in ran.out) == (0, True)
    later = digest("list", "2026-01-30", "--sample")
    assert (later.code, "next announcement is that of 2026-01-29" in later.err) == (2, True)
    assert not list(folder.rglob("*.md"))


def test_a_range_of_days_ends_with_a_table(digest: Run) -> None:
    assert digest("run", "--sample", "--no-pdf").code == 0
    ran = digest("run", "--sample", "--no-pdf", "--date", "2026-01-23..2026-01-28")
    assert ran.code == 0
    states = [line.split()[::2][:2] for line in ran.out.splitlines()[-4:]]
    assert states == [
        ["2026-01-23", "quiet"],
        ["2026-01-26", "quiet"],
        ["2026-01-27", "quiet"],
        [DAY, "skipped"],
    ]


def test_the_announcement_is_listed_without_a_model(digest: Run, folder: Path) -> None:
    ran = digest("list", "--sample")
    assert ran.code == 0
    assert "44 papers (22 new, 5 cross, 17 replaced)" in ran.out
    assert "cs.SD: 15 new, 6 cross, 12 replaced" in ran.out
    listed = re.findall(r"^(?:new|cross|replaced) +\d{4}\.\d{5}(v\d)?", ran.out, re.MULTILINE)
    assert (len(listed), listed.count("")) == (
        44,
        5,
    )  # no feed tells all versions yet
    assert "note:" not in ran.out
    (values,) = digest("list", DAY, "--sample", "--json").json
    assert len(values["listings"]) == 44
    assert (
        digest("list", "2026-01-25", "--sample").out
        == "audio: 2026-01-25 is a Sunday: arXiv announces nothing on weekends.\n"
    )


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['digest', '--help']\n"
        "from digest.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(ran.stderr.split())
    assert not loaded & {
        "asyncio",
        "logging",
        "hashlib",
        "openai",
        "pymupdf",
        "httpx2",
        "arxiv",
        "pydantic",
        "lxml",
        "starlette",
        "rich",
        "sqlite3",
    }


def test_a_model_that_errs_and_mends_on_being_told(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sample_server(erring=0.2, records=few(folder, 22))
    use(server, folder, monkeypatch)
    (values,) = digest("run", "--no-pdf", "--json").json
    asked = server.stats()["asked"]
    erring = [paper for paper, times in asked.items() if times > 1]
    assert len(erring) >= 2
    checks = values["checks"]
    assert checks["mended"] >= 0.95 * len(erring)
    assert (
        checks["checked"] == checks["clean"] + checks["mended"] + checks["doubtful"] + checks["flagged"] == 22
    )
    assert values["asked"] == sum(asked.values()) == 22 + sum(asked[paper] - 1 for paper in erring)
    with sqlite3.connect(folder / "runs/ledger.sqlite3") as ledger:
        (kept,) = ledger.execute("SELECT count(*) FROM completions").fetchone()
    ledger.close()
    assert kept == values["asked"]
    entries = json.loads((folder / f"runs/{DAY}/audio.json").read_text(encoding="utf-8"))["entries"]
    mended = {entry["paper"]["id"] for entry in entries if entry["summary"].get("mended")}
    assert mended == set(erring)
    assert "QuartzFormer" not in (folder / f"runs/{DAY}/audio.md").read_text(encoding="utf-8")


def test_output_without_chinese_shows_escapes(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sample_server(records=few(folder, 1)), folder, monkeypatch)
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_only)
    monkeypatch.setenv("DIGEST_LANG", "en")
    assert digest("list").code == 0
    assert ascii_only.buffer.getvalue().startswith(b"\\u97f3\\u9891 2026-01-28: 1 papers")


@pytest.mark.slow  # it is a process of its own
def test_a_terminal_without_chinese_shows_escapes(
    folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sample_server(), folder, monkeypatch)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "digest", "list"]
    ran = subprocess.run(command, capture_output=True, env=environment, cwd=folder, check=True)
    assert ran.stdout.startswith(b"\\u97f3\\u9891 2026-01-28: 44 papers")


@pytest.mark.slow
def test_a_line_that_was_asked_for_alone_stays(digest: Run, folder: Path) -> None:
    day = folder / "runs/sample" / DAY
    job = ("run", "--sample", "--no-pdf", "--limit", "3")
    assert digest(*job).code == 0
    before = (day / "audio.md").read_bytes()
    paper = json.loads((day / "audio.json").read_text(encoding="utf-8"))["entries"][1]["paper"]["id"]
    assert digest("paper", paper, "--sample", "--prompt", "line").code == 0
    asked = (day / "audio.md").read_bytes()
    assert asked != before
    again = digest(*job)
    assert "lines of `digest paper` that stay: 1" in again.err
    assert "questions asked 0, answers from the ledger 3" in again.out
    assert (day / "audio.md").read_bytes() == asked
    (day / "audio.json").write_text("{", encoding="utf-8")
    assert digest(*job).code == 0  # damaged: made anew
    assert digest(*job, "--fresh").code == 0
    entries = json.loads((day / "audio.json").read_text(encoding="utf-8"))["entries"]
    assert all(entry["summary"]["prompt"].startswith("entry@") for entry in entries)


def test_what_the_endpoint_says_is_told_where_papers_are_flagged(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = ("2601.18908", "2601.19017")
    daily = [fault("429", path="^/v1/chat", paper=one, headers={"Retry-After": "86400"}) for one in papers]
    use(sample_server(faults=tuple(daily), records=few(folder, 6)), folder, monkeypatch)
    ran = digest("run", "--no-pdf", "--limit", "3")
    assert ran.code == 3
    assert "not answered, the last for this reason: " in ran.out
    assert "says to wait 24 hours" in ran.out


def test_an_empty_account_ends_a_batch_run_as_any_other(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = (fault("no-balance", path="^/v1/batches"),)
    use(sample_server(faults=empty, records=few(folder, 4)), folder, monkeypatch)
    ran = digest("run", "--no-pdf", "--batch")
    assert ran.code == 3
    assert "summarised 1 + flagged 3" in ran.out
    assert "stopped: The account at" in ran.out


def test_a_line_says_what_it_was_made_from(
    digest: Run, folder: Path, sample_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = (fault("content-risk", first=1),)
    use(sample_server(faults=refused, records=few(folder, 2)), folder, monkeypatch)
    assert digest("run", "--concurrency", "1").code == 0
    entries = json.loads((folder / f"runs/{DAY}/audio.json").read_text(encoding="utf-8"))["entries"]
    sources = sorted((entry["text"]["source"], entry["text"].get("reason")) for entry in entries)
    assert sources == [("abstract", "the model refused it with passages of the text"), ("pdf", None)]


@pytest.mark.slow
def test_papers_that_arxiv_took_down_make_no_day_impossible(
    sample_server: Start, digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sample_server(deleted=("2601.19029",), records=few(folder, 9))
    use(server, folder, monkeypatch)
    words = "cs.SD, new: 6 declared, 5 shown"
    listed = digest("list")
    assert (listed.code, words in listed.out) == (3, True)
    first = digest("run", "--no-pdf")
    assert (first.code, words in first.out) == (3, True)
    assert "announced 8 = listed 8 = summarised 8 + flagged 0" in first.out
    again = digest("run", "--no-pdf", "--date", f"2026-01-27..{DAY}", "--json")
    (row,) = (row for row in again.json if row["date"] == DAY)
    assert (row["exit_code"], row["state"], row["withheld"], row["asked"]) == (3, "flagged", 2, 0)
    server.set(deleted=())
    whole = digest("run", "--no-pdf")
    assert (whole.code, "announced 9 = listed 9" in whole.out) == (0, True)


def test_a_section_that_cannot_be_listed_stops_no_other(
    sample_server: Start, digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sample_server(instead={"cs.CL": "cs.SD"})
    use(server, folder, monkeypatch)
    listed = digest("list", "--section", "text", "--section", "audio", "--json")
    assert (listed.code, [one["section"] for one in listed.json]) == (4, ["audio"])
    assert "digest: text: " in listed.err
    assert "The page is not that of cs.CL" in listed.err


def test_a_section_of_one_category_is_run_twice_though_the_api_lags(
    sample_server: Start, digest: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sample_server(missing=("2601.19029",), records=few(folder, 9))
    use(server, folder, monkeypatch, '[sections.sound]\ntitle = "声"\ncategories = ["cs.SD"]\n')
    first = digest("run", "--section", "sound", "--no-pdf")
    assert (first.code, "The API does not know them yet" in first.out) == (0, True)
    server.set(missing=())
    again = digest("run", "--section", "sound", "--no-pdf", "--date", DAY)
    assert (again.code, "note:" in again.out) == (0, False)
    assert server.stats()["requests"] == {"api": 1}


def test_papers_are_named_in_any_form_and_one_that_is_none_stops_no_other(digest: Run) -> None:
    stamp = ("arXiv:2601.18908v1", "[cs.SD]", "26", "Jan", "2026")
    forms = ("foo", "https://arxiv.org/pdf/2601.18904v1.pdf", *stamp, "2601.99999")
    ran = digest("paper", "--sample", *forms, "--json")
    assert ran.code == 2
    papers = ran.json["papers"]
    assert [one["id"] for one in papers] == ["foo", "2601.18904v1", "2601.18908v1", "2601.99999"]
    assert "'foo' is no arXiv identifier" in papers[0]["error"]
    assert "arXiv knows no paper 2601.99999" in papers[3]["error"]
    none = digest("paper", "--sample", "foo", "bar")
    assert (none.code, "'foo', 'bar' are no arXiv identifiers" in none.err) == (2, True)
    label = digest("paper", "--sample", "arXiv:")
    assert (label.code, "'arXiv:' is no arXiv identifier" in label.err) == (2, True)
    for form in ("https://www.alphaxiv.org/overview/2601.18904v1", "2601.18904v1.pdf"):
        assert digest("text", "--sample", form).code == 0


@pytest.mark.parametrize("words", [(), ("--section", "cooking")])
def test_without_settings_it_says_that_no_file_was_found_here(digest: Run, words: tuple[str, ...]) -> None:
    Path("digest.toml").unlink(missing_ok=True)
    ran = digest("run", *words)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert f"No digest.toml was found here ({Path.cwd()})" in ran.err
    Path("digest.toml").write_text("[model]\n")
    assert "No digest.toml" not in digest("run", *words).err
