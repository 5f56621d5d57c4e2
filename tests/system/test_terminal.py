from __future__ import annotations

import io
import json
import sys

import pytest

from digest.system.terminal import bare, in_short, printable, printable_streams

ATTACK = "Title \x1b[2J\x1b]0;owned\x07 \x9b31m \u202etxet\u202c \u2066x\u2069 \u2028 \x7f\r\U000e0041 end"
ACTIVE = set("\x1b\x07\x9b\u202e\u202c\u2066\u2069\u2028\x7f\r\U000e0041")


def test_what_acts_on_a_terminal_is_shown_and_not_done() -> None:
    shown = printable(ATTACK)

    assert not ACTIVE & set(shown)
    assert "\\u001b[2J" in shown
    assert printable("语音 é שלום\n\t　") == "语音 é שלום\n\t　"


@pytest.mark.parametrize("char", "\xad\u180e\u200b\u2060\u2063\ufeff\ufff9")
def test_what_nobody_can_see_is_shown(char: str) -> None:
    assert printable(f"a{char}b") == f"a\\u{ord(char):04x}b"
    assert printable("می\u200cخواهم 👩\u200d🔬") == "می\u200cخواهم 👩\u200d🔬"


def test_json_stays_json_with_the_same_values() -> None:
    text = json.dumps({"title": ATTACK}, ensure_ascii=False)

    assert json.loads(printable(text)) == {"title": ATTACK}
    assert not ACTIVE & set(printable(text))


def test_whoever_prints_prints_printable_text(capsys: pytest.CaptureFixture[str]) -> None:
    with printable_streams():
        print(ATTACK)
        print(ATTACK, file=sys.stderr)
        sys.stdout.writelines([ATTACK])
        sys.stdout.flush()

    said = capsys.readouterr()
    assert not ACTIVE & set(said.out + said.err)


def test_bars_and_colours_get_the_stream_itself() -> None:
    stream = io.StringIO()

    assert bare(stream) is stream
    with printable_streams():
        assert bare(sys.stdout) is not sys.stdout


def test_no_title_fills_the_screen() -> None:
    assert in_short("T" * 300) == "T" * 300
    assert len(in_short("T" * 1_000_000)) < 500
