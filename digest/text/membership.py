"""Membership in optional content, as PDF defines it. Imports pymupdf: only workers import this module.

MuPDF decides by groups rightly, and not by what combines them: it takes `AllOn` for always, and leaves
expressions alone. So each combination is replaced, in memory, by one that it decides as the standard does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pymupdf

from digest.text.glyphs import Untyped

_pymupdf: Untyped = pymupdf
_mupdf: Untyped = _pymupdf.mupdf

_DEEPEST = 20  # expressions in each other
_POLICIES: Mapping[str, Callable[[Iterable[bool]], bool]] = {
    "AllOn": all,
    "AnyOff": lambda states: not all(states),
    "AllOff": lambda states: not any(states),
}
"""Functions of the states of groups (true: on), true if their content shows. `AnyOn` is the default."""


def settle(document: Untyped) -> None:
    """Decide every combination of groups in a document that has groups."""
    if document.xref_get_key(document.pdf_catalog(), "OCProperties")[0] == "null":
        return
    groups = {number: bool(group["on"]) for number, group in document.get_ocgs().items()}
    if not groups:
        return
    a_group, is_on = next(iter(groups.items()))
    pdf = _pymupdf._as_pdf_document(document)  # noqa: SLF001 - nothing else gives it
    for number in range(1, document.xref_length()):
        if document.xref_get_key(number, "Type")[1] == "/OCMD":
            shown = _is_shown(_mupdf.pdf_load_object(pdf, number), groups)
            policy = "AnyOn" if shown == is_on else "AllOff"
            document.update_object(number, f"<</Type/OCMD/OCGs[{a_group} 0 R]/P/{policy}>>")


def _is_shown(membership: Untyped, groups: Mapping[int, bool]) -> bool:
    expression = _mupdf.pdf_dict_gets(membership, "VE")
    if _mupdf.pdf_is_array(expression):
        return _holds(expression, groups, _DEEPEST)
    among = _mupdf.pdf_dict_gets(membership, "OCGs")
    found = _items(among) if _mupdf.pdf_is_array(among) else [among]
    states = [groups[number] for one in found if (number := _mupdf.pdf_to_num(one)) in groups]
    if not states:
        return True
    return _POLICIES.get(_mupdf.pdf_to_name(_mupdf.pdf_dict_gets(membership, "P")), any)(states)


def _holds(expression: Untyped, groups: Mapping[int, bool], depth: int) -> bool:
    if not _mupdf.pdf_is_array(expression):
        return groups.get(_mupdf.pdf_to_num(expression), True)
    operator, *operands = _items(expression)
    if depth == 0:
        return False  # rather not shown than a stack that overflows
    states = [_holds(operand, groups, depth - 1) for operand in operands]
    name = _mupdf.pdf_to_name(operator)
    if name == "Not":
        return not all(states)
    return any(states) if name == "Or" else all(states)


def _items(array: Untyped) -> list[Untyped]:
    return [_mupdf.pdf_array_get(array, place) for place in range(_mupdf.pdf_array_len(array))]
