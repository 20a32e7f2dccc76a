"""A table's schema as fields, and the paths of its columns by id.

Source: the Apache Iceberg table specification, "Schemas and Data Types", "Default values" and appendix C.
"""

from __future__ import annotations

import json
from typing import Any

from lumos_core.plugin_api import Default, Description, Field, paths, types

from .metadata import Malformed, SchemaSaid
from .types import type_of

IDS = "iceberg/ids"
"""Key in `extra` of a field: ids of the elements, keys and values inside its type, by path below it, as JSON."""


class Schema:
    """The fields of a table.

    Args:
        said: A schema of its metadata.

    Attributes:
        fields: Parents before children.
        path_of: Id of a field, element, key or value -> its path.

    Raises:
        Malformed: When it is no schema.
    """

    def __init__(self, said: SchemaSaid) -> None:
        self.fields: list[Field] = []
        self.path_of: dict[int, str] = {}
        self._members(said.fields, "", 0)
        if len({field.path for field in self.fields}) < len(self.fields):
            raise Malformed("a name occurs twice in its schema")

    def _members(self, members: Any, parent: str, depth: int) -> None:
        if not isinstance(members, list):
            raise Malformed("a struct has no `fields`")
        for member in members:
            self._field(member, parent, depth)

    def _field(self, said: Any, parent: str, depth: int) -> None:
        if not isinstance(said, dict):
            raise Malformed("a field is no object")
        name, id, required = said.get("name"), said.get("id"), said.get("required")
        if not isinstance(name, str) or not isinstance(id, int) or not isinstance(required, bool):
            raise Malformed("a field has no `name`, `id` or `required`")
        path = paths.child(parent, name) if parent else paths.quote(name)
        typed = type_of(said.get("type"), depth)
        field = Field(path, type=types.render(typed.type), native_type=typed.native, nullable=not required, id=str(id))
        if doc := said.get("doc"):
            field.description = Description(source=str(doc))
        if "initial-default" in said or "write-default" in said:
            field.default = Default(
                initial=_value(said.get("initial-default")), write=_value(said.get("write-default"))
            )
        if typed.ids:
            field.extra = [(IDS, json.dumps(typed.ids, sort_keys=True))]
        self.fields.append(field)
        if self.path_of.setdefault(id, path) != path:
            raise Malformed(f"the id {id} occurs twice in its schema")
        self.path_of.update((inner, path + below) for below, inner in typed.ids.items())
        self._below(said["type"], path, depth + 1)

    def _below(self, said: Any, path: str, depth: int) -> None:
        """Append the members of all structs inside a type."""
        if not isinstance(said, dict):
            return
        if said["type"] == "struct":
            self._members(said.get("fields"), path, depth)
        elif said["type"] == "list":
            self._below(said["element"], paths.element(path), depth + 1)
        else:
            self._below(said["key"], paths.map_key(path), depth + 1)
            self._below(said["value"], paths.map_value(path), depth + 1)


def _value(value: Any) -> str | None:
    """Return a default as JSON text; None for none."""
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
