"""A metadata file as it is written, of which only what is needed is decoded; keys of encryption are not.

Source: the Apache Iceberg table specification, "Table Metadata Fields", versions 1 to 3.
"""

from __future__ import annotations

from typing import Any

import msgspec
from lumos_lake.heads import unreadable
from msgspec import Struct

from lumos_core.plugin_api import File, UnitError

NEWEST_VERSION = 3
_RESTORE = "restore the file from a copy, or set the table back to an older metadata file"


class Malformed(ValueError):
    """Metadata that the specification does not allow."""


def _texts(pairs: dict[str, Any] | None) -> dict[str, str]:
    """Return a map of texts, where a writer has put other values in."""
    said = {key: value for key, value in (pairs or {}).items() if value is not None}
    return {
        key: value if isinstance(value, str) else msgspec.json.encode(value).decode() for key, value in said.items()
    }


class SchemaSaid(Struct, rename="kebab", gc=False):
    """One schema; its fields are read by `lumos_format_iceberg.schema`."""

    fields: list[Any]
    schema_id: int = 0
    identifier_field_ids: list[int] | None = None


class Part(Struct, rename="kebab", gc=False):
    """One field of a partition spec or of a sort order; version 3 may name several sources."""

    transform: str
    name: str = ""
    source_id: int | None = None
    source_ids: list[int] | None = None
    direction: str | None = None
    null_order: str | None = None

    @property
    def sources(self) -> list[int]:
        """Ids of the columns that it is made from."""
        return self.source_ids or ([] if self.source_id is None else [self.source_id])


class Spec(Struct, rename="kebab", gc=False):
    """A partition spec."""

    spec_id: int
    fields: list[Part]


class Order(Struct, rename="kebab", gc=False):
    """A sort order."""

    order_id: int
    fields: list[Part]


class Snapshot(Struct, rename="kebab", gc=False):
    """The state of a table at one time."""

    snapshot_id: int
    timestamp_ms: int = 0
    sequence_number: int | None = None
    schema_id: int | None = None
    summary: dict[str, Any] | None = None

    @property
    def said(self) -> dict[str, str]:
        """Its summary."""
        return _texts(self.summary)


class Ref(Struct, rename="kebab", gc=False):
    """A branch or a tag."""

    snapshot_id: int
    type: str = "branch"


class Metadata(Struct, rename="kebab", gc=False):
    """A table, with all the schemas, specs and snapshots that it keeps."""

    last_updated_ms: int
    format_version: int
    table_uuid: str | None = None
    schema: SchemaSaid | None = None
    schemas: list[SchemaSaid] | None = None
    current_schema_id: int | None = None
    partition_spec: list[Part] | None = None
    partition_specs: list[Spec] | None = None
    default_spec_id: int | None = None
    sort_orders: list[Order] | None = None
    default_sort_order_id: int | None = None
    properties: dict[str, Any] | None = None
    current_snapshot_id: int | None = None
    snapshots: list[Snapshot] | None = None
    refs: dict[str, Ref] | None = None

    @property
    def current_schema(self) -> SchemaSaid:
        """The schema of the table now.

        Raises:
            Malformed: When there is none.
        """
        if self.schemas is None:
            if self.schema is None or self.format_version > 1:
                raise Malformed("it has no `schemas`")
            return self.schema
        found = next((schema for schema in self.schemas if schema.schema_id == self.current_schema_id), None)
        if found is None:
            raise Malformed(f"its `current-schema-id` {self.current_schema_id} is not among its `schemas`")
        return found

    @property
    def current_spec(self) -> list[Part]:
        """How new data is partitioned.

        Raises:
            Malformed: When that is not said.
        """
        if self.partition_specs is None:
            if self.partition_spec is None:
                raise Malformed("it has no `partition-specs`")
            return self.partition_spec
        found = next((spec for spec in self.partition_specs if spec.spec_id == self.default_spec_id), None)
        if found is None:
            raise Malformed(f"its `default-spec-id` {self.default_spec_id} is not among its `partition-specs`")
        return found.fields

    @property
    def current_order(self) -> list[Part]:
        """How new data is sorted; empty for not at all.

        Raises:
            Malformed: When that is not said.
        """
        if self.sort_orders is None:
            if self.format_version > 1:
                raise Malformed("it has no `sort-orders`")
            return []
        found = next((order for order in self.sort_orders if order.order_id == self.default_sort_order_id), None)
        if found is None:
            if not self.default_sort_order_id:
                return []
            raise Malformed(f"its `default-sort-order-id` {self.default_sort_order_id} is not among its `sort-orders`")
        return found.fields

    @property
    def options(self) -> dict[str, str]:
        """Its properties."""
        return _texts(self.properties)

    @property
    def empty(self) -> bool:
        """True when the table has no snapshot yet."""
        return self.current_snapshot_id in (None, -1)

    @property
    def snapshot(self) -> Snapshot | None:
        """The current snapshot; None when there is none, or it is not kept."""
        wanted = self.current_snapshot_id
        return next((found for found in self.snapshots or () if found.snapshot_id == wanted), None)


class _Kind(Struct, rename="kebab"):
    """What tells whether a file may be read as a table of a known version."""

    format_version: int
    view_uuid: str | None = None


_kind = msgspec.json.Decoder(_Kind)
_metadata = msgspec.json.Decoder(Metadata)


def decode(data: bytes, file: File) -> Metadata:
    """Read a metadata file.

    Args:
        data: All of it, decompressed.
        file: Where it comes from, for errors.

    Raises:
        UnitError: When it is cut off, no metadata, of a view, or of a version that is not known.
    """
    try:
        kind = _kind.decode(data)
        if kind.view_uuid is not None:
            raise UnitError(
                "this is a view of Iceberg",
                why="a view has no data of its own, and its folder is no table",
                fix="leave the folder out with `exclude`, or read the view through its catalog",
                where=file.path,
            )
        if not 1 <= kind.format_version <= NEWEST_VERSION:
            raise UnitError(
                "the table is of a newer version of Iceberg",
                why=f"its format version is {kind.format_version}, and {NEWEST_VERSION} is the newest that is known",
                fix="update lumos-format-iceberg",
                where=file.path,
            )
        return _metadata.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(file, " ".join(str(error).split())[:200]) from error


def malformed(file: File, why: str) -> UnitError:
    """Return the error for a metadata file that is none, or not whole."""
    return unreadable(file, f"it is no metadata of a table: {why}", _RESTORE)
