"""A table's schema as fields, with what their metadata says, and the constraints that stand there.

Source: the Delta transaction log protocol, "Column Mapping", "Column Invariants", "Generated Columns",
"Default Columns", "Identity Columns".
"""

from __future__ import annotations

import json
from typing import Any

from lumos_core.plugin_api import Default, Description, Field, Key, paths, types

from .types import Malformed, Typed, leaf, type_of

_ID = "delta.columnMapping.id"
_PHYSICAL = "delta.columnMapping.physicalName"
_SIZED = "__CHAR_VARCHAR_TYPE_STRING"
_SILENT = frozenset(
    {
        # They change with the data, or say in another way what is said already.
        *("delta.identity.highWaterMark", "delta.typeChanges", "delta.columnMapping.nested.ids"),
        *("comment", "CURRENT_DEFAULT", "EXISTS_DEFAULT", "delta.generationExpression", "delta.invariants"),
        *("delta.identity.allowExplicitInsert", _ID, _PHYSICAL, _SIZED, "__COLLATIONS"),
    }
)


class Schema:
    """The fields of a table.

    Args:
        text: A `schemaString`.
        mapped: Column mapping is on, so that ids and physical names count.

    Attributes:
        fields: Parents before children.
        keys: Column invariants, which are checks.

    Raises:
        Malformed: When it is no schema.
    """

    def __init__(self, text: str, *, mapped: bool) -> None:
        self._mapped = mapped
        self._logical: dict[tuple[str, ...], str] = {}
        self.fields: list[Field] = []
        self.keys: list[Key] = []
        try:
            said = json.loads(text)
        except RecursionError:
            raise Malformed("it is nested too deeply") from None
        except ValueError as error:
            raise Malformed(f"it is no JSON ({error})") from None
        if not isinstance(said, dict) or said.get("type") != "struct":
            raise Malformed("it is no struct")
        self._members(said, "", (), 0)
        if len({field.path for field in self.fields}) < len(self.fields):
            raise Malformed("a name occurs twice")

    def logical(self, names: tuple[str, ...]) -> str:
        """Return the path of a column by its physical names; without column mapping they are its names."""
        return self._logical.get(names) or ".".join(paths.quote(name) for name in names)

    def _members(self, struct: dict[str, Any], path: str, names: tuple[str, ...], depth: int) -> None:
        members = struct.get("fields")
        if not isinstance(members, list):
            raise Malformed("a struct has no `fields`")
        for member in members:
            self._field(member, path, names, depth)

    def _field(self, said: Any, parent: str, names: tuple[str, ...], depth: int) -> None:
        name = said.get("name") if isinstance(said, dict) else None
        if not isinstance(name, str):
            raise Malformed("a field has no name")
        nullable = said.get("nullable", True)
        metadata = said.get("metadata") or {}
        if not isinstance(nullable, bool) or not isinstance(metadata, dict):
            raise Malformed("`nullable` or `metadata` of a field is of another type")
        path = paths.child(parent, name) if parent else paths.quote(name)
        typed = _typed(type_of(said.get("type"), depth), name, metadata)
        field = Field(path, type=types.render(typed.type), native_type=typed.native, nullable=nullable)
        self._describe(field, metadata)
        self.fields.append(field)
        physical = metadata.get(_PHYSICAL) if self._mapped else None
        names = (*names, physical if isinstance(physical, str) else name)
        self._logical[names] = path
        self._below(said["type"], path, names, depth + 1)

    def _below(self, said: Any, path: str, names: tuple[str, ...], depth: int) -> None:
        """Append the members of all structs inside a type."""
        if not isinstance(said, dict):
            return
        kind = said["type"]
        if kind == "struct":
            self._members(said, path, names, depth)
        elif kind == "array":
            self._below(said["elementType"], paths.element(path), (*names, "element"), depth + 1)
        elif kind == "map":
            self._below(said["keyType"], paths.map_key(path), (*names, "key"), depth + 1)
            self._below(said["valueType"], paths.map_value(path), (*names, "value"), depth + 1)
        else:
            self._below(said["sqlType"], path, names, depth + 1)

    def _describe(self, field: Field, metadata: dict[str, Any]) -> None:
        if self._mapped:
            if _ID in metadata:
                field.id = str(metadata[_ID])
            if nested := metadata.get("delta.columnMapping.nested.ids"):
                field.extra = [("delta/nested_ids", json.dumps(nested, sort_keys=True))]
        if comment := metadata.get("comment"):
            field.description = Description(source=str(comment))
        initial, write = metadata.get("EXISTS_DEFAULT"), metadata.get("CURRENT_DEFAULT")
        if initial is not None or write is not None:
            field.default = Default(initial=_text(initial), write=_text(write))
        if expression := metadata.get("delta.generationExpression"):
            field.generated = str(expression)
        elif "delta.identity.start" in metadata:
            explicit = metadata.get("delta.identity.allowExplicitInsert") is True
            field.generated = "by default as identity" if explicit else "always as identity"
        if invariant := _invariant(metadata.get("delta.invariants")):
            self.keys.append(Key(type="check", columns=[field.path], expression=invariant, enforced=True))
        properties = {key: str(_text(value)) for key, value in metadata.items() if key not in _SILENT and value != ""}
        if self._mapped and _PHYSICAL in metadata:
            properties[_PHYSICAL] = str(metadata[_PHYSICAL])
        field.properties = sorted(properties.items())


def _typed(typed: Typed, name: str, metadata: dict[str, Any]) -> Typed:
    """Return a type with what only the metadata of its field says: length and collation."""
    if not isinstance(typed.type, types.String):
        return typed
    sized = metadata.get(_SIZED)
    if isinstance(sized, str) and isinstance((found := leaf(sized)).type, types.String):
        return found
    collations = metadata.get("__COLLATIONS")
    collation = collations.get(name) if isinstance(collations, dict) else None
    if isinstance(collation, str) and collation:
        return Typed(types.String(collation=collation), f"string collate {collation}")
    return typed


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _invariant(text: Any) -> str:
    """Return the SQL of a column invariant; empty for none."""
    if not isinstance(text, str):
        return ""
    try:
        return str(json.loads(text)["expression"]["expression"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return text
