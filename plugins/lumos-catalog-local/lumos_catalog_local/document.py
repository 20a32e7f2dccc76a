"""A record as what is searched: one row of texts, and its facets."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct

from lumos_core.plugin_api import AnyRecord, urns

from .words import facet_word, fold, joined

FACETS = ("kind", "type", "platform", "env", "tag", "owner", "domain")
"""What can be filtered and counted."""

EVERY = facet_word("all", "")
"""The word that every row of the index holds."""

REMOVED = facet_word("removed", "")
"""The word of soft-deleted records."""

_TEXT = 2000
_FIELD_TEXT = 200

_NESTED = frozenset({"tag", "domain"})


class Document(NamedTuple):
    """The texts of one record, as words; the columns of the index, in order.

    Attributes:
        name: Name, display name, and the name in the URN.
        fields: Paths and names of fields, a line each.
        details: Descriptions of fields, a line each, in the order of `fields`.
        tags: Tags and terms of the record and of its fields.
        owners: Owners.
        description: The description of the record.
        facets: Facet words, and marks.
    """

    name: str
    fields: str
    details: str
    tags: str
    owners: str
    description: str
    facets: str

    def vocabulary(self) -> set[str]:
        """Return the words that people may type."""
        return set(" ".join(self[:-1]).split())


class Card(Struct, array_like=True, frozen=True):
    """What a result shows of a record, so that its whole line need not be read.

    Attributes:
        title: What people call it.
        text: The beginning of its description.
        removed: True when it is soft-deleted.
        facets: (facet, value), as they are shown.
        fields: (path, type, beginning of its description), in order.
    """

    title: str
    text: str
    removed: bool
    facets: tuple[tuple[str, str], ...]
    fields: list[tuple[str, str, str]]


class Indexed(NamedTuple):
    """What the index keeps of a record: texts for search, (facet, value) pairs as they are shown, the card."""

    document: Document
    facets: list[tuple[str, str]]
    card: Card


def indexed(record: AnyRecord) -> Indexed:
    """Return what the index keeps of a record of any kind that has a name."""
    value = record.value
    fields = getattr(value, "fields", [])
    details = [_text(field) for field in fields]
    tagged, labels = _tags(value, fields)
    owners = [urns.name(owner.owner) for owner in value.owners]
    facets = facets_of(record, tagged, owners)
    shown = value.display_name.shown if value.display_name else ""
    place = urns.name(record.urn)
    removed = value.lifecycle is not None and value.lifecycle.removed
    text = _text(value)
    texts = [value.name or "", shown, place]
    document = Document(
        name=joined(list(dict.fromkeys(text for text in texts if text))),
        fields=joined([_field_name(field) for field in fields]),
        details=joined(details) if any(details) else "",
        tags=joined(labels),
        owners=joined(list(dict.fromkeys(owners))),
        description=" ".join(joined([text]).split()),
        facets=" ".join(_facet_words(facets, removed=removed)),
    )
    card = Card(
        title=clean(shown or value.name or place),
        text=" ".join(text[:_TEXT].split()),
        removed=removed,
        facets=tuple(facets),
        fields=[
            (field.path, field.type, " ".join(text[:_FIELD_TEXT].split()) if text else "")
            for field, text in zip(fields, details, strict=True)
        ],
    )
    return Indexed(document, facets, card)


def facets_of(record: AnyRecord, tags: list[str], owners: list[str]) -> list[tuple[str, str]]:
    """Return (facet, value) of a record, as people read them."""
    parsed = urns.parse(record.urn)
    values = {
        "kind": [record.kind],
        "type": [record.value.subtype or parsed.type],
        "platform": [urns.decode(parsed.platform)],
        "env": [urns.decode(parsed.env)],
        "tag": tags,
        "owner": owners,
        "domain": [urns.name(domain) for domain in record.value.domains],
    }
    return [(facet, clean(value)) for facet in FACETS for value in dict.fromkeys(values[facet]) if value]


def clean(text: str) -> str:
    """Return a text that can be stored: bytes that are not Unicode become U+FFFD."""
    return text.encode("utf-8", "replace").decode()


def facet_values(facet: str, value: str) -> list[str]:
    """Return the values under which a facet's value is found: `pii.email` also under `pii`."""
    if facet not in _NESTED:
        return [value]
    parts = value.split(".")
    return [".".join(parts[: place + 1]) for place in range(len(parts))]


def _facet_words(facets: list[tuple[str, str]], *, removed: bool) -> list[str]:
    found = [EVERY, *([REMOVED] if removed else [])]
    for facet, value in facets:
        found += [facet_word(facet, part) for part in facet_values(facet, fold(value))]
    return list(dict.fromkeys(found))


def _tags(value: Any, fields: list[Any]) -> tuple[list[str], list[str]]:
    """Return the tags of a record and its fields, and all texts that label it: tags, their values, terms."""
    tags: list[str] = []
    labels: list[str] = []
    for thing in (value, *fields):
        if thing.tags or thing.terms:
            for link in thing.tags:
                tags.append(urns.name(link.tag))
                labels += [tags[-1], link.value or ""]
            labels += [urns.name(link.term) for link in thing.terms]
    return list(dict.fromkeys(tags)), list(dict.fromkeys(label for label in labels if label))


def _field_name(field: Any) -> str:
    if field.name is None and field.display_name is None:
        return str(field.path)
    name = field.name if field.name and field.name not in field.path else ""
    shown = field.display_name.shown if field.display_name else ""
    return " ".join(filter(None, (field.path, name, shown)))


def _text(thing: Any) -> str:
    return thing.description.shown if thing.description is not None else ""
