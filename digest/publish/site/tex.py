r"""TeX as it stands in titles and abstracts, as HTML that is safe to show.

arXiv's metadata is plain text with some TeX in it: formulas between dollar signs, commands such as `\emph`,
accents. It is no TeX document: a bare `%` is a per cent sign, and `$5` an amount of money.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from lxml import etree

_CONTROLS = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ud800-\udfff\ufffe\uffff]"
)
_SIGNS = re.compile(rf"[\\$~]|``|''|--|{_CONTROLS}")
"""The marks of a text worth a closer look; most have none of it."""

_CONTROL = re.compile(_CONTROLS)
"""Not for display: control characters, marks that turn the direction of what follows, surrogates."""

_BRACED = r"\{((?:[^{}\\]|\\.|\{(?:[^{}\\]|\\.|\{[^{}]*\})*\})*)\}"
"""A group in braces that may hold others, two deep."""

_TOKEN = re.compile(
    r"(?=[\\$~`'{-])(?:"  # most characters begin none: told at once
    r"\$\$(?P<display>[^$]{1,2000})\$\$"
    r"|\\\((?P<paren>.{1,2000}?)\\\)|\\\[(?P<bracket>.{1,2000}?)\\\]"
    r"|(?<![\\$])\$(?P<certain>(?=[^$]*[\\^_])[^\s$](?:[^$\\]|\\.){0,1999}?)\$"
    # as pandoc tells them: no space inside the signs, no digit after the second
    r"|(?<![\\$])\$(?=[^\s$])(?P<dollar>(?:[^$\\]|\\.){0,1999}?[^\s$\\]|(?:[^$\\]|\\.){0,1999}?\\[^\s])\$(?![0-9$])"
    r"|\\(?P<link>href)\s*\{[^{}]*\}\s*"
    + _BRACED.replace("(", "(?P<linked>", 1)
    + r"|\\(?P<command>emph|textit|textsl|textbf|texttt|textsc|textrm|textsf|underline|uline|text|mbox|"
    r"url|textsuperscript|textsubscript|ac|acp|gls|mathrm|mathbf|mathcal|mathit)\s*"
    + _BRACED.replace("(", "(?P<inner>", 1)
    + r"|\{\\(?P<switch>em|it|bf|tt|sc|rm|sl)\s+(?P<switched>[^{}]*)\}"
    r"|(?P<accent>\\(?:[`'^\"~=.](?:\{\\?[A-Za-z]\}|\\?[A-Za-z])|[cvuHrkdbt](?:\{\\?[A-Za-z]{1,2}\}|\s[A-Za-z](?![A-Za-z]))"
    r"|(?:ss|ae|AE|oe|OE|aa|AA|o|O|l|L|i|j|dh|DH|th|TH|pounds|dag|ddag|S|P)(?![A-Za-z])(?:\{\})?\s?))"
    r"|\\(?P<escaped>[%&_#${}])"
    r"|\\(?P<symbol>textbackslash|textasciitilde|ldots|dots|times|sim|approx|pm|rightarrow|to|leftrightarrow|alpha|beta|gamma|"
    r"lambda|mu|sigma|epsilon|ell|prime|leq|geq|infty|circ|degree|cdot)(?![A-Za-z])(?:\{\})?"
    r"|(?P<break>\\\\|\\newline(?![A-Za-z])|\\(?:small|footnotesize|large|noindent|par|xspace)(?![A-Za-z]))"
    r"|(?P<tie>(?<=[A-Za-z.])~(?=\S))|(?P<dash>(?<!-)-{2,3}(?!-))|(?P<open>``)|(?P<close>''))",
    re.DOTALL,
)

_TAGS = {
    "emph": "em", "textit": "em", "textsl": "em", "em": "em", "it": "em", "sl": "em",
    "textbf": "strong", "bf": "strong", "mathbf": "strong",
    "texttt": "code", "tt": "code", "url": "code",
    "underline": "u", "uline": "u", "textsuperscript": "sup", "textsubscript": "sub", "mathit": "em",
}  # fmt: skip

_DEPTH = 4

_LARGEST = 400
"""Elements of a formula that is still shown as one."""

_ELEMENTS = frozenset(
    """
    math mrow mi mn mo mtext mspace msup msub msubsup mfrac msqrt mroot mover munder munderover
    mtable mtr mtd mstyle mpadded mphantom mmultiscripts mprescripts none menclose
    """.split()
)
_ATTRIBUTES = frozenset(
    """
    display stretchy fence form accent accentunder lspace rspace width height depth linethickness
    mathvariant columnalign rowspacing columnspacing displaystyle scriptlevel separator largeop
    movablelimits notation minsize maxsize
    """.split()
)


def visible(text: str) -> str:
    """`text` without control characters and marks that turn the direction of what follows."""
    return _CONTROL.sub("", text)


def rich(text: str) -> Markup:
    """`text` as HTML: formulas as MathML, TeX's text commands as elements, everything else escaped.

    White space of any kind becomes single spaces; control and direction marks are left out. A formula that
    cannot be read stands as it was written.
    """
    text = " ".join(text.split())
    if not _SIGNS.search(text):
        return escape(text)
    return Markup("").join(_rich(_CONTROL.sub("", text), 0))


@lru_cache(maxsize=4096)  # an abstract goes into several files
def tex_to_text(text: str) -> str:
    """`text` in one line without TeX's text commands; formulas in characters, as far as that goes."""
    text = " ".join(text.split())
    if not _SIGNS.search(text):
        return text
    return "".join(_plain(_CONTROL.sub("", text), 0))


def _rich(text: str, depth: int) -> Iterator[Markup]:
    at = 0
    for token in _TOKEN.finditer(text):
        yield escape(text[at : token.start()])
        at = token.end()
        if (formula := _formula(token)) is not None:
            yield _math(formula)
        elif (inner := _inner(token)) is not None:
            content = Markup("").join(_rich(inner, depth + 1)) if depth < _DEPTH else escape(inner)
            tag = _TAGS.get(token["command"] or token["switch"] or "")
            yield Markup("<{0}>{1}</{0}>").format(Markup(tag), content) if tag else content  # noqa: S704 - ours
        else:
            yield escape(_character(token))
    yield escape(text[at:])


def _plain(text: str, depth: int) -> Iterator[str]:
    at = 0
    for token in _TOKEN.finditer(text):
        yield text[at : token.start()]
        at = token.end()
        if (formula := _formula(token)) is not None:
            yield characters(f"${formula}$").strip()
        elif (inner := _inner(token)) is not None:
            yield "".join(_plain(inner, depth + 1)) if depth < _DEPTH else inner
        else:
            yield _character(token)
    yield text[at:]


def _formula(token: re.Match[str]) -> str | None:
    return next(
        (
            one
            for name in ("display", "paren", "bracket", "certain", "dollar")
            if (one := token[name]) is not None
        ),
        None,
    )


def _inner(token: re.Match[str]) -> str | None:
    """The content of a command, a switch or a link."""
    if token["link"]:
        return token["linked"]
    return token["inner"] if token["command"] else token["switched"]


def _character(token: re.Match[str]) -> str:
    """A token that stands for characters."""
    if token["accent"] or token["symbol"]:
        return characters(token[0])
    if token["escaped"]:
        return token["escaped"]
    if token["dash"]:
        return "—" if len(token["dash"]) == 3 else "–"
    return "\N{NO-BREAK SPACE}" if token["tie"] else "“" if token["open"] else "”" if token["close"] else " "


@lru_cache(maxsize=512)
def characters(command: str) -> str:
    """TeX as characters, as far as there are any."""
    from pylatexenc.latex2text import LatexNodes2Text

    try:
        found: str = LatexNodes2Text(strict_latex_spaces=True).latex_to_text(command)
    except Exception:  # noqa: BLE001 - of a library that raises what it likes about bad formulas
        return command
    return found or command


@lru_cache(maxsize=512)
def _math(formula: str) -> Markup:
    """A formula as MathML; as code where it is none that can be read."""
    from latex2mathml.converter import convert
    from lxml import etree

    # the converter copies what stands in \text into its XML as it is
    safe = formula.replace("&", r"\&").replace("<", r"\lt ").replace(">", r"\gt ").strip()
    try:
        tree = etree.fromstring(
            convert(safe).encode(), etree.XMLParser(resolve_entities=False, no_network=True)
        )
    except Exception:  # noqa: BLE001 - of a library that raises what it likes about bad formulas
        return Markup("<code>{}</code>").format(formula)
    if any("\\" in (node.text or "") for node in tree.iter()) or sum(1 for _ in tree.iter()) > _LARGEST:
        return Markup("<code>{}</code>").format(formula)  # commands that the converter does not know
    return _checked(tree)


def _checked(tree: etree._Element) -> Markup:
    """The elements and attributes of MathML that only lay out; others give way to what they hold."""
    from lxml import etree

    for node in list(tree.iter()):
        if not isinstance(node.tag, str):
            node.getparent().remove(node)
            continue
        node.tag = name if (name := etree.QName(node).localname) in _ELEMENTS else "mrow"
        for attribute in set(node.attrib) - _ATTRIBUTES:
            del node.attrib[attribute]
    etree.cleanup_namespaces(tree)
    tree.tag = "math"
    return Markup(etree.tostring(tree, encoding="unicode", method="xml"))  # noqa: S704 - serialised from a tree
