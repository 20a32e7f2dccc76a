"""What an entity holds beyond what the mapping understands, as a record of kind `foreign`; and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lumos_remote.foreign import make, restore
from lumos_remote.residue import Rules

from lumos_core.plugin_api import AnyRecord

from .mapping.values import PROPERTY
from .names import Names, Place
from .wire import Held

Doc = dict[str, Any]

SYSTEM = "openmetadata"

_STAMPS = frozenset(
    {"id", "name", "fullyQualifiedName", "version", "updatedAt", "updatedBy", "href", "changeDescription", "deleted"}
) | {"incrementalChangeDescription", "impersonatedBy", "entityStatus", "status"}
_ABOVE = frozenset(
    {
        "service",
        "serviceType",
        "database",
        "databaseSchema",
        "parent",
        "classification",
        "glossary",
        "domain",
        "domains",
    }
)
_DERIVED = frozenset(
    {
        "children",
        "childrenCount",
        "followers",
        "votes",
        "usageSummary",
        "usageCount",
        "termCount",
        "userCount",
        "profile",
    }
) | {"joins", "sampleData", "testSuite", "pipelineStatus", "pipelines", "testConnectionResult", "owns", "follows"}
_PRIVATE = frozenset(
    {
        "connection",
        "authenticationMechanism",
        "inheritedRoles",
        "isEmailVerified",
        "ingestionRunner",
        "location",
        "roles",
    }
) | {"defaultRoles", "policies", "personas", "defaultPersona", "users", "assets", "dataProducts", "tasks", "lifeCycle"}
_LISTS = {"columns": "name", "children": "name", "schemaFields": "name", "fields": "name", "mlFeatures": "name"}
_LEFT_OUT = _STAMPS | _ABOVE | _DERIVED | _PRIVATE
_DEFAULTS = {
    "provider": "user",
    "mutuallyExclusive": False,
    "disabled": False,
    "isBot": False,
    "isAdmin": False,
    "isJoinable": True,
    "default": False,
    "partitions": 1,
    "algorithm": "unknown",
    "domainType": "Aggregate",
    "chartType": "Other",
    "processedLineage": False,
    "tags": [],
    "reviewers": [],
    "experts": [],
    "owners": [],
    "synonyms": [],
    "relatedTerms": [],
    "references": [],
    "columns": [],
    "isPartitioned": False,
    "parents": [],
    "customMetrics": [],
    "profile": {},
    "teams": [],
    "email": "",
    "teamType": "Group",
    "tableType": "Regular",
    "tableConstraints": [],
    "charts": [],
    "dataModels": [],
    "fileFormats": [],
    "mlFeatures": [],
}
_MEMBER = frozenset({"fullyQualifiedName", "tags", "profile", "ordinalPosition", "customMetrics"})
RULES = Rules(keys=_LISTS, defaults=_DEFAULTS, nulls=True)


def _find(names: Names) -> Callable[[Any, Any], str | None]:
    def find(place: Any, value: Any) -> str | None:
        if not isinstance(value, dict) or not isinstance(value.get("fullyQualifiedName"), str) or "type" not in value:
            return None
        try:
            return names.urn(Place(value["type"], value["fullyQualifiedName"]))
        except ValueError:
            return None

    return find


def _plain(value: Any) -> Any:
    """Mapped values as JSON: references as objects."""
    if isinstance(value, tuple):
        return {"type": value[0], "fullyQualifiedName": value[1]}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return {key: _plain(one) for key, one in value.items()} if isinstance(value, dict) else value


def understood(doc: Doc) -> Doc:
    """Return a mapped document as JSON."""
    return {key: _plain(value) for key, value in doc.items() if key not in ("serviceType",)}


def _whole(known: Any, raw: Any, known_keys: Iterable[str]) -> Doc:
    """A mapped object with what else the server says of it."""
    more = {key: value for key, value in raw.items() if key not in known_keys and key not in _LEFT_OUT}
    made: Doc = {**_fresh(more), **known}
    if "extension" in more and "extension" in known:
        made["extension"] = {**_fresh(more)["extension"], **known["extension"]}
    for key in _LISTS:
        if key in known and isinstance(raw.get(key), list):
            made[key] = _members(known[key], raw[key])
    for key in ("dataModel", "messageSchema"):
        if key in known and isinstance(raw.get(key), dict):
            made[key] = _whole(known[key], raw[key], {*known[key], *_LISTS, "schemaText", "schemaType"})
    return made


def _members(known: list[Doc], raw: list[Doc]) -> list[Doc]:
    there = {member["name"]: member for member in raw}
    made = []
    for member in known:
        one = there.get(member["name"], {})
        more = {
            key: value for key, value in one.items() if key not in member and key not in _MEMBER and key not in _LISTS
        }
        full = {**_fresh(more), **member}
        if "children" in member:
            full["children"] = _members(member["children"], one.get("children") or [])
        made.append(full)
    return made


def _fresh(value: Doc) -> Doc:
    """Without what is inherited from above, and the property of ours."""
    kept = {}
    for key, one in value.items():
        if isinstance(one, list):
            one = [item for item in one if not (isinstance(item, dict) and item.get("inherited"))]
        if key == "extension" and isinstance(one, dict):
            one = {name: said for name, said in one.items() if name != PROPERTY}
        if one not in (None, [], {}, ""):
            kept[key] = one
    return kept


def residue(urn: str, held: Held, keys: Iterable[str], names: Names) -> AnyRecord | None:
    """Return what is left of an entity; None for nothing.

    Args:
        urn: The record that it is.
        held: The entity.
        keys: What the mapping knows of its type.
        names: How URNs and entities belong together.
    """
    known = understood(held.native.doc)
    native = _whole(known, held.raw, set(keys) - {"extension"})
    place = held.native.place
    return make(urn, SYSTEM, "task" if place.member else place.type, native, known, rules=RULES, find=_find(names))


def unknown(type_: str, raw: Doc, names: Names) -> AnyRecord | None:
    """Return a thing that is no record of ours, as it is; None for what the server brought along itself."""
    if raw.get("provider") == "system":
        return None
    native = {key: value for key, value in _fresh(raw).items() if key not in _STAMPS | _DERIVED or key in ("name",)}
    native["type"] = type_
    return make("", SYSTEM, type_, native, rules=RULES, find=_find(names), id=f"{type_}/{raw['fullyQualifiedName']}")


def added(record: AnyRecord, doc: Doc, names: Names, identify: Callable[[tuple[str, str]], str]) -> tuple[Doc, bool]:
    """Return what a residue adds to a mapped document, at its top, and whether it is stale.

    Raises:
        ValueError: It is no residue of ours.
    """

    def back(urn: str) -> Any:
        place = names.place(urn)
        return {"id": identify((place.type, place.fqn)), "type": place.type}

    known = understood(doc)
    found = restore(record, known, find=_find(names), back=back)
    return {key: value for key, value in found.value.items() if value != known.get(key)}, found.stale


def overlaid(present: Any, wanted: Any) -> Any:
    """Return what is present with what a residue adds: objects by key, members by name, else what is wanted."""
    if isinstance(present, dict) and isinstance(wanted, dict):
        return {**present, **{key: overlaid(present.get(key), value) for key, value in wanted.items()}}
    if (
        isinstance(present, list)
        and isinstance(wanted, list)
        and wanted
        and all(_named(one) for one in [*present, *wanted])
    ):
        more = {one["name"]: one for one in wanted}
        return [overlaid(one, more[one["name"]]) if one["name"] in more else one for one in present]
    return wanted


def _named(value: Any) -> bool:
    return isinstance(value, dict) and "name" in value
