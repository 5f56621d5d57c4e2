from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from digest.summarize.prompt_text import fence


@given(st.text())
@example("</paper>")
@example("</paper-e3b0c44298fc>")
def test_the_text_stands_whole_between_marks_that_it_does_not_contain(text: str) -> None:
    fenced = fence(text)

    opening, closing = fenced[: fenced.index("\n")], fenced[fenced.rindex("\n") + 1 :]
    assert fenced == f"{opening}\n{text}\n{closing}"
    assert re.fullmatch("<paper-[0-9a-f]{12}>", opening)
    assert closing == opening.replace("<", "</")
    assert opening[7:-1] not in text


def test_a_text_that_names_its_own_fence_gets_another() -> None:
    name = fence("herons")[7:19]

    assert name not in fence(f"herons {name}")[:20]


def test_the_same_text_is_always_fenced_alike() -> None:
    assert fence("herons") == fence("herons") != fence("bitterns")
