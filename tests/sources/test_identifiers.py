from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.identifiers import find_identifiers, identified
from digest.system.errors import UsageError

V1 = ("2601.18904", 1)
CURRENT = ("2601.18904", None)
OLD = ("hep-th/9901001", 2)


FORMS: tuple[tuple[str, tuple[str, int | None] | None], ...] = (
    ("2601.18904", CURRENT),
    ("2601.18904v12", ("2601.18904", 12)),
    ("0704.0001", ("0704.0001", None)),
    ("2601.18904V1", V1),
    ("2601.18904v1.pdf", V1),
    ("arxiv_2601.18904v1.pdf", V1),
    ("arXiv-2601.18904v1", V1),
    ("arXiv:2601.18904v1", V1),
    ("ARXIV: 2601.18904v1", V1),
    ("arXiv 2601.18904v1", V1),
    ("arXiv：２６０１．１８９０４v1", V1),
    ("arXiv:2601.18904v1 [cs.SD]", V1),
    ("arXiv:2601.18904v1 [cs.SD] 26 Jan 2026", V1),
    ("arXiv:2601.18904v1[quant-ph]26 Jan 2026", V1),
    ("arXiv:2601.18904 [pdf, html, other]", CURRENT),
    ("[12] arXiv:2601.18904 (cross-list from cs.LG) [pdf, html, other]", CURRENT),
    ("arXiv:2601.18904v1 (cs)\n[Submitted on 26 Jan 2026 (v1), last revised 3 Feb 2026 (v2)]", V1),
    ("Cite as:\tarXiv:2601.18904 [cs.SD]", CURRENT),
    ("Cite as: arXiv:2601.18904 [cs.SD] (or arXiv:2601.18904v1 [cs.SD] for this version)", CURRENT),
    ("2601.18904 [cs.SD]\n(or 2601.18904v1 for this version)\n10.48550/arXiv.2601.18904", CURRENT),
    ("arXiv:hep-th/9901001v2 (or arXiv:hep-th/9901001v3 for this version)", OLD),
    ("2601.18904v1 (1).pdf", V1),
    ("2601.18904v1.", V1),
    ("2601.18904v1,", V1),
    ("（2601.18904v1）。", V1),
    ("《2601.18904》", CURRENT),
    ("“2601.18904”;", CURRENT),
    ("\u200b2601.18904\ufeff", CURRENT),
    ("<https://arxiv.org/abs/2601.18904v1>", V1),
    ("[SICL](https://arxiv.org/abs/2601.18904v1).", None),
    ("https://arxiv.org/abs/2601.18904v1", V1),
    ("http://www.arxiv.org/abs/2601.18904/", CURRENT),
    ("arxiv.org/abs/2601.18904v1", V1),
    ("https://arxiv.org/abs/2601.18904v1?context=cs,eess#top", V1),
    ("https://arxiv.org/pdf/2601.18904v1.pdf", V1),
    ("https://arxiv.org/pdf/2601.18904v1.pdf#page=3", V1),
    ("https://arxiv.org/pdf/2601.18904v1.pdf?download=1", V1),
    ("https://arxiv.org/html/2601.18904v1/", V1),
    ("https://arxiv.org/html/2601.18904v1/#S2.F1", V1),
    ("https://arxiv.org/html/2601.18904v1/extracted/12345/x.png", V1),
    ("https://export.arxiv.org/abs/2601.18904", CURRENT),
    ("https://export.arxiv.org/api/query?id_list=2601.18904v1&max_results=1", V1),
    ("https%3A%2F%2Farxiv.org%2Fabs%2F2601.18904", CURRENT),
    ("https://doi.org/10.48550/arXiv.2601.18904", CURRENT),
    ("https://doi.org/10.48550/ARXIV.2601.18904", CURRENT),
    ("doi:10.48550/arXiv.2601.18904", CURRENT),
    ("DOI: 10.48550/arXiv.2601.18904.", CURRENT),
    ("https://ar5iv.labs.arxiv.org/html/2601.18904", CURRENT),
    ("https://ar5iv.org/abs/2601.18904v1", V1),
    ("https://www.alphaxiv.org/abs/2601.18904v1", V1),
    ("https://www.alphaxiv.org/overview/2601.18904v1?tab=blog", V1),
    ("https://alphaxiv.org/zh/overview/2601.18904", CURRENT),
    ("https://huggingface.co/papers/2601.18904#community", CURRENT),
    ("hf.co/papers/2601.18904", CURRENT),
    ("oai:arXiv.org:2601.18904", CURRENT),
    ("hep-th/9901001v2", OLD),
    ("HEP-TH/9901001V2", OLD),
    ("arXiv:hep-th/9901001v2 [hep-th] 3 Jan 1999", OLD),
    ("https://arxiv.org/pdf/hep-th/9901001v2.pdf", OLD),
    ("https://arxiv.org/abs/hep-th%2F9901001v2", OLD),
    ("https://doi.org/10.48550/arXiv.hep-th/9901001", ("hep-th/9901001", None)),
    ("math.GT/0309136", ("math/0309136", None)),
    ("cmp-lg/9404001v1", ("cmp-lg/9404001", 1)),
)


def test_an_identifier_in_any_form() -> None:
    for text, paper in FORMS:
        if paper is None:  # words beside it
            assert [one for _, one in find_identifiers(text)] == [V1], text
        else:
            assert identified(text) == paper, text


NONE = (
    *("", "x", "2601", "2601.1890", "2601.189045", "2613.18904", "2600.18904", "0601.0001", "1412.12345"),
    *("12601.18904", "2601.18904v0", "2601.18904-draft", "foo2601.18904", "3292500.3330701"),
    *("doi:10.1145/3292500.3330701", "https://doi.org/10.1234/2601.18904", "10.1145/2601.18904"),
    *("https://arxiv.org/list/cs.SD/new", "https://arxiv.org/list/cs.SD/2601", "papers/1234567"),
    *("https://huggingface.co/papers/1234567", "hep-th/9913001", "hep-th/0804001", "paper.pdf", "cs.SD"),
    "2601.18904 and more",
)


def test_what_is_none_is_named() -> None:
    for text in NONE:
        with pytest.raises(UsageError, match="is no arXiv identifier"):
            print(text, identified(text))


def test_remarks_in_brackets_hide_no_paper() -> None:
    text = "2601.18904 [2601.18905] (see hep-th/9901001v2) (foo) 2601.18906 [cs.SD] foo [bar]"
    found = [one.id if one else word for word, one in find_identifiers(text)]
    assert found == [
        "2601.18904",
        "2601.18905",
        "(see",
        "hep-th/9901001",
        "(foo)",
        "2601.18906",
        "foo",
        "[bar]",
    ]


def test_several_in_one_text() -> None:
    text = "2601.18904,2601.18908v2;foo、hep-th/9901001v2\narXiv:2601.19029 [cs.SD] 2 Feb 2026 bar"
    assert list(find_identifiers(text)) == [
        ("2601.18904", CURRENT),
        ("2601.18908v2", ("2601.18908", 2)),
        ("foo", None),
        ("hep-th/9901001v2", OLD),
        ("arXiv:2601.19029", ("2601.19029", None)),
        ("bar", None),
    ]
    for text in ("2601.18904 2601.18908", "2601.18904/2601.18908v1"):
        with pytest.raises(UsageError, match="names several papers"):
            identified(text)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    for word, _ in find_identifiers(text):
        assert word
