"""The schema of a table as fields, as Hudi's own catalogs have it.

Source: Hudi's `TableSchemaResolver` (which fields stand beside those of the Avro schema) and `SerDeHelper` (ids).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lumos_lake.avro import Reader

from lumos_core.plugin_api import paths

from .properties import Malformed

META_FIELDS = (
    *("_hoodie_commit_time", "_hoodie_commit_seqno", "_hoodie_record_key", "_hoodie_partition_path"),
    "_hoodie_file_name",
)
"""Columns that Hudi puts before those of the table, unless `hoodie.populate.meta.fields` is false."""
OPERATION_FIELD = "_hoodie_operation"
"""A sixth of them, where `hoodie.allow.operation.metadata.field` is true."""
MOST_FIELDS = 200_000
_STRING = ["null", "string"]


class Schema:
    """The fields of a table.

    Args:
        text: Its schema as Avro.
        properties: Of the table.
        partitions: Columns that it is partitioned by.
        ids: Its schema with ids, as JSON; empty for none.

    Attributes:
        fields: Parents before children.
        doc: What the schema says of the table.

    Raises:
        Malformed: When it is no schema of a table.
    """

    def __init__(self, text: str, properties: Mapping[str, str], partitions: list[str], ids: str = "") -> None:
        try:
            said = json.loads(text)
            if not isinstance(said, dict) or said.get("type") != "record" or not isinstance(said.get("fields"), list):
                raise Malformed("the schema is no record")
            reader = Reader(MOST_FIELDS)
            self.fields = reader.read({**said, "fields": _members(said["fields"], properties, partitions)})
        except Malformed:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise Malformed(f"the schema is not valid ({' '.join(str(error).split())[:200]})") from error
        if reader.left_out:
            raise Malformed(f"the schema has more than {MOST_FIELDS:,} fields, or nests too deep")
        self._paths = {field.path for field in self.fields}
        if len(self._paths) < len(self.fields):
            raise Malformed("a name occurs twice in the schema")
        doc = said.get("doc")
        self.doc = doc if isinstance(doc, str) else ""
        known = dict(_ids(ids))
        for field in self.fields:
            field.id = known.get(field.path)
            if field.default is not None and field.default.initial == "null":
                field.default = None  # how Avro writes that a column may be missing

    def path(self, column: str) -> str:
        """Return the path of a column that is named in the properties, where `a.b` may be a member of `a`."""
        plain = paths.quote(column)
        if plain in self._paths:
            return plain
        first, *others = column.split(".")
        nested = paths.quote(first)
        for name in others:
            nested = paths.child(nested, name)
        return nested if nested in self._paths else plain


def _members(fields: list[Any], properties: Mapping[str, str], partitions: list[str]) -> list[Any]:
    """Return the fields of the record with those that Hudi adds."""
    meta = {*META_FIELDS, OPERATION_FIELD}
    populated = properties.get("hoodie.populate.meta.fields", "true").lower() != "false"
    found = [{"name": name, "type": _STRING} for name in META_FIELDS if populated]
    if populated and properties.get("hoodie.allow.operation.metadata.field", "false").lower() == "true":
        found.append({"name": OPERATION_FIELD, "type": _STRING})
    own = [field for field in fields if not (isinstance(field, dict) and field.get("name") in meta)]
    found += own
    if properties.get("hoodie.datasource.write.drop.partition.columns", "false").lower() == "true":
        names = {field.get("name") for field in own if isinstance(field, dict)}
        missing = [name for name in partitions if name not in names]
        if missing and len(missing) < len(partitions):
            raise Malformed("some columns of the partitioning are in the schema, and some are not")
        found += [{"name": name, "type": _STRING} for name in missing]
    return found


def _ids(text: str) -> Iterator[tuple[str, str]]:
    """Yield the path and the id of each column; nothing for what is no schema with ids."""
    try:
        yield from _ids_below(json.loads(text) if text else None, "")
    except (ValueError, RecursionError):
        return


def _ids_below(said: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(said, dict):
        return
    kind = said.get("type")
    if kind == "array":
        yield from _ids_below(said.get("element"), paths.element(path))
    elif kind == "map":
        yield from _ids_below(said.get("value"), paths.map_value(path))
    elif kind == "record" and isinstance(said.get("fields"), list):
        for field in said["fields"]:
            if isinstance(field, dict) and isinstance(field.get("name"), str) and isinstance(field.get("id"), int):
                place = paths.child(path, field["name"]) if path else paths.quote(field["name"])
                yield place, str(field["id"])
                yield from _ids_below(field.get("type"), place)
