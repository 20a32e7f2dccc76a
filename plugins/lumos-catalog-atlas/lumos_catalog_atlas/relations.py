"""Relations between terms <-> relationships of the glossary of Atlas."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lumos_remote import Exists, Missing

from lumos_core.plugin_api import Relation

from . import names
from .server import Json, Server

TERM = "AtlasGlossaryTerm"
Tie = tuple[str, str]
"""Attribute of a term -> URN of the other term."""


class Way(NamedTuple):
    """How a type of relation is told.

    Attributes:
        attribute: Where the term that tells it shows the other one.
        definition: Type of relationship.
        end: Its end that the telling term is.
        both: The other term shows it under the same name.
    """

    attribute: str
    definition: str
    end: int = 1
    both: bool = False


WAYS = {
    "synonym": Way("synonyms", "AtlasGlossarySynonym", both=True),
    "antonym": Way("antonyms", "AtlasGlossaryAntonym", both=True),
    "related": Way("seeAlso", "AtlasGlossaryRelatedTerm", both=True),
    "is_a": Way("isA", "AtlasGlossaryIsARelationship", 2),
    "preferred": Way("preferredTerms", "AtlasGlossaryPreferredTerm"),
    "replaced_by": Way("replacedBy", "AtlasGlossaryReplacementTerm"),
    "translation": Way("translatedTerms", "AtlasGlossaryTranslation"),
    "value": Way("validValues", "AtlasGlossaryValidValue", 2),
}
"""Type of relation -> how Atlas tells it. Lumos tells a relation on one side; the other side in Atlas is not read."""
_TYPES = {way.attribute: type_ for type_, way in WAYS.items()}
_BY_ATTRIBUTE = {way.attribute: way for way in WAYS.values()}
BOTH = frozenset(way.attribute for way in WAYS.values() if way.both)


def to_ties(relations: Iterable[Relation], urn: str, cluster: str) -> list[Tie]:
    """Return what Atlas can say of the relations of a term: those to another term, of a type that it has."""
    found = set[Tie]()
    for relation in relations:
        way = WAYS.get(relation.type)
        if way is None or relation.target == urn or "#" in relation.target:
            continue
        try:
            if names.native_id(relation.target, cluster).type == TERM:
                found.add((way.attribute, relation.target))
        except ValueError:
            continue
    return sorted(found)


def from_ties(ties: Iterable[Tie]) -> list[Relation]:
    """Return the relations; Atlas cannot tell who made them, so that they count as people's."""
    return [Relation(type=_TYPES[attribute], target=urn, layer="manual") for attribute, urn in ties]


def mark(ties: Iterable[Tie]) -> str:
    """Return what a term keeps of relations that both sides show alike: which of them it tells; empty for none."""
    told = [tie for tie in ties if tie[0] in BOTH]
    return json.dumps(told, ensure_ascii=False) if told else ""


def marked(text: str) -> set[Tie]:
    """Return what `mark` kept; nothing where somebody edited it so that it cannot be read."""
    try:
        return {(str(attribute), str(urn)) for attribute, urn in json.loads(text or "[]")}
    except (ValueError, TypeError):
        return set()


def told(urn: str, shown: Iterable[Tie], own: set[Tie], others: Mapping[str, set[Tie]]) -> list[Tie]:
    """Return those of the relations that a term shows which it tells itself.

    What people related in Atlas is told once: where both sides show it alike, by the term whose URN comes first.

    Args:
        urn: The term.
        shown: What it shows.
        own: What it is marked to tell.
        others: URN of another term -> what that is marked to tell.
    """
    found = set[Tie]()
    for attribute, other in shown:
        ours = attribute not in BOTH or (attribute, other) in own
        if ours or (urn < other and (attribute, urn) not in others.get(other, ())):
            found.add((attribute, other))
    return sorted(found)


def ends(entity: Json) -> Iterable[tuple[str, Json]]:
    """Return attribute and end of every relation that a term shows on the side that is read."""
    if entity.get("typeName") != TERM:
        return
    related: Any = entity.get("relationshipAttributes") or {}
    for way in WAYS.values():
        for end in related.get(way.attribute) or []:
            if end.get("relationshipStatus", "ACTIVE") == "ACTIVE" and end.get("entityStatus", "ACTIVE") == "ACTIVE":
                yield way.attribute, end


def relate(server: Server, guid: str, wanted: set[tuple[str, str]], gone: set[tuple[str, str]]) -> None:
    """Make and end relationships of a term; what is so already stays, and so does everything else.

    Args:
        server: The server.
        guid: The term.
        wanted: Attribute and guid of the other term, of what is to be.
        gone: Likewise, of what is to be no more.
    """
    if not wanted and not gone:
        return
    there = {(attribute, end["guid"]): end for attribute, end in ends(server.by_guid([guid])["entities"][0])}
    for tie in sorted(gone & there.keys() - wanted):
        try:
            server.unrelate(there[tie]["relationshipGuid"])
        except Missing:
            continue  # somebody else has ended it meanwhile
    for attribute, other in sorted(wanted - there.keys()):
        way = _BY_ATTRIBUTE[attribute]
        pair = (guid, other) if way.end == 1 else (other, guid)
        try:
            server.relate(way.definition, *pair)
        except Exists:
            continue  # a relationship that both ends share, or that was made meanwhile
