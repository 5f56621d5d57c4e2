"""Settings: their layers, and what a mistake is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest.config import load
from digest.system.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "digest.toml").write_text(text, encoding="utf-8")


def test_the_shipped_sections(folder: Path) -> None:
    sections = {one.key: (one.title, one.categories) for one in load().chosen_sections()}
    assert sections == {
        "audio": ("音频", ("cs.SD", "eess.AS")),
        "text": ("自然语言处理", ("cs.CL",)),
        "video": ("计算机视觉", ("cs.CV",)),
        "robotics": ("机器人", ("cs.RO",)),
        "society": ("计算机与社会", ("cs.CY",)),
    }


def test_three_lines_add_a_section(folder: Path) -> None:
    write(folder, '[sections.learning]\ntitle = "机器学习"\ncategories = ["cs.LG", "stat.ML", "quant-ph"]\n')
    assert load().section("learning").categories == ("cs.LG", "stat.ML", "quant-ph")
    assert load().section("audio").title == "音频"


def test_flags_before_environment_before_file_before_defaults(folder: Path) -> None:
    write(
        folder,
        '[model]\nname = "file"\nconcurrency = 3\nbase_url = "http://file/v1"\n[run]\nprompt = "line"\n',
    )
    environment = {
        "DIGEST_MODEL": "environment",
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": "http://environment/v1",
    }
    settings = load({"model": {"name": "flag", "concurrency": None}}, environment)
    assert settings.model.name == "flag"
    assert settings.model.base_url == "http://environment/v1"
    assert settings.model.concurrency == 3
    assert settings.run.prompt == "line"
    assert settings.model.timeout == load().model.timeout


def test_a_key_is_never_shown(folder: Path) -> None:
    settings = load(environment={"OPENAI_API_KEY": "sk-secret"})
    assert settings.model.key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[model]\nconcurency = 3\n",
            ["line 2", "'model.concurency'", "Did you mean 'concurrency'", "timeout"],
        ),
        ("[modle]\n", ["line 1", "'modle'", "Did you mean 'model'", "arxiv"]),
        ("[model]\n\nconcurrency = 0\n", ["line 3", "model.concurrency", "greater than or equal to 1"]),
        ("[model\n", ["not valid TOML", "line 1"]),
        ('[sections.x]\ntitle = "甲"\ncategores = ["cs.LG"]\n', ["line 3", "categores", "categories"]),
        ('[sections.x]\ntitle = "甲"\ncategories = ["cs LG"]\n', ["line 3", "'cs LG'", "cs.SD"]),
        ('[sections.x]\ntitle = "甲"\n', ["sections.x.categories"]),
        ('[model]\nkey = "sk-1"\n', ["OPENAI_API_KEY"]),
        ('model = "gpt"\n', ["model"]),
        ("[text]\nsource = 'html'\n", ["line 2", "text.source", "'pdf' or 'abstract'"]),
    ],
)
def test_a_mistake_names_file_line_and_what_is_allowed(folder: Path, text: str, words: list[str]) -> None:
    write(folder, text)
    with pytest.raises(UsageError) as raised:
        load()
    for word in ("digest.toml", *words):
        assert word in str(raised.value)
    assert "sk-1" not in str(raised.value)


@pytest.mark.parametrize(
    "name",
    ["x" * 300, "音" * 90, "", "..", "a/b", "../audio", "a\\u0000b", "a\\nb"],
)
def test_a_section_whose_digests_cannot_be_files_is_refused(folder: Path, name: str) -> None:
    write(folder, f'[sections."{name}"]\ntitle = "甲"\ncategories = ["cs.LG"]\n')
    with pytest.raises(UsageError, match=r"digest.toml.*cannot be called .*files of that name") as told:
        load()
    assert len(str(told.value)) < 300


def test_a_long_name_that_can_be_one(folder: Path) -> None:
    write(folder, f'[sections."{"音" * 66}"]\ntitle = "甲"\ncategories = ["cs.LG"]\n')
    assert load().section("甲").key == "音" * 66


def test_an_unknown_section_names_those_there_are(folder: Path) -> None:
    with pytest.raises(UsageError, match="audio, text, video, robotics, society"):
        load().section("musik")


def test_bytes_that_are_no_text(folder: Path) -> None:
    (folder / "digest.toml").write_bytes(b'[run]\nprompt = "\xff"\n')
    with pytest.raises(UsageError, match="no UTF-8"):
        load()


@pytest.mark.parametrize("url", ["htp:/foo", "127.0.0.1:9", "http://"])
def test_what_is_no_address_is_told(folder: Path, url: str) -> None:
    with pytest.raises(UsageError, match="it begins with http:// or https://"):
        load(environment={"OPENAI_BASE_URL": url})


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://127.0.0.1:99999/v1", "http://127.0.0.1:9／v1", "http://a b/v1", "http://a:b"],
)
def test_an_address_that_nobody_can_ask_is_told(folder: Path, url: str) -> None:
    with pytest.raises(UsageError, match=r"OPENAI_BASE_URL: .* is no address, such as"):
        load(environment={"OPENAI_BASE_URL": url})
    Path("digest.toml").write_text(f'[arxiv]\npdf = "{url}"\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"line 2: arxiv.pdf: .* is no address"):
        load()


def test_a_password_is_not_told_when_its_address_is_none(folder: Path) -> None:
    for url in ("user:hunter2@host/v1", "http://user:hunter2@[::1"):
        with pytest.raises(UsageError, match=r"\*\*\*@") as told:
            load(environment={"OPENAI_BASE_URL": url})
        assert "hunter2" not in str(told.value)


def test_an_address_of_arxiv_may_end_in_a_slash(folder: Path) -> None:
    Path("digest.toml").write_text('[arxiv]\npages = "http://127.0.0.1:1/"\n', encoding="utf-8")
    assert load().arxiv.pages == "http://127.0.0.1:1"


def test_a_link_that_leads_nowhere_is_told(folder: Path) -> None:
    Path("digest.toml").symlink_to("settings-of-mine.toml")
    with pytest.raises(UsageError, match=r"digest.toml: cannot be read: No such file"):
        load()


def test_a_path_that_is_none_is_told(folder: Path) -> None:
    Path("digest.toml").write_text('[run]\nout = "a\\u0000b"\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"line 2: run.out: .* is no path"):
        load()


def test_a_list_is_called_a_list(folder: Path) -> None:
    Path("digest.toml").write_text('[sections.x]\ntitle = "x"\ncategories = "cs.CL"\n', encoding="utf-8")
    with pytest.raises(
        UsageError, match=r"line 3: sections\.x\.categories: Input should be a list in brackets"
    ):
        load()


def test_a_key_that_cannot_be_sent_is_told(folder: Path) -> None:
    with pytest.raises(UsageError, match="no key looks like that"):
        load(environment={"OPENAI_API_KEY": "\u201csk-secret\u201d"})
    settings = load(environment={"OPENAI_API_KEY": "sk-secret\n"})
    assert settings.model.key.get_secret_value() == "sk-secret"


@pytest.mark.parametrize(
    ("written", "line", "typed", "plain"),
    [
        ('[model]\nname："fake"\n', 2, "：", "="),
        ('[model]\nname ＝ "x"\n', 2, "＝", "="),
        ("[model]\n\nname = “x”\n", 3, "“", '"'),
        ("[model]\nname = ‘x’\n", 2, "‘", "'"),
        ('[model]\nname = "x”\nfallback = "y"\n', 2, "”", '"'),
        ('[interests]\nwords = ["a”, "b"]\n', 2, "”", '"'),
        ("【model】\n", 1, "【", "["),
        ("[model］\n", 1, "］", "]"),
        ('[run]\nsections = ["audio"，"text"]\n', 2, "，", ","),
        ('[run]\nsections = ["audio"、"text"]\n', 2, "、", ","),
        ('[model]\n\u3000name = "x"\n', 2, "\u3000", " "),
        ('[model]\nname = "x" ＃ mine\n', 2, "＃", "#"),
        ("[text]\nbudget = ２０００\n", 2, "２", "2"),
        ("[model]\nbody = ｛}\n", 2, "｛", "{"),
        ('[interests]\nauthors = { "Bo Li" ＝ 3 }\n', 2, "＝", "="),
        ('[interests]\nauthors = { "Bo Li"：3 }\n', 2, "：", "="),
    ],
)
def test_a_full_width_character_is_named_with_its_line_and_what_to_type(
    written: str, line: int, typed: str, plain: str, folder: Path
) -> None:
    write(folder, written)
    with pytest.raises(UsageError) as raised:
        load()
    told = f"`{typed}` is a full-width or curly character: type `{plain}` instead."
    assert str(raised.value) == f"digest.toml, line {line}: {told}"


@pytest.mark.parametrize(
    "written",
    [
        '[site]\ntitle = "他说：“好”" x\n',
        "[site]\n名 = 1\n",
        '[site]\ntitle = "x"；\n',
        '[site]\ntitle = """好”\n',
    ],
)
def test_another_mistake_is_not_put_down_to_chinese_text(written: str, folder: Path) -> None:
    write(folder, written)
    with pytest.raises(UsageError, match="not valid TOML"):
        load()


def test_full_width_characters_within_texts_are_welcome(folder: Path) -> None:
    write(folder, '[site]\ntitle = "速览：“声音”，＝"  # 注：“好”\n')
    assert load().site.title == "速览：“声音”，＝"


def test_a_section_is_known_by_its_title_too(folder: Path) -> None:
    settings = load({"run": {"sections": ("音频", "text", "audio")}})
    assert [one.key for one in settings.chosen_sections()] == ["audio", "text"]


def test_a_title_of_two_sections_names_neither(folder: Path) -> None:
    write(folder, '[sections.other]\ntitle = "音频"\ncategories = ["cs.SD"]\n')
    assert load().section("other").key == "other"
    with pytest.raises(UsageError, match="Several sections have the title '音频': audio, other"):
        load().section("音频")
