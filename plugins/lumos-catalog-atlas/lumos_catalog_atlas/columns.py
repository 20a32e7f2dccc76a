"""Fields <-> column entities, each official model with its own attributes."""

from __future__ import annotations

from typing import Any

from lumos_core.plugin_api import Default, Field, paths

from . import models, names
from .marks import from_marks, from_terms, to_marks, to_terms
from .native import Native
from .texts import from_owner, from_texts, manual, owner, shown, source

TYPE, PART = "lumos_type", "lumos_part"
"""Custom attributes: a line each for type, native type and nullability as they were written; the part of a message.

A boolean that nobody set is read as false, so that of a column that Lumos did not write only true is told.
"""

_TYPE = {"rdbms_column": "data_type", "hive_column": "type", "spark_column": "type", "lumos_field": "native_type"}
_SAID = {None: "", True: "true", False: "false"}
_NULLABLE = {"rdbms_column": "isNullable", "spark_column": "nullable", "lumos_field": "nullable"}


def to_column(field: Field, position: int, host: names.NativeId, urn: str, cluster: str) -> Native:
    """Return the column of a field.

    Args:
        field: The field.
        position: Its index.
        host: What it belongs to.
        urn: The same as a URN.
        cluster: Name of our cluster.
    """
    key = field.path if field.part is None else f"{field.part}#{field.path}"
    id_ = names.column_id(host, urn, key, cluster)
    type_ = id_.type
    native_type = field.native_type or field.type
    marks, labels = to_marks(field.tags)
    attributes: dict[str, Any] = {
        "name": field.path,
        "description": manual(field.description),
        "comment": source(field.description),
        "owner": owner(field.owners),
        _TYPE[type_]: native_type,
    }
    if type_ in _NULLABLE:
        attributes[_NULLABLE[type_]] = field.nullable
    if type_ == "rdbms_column":
        attributes["default_value"] = field.default.write if field.default else None
    if type_ == "hive_column":
        attributes["position"] = position
    if type_ == "lumos_field":
        attributes |= {"type": field.type, "displayName": shown(field.display_name), "subtype": field.subtype}
    custom = {
        models.POSITION: str(position),
        TYPE: "\n".join((field.type, field.native_type or "", _SAID[field.nullable])),
    }
    if field.part is not None:
        custom[PART] = field.part
    return Native(id_, attributes, custom, labels, marks, to_terms(field.terms))


def from_column(column: Native) -> Field:
    """Return the field of a column."""
    attributes = column.attributes
    name = str(attributes.get("name") or "")
    ours = models.POSITION in column.custom
    path = name if ours else paths.join([paths.Segment("name", name)])
    type_, native = "unknown", attributes.get(_TYPE.get(column.id.type, "type"))
    kept = column.custom.get(TYPE, "").split("\n")
    nullable: bool | None = attributes.get(_NULLABLE.get(column.id.type, "")) is True or None
    if len(kept) == 3 and native == (kept[1] or kept[0]):
        type_, native = kept[0] if kept[0] != type_ else type_, kept[1] or None
        if bool(nullable) == (kept[2] == "true") or column.id.type not in _NULLABLE:
            nullable = {"true": True, "false": False}.get(kept[2])
    field = Field(path, type=type_, native_type=native, part=column.custom.get(PART))
    field.nullable = nullable
    if attributes.get("default_value"):
        field.default = Default(write=attributes["default_value"])
    from_texts(field, attributes)
    field.owners = from_owner(attributes.get("owner"))
    field.tags = from_marks(column.marks, column.labels)
    field.terms = from_terms(column.terms)
    return field


def order(column: Native) -> tuple[int, str]:
    """Sort key of columns: where Atlas knows their place, else their name."""
    place = column.custom.get(models.POSITION) or column.attributes.get("position")
    try:
        return int(place) if place is not None else 1 << 30, str(column.attributes.get("name"))
    except ValueError:
        return 1 << 30, str(column.attributes.get("name"))
