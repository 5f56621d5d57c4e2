"""Runs over the loopback server: the stage and the ledger of the daily job."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from digest.evaluate.runs.folder import open_run
from tests.evaluate.conftest import Run
from tests.examples import first_fast
from tests.faulty import Fault, Server, fault

pytestmark = pytest.mark.slow

PROMPTS = ("--prompt", "line", "--prompt", "fields")


@pytest.fixture
def few(gold_file: Path, tmp_path: Path) -> Path:
    """Four papers of the sample day."""
    path = tmp_path / "few.jsonl"
    rows = gold_file.read_text(encoding="utf-8").splitlines(keepends=True)[:4]
    path.write_text("".join(rows), encoding="utf-8")
    return path


def folder_of(tmp_path: Path) -> Path:
    (run,) = (tmp_path / "runs" / "sample" / "eval").glob("*/run.json")
    return run.parent


def test_a_run_is_asked_once_and_resumed(few: Path, tmp_path: Path, digest: Run) -> None:
    command = ("eval", "run", "--gold", few, *PROMPTS, "--sample", "--no-pdf")
    ran = digest(*command)
    assert ran.code == 0
    assert "recorded" in ran.out
    assert "8 answers, 0 papers without a line" in ran.out
    assert "questions asked 8, answers from the ledger 0" in ran.out
    records = folder_of(tmp_path) / "records.jsonl"
    rows = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(rows[:3]) + rows[3][:20])  # killed while it wrote
    ran = digest(*command)
    assert "8 answers" in ran.out
    assert "questions asked 0, answers from the ledger 5" in ran.out
    assert "questions asked 0, answers from the ledger 0" in digest(*command).out
    assert len(records.read_bytes().splitlines()) == 8


def test_the_answers_of_the_daily_job_are_reused(few: Path, tmp_path: Path, digest: Run) -> None:
    assert digest("run", "--sample", "--no-pdf", "--quiet").code == 0
    ran = digest("eval", "run", "--gold", few, "--prompt", "entry", "--sample", "--no-pdf")
    assert "questions asked 0, answers from the ledger 4" in ran.out


def test_an_epoch_is_another_question(few: Path, tmp_path: Path, digest: Run) -> None:
    command = ("eval", "run", "--gold", few, "--prompt", "line", "--prompt", "line", "--sample", "--no-pdf")
    assert "questions asked 4" in digest(*command).out
    assert "questions asked 4" in digest(*command, "--epochs", 2).out  # the first epoch is there
    answers = open_run(folder_of(tmp_path), tmp_path).answers().values()
    assert sorted(answer.epoch for answer in answers) == [0] * 4 + [1] * 4
    compared = digest("eval", "compare", folder_of(tmp_path), "--base", "line")
    assert compared.code == 1  # nothing to compare with, but no error of the files


def test_limit_models_and_names(few: Path, tmp_path: Path, digest: Run) -> None:
    command = ("eval", "run", "--gold", few, "--prompt", "line", "--sample", "--no-pdf", "--name", "mine")
    models = ("--model", "one", "--model", "two")
    assert "4 answers" in digest(*command, *models, "--limit", 2).out
    ran = digest(*command, *models, "--json")
    assert json.loads(ran.out)["asked"] == 4
    compared = digest("eval", "compare", "mine", "--base", "line x one")
    assert "line x two beside line x one" in compared.out
    assert digest(*command, "--model", "three").code == 2
    records = folder_of(tmp_path) / "records.jsonl"
    first = json.loads(few.read_text(encoding="utf-8").splitlines()[0])["id"]
    rows = records.read_text(encoding="utf-8").splitlines(keepends=True)
    records.write_text("".join(row for row in rows if json.loads(row)["id"] == first), encoding="utf-8")
    assert json.loads(digest(*command, *models, "--limit", 1, "--json").out)["reused"] == 0  # it is there
    assert len(records.read_bytes().splitlines()) == 2


def test_a_model_that_gives_no_line_ends_in_a_verdict(
    few: Path,
    tmp_path: Path,
    digest: Run,
    sample_server: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = sample_server(faults=(fault("empty", content="I am a parrot."),))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0000")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("DIGEST_MODEL", "parrot")
    command = ("eval", "run", "--gold", few, "--prompt", "fields", "--no-pdf", "--name", "hopeless")
    for _ in range(2):
        ran = digest(*command)
        assert ran.code == 3
        assert "4 papers without a line" in ran.out
        assert "same command" not in ran.out
        assert "see why the model gave no line" in ran.out
    server.faults()
    assert digest(*command[:-1], "good", "--model", "right").code == 0
    ran = digest("eval", "compare", "good", "hopeless", "--base", "fields x right")
    assert ran.code == 2
    assert "Do not take fields x parrot: 100 % of the papers have no line" in ran.out


@pytest.mark.parametrize(("status", "first"), first_fast([(500, 4), (404, 4), (400, 2)]))
def test_a_model_that_nothing_answers_for_ends_in_a_verdict_when_it_is_tried_again(
    status: int,
    first: int,
    few: Path,
    digest: Run,
    sample_server: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    server = sample_server()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0000")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    (tmp_path / "digest.toml").write_text("[model]\nattempts = 1\n", encoding="utf-8")
    command = ("eval", "run", "--gold", few, "--prompt", "fields", "--no-pdf", "--name", "r", "--model")
    assert digest(*command, "right").code == 0
    server.faults(Fault(path="^/v1/chat", status=status, body={"error": {"message": "Bakiye bitti."}}))
    codes = []
    for _ in range(2):
        assert digest(*command[:-2], "dead", "--model", "dead").code == 4
        ran = digest("eval", "compare", "r", "dead", "--base", "fields x right")
        codes.append(ran.code)
    assert codes == [first, 2]
    assert "Do not take fields x dead: 100 % of the papers have no line" in ran.out
    assert digest("eval", "compare", "dead", "--base", "fields").code == (4 if first == 4 else 1)
    server.faults()
    assert digest(*command[:-2], "dead", "--model", "dead").code == 0
    assert digest("eval", "compare", "r", "dead", "--base", "fields x right").code == 0


def test_an_evaluation_that_nobody_answers_says_so(
    few: Path, digest: Run, sample_server: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = Fault(path="^/v1/chat", status=400, body={"error": {"message": "No connected db."}})
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0000")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{sample_server(faults=(dead,)).url}/v1")
    monkeypatch.setenv("DIGEST_MODEL", "m")
    ran = digest("eval", "run", "--gold", few, "--prompt", "line", "--no-pdf")
    assert ran.code == 4
    assert "No connected db" in ran.err


def test_texts_of_pdfs_are_kept_for_scoring(few: Path, tmp_path: Path, digest: Run) -> None:
    assert digest("eval", "run", "--gold", few, "--prompt", "line", "--sample", "--limit", 1).code == 0
    texts = open_run(folder_of(tmp_path), tmp_path).texts()
    assert list(texts) == ["2601.19130"]
    assert "lip" in next(iter(texts.values()))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--prompt", "nonsense"), "There is no prompt 'nonsense'"),
        (("--prompt", "line", "--gold", "none.jsonl"), "none.jsonl: cannot be read"),
        (("--prompt", "line"), "OPENAI_API_KEY is not set"),
        (("--prompt", "line", "--name", "../away"), "letters and digits"),
        (("--prompt", "line", "--name", ".."), "letters and digits"),
        (("--prompt", "line", "--name", "n" * 300), "letters and digits"),
    ],
)
def test_what_cannot_be_run(words: tuple[str, ...], says: str, few: Path, digest: Run) -> None:
    ran = digest("eval", "run", "--gold", few, *words)
    assert ran.code == 2
    assert says in ran.err


def test_a_prompt_with_a_gold_paper_in_it_is_refused(few: Path, tmp_path: Path, digest: Run) -> None:
    leaky = tmp_path / "leaky.md"
    front = '+++\nname = "leaky"\nanswer = "line"\n+++\n'
    leaky.write_text(f"{front}# system\n例：2601.19130\n# user\n{{paper}}\n", encoding="utf-8")
    ran = digest("eval", "run", "--gold", few, "--prompt", leaky, "--sample")
    assert ran.code == 2
    assert "shows papers of the gold as examples (2601.19130)" in ran.err


def test_gold_commands(root: Path, tmp_path: Path, digest: Run) -> None:
    seed = root / "tests" / "data" / "audio-20260128.md"
    made = digest("gold", "import", seed, "-o", tmp_path / "g.jsonl")
    assert "44 papers" in made.out
    assert "2601.19781 (broken-word, untranslated-phrase)" in made.out
    assert digest("gold", "check", tmp_path / "g.jsonl").code == 0
    sampled = digest("gold", "import", seed, "-o", tmp_path / "s.jsonl", "--sample", 10, "--stratify", "kind")
    assert "10 papers" in sampled.out
    assert digest("gold", "import", seed, "-o", tmp_path / "s.jsonl", "--stratify", "size").code == 2
    assert "one of the digests" in digest("gold", "import", seed, "-o", seed).err
    rows = (
        (tmp_path / "g.jsonl").read_text(encoding="utf-8").replace('"flags":["broken-word"', '"flags":["x"')
    )
    (tmp_path / "g.jsonl").write_text(rows, encoding="utf-8")
    assert digest("gold", "check", tmp_path / "g.jsonl").code == 1


def test_power(digest: Run) -> None:
    assert "44 papers find a difference of 7.2 points" in digest("eval", "power", "--n", 44).out
    assert "needs 256 papers" in digest("eval", "power", "--delta", 3).out
    assert digest("eval", "power").code == 2
    assert digest("eval", "power", "--metric", "len", "--n", 44).code == 2
