"""Parts of an entity that have names of their own: columns, fields of messages, tasks of a pipeline, features."""

from __future__ import annotations

from typing import Any

from . import fqn as names
from . import labels
from .changes import Changes
from .errors import bad
from .store import Document
from .world import World

PLACES = {
    "table": ("columns",),
    "dashboardDataModel": ("columns",),
    "container": ("dataModel.columns",),
    "topic": ("messageSchema.schemaFields",),
    "searchIndex": ("fields",),
    "apiEndpoint": ("requestSchema.schemaFields", "responseSchema.schemaFields"),
    "pipeline": ("tasks",),
    "mlmodel": ("mlFeatures",),
}
"""Where the members of a kind are."""
_SIZED = ("CHAR", "VARCHAR", "BINARY", "VARBINARY")
_RECORDED = (
    *(
        "constraint",
        "dataLength",
        "precision",
        "scale",
        "dataTypeDisplay",
        "jsonSchema",
        "extension",
        "sourceUrl",
        "taskType",
    ),
    *("downstreamTasks", "taskSQL", "startDate", "endDate", "featureSources", "featureAlgorithm"),
)
_COLUMNS = ("columns", "dataModel.columns")


def get(document: Document, place: str) -> list[Document] | None:
    """Return the members at a place."""
    value: Any = document
    for step in place.split("."):
        value = (value or {}).get(step)
    found: list[Document] | None = value
    return found


def put(document: Document, place: str, members: list[Document]) -> None:
    """Set the members at a place that is there."""
    *above, last = place.split(".")
    for step in above:
        document = document[step]
    document[last] = members


def prepare(world: World, kind: str, document: Document) -> None:
    """Check the members of an entity and give them their fully qualified names.

    Raises:
        Refusal: 400 for a duplicate, a missing length or type, a wrong name; 404 for an unknown tag.
    """
    for place in PLACES.get(kind, ()):
        members = get(document, place)
        if members is not None:
            put(document, place, _prepare(world, members, document["fullyQualifiedName"], place in _COLUMNS))
    if kind == "table":
        _check_constraints(document)


def _prepare(world: World, members: list[Document], parent: str, columns: bool) -> list[Document]:
    seen: set[str] = set()
    made = []
    for member in members:
        member = {name: value for name, value in member.items() if value is not None}
        name = member.get("name", "")
        names.check_name(name, None if world.family == 2 else names.LONGEST)
        member["name"] = names.unquote(name)
        if member["name"] in seen:
            raise bad(
                f"Column name {member['name']} is repeated" if columns else f"Field name {member['name']} is repeated"
            )
        seen.add(member["name"])
        member["fullyQualifiedName"] = names.add(parent, member["name"])
        member["tags"] = labels.prepare(world, member.get("tags"))
        if columns:
            _check_type(member)
        if member.get("children") is not None:
            member["children"] = _prepare(world, member["children"], member["fullyQualifiedName"], columns)
        made.append(member)
    return made


def _check_type(column: Document) -> None:
    kind, name = column["dataType"], column["name"]
    if kind in _SIZED and column.get("dataLength") is None:
        raise bad(f"For column data types char, varchar, binary, varbinary dataLength must not be null: {name}")
    if kind == "ARRAY" and column.get("arrayDataType") is None:
        raise bad(f"For column data type array, arrayDataType must not be null: {name}")
    if kind == "STRUCT" and not column.get("children"):
        raise bad(f"For column data type struct, children must not be null: {name}")
    if "dataTypeDisplay" not in column:
        inner = {"ARRAY": f"<{column.get('arrayDataType')}>"}.get(
            kind, f"({column['dataLength']})" if column.get("dataLength") else ""
        )
        column["dataTypeDisplay"] = f"{kind}{inner}".lower()


def _check_constraints(table: Document) -> None:
    known = {column["name"] for column in table["columns"]}
    for constraint in table.get("tableConstraints") or ():
        for name in constraint.get("columns") or ():
            if name not in known:
                raise bad(f"Invalid column name found in table constraint: {name}")
    for part in (table.get("tablePartition") or {}).get("columns") or ():
        if part.get("columnName") not in known:
            raise bad(f"Invalid column name found in table partition: {part.get('columnName')}")


def flat(members: list[Document] | None) -> dict[str, Document]:
    """All members by fully qualified name, nested ones too."""
    found = {}
    for member in members or ():
        found[member["fullyQualifiedName"]] = member
        found.update(flat(member.get("children")))
    return found


def update(world: World, kind: str, old: Document, new: Document, rules: Any, changes: Changes) -> None:
    """Merge the members of an entity by the rules of an update, into `new`."""
    for place in PLACES.get(kind, ()):
        before, after = get(old, place), get(new, place)
        if after is not None and before is not None:
            _merge(world, before, after, place, rules, changes)
        elif before is not None or after is not None:
            changes.record(place, before, after)
    if kind in ("container", "topic", "apiEndpoint"):  # what stands beside the members
        for place in PLACES[kind]:
            holder = place.partition(".")[0]
            rest = [
                {k: v for k, v in (one.get(holder) or {}).items() if k != place.partition(".")[2]} for one in (old, new)
            ]
            changes.record(holder, *rest)


def _same(one: Document, other: Document) -> bool:
    return all(one.get(name) == other.get(name) for name in ("name", "dataType", "arrayDataType"))


def _merge(world: World, old: list[Document], new: list[Document], place: str, rules: Any, changes: Changes) -> None:
    before = {member["name"]: member for member in old}
    added, kept = [], set()
    for member in new:
        found = before.get(member["name"])
        if found is None or not _same(found, member):
            added.append(member)
            if found is not None:  # another type is another column, but what people wrote is carried over
                member["description"] = member.get("description") or found.get("description")
                member["tags"] = member["tags"] or found["tags"]
            continue
        kept.add(found["name"])
        if found == member:
            continue
        where = f"{place}.{names.quote(member['name'])}"
        for name in ("description", "displayName"):
            rules.text(found, member, name, f"{where}.{name}", changes, nested=True)
        rules.labels(world, found, member, f"{where}.tags", changes)
        for name in _RECORDED:
            changes.record(f"{where}.{name}", found.get(name), member.get(name))
        if found.get("children") is not None or member.get("children") is not None:
            if member.get("children") is None:
                member["children"] = []
            _merge(world, found.get("children") or [], member["children"], f"{where}.children", rules, changes)
    gone = [member for member in old if member["name"] not in kept]
    if added:
        changes.add(place, added)
    if gone:
        changes.remove(place, gone)
        changes.major = True
