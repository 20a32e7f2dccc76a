"""Tags and terms of a thing <-> classifications, labels and assigned terms."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lumos_core.plugin_api import TagLink, TermLink, urns

from . import names
from .native import Mark

_LABEL, _LABELLED = re.compile(r"[A-Za-z0-9_-]{1,50}"), "label/"
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)Z")
_NATIVE_TIME = re.compile(r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAGS = ("urn:lumos:tag:", "urn:lumos:classification:")
VALUE = "value"
"""Attribute of a classification that holds the value of a tag."""


def to_marks(tags: Iterable[TagLink]) -> tuple[list[Mark], list[str]]:
    """Return the classifications and labels for tags; what has propagated here is Atlas' own affair."""
    marks: dict[str, Mark] = {}
    labels: set[str] = set()
    for link in tags:
        if link.layer == "propagated" or not link.tag.startswith(_TAGS):
            continue
        label = label_of(link.tag)
        if label:
            labels.add(label)
            continue
        attributes = {name: text for name, text in link.attributes if name != VALUE and _NAME.fullmatch(name)}
        if link.value is not None:
            attributes[VALUE] = link.value
        until = _TIME.fullmatch(link.until or "")
        time = f"{until[1]}/{until[2]}/{until[3]} {until[4]}" if until else ""
        mark = Mark(names.tag_type(link.tag), attributes, link.propagate is True, time)
        marks.setdefault(mark.type, mark)
    return list(marks.values()), sorted(labels)


def from_marks(marks: Iterable[Mark], labels: Iterable[str]) -> list[TagLink]:
    """Return the tags; Atlas cannot tell who put them, so that they count as people's."""
    tags = [
        TagLink(
            names.tag_urn(mark.type),
            value=_text(mark.attributes.get(VALUE)),
            layer="propagated" if mark.origin else "manual",
            attributes=[
                (name, text)
                for name, value in sorted(mark.attributes.items())
                if name != VALUE and (text := _text(value)) is not None
            ],
            from_=mark.origin or None,
            until=_until(mark.until),
            propagate=True if mark.propagate and not mark.origin else None,
        )
        for mark in marks
    ]
    return tags + [TagLink(urns.plain("tag", _LABELLED + label), layer="manual") for label in labels]


def label_of(urn: str) -> str:
    """Return the label that a tag stands for; empty when it is a classification."""
    parsed = urns.parse(urn)
    label = parsed.name.removeprefix(_LABELLED)
    return label if parsed.type == "tag" and label != parsed.name and _LABEL.fullmatch(label) else ""


def to_terms(terms: Iterable[TermLink]) -> list[str]:
    """Return the URNs of the terms to assign: only what is a term there can be assigned."""
    return sorted({link.term for link in terms if link.term.startswith("urn:lumos:term:")})


def from_terms(terms: Iterable[str]) -> list[TermLink]:
    """Return the terms that are assigned."""
    return [TermLink(urn, layer="manual") for urn in terms]


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _until(text: str) -> str | None:
    found = _NATIVE_TIME.fullmatch(text)
    return f"{found[1]}-{found[2]}-{found[3]}T{found[4]}Z" if found else None
