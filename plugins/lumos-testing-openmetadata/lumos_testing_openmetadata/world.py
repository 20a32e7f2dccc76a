"""What all parts of the fake share: the version it speaks, its clock, its store, and references between entities."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from . import fqn as names
from .errors import bad, unknown
from .kinds import BY_NAME, Kind
from .schema import Field, Schema, check_uuid, load
from .store import Document, Store

Reference = dict[str, Any]
_LISTS = ("owners", "tags", "domains", "dataProducts", "followers", "experts", "reviewers", "children")
_INHERITED = ("owners", "domain", "domains", "reviewers", "experts")


class Edges:
    """Lineage: the details of each edge by the ids of its ends, found from either end."""

    def __init__(self) -> None:
        self._details: dict[tuple[str, str], Document] = {}
        self._at: dict[str, dict[tuple[str, str], None]] = {}

    def __len__(self) -> int:
        return len(self._details)

    def get(self, key: tuple[str, str]) -> Document | None:
        """Return the details of an edge, if there is one."""
        return self._details.get(key)

    def put(self, key: tuple[str, str], details: Document) -> None:
        """Set the details of an edge."""
        self._details[key] = details
        for end in key:
            self._at.setdefault(end, {})[key] = None

    def pop(self, key: tuple[str, str]) -> Document | None:
        """Remove an edge."""
        for end in key:
            self._at.get(end, {}).pop(key, None)
        return self._details.pop(key, None)

    def at(self, identity: str) -> list[tuple[str, str]]:
        """The edges that start or end at an entity."""
        return list(self._at.get(identity, ()))


@dataclass
class World:
    """A server's state.

    Attributes:
        version: What `/system/version` says.
        base: The address that `href` starts with.
        clock: Seconds since 1970.
        store: The entities.
        edges: Lineage.
        series: Time series, such as profiles, by owner and name: values by time.
        family: 1 for versions up to 1.12, 2 for those from 1.13: the fields and rules of 2.0 came with it.
    """

    version: str
    base: str = ""
    clock: Callable[[], float] = time.time
    store: Store = field(default_factory=Store)
    edges: Edges = field(default_factory=Edges)
    series: dict[tuple[str, str], dict[int, Document]] = field(default_factory=dict)
    family: int = field(init=False)

    def __post_init__(self) -> None:
        major, minor = (int(part) for part in self.version.split(".")[:2])
        self.family = 2 if (major, minor) >= (1, 13) else 1

    @property
    def schema(self) -> Schema:
        """What requests may hold."""
        return load(self.family)

    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self.clock() * 1000)

    def identity(self, kind: Kind, fqn: str, deleted: bool = False) -> str:
        """Return the id of an entity by its name.

        Raises:
            Refusal: There is none, or it is soft-deleted and those are not wanted (404).
        """
        found = self.store.find(kind.name, names.normal(fqn))
        if found is None or (self.store.heads[found].deleted and not deleted):
            raise unknown(kind.name, fqn)
        return found

    def resolve(self, found: Field, value: Any) -> Any:
        """Turn what a request says of other entities into references as they are stored."""
        if value is None:
            return None
        if found.many:
            kept = [self._one(found, item) for item in value if not (isinstance(item, dict) and item.get("inherited"))]
            return list({item["id"]: item for item in kept}.values())
        return None if isinstance(value, dict) and value.get("inherited") else self._one(found, value)

    def _one(self, found: Field, value: Any) -> Reference:
        assert found.target
        how, kinds = found.target
        if isinstance(value, dict) and "term" in value:  # 2.x: related terms with the type of the relation
            kept = {"relationType": value["relationType"]} if value.get("relationType") else {}
            return {**self._one(found, value["term"]), **kept}
        if isinstance(value, dict):  # a PATCH writes references whatever the create request says
            self.schema.value(value, "EntityReference", found.name)
            if kinds and value["type"] not in kinds:
                raise bad(f"Entity type {value['type']} is not valid for {found.name}")
            return self.reference(value["type"], value["id"])
        if how == "fqn":
            for kind in kinds:
                identity = self.store.find(kind, names.normal(value))
                if identity is not None and not self.store.heads[identity].deleted:
                    return {"id": identity, "type": kind}
            raise unknown(kinds[0], value)
        check_uuid(value)
        return self.reference(kinds[0], value)

    def reference(self, kind: str, identity: str) -> Reference:
        """Return a reference as it is stored.

        Raises:
            Refusal: The kind is unknown (400), or there is no such entity (404).
        """
        if kind not in BY_NAME:
            raise bad(f"Entity type {kind} not found")
        head = self.store.heads.get(identity)
        if head is None or head.kind != kind or head.deleted:
            raise unknown(kind, identity)
        return {"id": identity, "type": kind}

    def expand(self, reference: Reference) -> Reference:
        """Return a reference as answers show it."""
        head = self.store.heads.get(reference["id"])
        if head is None:
            return reference
        shown = {**reference, "name": head.name, "fullyQualifiedName": head.fqn, "deleted": head.deleted}
        if head.display:
            shown["displayName"] = head.display
        return {**shown, "href": self.href(head.kind, reference["id"])}

    def href(self, kind: str, identity: str) -> str:
        """Where an entity is found."""
        return f"{self.base}/api/v1/{BY_NAME[kind].route}/{identity}"

    def show(self, kind: Kind, document: Document, asked: Iterable[str] | None = None) -> Document:
        """Return an entity as an answer holds it.

        Args:
            kind: Its kind.
            document: As it is stored; it is not touched.
            asked: The fields asked for besides those always shown; None for all.
        """
        known = kind.fields(self.family)
        asked = set(known) if asked is None else set(asked)
        shown = {name: value for name, value in document.items() if name in asked or name not in kind.secret()}
        self._derive(kind, shown, asked)
        for name, found in kind.references(self.family).items():
            value = shown.get(name)
            if name in asked and not value and name in _INHERITED:
                value = self._inherit(document["id"], name, found.many)
            if value:
                shown[name] = [self.expand(item) for item in value] if found.many else self.expand(value)
        if shown.get("customProperties"):
            told = shown["customProperties"]
            shown["customProperties"] = [{**one, "propertyType": self.expand(one["propertyType"])} for one in told]
        if self.family == 2 and shown.get("relatedTerms"):
            shown["relatedTerms"] = [_relation(term) for term in shown["relatedTerms"]]
        for name in _LISTS:
            if name in asked and name in known:
                shown.setdefault(name, [])
        if "tags" not in asked:
            shown.update({name: _bare(shown[name]) for name in ("columns", "fields", "tasks") if shown.get(name)})
        if not kind.soft:
            shown.pop("deleted", None)
        shown["href"] = self.href(kind.name, document["id"])
        return {name: value for name, value in shown.items() if value is not None and name in known}

    def _derive(self, kind: Kind, shown: Document, asked: set[str]) -> None:
        """Add what is computed from other entities."""
        below = self.store.below(shown["id"])
        heads = self.store.heads
        for name, wanted in _CHILDREN.get(kind.name, ()):
            if name in asked:
                shown[name] = [{"id": one, "type": heads[one].kind} for one in below if heads[one].kind == wanted]
        for name in ("termCount", "childrenCount"):
            if name in asked and name in kind.fields(self.family):
                shown[name] = (
                    len(below) if name == "childrenCount" else sum(1 for _ in self.store.descendants(shown["id"]))
                )
        for name, (other, field_name) in _INVERSE.get(kind.name, {}).items():
            if name in asked:
                shown[name] = [
                    {"id": one, "type": other}
                    for one in self.store.identities(other)
                    if self._points(one, field_name, shown["id"])
                ]
        if kind.name == "team" and "userCount" in asked:
            shown["userCount"] = sum(self._points(one, "teams", shown["id"]) for one in self.store.identities("user"))

    def _points(self, identity: str, name: str, target: str) -> bool:
        if target.encode() not in self.store.documents[identity]:
            return False
        value = self.store.get(identity).get(name) or []
        return any(item["id"] == target for item in (value if isinstance(value, list) else [value]))

    def _inherit(self, identity: str, name: str, many: bool) -> Any:
        """What an entity has from those above it, marked as inherited."""
        above = self.store.heads[identity].above if identity in self.store.heads else ""
        key = f'"{name}":'.encode()
        while above:
            value = self.store.get(above).get(name) if key in self.store.documents[above] else None
            if value:
                return [{**item, "inherited": True} for item in value] if many else {**value, "inherited": True}
            above = self.store.heads[above].above
        return None


_CHILDREN: dict[str, tuple[tuple[str, str], ...]] = {
    "database": (("databaseSchemas", "databaseSchema"),),
    "databaseSchema": (("tables", "table"),),
    "container": (("children", "container"),),
    "glossaryTerm": (("children", "glossaryTerm"),),
    "tag": (("children", "tag"),),
    "domain": (("children", "domain"),),
    "apiCollection": (("apiEndpoints", "apiEndpoint"),),
}
_INVERSE: dict[str, dict[str, tuple[str, str]]] = {
    "team": {"users": ("user", "teams"), "children": ("team", "parents")},
    "role": {"users": ("user", "roles")},
    "testSuite": {"tests": ("testCase", "testSuite")},
}


def _relation(term: Reference) -> Document:
    """A related term as 2.x shows it."""
    told = {name: value for name, value in term.items() if name != "relationType"}
    return {"relationType": term.get("relationType", "relatedTo"), "term": told}


def _bare(members: list[Document]) -> list[Document]:
    """Members without their tags, which says nothing about whether they have some."""
    return [
        {**member, "tags": [], **({"children": _bare(member["children"])} if member.get("children") else {})}
        for member in members
    ]
