"""Whether a line is about its paper."""

from __future__ import annotations

from digest.summarize.checks import PaperIndex, Source, about, check, rules_for
from digest.summarize.checks.topic import glossary

_SPEECH = Source(
    "Cleaner Voices",
    "We enhance noisy speech of distant speakers with a lightweight network for hearing aids.",
)
_ROBOT = Source(
    "FoldBot: Folding Shirts", "A robot arm with tactile fingers learns to fold garments from videos."
)
_TEXT = Source(
    "Court Summaries", "Large language models summarize legal documents of courts in low-resource languages."
)
_DAY = (_SPEECH, _ROBOT, _TEXT)
_LINE = "该论文属于语音增强任务，旨在解决助听器中远处说话人语音噪声大的问题。提出轻量网络，提升语音清晰度。"
_OTHER = (
    "该论文属于机器人操作任务，旨在解决服装折叠问题。提出FoldBot，从视频中学习，结合触觉提升机械臂的成功率。"
)


def test_a_line_about_its_paper_passes() -> None:
    assert about(_LINE, _SPEECH, _DAY) is None
    assert about(_OTHER, _ROBOT, _DAY) is None


def test_the_line_of_another_paper_of_the_batch_is_refused() -> None:
    finding = about(_OTHER, _SPEECH, _DAY)
    assert finding is not None
    assert (finding.rule, finding.severity) == ("other-paper", 3)
    assert "FoldBot" in finding.evidence
    assert "机器人操作" in finding.evidence


def test_without_a_batch_nothing_is_compared_but_the_terms_are_looked_at() -> None:
    assert about(_OTHER, _SPEECH, ()) is None
    assert about(_OTHER, _SPEECH, (_SPEECH,)) is None
    assert "off-topic" in {finding.rule for finding in check(_OTHER, _SPEECH)}


def test_a_user_turns_it_off_or_changes_its_severity() -> None:
    assert about(_OTHER, _SPEECH, _DAY, rules_for({"other-paper": "off"})) is None
    finding = about(_OTHER, _SPEECH, _DAY, rules_for({"other-paper": 1}))
    assert finding is not None
    assert finding.severity == 1


def test_a_line_without_terms_is_left_alone() -> None:
    assert about("", _SPEECH, _DAY) is None
    assert about("该论文很好。", _SPEECH, _DAY) is None


def test_the_glossary_is_well_formed() -> None:
    terms = glossary()
    assert len(terms) > 1000
    for chinese, english in terms.items():
        assert all("\u4e00" <= character <= "\u9fff" for character in chinese), chinese
        assert english, chinese
        assert all(stem == stem.lower() and stem.strip() and not stem.startswith(" ") for stem in english), (
            chinese
        )


def test_the_index_of_a_batch_finds_what_each_text_has() -> None:
    sources = [
        Source(
            "Audio-Visual Speech", "We sing; audio, visual cues. AV data, $\\lambda$-Split of deep  fakes."
        ),
        Source("Avatars", "Audio and visual: wav2vec 2.0 beside Split learning"),
        Source("", ""),
        Source("Audio visualisation of GPT-4o", "visual audio"),
    ]
    batch = PaperIndex(sources)
    stems = (
        "audio visual",
        "audio vis",
        "av ",
        "av",
        "deep fake",
        "speech",
        "split",
        "zebra",
        "audio visual cue",
    )
    for index, texts in (
        (batch.subjects, [s.subject for s in sources]),
        (batch.headings, [s.heading for s in sources]),
    ):
        for chosen in (*((stem,) for stem in stems), stems[:2], stems[4:7]):
            expected = [n for n, text in enumerate(texts) if any(text.begins(stem) for stem in chosen)]
            assert sorted(index.having(chosen)) == expected, chosen
    assert set(batch.subjects.naming("Split-Learning")) == {1}
    assert set(batch.subjects.naming("GPT-4o")) == {3}
    assert not set(batch.subjects.naming("-"))
    assert list(batch.titled("Avatars")) == [1]
    assert not batch.titled("Avatar")
