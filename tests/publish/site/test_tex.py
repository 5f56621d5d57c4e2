from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from digest.publish.site.tex import rich, tex_to_text


@pytest.mark.parametrize(
    ("text", "shown", "bare"),
    [
        (r"\emph{a \textbf{b}}", "<em>a <strong>b</strong></em>", "a b"),
        (
            r"G\"odel, Erd\H{o}s, \v{S} and na\"{\i}ve",
            "Gödel, Erdős, Š and naïve",
            "Gödel, Erdős, Š and naïve",
        ),
        (r"\texttt{x} {\em y}", "<code>x</code> <em>y</em>", "x y"),
        ("5% of $5 and $10, $3-$5", "5% of $5 and $10, $3-$5", "5% of $5 and $10, $3-$5"),
        (r"costs \$5 \& 3\%", "costs $5 &amp; 3%", "costs $5 & 3%"),
        ("``q'' 1990--2000", "“q” 1990–2000", "“q” 1990–2000"),
        ("Fig.~1 but ~10", "Fig.\xa01 but ~10", "Fig.\xa01 but ~10"),
        ("<Transformer> ]]>", "&lt;Transformer&gt; ]]&gt;", "<Transformer> ]]>"),
        ("a\n b\tc", "a b c", "a b c"),
        (r"\href{javascript:alert(1)}{see}", "see", "see"),
        ("\u202eab\u202c $\u202ex_1$", None, "ab x_1"),
    ],
)
def test_text(text: str, shown: str | None, bare: str) -> None:
    if shown is not None:
        assert rich(text) == shown
    assert tex_to_text(text) == bare


@pytest.mark.parametrize(
    "formula", ["$k$", r"$O(n^2)$", r"\(x_1\)", r"$$\frac{a}{b}$$", r"10$\times$", r"$\sim$5"]
)
def test_formulas_are_mathml(formula: str) -> None:
    assert "<math" in rich(formula)
    assert "$" not in rich(formula)
    assert "$" not in tex_to_text(formula)


@pytest.mark.parametrize(
    "formula",
    [
        r"$\text{<img src=x onerror=alert(1)>}$", r"$\href{javascript:alert(1)}{x}$", r"$\style{a:b}{x}$",
        r"$\frac{$",
        r"$\unknown{x}$", r"$\text{&lt;}$", r"$<script>$", r"$\color{red}{x}$",
        r"$" + "x^{" * 200 + "}" * 200 + "$",
    ],
)  # fmt: skip
def test_formulas_do_no_harm(formula: str) -> None:
    _harmless(str(rich(formula)))


@given(st.text(alphabet=r"\{}$<>&\"'ab^_ ~-`()[]/=" + "emphtextbfhref", max_size=60))
def test_anything_is_well_formed(text: str) -> None:
    _harmless(str(rich(text)))
    tex_to_text(text)


def _harmless(markup: str) -> None:
    tree = html.fragment_fromstring(markup, create_parent="div")
    for node in tree.iter():
        assert node.tag not in {"script", "img", "a", "iframe", "b"}, markup
        assert not {name for name in node.attrib if name.startswith("on") or name in {"href", "style", "src"}}
