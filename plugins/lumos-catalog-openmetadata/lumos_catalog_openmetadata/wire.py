"""Entities as the server gives and takes them, to and from what the mapping knows of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from . import fqn
from .entities import TYPES, EntityType
from .mapping import Native, values
from .mapping.members import merged, merged_labels, unpacked, unpacked_labels
from .mapping.values import PROPERTY
from .names import LUMOS, Names, Place

Doc = dict[str, Any]
Reference = tuple[str, str]
Identify = Callable[[Reference], str]
"""Gives the id of an entity."""

IMPLIED = '{"implied":true}'
"""What stands in the property of an entity that is there only because another needs it."""

_SAFE = "-\\u002d"
"""Two hyphens, which end a comment, as JSON may write them."""

_COMMENT = re.compile(r"(?:\n\n)?<!-- lumos (\{.*\}) -->\s*\Z", re.S)
_REFERENCES = frozenset({"owners", "domains", "dataProducts", "charts", "relatedTerms", "teams"})
_BY_NAME = frozenset({"domains", "dataProducts", "charts", "relatedTerms"})
_FLAGS = frozenset({"mutuallyExclusive", "disabled"})
_PARTS: dict[str, tuple[str, ...]] = {
    "style": ("color", "iconURL"),
    "metricExpression": ("language", "code"),
    "references": ("name", "endpoint"),
    "tableConstraints": ("constraintType", "columns", "referredColumns"),
}
_CONSTRAINTS = ("PRIMARY_KEY", "UNIQUE", "FOREIGN_KEY")
_TASK = frozenset(["displayName", "description", "tags", "owners", "taskSQL", "taskType", "downstreamTasks"])


class Held(NamedTuple):
    """An entity, or a task of a pipeline, as the server holds it.

    Attributes:
        native: What the mapping knows of it.
        text: The property `lumos`; empty for none.
        id: Its id; that of the pipeline for a task.
        raw: As it came; the task's own object for a task.
        entity: As it came; that of the pipeline for a task.
    """

    native: Native
    text: str
    id: str
    raw: Doc
    entity: Doc

    @property
    def implied(self) -> bool:
        """It is only there to hold others, and nobody said anything of it."""
        told = set(self.native.doc) - {"serviceType", "teamType", "email", "domains", "columns"}
        return self.text == IMPLIED and not told


def known_keys(one: Held) -> frozenset[str]:
    """Return the keys that the mapping knows of an entity, or of a task."""
    return _TASK if one.native.place.member else TYPES[one.native.place.type].keys


def split_comment(text: str) -> tuple[str, str]:
    """Return a description without the property at its end, and the property."""
    found = _COMMENT.search(text)
    return (text[: found.start()], found[1].replace(_SAFE, "--")) if found else (text, "")


def with_comment(text: str, kept: str) -> str:
    """Return a description with the property at its end, as a comment that pages do not show."""
    if not kept:
        return text
    safe = kept.replace("--", _SAFE)
    return f"{text}\n\n<!-- {PROPERTY} {safe} -->" if text else f"<!-- {PROPERTY} {safe} -->"


def held(type_: EntityType, raw: Doc, edges: Any = ()) -> Held:
    """Read an entity.

    Raises:
        ValueError: Its name does not follow the grammar.
    """
    place = Place(type_.name, _normal(raw["fullyQualifiedName"]))
    doc, text = _read(type_.keys - {"tasks"}, raw, comment=not type_.extension)
    if type_.extension:
        kept = (raw.get("extension") or {}).get(PROPERTY)
        text = kept if isinstance(kept, str) else ""
    return Held(Native(place, doc, edges, bool(raw.get("deleted"))), text, raw["id"], raw, raw)


def tasks(pipeline: Held) -> Iterable[Held]:
    """Read the tasks of a pipeline."""
    for raw in pipeline.entity.get("tasks") or ():
        doc, text = _read(_TASK, raw, comment=True)
        place = pipeline.native.place._replace(member=raw["name"])
        yield Held(Native(place, doc, pipeline.native.edges), text, pipeline.id, raw, pipeline.entity)


def _normal(name: str) -> str:
    return fqn.join(fqn.split(name))


def _read(keys: Iterable[str], raw: Doc, comment: bool) -> tuple[Doc, str]:
    doc, text = {}, ""
    for key in keys:
        value = raw.get(key)
        if key == "domains" and value is None:
            value = [raw["domain"]] if raw.get("domain") else None
        if key == "description" and comment and isinstance(value, str):
            value, text = split_comment(value)
        value = _value(key, value)
        if value not in (None, "", [], {}, False):
            doc[key] = value
    return doc, text


def _value(key: str, value: Any) -> Any:
    if value is None:
        return None
    if key in _REFERENCES:
        return sorted((one["type"], _normal(one["fullyQualifiedName"])) for one in value if not one.get("inherited"))
    if key == "extension":
        return values.known(value)
    if key == "tags":
        return unpacked_labels(value)
    if key in ("columns", "fields", "mlFeatures"):
        return unpacked(value)
    if key == "dataModel":
        columns = unpacked(value.get("columns"))
        return {"columns": columns} if columns else None
    if key == "messageSchema":
        known = {name: value[name] for name in ("schemaText", "schemaType") if value.get(name)}
        members = unpacked(value.get("schemaFields"))
        return {**known, **({"schemaFields": members} if members else {})}
    if key == "tablePartition":
        known_parts = ("columnName", "intervalType", "interval")
        return {"columns": [_only(one, known_parts) for one in value.get("columns") or ()]}
    if key == "tableConstraints":
        return [_only(one, _PARTS[key]) for one in value if one.get("constraintType") in _CONSTRAINTS]
    if key == "synonyms":
        return sorted(value)
    if key in _PARTS:
        return [_only(one, _PARTS[key]) for one in value] if isinstance(value, list) else _only(value, _PARTS[key])
    return value


def _only(value: Doc, names: Iterable[str]) -> Doc:
    return {name: value[name] for name in names if value.get(name) not in (None, [], "")}


def create_request(native: Native, text: str, names: Names, identify: Identify) -> Doc:
    """Return the request that creates an entity."""
    type_, place = TYPES[native.place.type], native.place
    body: Doc = {"name": place.parts[-1]}
    for key in sorted(type_.create):
        value = native.doc.get(key)
        if value is None:
            continue
        if key in _BY_NAME:
            found: Any = [one[1] for one in value]
        elif key == "owners":
            found = [{"id": identify(one), "type": one[0]} for one in value]
        elif key == "teams":
            found = [identify(one) for one in value]
        else:
            found = value
        if key == "domains" and names.family == 1:
            body["domain"] = found[0]
        else:
            body[key] = found
    body.update(_demanded(place, native.doc, names, identify))
    if type_.extension:
        extension = {**native.doc.get("extension", {}), **({PROPERTY: text} if text else {})}
        if extension:
            body["extension"] = extension
    elif text or type_.described:
        body["description"] = with_comment(native.doc.get("description", ""), text)
    if type_.described:
        body.setdefault("description", "")
    return body


def _demanded(place: Place, doc: Doc, names: Names, identify: Identify) -> Doc:
    """What the server insists on, beyond what the mapping says."""
    type_, parts = place.type, place.parts
    above = fqn.join(parts[:-1])
    if type_ in ("database", "topic", "searchIndex", "pipeline", "dashboard", "chart", "mlmodel"):
        more: Doc = {"service": fqn.join(parts[:1])}
        if type_ == "topic":
            more["partitions"] = 1
        if type_ == "mlmodel":
            more["algorithm"] = "unknown"
        return more
    if type_ in ("databaseSchema", "table"):
        return {"database" if type_ == "databaseSchema" else "databaseSchema": above}
    if type_ == "container":
        parent = {"parent": {"id": identify(("container", above)), "type": "container"}} if len(parts) > 2 else {}
        return {"service": fqn.join(parts[:1]), **parent}
    if type_ in ("tag", "glossaryTerm"):
        root = "classification" if type_ == "tag" else "glossary"
        return {root: fqn.join(parts[:1]), **({"parent": above} if len(parts) > 2 else {})}
    if type_ == "domain":
        return {"domainType": "Aggregate", **({"parent": above} if above else {})}
    if type_ == "dataProduct" and "domains" not in doc:
        return {"domains": [LUMOS]} if names.family == 2 else {"domain": LUMOS}
    return {}


class Patch:
    """The JSON Patch that makes of what the server holds what it shall hold.

    Args:
        present: What it holds.
        names: How URNs and entities belong together.
        identify: Gives the id of an entity.

    Attributes:
        operations: Of the patch.
    """

    def __init__(self, present: Held, names: Names, identify: Identify) -> None:
        self._present, self._names, self._identify = present, names, identify
        self._type = TYPES[present.native.place.type]
        self._raw = {key: value for key, value in present.raw.items() if key != "fullyQualifiedName"}
        self.operations: list[Doc] = []

    def change(self, before: Doc, after: Doc) -> Native:
        """Set what differs between two mapped states; return what the server then says."""
        place = self._present.native.place
        if place.member:
            return self._task(before, after)
        for key in sorted(self._type.keys - {"tasks", "description"}):
            if before.get(key) != after.get(key):
                self._set(key, self._native(key, before.get(key), after.get(key)))
        doc = _read(self._type.keys - {"tasks", "description"}, self._raw, comment=False)[0]
        text = after if before.get("description") != after.get("description") else self._present.native.doc
        if text.get("description"):
            doc["description"] = text["description"]
        return Native(place, doc, self._present.native.edges)

    def keep(self, native: Native, text: str) -> list[Doc]:
        """Set description and property, and return all operations.

        Args:
            native: What `change` returned.
            text: The property.
        """
        shown = native.doc.get("description", "")
        if native.place.member:
            _put(self._raw, "description", with_comment(shown, text) or None)
            if self._raw != {key: value for key, value in self._present.raw.items() if key != "fullyQualifiedName"}:
                others = [one for one in self._present.entity.get("tasks") or () if one["name"] != self._raw["name"]]
                self.operations = [{"op": "add", "path": "/tasks", "value": [*others, self._raw]}]
            return self.operations
        wanted = shown if self._type.extension else with_comment(shown, text)
        if wanted != (self._present.raw.get("description") or ""):
            self._set("description", wanted if wanted or self._type.described else None)
        if self._type.extension and text != self._present.text:
            self._property(text)
        return self.operations

    def _set(self, key: str, value: Any) -> None:
        if key == "domains" and self._names.family == 1:
            key, value = "domain", value[0] if value else None
        there = self._raw.get(key) is not None
        if value is not None and (there or value != []):
            self.operations.append({"op": "add", "path": f"/{key}", "value": value})
        elif there:
            self.operations.append({"op": "remove", "path": f"/{key}"})
        _put(self._raw, key, value)

    def _property(self, text: str) -> None:
        if not text:
            self.operations.append({"op": "remove", "path": f"/extension/{PROPERTY}"})
        elif self._raw.get("extension"):
            self.operations.append({"op": "add", "path": f"/extension/{PROPERTY}", "value": text})
        else:
            self.operations.append({"op": "add", "path": "/extension", "value": {PROPERTY: text}})

    def _native(self, key: str, before: Any, after: Any) -> Any:
        """The value of a key as the server takes it, with what the mapping does not know."""
        raw = self._raw.get(key)
        if key in _REFERENCES:
            return [self._reference(one) for one in after or ()]
        if key == "extension":
            rest = {name: value for name, value in (raw or {}).items() if name not in (before or {})}
            return {**rest, **(after or {})} or None
        if key == "tags":
            return merged_labels(raw, after)
        if key in ("columns", "fields", "mlFeatures"):
            return merged(raw or (), before or (), after or ())
        if key in _FLAGS:
            return bool(after)
        if key == "tableConstraints":
            return _constraints(raw or (), after or ())
        if key in ("dataModel", "messageSchema"):
            return _schema("columns" if key == "dataModel" else "schemaFields", raw or {}, before or {}, after or {})
        if key in ("style", "metricExpression"):
            rest = {name: value for name, value in (raw or {}).items() if name not in _PARTS[key]}
            return {**rest, **(after or {})} or None
        if key in ("synonyms", "references", "fileFormats"):
            return after or []
        return after

    def _reference(self, target: Reference) -> Doc:
        return {"id": self._identify(target), "type": target[0], "fullyQualifiedName": target[1]}

    def _task(self, before: Doc, after: Doc) -> Native:
        for key in _TASK - {"description", "owners", "tags"}:
            if before.get(key) != after.get(key):
                _put(self._raw, key, after.get(key))
        if before.get("tags") != after.get("tags"):
            self._raw["tags"] = merged_labels(self._raw.get("tags"), after.get("tags"))
        if before.get("owners") != after.get("owners"):
            self._raw["owners"] = [self._reference(one) for one in after.get("owners") or ()]
        doc = _read(_TASK - {"description"}, self._raw, comment=False)[0]
        text = after if before.get("description") != after.get("description") else self._present.native.doc
        if text.get("description"):
            doc["description"] = text["description"]
        return Native(self._present.native.place, doc, self._present.native.edges)


def _schema(place: str, raw: Doc, before: Doc, after: Doc) -> Doc | None:
    """What holds members: the schema of a container or of messages."""
    rest = {name: value for name, value in raw.items() if name not in ("schemaText", "schemaType", place)}
    if not after:
        return rest if rest.keys() - {"isPartitioned"} else None
    known = {name: value for name, value in after.items() if name != place}
    members = merged(raw.get(place) or (), before.get(place) or (), after.get(place) or ())
    return {**rest, **known, **({place: members} if members or place == "columns" else {})}


def _put(value: Doc, key: str, new: Any) -> None:
    if new is None:
        value.pop(key, None)
    else:
        value[key] = new


def _constraints(present: Iterable[Doc], after: Iterable[Doc]) -> list[Doc]:
    def key(one: Doc) -> tuple[Any, ...]:
        return one.get("constraintType"), *(one.get("columns") or ())

    known = {key(one): one for one in present}
    others = [one for one in present if one.get("constraintType") not in _CONSTRAINTS]
    return [*({**known.get(key(one), {}), **one} for one in after), *others]
