"""What the server has of the things that a record refers to, and what must be there before it is written."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from lumos_remote import Exists

from lumos_core.plugin_api import CatalogError

from . import fqn
from .entities import TYPES
from .mapping import Native, people
from .mapping.lineage import Edge
from .names import LUMOS, Place
from .platforms import BY_SERVICE, CATEGORIES
from .removing import restore
from .server import Server
from .wire import IMPLIED, Reference, create_request

Doc = dict[str, Any]

STUBS = frozenset({"tag", "glossaryTerm", "team", "domain", "dataProduct"})
"""Types of things that are made, without a word of their own, when a record refers to them; users never are."""

_SERVICE_OF = {
    "database": "database",
    "container": "storage",
    "topic": "messaging",
    "searchIndex": "search",
    "pipeline": "pipeline",
    "dashboard": "dashboard",
    "chart": "dashboard",
    "mlmodel": "mlmodel",
}


def above(place: Place) -> Place | None:
    """Return the entity that must be there before this one."""
    parts = place.parts
    rest = fqn.join(parts[:-1])
    if place.type in ("table", "databaseSchema"):
        return Place("databaseSchema" if place.type == "table" else "database", rest)
    if place.type in ("tag", "glossaryTerm"):
        root = "classification" if place.type == "tag" else "glossary"
        return Place(place.type, rest) if len(parts) > 2 else Place(root, rest)
    if place.type == "container" and len(parts) > 2:
        return Place("container", rest)
    if place.type in _SERVICE_OF:
        return Place(CATEGORIES[_SERVICE_OF[place.type]].service, fqn.join(parts[:1]))
    return Place("domain", rest) if place.type == "domain" and len(parts) > 1 else None


class Lookup:
    """Ids and columns of entities by name, remembered for one batch; any number of threads may ask.

    Args:
        server: Where they are.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._found: dict[Reference, Doc | None] = {}
        self._locks: dict[object, threading.RLock] = defaultdict(threading.RLock)
        self._guard = threading.Lock()

    def lock(self, what: object) -> AbstractContextManager[Any]:
        """Return the lock of one entity, or of one edge."""
        with self._guard:
            return self._locks[what]

    def seen(self, place: Place, raw: Doc | None) -> None:
        """Remember what the server has."""
        self._found[place.type, place.fqn] = raw

    def find(self, target: Reference) -> Doc | None:
        """Return an entity that is not soft-deleted; None when there is none."""
        if target not in self._found:
            with self.lock(target):
                if target not in self._found:
                    self._found[target] = self.server.get(Place(*target))
        raw = self._found[target]
        return None if raw is None or raw.get("deleted") else raw

    def identify(self, target: Reference) -> str:
        """Return the id of an entity.

        Raises:
            CatalogError: There is none.
        """
        raw = self.find(target)
        if raw is None:
            raise CatalogError(f"there is no {target[0]} {target[1]}", where=self.server.client.server)
        return str(raw["id"])

    def ensure(self, place: Place) -> None:
        """Make sure that an entity is there, and what is above it; what is missing is made, without a word."""
        if self.find((place.type, place.fqn)) is not None:
            return
        parent = above(place)
        if parent is not None:
            self.ensure(parent)
        doc = self._blank(place)
        self.prepare(place, doc)
        with self.lock(place):
            if self.find((place.type, place.fqn)) is not None:
                return
            gone = self._found.get((place.type, place.fqn))
            if gone is not None:  # soft-deleted; a PUT would revive all that is below, too
                restore(self.server, TYPES[place.type], gone)
                self.seen(place, self.server.get(place))
                return
            self.server.define(TYPES[place.type])
            body = create_request(Native(place, doc), IMPLIED, self.server.names, self.identify)
            try:
                raw = self.server.client.post(f"/{TYPES[place.type].route}", body, idempotent=True).value
            except Exists:
                raw = None
            self.seen(place, raw if raw is not None else self.server.get(place))

    def _blank(self, place: Place) -> Doc:
        if place.type in BY_SERVICE:
            return {"serviceType": self.server.names.service_type(place)}
        if place.type == "team":
            return {"teamType": "Group"}
        if place.type == "user":
            return {"email": people.nowhere(place)}
        return {"columns": []} if place.type == "table" else {}

    def prepare(self, place: Place, doc: Doc) -> None:
        """Make sure that what the server insists on is there, beyond what is above."""
        if place.type == "dataProduct" and "domains" not in doc:
            self.ensure(Place("domain", LUMOS))

    def stubs(self, native: Native) -> None:
        """Make what an entity refers to, where that may be made."""
        for target in _targets(native.doc):
            if target[0] in STUBS:
                self.ensure(Place(*target))

    def pruned(self, native: Native) -> Native:
        """Return an entity without the references to what is not there."""
        doc = _without(native.doc, lambda target: self.find(target) is not None)
        if "extension" in doc:
            type_ = TYPES[native.place.type]
            doc["extension"] = {
                key: value for key, value in doc["extension"].items() if self.server.takes(type_, key, value)
            }
            if not doc["extension"]:
                del doc["extension"]
        constraints = [
            one
            for one in doc.get("tableConstraints", ())
            if all(self.has_column(("table", _table(name)), name) for name in one.get("referredColumns", ()))
        ]
        if "tableConstraints" in doc:
            doc["tableConstraints"] = constraints
            if not constraints:
                del doc["tableConstraints"]
        edges = [
            kept for edge in native.edges if (kept := self._edge(edge, (native.place.type, native.place.fqn), doc))
        ]
        return Native(native.place, doc, tuple(edges), native.deleted)

    def _edge(self, edge: Edge, own: Reference, doc: Doc) -> Edge | None:
        other = edge.start if edge.end == own else edge.end
        if self.find(other) is None:
            return None
        if edge.pipeline and self.find(("pipeline", edge.pipeline)) is None:
            edge = edge._replace(pipeline="")
        columns = []
        for origin, to, function in edge.columns:
            there = tuple(name for name in origin if self.has_column(edge.start, name))
            if there and (self.has_column(edge.end, to) or to in _columns(doc, own[1])):
                columns.append((there, to, function))
        return edge._replace(columns=tuple(columns))

    def has_column(self, target: Reference, name: str) -> bool:
        """Tell whether an entity has a column, by its fully qualified name."""
        raw = self.find(target)
        return raw is not None and name in _columns(raw, target[1])


def _table(column: str) -> str:
    return fqn.join(fqn.split(column)[:4])


def _columns(doc: Doc, prefix: str) -> set[str]:
    holders = (doc, doc.get("dataModel") or {}, doc.get("messageSchema") or {})
    found: set[str] = set()
    for holder in holders:
        for key in ("columns", "schemaFields", "fields"):
            _collect(holder.get(key) or (), prefix, found)
    return found


def _collect(members: Iterable[Doc], prefix: str, into: set[str]) -> None:
    for member in members:
        name = f"{prefix}.{fqn.quote(member['name'])}"
        into.add(name)
        _collect(member.get("children") or (), name, into)


_MEMBERS = ("columns", "fields", "mlFeatures", "children", "schemaFields")
_LISTS = ("owners", "domains", "dataProducts", "charts", "relatedTerms", "teams")


def _targets(doc: Doc) -> Iterable[Reference]:
    for key in _LISTS:
        yield from doc.get(key, ())
    for label in doc.get("tags", ()):
        yield _labelled(label)
    for key in _MEMBERS:
        for member in doc.get(key) or ():
            yield from _targets(member)
    for key in ("dataModel", "messageSchema"):
        if key in doc:
            yield from _targets(doc[key])


def _labelled(label: Doc) -> Reference:
    return ("glossaryTerm" if label["source"] == "Glossary" else "tag", label["tagFQN"])


def _without(doc: Doc, there: Any) -> Doc:
    found = dict(doc)
    for key in _LISTS:
        if key in found:
            found[key] = [one for one in found[key] if there(one)]
    if "tags" in found:
        found["tags"] = [label for label in found["tags"] if there(_labelled(label))]
    for key in (*_LISTS, "tags"):
        if found.get(key) == []:
            del found[key]
    for key in _MEMBERS:
        if key in found:
            found[key] = [_without(member, there) for member in found[key]]
    for key in ("dataModel", "messageSchema"):
        if key in found:
            found[key] = _without(found[key], there)
    return found
