"""Text out of arXiv's HTML and XML, as the submitters wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml import etree, html

_NEW_ID = r"\d{4}\.\d{4,5}"
_OLD_ID = r"[a-z][a-z-]*(?:\.[A-Za-z-]+)?/\d{7}"
_IDENTIFIER = re.compile(rf"({_NEW_ID}|{_OLD_ID})(?:v([1-9]\d*))?")
_CATEGORY = re.compile(r"[a-z][a-z-]*(?:\.[A-Za-z-]+)?")
_REPLACED_LINK = re.compile(r"this (?:(?:https?|ftp) )?URL")
_INNER_PARENTHESES = re.compile(r"\([^()]*\)")
_SUFFIX = r"\s*(?:[JS]r\b\.?|SJ\b|[IVX]{2,4}\b)\s*(?:$|[,;:(]|and\b)"
_LOOSE_SUFFIX = re.compile(rf"\s*,(?={_SUFFIX})\s*([\w.]+)")
_BETWEEN_NAMES = re.compile(rf"[;:]|,(?!{_SUFFIX})|\s+(?:and|&)\s+")
_ARTICLE = re.compile(r"(?<!for\s)(?<!behalf of\s)\bthe\s+$", re.IGNORECASE)
_NO_PART = re.compile(r"^(?:and\s+)?(?:(?:for|on behalf of)\s+(?:the\s+)?)?", re.IGNORECASE)
_AND_OTHERS = re.compile(r"\s+et\.? al\.?$", re.IGNORECASE)
_NO_NAMES = re.compile(r"(?:and|for|for the|the|on behalf of|on behalf of the|et\.? al\.?)?", re.IGNORECASE)


def identifier(text: str) -> tuple[str, int | None] | None:
    """The arXiv identifier that `text` is, or that ends the URL that it is, with its version if it has one.

    New style 2601.19781v1, old style hep-th/9901001v2 or math.AG/0405482 (arXiv: help/arxiv_identifier).
    """
    found = re.search(rf"(?:^|[/:])({_IDENTIFIER.pattern})(?:[?#].*)?$", text.strip())
    if not found:
        return None
    return found[2], int(found[3]) if found[3] else None


def is_category(text: str) -> bool:
    """True if `text` has the form of an arXiv category: cs.SD, quant-ph, physics.chem-ph."""
    return bool(_CATEGORY.fullmatch(text))


def collapse(text: str) -> str:
    """The text with each run of white space, newlines too, made one space, and none at the ends."""
    return " ".join(text.split())


def element_text(element: html.HtmlElement) -> str:
    """The text of an element, collapsed, with the URLs that arXiv hides behind "this https URL"."""
    return collapse("".join(_pieces(element)))


def _pieces(element: html.HtmlElement) -> Iterator[str]:
    link = element.get("data-doi") or _linked_url(element) if element.tag == "a" else None
    if link is not None:
        yield link
    elif isinstance(element.tag, str):  # neither a comment nor a processing instruction
        yield " " if element.tag == "br" else element.text or ""
        for child in element:
            yield from _pieces(child)
            yield child.tail or ""


def _linked_url(anchor: html.HtmlElement) -> str | None:
    """The URL that the submitter wrote, where arXiv put "this http URL" in its place.

    arXiv links bare host names too, and takes "Claude.ai" and "optimal.We" for such. With nothing behind the
    host the words are given back, for hardly anybody writes http:// before them.
    """
    target = anchor.get("href")
    if not target or not _REPLACED_LINK.fullmatch(collapse(anchor.text_content())):
        return None
    try:
        parts = urlsplit(str(target))
    except ValueError:  # a submitter's half-written address: http://[link]
        return str(target)
    bare = parts.scheme == "http" and not (parts.path or parts.query or parts.fragment)
    return parts.netloc if bare else str(target)


def authors(element: html.HtmlElement) -> tuple[str, ...]:
    """The names in a listing's line of authors: the linked ones, and short ones that arXiv leaves unlinked.

    "The CMS Collaboration" is one, although its article stands outside of the link.
    "(author list is unavailable)" gives none, affiliations in parentheses are left out.
    """
    names: list[str] = []
    loose = element.text or ""
    for child in element:
        if child.tag == "a":
            article = found[0] if (found := _ARTICLE.search(loose)) else ""
            loose = loose.removesuffix(article)
            names = _with_loose(names, loose)
            names.append(_name(article + child.text_content()))
            loose = ""
        elif isinstance(child.tag, str):
            loose += child.text_content()
        loose += child.tail or ""
    return tuple(name for name in _with_loose(names, loose) if name)


def _with_loose(names: list[str], loose: str) -> list[str]:
    """The names, and those in the text that follows them unlinked; a "III" there belongs to the last one."""
    if names and (suffix := _LOOSE_SUFFIX.match(loose)):
        names, loose = [*names[:-1], f"{names[-1]}, {suffix[1]}"], loose[suffix.end() :]
    return [*names, *names_in(loose)]


def names_in(text: str) -> list[str]:
    """The names in plain text: "Ann Lee (MIT), Bo, and C. Diaz" gives three."""
    depth = text.count("(")
    for _ in range(depth):
        shorter = _INNER_PARENTHESES.sub(" ", text)
        if shorter == text:
            break
        text = shorter
    parts = _BETWEEN_NAMES.split(collapse(text))
    plain = (_name(_NO_PART.sub("", part.strip(" ()"))) for part in parts)
    return [name for name in plain if not _NO_NAMES.fullmatch(name)]


def _name(text: str) -> str:
    """One name, without the "et al." that arXiv takes for its end where no comma stands before it."""
    return _AND_OTHERS.sub("", collapse(text))


def parse_html(text: str) -> html.HtmlElement:
    """The document's root element; broken markup is mended as browsers do, nothing is an empty document."""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        return html.document_fromstring(text.encode(), parser=parser)
    except etree.ParserError:
        return html.document_fromstring(b"<html></html>", parser=parser)


def parse_xml(text: str) -> etree._Element | None:
    """The root element, or None when the text is not well-formed; nothing outside of it is loaded."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True)
    try:
        return etree.fromstring(text.encode(), parser=parser)
    except etree.XMLSyntaxError:
        return None
