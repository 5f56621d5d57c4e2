"""Messages in Chinese: translations are sound, and a sentence finds its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import load
from digest.system.errors import UsageError
from digest.system.language import CATALOGUE, Template, entries, language, template_of, translated
from digest.system.terminal import columns_of, folded
from tests.conftest import Run
from tests.examples import first_fast

KNOWN = entries(CATALOGUE.read_text(encoding="utf-8"))
TEMPLATES = {
    message: template_of(message, to) for message, to in KNOWN.items() if re.search(r"\{\w+\}", message)
}
_PLACES = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_LANG", "zh")


def test_placeholders_agree_and_no_translation_is_empty() -> None:
    for message, translation in KNOWN.items():
        assert translation.strip(), message
        assert set(_PLACES.findall(translation)) <= set(_PLACES.findall(message)), message
        lost = set(_PLACES.findall(message)) - set(_PLACES.findall(translation))
        assert not lost, f"{message}: {lost}"


def test_punctuation_is_full_width_and_latin_words_stand_apart() -> None:
    code = (
        r"`[^`]*`|0x\{byte\}|v\{version\w*\}|'[^']*'|\"[^\"]*\"|https?://\S+|pip install [^，。；]*|\{\w+\}"
    )
    for message, translation in KNOWN.items():
        text = re.sub(code, "某", translation)
        assert not re.search(r"[\u4e00-\u9fff][,;:!?]|[\u4e00-\u9fff]\.(?![\w.])|\.$", text), (message, text)
        assert not re.search(r"[，。；：！？] ?[，。；：！？]", text), (message, text)
        assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", text), (message, text)


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.UTF-8", "DIGEST_LANG": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "DIGEST_LANG": "zh"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_CTYPE": "en_GB.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en_US:zh_CN"}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "zh_CN"}, "en"),
        ({"DIGEST_LANG": "ZH-cn"}, "zh"),
        ({"DIGEST_LANG": " "}, "en"),
        ({"DIGEST_LANG": "zha"}, "en"),
        ({"DIGEST_LANG": "cn"}, "zh"),
        ({"DIGEST_LANG": "Chinese"}, "zh"),
        ({"DIGEST_LANG": "中文"}, "zh"),
        ({"DIGEST_LANG": "简体中文"}, "zh"),
        ({"DIGEST_LANG": "cnr"}, "en"),
        ({"LANG": "de_DE"}, "en"),
    ],
)
def test_the_language_is_the_users(variables: dict[str, str], spoken: str) -> None:
    assert language(variables) == spoken


@pytest.mark.parametrize("every", first_fast([8, 1]))
def test_a_sentence_finds_its_own_template(every: int, chinese: None) -> None:
    lost = []
    for message in [*TEMPLATES][::every]:
        names = _PLACES.findall(message)
        values = {name: f"\u2039{number}\u203a" for number, name in enumerate(names)}
        values |= dict.fromkeys(re.findall(r"\bline \{(\w+)\}", message), "7")
        if translated(message.format(**values)) != KNOWN[message].format(**values):
            lost.append(message)
    assert len(TEMPLATES) > 500
    assert lost == []


@given(st.data())
def test_whatever_stands_at_the_places_is_kept(data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(sorted(TEMPLATES)))
    template: Template = TEMPLATES[message]
    words = st.text(st.characters(codec="utf-8"), max_size=30)
    values = {name: data.draw(words, label=name) for name in template.names}
    sentence = message.format(**values)
    plain = [piece.replace("{", "{{").replace("}", "}}") for piece in template.around]
    again = plain[0] + "".join(f"{{{n}}}{piece}" for n, piece in zip(template.names, plain[1:], strict=True))
    found = list(template.readings(sentence))
    assert found
    for read in found:
        assert again.format(**read) == sentence


def test_data_is_never_taken_for_a_message(chinese: None) -> None:
    title = "No such file: nothing found, and none"
    assert translated(f"{title}: there is no such file.") == f"{title}：没有这个文件。"
    assert (
        translated("A title, of a paper: about {braces} and 100 %")
        == "A title, of a paper: about {braces} and 100 %"
    )
    assert translated("") == ""
    assert translated("\n") == "\n"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            '[deliver.mail.lab]\nto_env = "TO"\nsender = "a@example.org"\nhost = "h"\nsecurity = "ssl"\n',
            "digest.toml，第 5 行：deliver.mail.lab.security：应为 'starttls', 'tls' 或 'none'。",
        ),
        ('[text]\nbudget = "many"\n', "digest.toml，第 2 行：text.budget：应为整数。"),
        ("[text]\nbudget = 2.5\n", "digest.toml，第 2 行：text.budget：应为整数，不能带小数。"),
        ("[text]\nbudget = 1\n", "digest.toml，第 2 行：text.budget：应大于或等于 200。"),
        ("[text]\ndeadline = 0\n", "digest.toml，第 2 行：text.deadline：应大于 0。"),
        ('[text]\ndeadline = "x"\n', "digest.toml，第 2 行：text.deadline：应为数字。"),
        ('[site]\nenabled = "maybe"\n', "digest.toml，第 2 行：site.enabled：应为 true 或 false。"),
        ("[site]\nenabled = []\n", "digest.toml，第 2 行：site.enabled：应为 true 或 false。"),
        ("[site]\ntitle = 1\n", "digest.toml，第 2 行：site.title：应为带引号的字符串。"),
        ('[site]\ntitle = ""\n', "digest.toml，第 2 行：site.title：不能为空。"),
        ('[run]\nsections = "a"\n', "digest.toml，第 2 行：run.sections：应为方括号中的列表。"),
        ("model = 1\n", "digest.toml，第 1 行：model：应为一个表（ModelSettings）。"),
        ('[sections.x]\ncategories = ["cs.SD"]\n', "digest.toml，第 1 行：sections.x.title：必须填写。"),
        ("[run]\nout = 1\n", "digest.toml，第 2 行：run.out：应为带引号的路径（<class 'pathlib.Path'>）。"),
        (
            '[sections.x]\ntitle = "x"\ncategories = []\n',
            "digest.toml，第 3 行：sections.x.categories：Tuple 至少应有 1 项，现有 0 项。",
        ),
        (
            "[model]\nname：1\n",
            "digest.toml，第 2 行：`：` 是全角字符或弯引号：请改用半角的 `=`。",
        ),
    ],
)
def test_a_wrong_setting_is_told_in_chinese_throughout(
    written: str, told: str, chinese: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("digest.toml").write_text(written, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        load()
    assert translated(str(raised.value)) == told


def test_of_two_places_for_a_full_stop_the_one_is_meant_that_explains_more(chinese: None) -> None:
    for hint, told in {" Did you mean 'sections'?": "是不是想写 'sections'？", "": ""}.items():
        sentence = f"digest.toml, line 5: there is no setting 'run.sectoins'.{hint} Allowed here: a, b."
        assert (
            translated(sentence)
            == f"digest.toml，第 5 行：没有设置项 'run.sectoins'。{told}这里可用的有：a, b。"
        )


@pytest.mark.parametrize(
    "text",
    [
        "a: " * 300,
        "note: " * 200 + "x",
        "x. Y " * 300,
        "flagged a: b (c) " * 100,
        "It ended a: b. c " * 60,
        "{a} " * 500,
    ],
)
def test_no_text_of_others_is_too_deep_or_too_long(text: str, chinese: None) -> None:
    assert translated(text)


def test_messages_inside_messages_and_several_sentences(chinese: None) -> None:
    assert translated("note: The feed cannot be read: it is neither RSS nor Atom.") == (
        "说明：无法读取 feed：既不是 RSS 也不是 Atom。"
    )
    assert (
        translated("Run again: nothing is lost. Correct or unset it.")
        == "请再次运行：什么都不会丢。请更正或取消它。"
    )


def test_results_and_errors_are_in_chinese_and_files_and_json_are_not(
    digest: Run, chinese: None, tmp_path: Path
) -> None:
    said = digest("run", "--sample", "--limit", "2", "--no-pdf")
    assert said.code == 0
    assert "已概括 2，已标记 0" in said.out
    assert "公布 44 篇论文（来源：listing）" in said.err
    shown = json.loads(digest("run", "--sample", "--limit", "2", "--no-pdf", "--json").out)
    assert not re.search(r"[\u4e00-\u9fff]", json.dumps(shown, ensure_ascii=False))
    refused = digest("list", "2026-13-01", "--sample").err
    assert "2026-13-01' 不是日期。日期的写法如 2026-01-28；也可以写" in refused


def test_a_command_line_that_is_wrong_is_told_in_chinese(digest: Run, chinese: None) -> None:
    for words, sentence in {
        ("rnu",): "错误：没有命令“rnu”。是不是想用“run”？",
        ("run", "--limit", "x"): "错误：“--limit”的值无效：应为整数",
        ("run", "--limit", "0"): "错误：“--limit”的值无效：应大于或等于 1",
        ("paper",): "错误：缺少参数“ID...”。",
        ("run", "--foo"): "错误：没有选项：--foo",
    }.items():
        said = digest(*words)
        assert said.code == 2
        assert sentence in said.err, words
    assert digest("eval", "compare").code == 1


COMMANDS = ("", "run", "eval", "eval compare", "runs", "runs show", "doctor", "gold import")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_in_chinese_and_fits(
    command: str, digest: Run, chinese: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = digest(*command.split(), "--help")
    assert said.code == 0
    assert said.out.startswith("用法：digest")
    assert "显示这段帮助并退出。" in said.out
    assert max(map(columns_of, said.out.splitlines())) <= 80


@pytest.mark.slow
def test_help_in_chinese_is_as_cheap() -> None:
    script = (
        "import os, sys; sys.argv = ['digest', '--help']\n"
        "from digest.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    environment = {**os.environ, "DIGEST_LANG": "zh"}
    ran = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert not set(ran.stderr.split()) & {"pydantic", "rich", "asyncio", "openai", "gettext_windows"}


@given(st.text("中文，。a b（）", max_size=60), st.integers(4, 30))
def test_lines_are_folded_without_loss(text: str, width: int) -> None:
    lines = folded(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert columns_of(line.rstrip()) <= width or len(line.split()) == 1


@pytest.mark.slow
def test_a_terminal_without_chinese_gets_english(digest: Run, tmp_path: Path) -> None:
    environment = {**os.environ, "DIGEST_LANG": "zh", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "digest", "rnu"]
    ran = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "No such command 'rnu'" in ran.stderr
    assert "\\u" not in ran.stderr


def test_a_stopped_command_is_told_in_chinese(
    digest: Run, chinese: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("digest.cli.list.list_announcements", stopped)
    said = digest("list", "--sample")
    assert said.code == 130
    assert said.err.startswith("digest: 已停止。")


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        (
            (
                "about 44 papers: 2 minutes, 0.15 M tokens in, 0.01 M out, 0.12 US dollars "
                "(as arXiv announced today)"
            ),
            "约 44 篇论文：2 分钟，输入 0.15 M token，输出 0.01 M token，0.12 美元（按 arXiv 今天的公告）",
        ),
        (
            "about 1.2 s, 3,473 tokens in, 114 out, 0.2 cents",
            "约 1.2 秒，输入 3,473 token，输出 114 token，0.2 美分",
        ),
        ("lab cannot be used: the variable LAB is not set.", "lab 不可用：没有设置环境变量 LAB。"),
        ("time left: 3 h 20 min", "还需 3 小时 20 分钟"),
        ("There is nothing in standard input.", "标准输入 是空的。"),
        ("Next:", "接下来："),
    ],
)
def test_what_estimates_deliveries_and_backfills_tell_is_chinese_to_the_last_word(
    sentence: str, told: str, chinese: None
) -> None:
    assert translated(sentence) == told
