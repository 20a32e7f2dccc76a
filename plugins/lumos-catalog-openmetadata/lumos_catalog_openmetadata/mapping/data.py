"""What holds data: tables, containers of storages, topics, search indexes."""

from __future__ import annotations

import re
from typing import Any

from lumos_core.plugin_api import Code, Dataset, Key, Layout, NativeSchema, PartitionField, paths, urns

from .. import fqn
from ..names import Names, Place
from .common import clean
from .members import of_members, to_members

Doc = dict[str, Any]

_KEYS = {"primary": "PRIMARY_KEY", "unique": "UNIQUE", "foreign": "FOREIGN_KEY"}
_KEYS_BACK = {native: type_ for type_, native in _KEYS.items()}
_TABLES = {
    "table": "Regular",
    "view": "View",
    "materialized_view": "MaterializedView",
    "external_table": "External",
    "dynamic_table": "Dynamic",
    "partitioned_table": "Partitioned",
    "foreign_table": "Foreign",
    "transient_table": "Transient",
    "local_table": "Local",
    "secure_view": "SecureView",
    "iceberg": "Iceberg",
}
_TABLES_BACK = {native: subtype for subtype, native in _TABLES.items()}
_UNITS = ("year", "month", "day", "hour")
_FORMATS = ("zip", "gz", "zstd", "csv", "tsv", "json", "parquet", "avro")
_SCHEMAS = {"avro": "Avro", "protobuf": "Protobuf", "json_schema": "JSON", "json": "JSON"}
_SCHEMAS_BACK = {"Avro": "avro", "Protobuf": "protobuf", "JSON": "json_schema"}
_LOCATION = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+\Z")


def table_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a table."""
    columns = to_members(value.fields, names, "column")
    doc["columns"] = columns
    tops = {member["name"] for member in columns}
    constraints = [found for key in value.keys if (found := _constraint(key, tops, names))]
    unique = {(one["constraintType"], *one["columns"]): one for one in constraints}
    if unique:
        doc["tableConstraints"] = list(unique.values())
    partition = [_partition(part) for part in value.layout.partition_by] if value.layout is not None else []
    if partition and all(part["columnName"] in tops for part in partition):
        doc["tablePartition"] = {"columns": partition}
    if value.subtype in _TABLES:
        doc["tableType"] = _TABLES[value.subtype]
    code = next((code for code in value.code if code.role in (None, "definition")), None)
    if code is not None and code.text and clean(code.text):
        doc["schemaDefinition"] = code.text


def table_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a table."""
    members = doc.get("columns", ())
    value.fields = of_members(members, names, "column")
    value.keys = [found for one in doc.get("tableConstraints", ()) if (found := _key(one, names))]
    told = {(key.type, tuple(key.columns)) for key in value.keys}
    for member in members:
        type_ = _KEYS_BACK.get(member.get("constraint", ""))
        path = paths.quote(fqn.decode(member["name"]))
        if type_ and (type_, (path,)) not in told:
            value.keys = [*value.keys, Key(type=type_, columns=[path])]
    columns = (doc.get("tablePartition") or {}).get("columns") or ()
    if columns:
        value.layout = Layout(partition_by=[_partition_of(one) for one in columns if one.get("columnName")])
    if doc.get("tableType"):
        value.subtype = _TABLES_BACK.get(doc["tableType"], doc["tableType"].lower())
    if doc.get("schemaDefinition"):
        value.code = [Code(role="definition", language="sql", text=doc["schemaDefinition"])]


def _top(path: str) -> str | None:
    """The name of a column that is not nested."""
    try:
        steps = paths.split(path)
    except paths.PathError:
        return None
    return fqn.encode(steps[0].name) if len(steps) == 1 and steps[0].kind == "name" else None


def _constraint(key: Key, tops: set[str], names: Names) -> Doc | None:
    columns = [_top(path) for path in key.columns]
    if key.type not in _KEYS or not columns or not all(column in tops for column in columns):
        return None
    found: Doc = {"constraintType": _KEYS[key.type], "columns": columns}
    if key.type == "foreign":
        referred = [column_name(names, one) for one in key.references]
        if not referred or not all(referred):
            return None
        found["referredColumns"] = referred
    return found


def _key(constraint: Doc, names: Names) -> Key | None:
    type_ = _KEYS_BACK.get(constraint.get("constraintType", ""))
    if type_ is None:
        return None
    columns = [paths.quote(fqn.decode(name)) for name in constraint.get("columns") or ()]
    referred = [column_urn(names, "table", name) for name in constraint.get("referredColumns") or ()]
    return Key(type=type_, columns=columns, references=[urn for urn in referred if urn])


def _partition(part: PartitionField) -> Doc:
    found: Doc = {"columnName": _top(part.path) or "", "intervalType": "OTHER", "interval": part.transform}
    if part.transform in _UNITS:
        found.update(intervalType="TIME-UNIT", interval=part.transform.upper())
    elif part.transform in (None, "identity"):
        found = {"columnName": found["columnName"], "intervalType": "COLUMN-VALUE"}
    return found


def _partition_of(part: Doc) -> PartitionField:
    interval, kind = part.get("interval"), part.get("intervalType")
    transform = (interval or "").lower() if kind == "TIME-UNIT" else interval if kind == "OTHER" else None
    return PartitionField(path=paths.quote(fqn.decode(part["columnName"])), transform=transform or None)


def column_name(names: Names, ref: str) -> str | None:
    """Return the fully qualified name of the column that a reference to a field leads to."""
    path = ref.partition("#")[2]
    try:
        place = names.place(ref)
        steps = paths.split(path)
    except ValueError:
        return None
    if not steps or place.type not in ("table", "container", "topic", "searchIndex"):
        return None
    parts = [step.name for step in steps if step.kind == "name"]
    return f"{place.fqn}.{fqn.join(map(fqn.encode, parts))}"


def column_urn(names: Names, type_: str, name: str) -> str | None:
    """Return the reference to the field of a column, by its fully qualified name."""
    above = 4 if type_ == "table" else 2
    try:
        parts = fqn.split(name)
        host = names.urn(Place(type_, fqn.join(parts[:above])))
    except (ValueError, IndexError):
        return None
    path = ""
    for part in parts[above:]:
        path = paths.child(path, fqn.decode(part))
    return urns.field(host, path) if path else None


def container_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a container of a storage; folders have no fields."""
    fields = getattr(value, "fields", ())
    if fields:
        doc["dataModel"] = {"columns": to_members(fields, names, "column")}
    layout = getattr(value, "layout", None)
    if layout is not None and layout.format in _FORMATS:
        doc["fileFormats"] = [layout.format]
    if layout is not None and layout.location and _LOCATION.match(layout.location):
        doc["fullPath"] = layout.location


def container_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a container of a storage."""
    if not isinstance(value, Dataset):
        return
    value.fields = of_members((doc.get("dataModel") or {}).get("columns") or (), names, "column")
    formats = doc.get("fileFormats") or ()
    if formats or doc.get("fullPath"):
        value.layout = Layout(format=formats[0] if formats else None, location=doc.get("fullPath"))


def topic_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a topic: the schema of its messages' values."""
    found: Doc = {}
    native = next((one for one in value.native_schema if one.part in (None, "value") and one.format in _SCHEMAS), None)
    if native is not None and clean(native.text):
        found.update(schemaText=native.text, schemaType=_SCHEMAS[native.format])
    members = to_members(value.fields, names, "message")
    if members:
        found["schemaFields"] = members
    if found:
        found.setdefault("schemaType", "Other")
        doc["messageSchema"] = found


def topic_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a topic."""
    schema = doc.get("messageSchema") or {}
    value.fields = of_members(schema.get("schemaFields") or (), names, "message")
    kind = _SCHEMAS_BACK.get(schema.get("schemaType") or "")
    if schema.get("schemaText") and kind:
        value.native_schema = [NativeSchema(format=kind, text=schema["schemaText"])]


def index_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a search index."""
    doc["fields"] = to_members(value.fields, names, "search")


def index_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a search index."""
    value.fields = of_members(doc.get("fields", ()), names, "search")
