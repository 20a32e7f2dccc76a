"""Records as a file of DataHub: proposals, as `datahub ingest` (source `file`) and `datahub lite import` take them.

Example:
    ```python
    from lumos_catalog_datahub import mcp_file
    from lumos_core import read_snapshot

    mcp_file(read_snapshot("shop.lumos.jsonl"), "shop.mcp.json")
    ```
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Any

import msgspec

from lumos_core.plugin_api import AnyRecord, Operation, UsageError, atomic_write

from .changing import Change, native_of
from .mapper import Mapper
from .names import Names, entity_of

_AUTHOR = "urn:li:corpuser:datahub"
_FIRST = ("structuredProperty", "ownershipType")


def proposals(records: Iterable[AnyRecord], instances: Iterable[str] = ()) -> Iterator[dict[str, Any]]:
    """Yield metadata change proposals, as JSON objects, that write records into an empty DataHub.

    All records are held in memory.

    Args:
        records: In any order; foreign records and facts belong to a record among them.
        instances: Names of platform instances, as the option of the catalog.

    Raises:
        UsageError: A record cannot be written to DataHub.
    """
    mapper = Mapper(Names(instances))
    operations: dict[str, list[Operation]] = {}
    for record in records:
        operation = Operation(kind=record.kind, urn=record.urn, action="create", set=record.value)
        try:
            operations.setdefault(native_of(mapper, operation), []).append(operation)
        except ValueError as error:
            raise UsageError(f"{record.urn} cannot be written to DataHub", why=str(error)) from error
    definitions: dict[str, Any] = {}
    now = time.time_ns() // 1_000_000
    for native in sorted(operations, key=lambda urn: entity_of(urn) not in _FIRST):
        # DataHub takes values only of properties that it knows; those of others are kept.
        change = Change(Mapper(mapper.names, definitions=definitions), native, None, {}, _AUTHOR, now)
        change.run(sorted(operations[native], key=lambda operation: operation.kind in ("foreign", "stats")))
        for outcome in change.outcomes:
            if outcome.status in ("failed", "conflict"):
                raise UsageError(f"{outcome.urn} cannot be written to DataHub", why=outcome.reason)
        for (urn, aspect), value in change.writes.items():
            if aspect == "propertyDefinition":
                definitions[urn] = value
            yield {
                "entityType": entity_of(urn),
                "entityUrn": urn,
                "changeType": "UPSERT",
                "aspectName": aspect,
                "aspect": {"json": value},
            }


def mcp_file(records: Iterable[AnyRecord], path: str | PathLike[str], instances: Iterable[str] = ()) -> int:
    """Write records into a file of proposals; a file that is there is replaced when the new one is whole.

    Args:
        records: As for `proposals`.
        path: The file.
        instances: As for `proposals`.

    Returns:
        How many proposals it holds.

    Raises:
        UsageError: A record cannot be written to DataHub.
        DiskError: The file cannot be written.
    """
    encoder = msgspec.json.Encoder()
    lines = [encoder.encode(proposal) for proposal in proposals(records, instances)]
    with atomic_write(path, "wb") as file:
        file.write(b"[\n" + b",\n".join(lines) + b"\n]\n")
    return len(lines)
