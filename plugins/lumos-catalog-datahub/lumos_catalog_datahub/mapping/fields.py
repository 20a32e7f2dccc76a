"""Fields, keys, partitions and schema texts of datasets: `schemaMetadata`, and what people typed beside it."""

from __future__ import annotations

from typing import Any

from lumos_core.plugin_api import (
    Dataset,
    Description,
    Entity,
    Field,
    Key,
    Layout,
    NativeSchema,
    PartitionField,
    paths,
    urns,
)

from .. import names as identity
from ..fieldpaths import Place, Spelling
from ..fieldpaths import read as read_path
from ..native import Draft, View
from .governance import native_tags, native_terms, tags_of, terms_of
from .types import class_of, type_of

_SCHEMA, _EDITABLE = "schemaMetadata", "editableSchemaMetadata"
_KAFKA, _OTHER = "com.linkedin.schema.KafkaSchema", "com.linkedin.schema.OtherSchema"
_TEXT = "text"


def read(view: View, value: Entity) -> None:
    """Read what a dataset is made of."""
    if not isinstance(value, Dataset):
        return
    schema = view.aspect(_SCHEMA)
    found: dict[Place, Field] = {}
    partitions: list[PartitionField] = []
    keyed: list[str] = []
    for held in schema.get("fields", ()):
        place = read_path(held["fieldPath"])
        if place in found:
            continue
        found[place] = _field(view, held, place)
        if held.get("isPartitioningKey") is True:
            partitions.append(PartitionField(place[1]))
        if held.get("isPartOfKey") is True and place[0] is None:
            keyed.append(place[1])
    for held in view.aspect(_EDITABLE).get("editableSchemaFieldInfo", ()):
        place = read_path(held["fieldPath"])
        field = found.get(place) or found.get(("key", place[1]))
        if field is not None:
            _read_typed(view, held, field)
    value.fields = list(found.values())
    natural = _Spell(value, Spelling())
    for place, path in reversed(
        [(read_path(held["fieldPath"]), held["fieldPath"]) for held in schema.get("fields", ())]
    ):
        found[place].aliases = [(identity.SYSTEM, path)] if natural(*place) != path else []
    if primary := [read_path(path)[1] for path in schema.get("primaryKeys", ())] or keyed:
        value.keys = [Key(type="primary", columns=primary)]
    value.keys += [key for held in schema.get("foreignKeys", ()) if (key := _foreign(view, held)) is not None]
    if partitions:
        value.layout = Layout(partition_by=partitions)
    value.native_schema = _native_schema(schema.get("platformSchema", {}))


def _field(view: View, held: Any, place: Place) -> Field:
    member = next(iter(held["type"]["type"]), "")
    type_, native_type = type_of(member, held["nativeDataType"])
    part, path = place
    text = held.get("description")
    return Field(
        path,
        type=type_,
        native_type=native_type,
        nullable=held.get("nullable"),
        part=part,
        description=None if text is None else Description(source=text),
        tags=tags_of(view, held.get("globalTags") or {}),
        terms=terms_of(view, held.get("glossaryTerms") or {}),
    )


def _read_typed(view: View, held: Any, field: Field) -> None:
    """Add what people typed about a field."""
    if (text := held.get("description")) is not None:
        said = field.description.source if field.description is not None else None
        field.description = Description(source=said, manual=text)
    field.tags = field.tags + tags_of(view, held.get("globalTags") or {}, "manual")
    field.terms = field.terms + terms_of(view, held.get("glossaryTerms") or {}, "manual")


def _foreign(view: View, held: Any) -> Key | None:
    columns = [ref[1:] for ref in view.refs(held.get("sourceFields")) if ref.startswith("#")]
    references = [ref for ref in view.refs(held.get("foreignFields")) if "#" in ref]
    if len(columns) != len(held.get("sourceFields", ())) or len(references) != len(held.get("foreignFields", ())):
        return None
    return Key(type="foreign", name=held.get("name") or None, columns=columns, references=references)


def _native_schema(held: Any) -> list[NativeSchema]:
    found = []
    if kafka := held.get(_KAFKA):
        if text := kafka.get("documentSchema"):
            found.append(NativeSchema(format=(kafka.get("documentSchemaType") or _TEXT).lower(), text=text))
        if text := kafka.get("keySchema"):
            format_ = (kafka.get("keySchemaType") or _TEXT).lower()
            found.append(NativeSchema(format=format_, text=text, part="key"))
    elif text := held.get(_OTHER, {}).get("rawSchema"):
        found.append(NativeSchema(format=_TEXT, text=text))
    return found


def write(value: Entity, draft: Draft) -> None:
    """Write what a dataset is made of."""
    if not isinstance(value, Dataset) or not draft.has(_SCHEMA):
        return
    spell = _Spell(value, draft.spelling())
    fields = {spell(field.part, field.path): field for field in reversed(value.fields)}
    fields = dict(reversed(fields.items()))
    primary = next((key.columns for key in value.keys if key.type == "primary"), [])
    keyed = {spell.column(path) for path in primary}
    partitions = {spell.column(one.path) for one in (value.layout.partition_by if value.layout else ())}
    rows = [_native_field(path, field, draft, keyed, partitions) for path, field in fields.items()]
    foreign = {json["name"]: json for key in value.keys if (json := _native_foreign(key, draft, spell)) is not None}
    platform_schema = _platform_schema(value.native_schema)
    if rows or primary or foreign or platform_schema:
        _, name, *_ = identity.split(draft.urn).parts
        schema: dict[str, Any] = {
            "schemaName": name,
            "platform": identity.split(draft.urn).parts[0],
            "version": 0,
            "hash": "",
            "platformSchema": platform_schema or {_OTHER: {"rawSchema": ""}},
            "fields": rows,
        }
        if primary:
            schema["primaryKeys"] = [spell.column(path) for path in primary]
        if foreign:
            schema["foreignKeys"] = list(foreign.values())
        draft.aspects[_SCHEMA] = schema
    _write_typed(fields, draft)


class _Spell:
    """Native paths of the fields of a dataset: v2 for all of them, as soon as one needs it.

    A path that DataHub's own tools spelled otherwise stands among the aliases of the field.
    """

    def __init__(self, value: Dataset, spelling: Spelling) -> None:
        self._spelling = spelling
        self._types = {field.path: field.type for field in value.fields}
        self._parts = {field.path: field.part for field in reversed(value.fields)}
        self._nested = any(_needs_v2(field) for field in value.fields)
        self._aliases = {
            (field.part, field.path): text
            for field in value.fields
            for system, text in field.aliases
            if system == identity.SYSTEM and text and read_path(text) == (field.part, field.path)
        }

    def __call__(self, part: str | None, path: str) -> str:
        return self._aliases.get((part, path)) or self._spelling(
            path, part, lambda at: self._types.get(at, ""), self._nested
        )

    def column(self, path: str) -> str:
        """The path of a column that a key names."""
        return self(self._parts.get(path), path)


def _needs_v2(field: Field) -> bool:
    if field.part is not None or field.type.startswith(("struct", "list", "map", "union")):
        return True
    segments = paths.split(field.path)
    return len(segments) != 1 or segments[0].kind != "name"


def _native_field(path: str, field: Field, draft: Draft, keyed: set[str], partitions: set[str]) -> dict[str, Any]:
    held: dict[str, Any] = {
        "fieldPath": path,
        "type": {"type": {class_of(field.type): {}}},
        "nativeDataType": field.native_type if field.native_type is not None else field.type,
    }
    if field.nullable is not None:
        held["nullable"] = field.nullable
    if field.description is not None and field.description.source is not None:
        held["description"] = field.description.source
    if tags := native_tags([one for one in field.tags if one.layer is None], draft):
        held["globalTags"] = tags
    if terms := native_terms([one for one in field.terms if one.layer is None], draft):
        held["glossaryTerms"] = terms
    if path in keyed:
        held["isPartOfKey"] = True
    if path in partitions:
        held["isPartitioningKey"] = True
    return held


def _write_typed(fields: dict[str, Field], draft: Draft) -> None:
    """Write what people typed about the fields."""
    spelling = draft.spelling(editable=True)
    rows: dict[str, Any] = {}
    for path, field in fields.items():
        held: dict[str, Any] = {}
        if field.description is not None and field.description.manual is not None:
            held["description"] = field.description.manual
        if tags := native_tags([one for one in field.tags if one.layer == "manual"], draft):
            held["globalTags"] = tags
        if terms := native_terms([one for one in field.terms if one.layer == "manual"], draft):
            held["glossaryTerms"] = terms
        if held:
            own = spelling.held(field.part, field.path) or path
            rows.setdefault(own, {"fieldPath": own, **held})
    if rows and draft.has(_EDITABLE):
        draft.aspect(_EDITABLE)["editableSchemaFieldInfo"] = list(rows.values())


def _native_foreign(key: Key, draft: Draft, spell: _Spell) -> dict[str, Any] | None:
    hosts = {urns.host(ref) for ref in key.references}
    if key.type != "foreign" or len(hosts) != 1 or "" in hosts or not all("#" in ref for ref in key.references):
        return None
    host = draft.native(hosts.pop(), "dataset")
    foreign = draft.natives(key.references, "schemaField")
    if host is None or len(foreign) != len(key.references):
        return None
    own = [identity.field(draft.urn, spell.column(path)) for path in key.columns]
    return {"name": key.name or "", "foreignFields": foreign, "sourceFields": own, "foreignDataset": host}


def _platform_schema(schemas: list[NativeSchema]) -> dict[str, Any] | None:
    by_part = {schema.part: schema for schema in reversed(schemas) if schema.text}
    body, key = by_part.get(None), by_part.get("key")
    if body is None and key is None:
        return None
    if body is not None and key is None and body.format == _TEXT:
        return {_OTHER: {"rawSchema": body.text}}
    held = {"documentSchema": body.text if body else ""}
    if body is not None and body.format != _TEXT:
        held["documentSchemaType"] = body.format.upper()
    if key is not None:
        held["keySchema"] = key.text
        if key.format != _TEXT:
            held["keySchemaType"] = key.format.upper()
    return {_KAFKA: held}
