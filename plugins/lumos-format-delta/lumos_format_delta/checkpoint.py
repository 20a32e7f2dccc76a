"""Checkpoints: classic, in several parts, and of version 2 with sidecars; read in batches of few columns.

Source: the Delta transaction log protocol, "Checkpoints" and "V2 Spec".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec
from lumos_lake.heads import unreadable
from lumos_lake.parquet import opened, size_of

from lumos_core.plugin_api import File

from .actions import Action, Budget, DomainMetadata, MetaData, Protocol, Sidecar, actions
from .log import Checkpoint
from .state import State

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH = 4096
"""Actions that are held at once."""
_ROWS_COLUMN = "add.stats_parsed.numRecords"
_ADD_COLUMNS = ("add.path", "add.size", "add.modificationTime", "add.deletionVector")
_FIX = "remove the broken checkpoint where the commits before it are kept, or write a new one"


def read_checkpoint(
    checkpoint: Checkpoint, sidecars: Mapping[str, File], state: State, budget: Budget, *, files: bool
) -> None:
    """Read a checkpoint into a state that already knows everything newer.

    Args:
        checkpoint: The checkpoint.
        sidecars: Files that it may refer to, by name.
        state: What is known.
        budget: What may still be read.
        files: Also count the files of the table.

    Raises:
        UnitError: When it cannot be read, or is not whole.
        BudgetSpent: When it is too long.
    """
    pending: list[str] = []
    for part in checkpoint.parts:
        if part.path.endswith(".json"):
            for action in actions(part, budget):
                _take(action, state, pending, files)
        else:
            _parquet(part, state, pending, budget, files=files)
    if not state.known:
        raise unreadable(checkpoint.parts[0], "it holds no protocol and no schema", _FIX)
    if files:
        for path in pending:
            file = sidecars.get(unquote(path).rpartition("/")[2])
            if file is None:
                raise unreadable(checkpoint.parts[0], f"its sidecar {unquote(path)} is not there", _FIX)
            _parquet(file, state, pending, budget, files=True)


def _take(action: Action, state: State, pending: list[str], files: bool) -> None:
    if action.sidecar is not None:
        pending.append(action.sidecar.path)
    elif action.add is not None:
        if files:
            state.take_add(action.add, last=True)
    elif action.remove is None:
        state.take(action)


def _parquet(file: File, state: State, pending: list[str], budget: Budget, *, files: bool) -> None:
    """Read one Parquet file of a checkpoint; its tombstones are not needed."""
    with opened(file, _FIX) as parquet:
        columns = _columns(parquet, files)
        budget.spend(size_of(parquet, columns))
        for batch in parquet.iter_batches(BATCH, columns=columns, use_threads=False):
            for name, kind, proof in _WHOLE:
                for row in _rows(batch, name, proof):
                    value = msgspec.convert(row, kind, strict=False)
                    if isinstance(value, Sidecar):
                        pending.append(value.path)
                    else:
                        state.take(Action(**{name: value}))
            if files and "add" in batch.schema.names:
                _adds(batch.column("add"), state)


_WHOLE: tuple[tuple[str, Any, str], ...] = (
    ("protocol", Protocol, "minReaderVersion"),
    ("metaData", MetaData, "schemaString"),
    ("domainMetadata", DomainMetadata, "domain"),
    ("sidecar", Sidecar, "path"),
)
"""Columns that are read whole: their names, what a row of them is, and the member that is never null in such a row."""


def _columns(parquet: pq.ParquetFile, files: bool) -> list[str]:
    """Return the columns to read: of statistics only the number of rows, where it stands by itself."""
    leaves = [parquet.schema.column(index).path for index in range(len(parquet.schema.names))]
    wanted = [name for name, _, _ in _WHOLE]
    if files:
        wanted += [*_ADD_COLUMNS, _ROWS_COLUMN if _ROWS_COLUMN in leaves else "add.stats"]
    return [leaf for leaf in leaves if any(leaf == name or leaf.startswith(f"{name}.") for name in wanted)]


def _rows(batch: pa.RecordBatch, name: str, proof: str) -> list[dict[str, Any]]:
    """Return the rows of a column that hold something: some writers write structs of nulls for none."""
    if name not in batch.schema.names:
        return []
    column = batch.column(name)
    if column.null_count == len(column):
        return []
    rows = column.drop_null().to_pylist(maps_as_pydicts="lossy")
    return [_without_nulls(row) for row in rows if row.get(proof) is not None]


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}


def _adds(column: pa.StructArray, state: State) -> None:
    import pyarrow.compute as pc

    if column.null_count == len(column):
        return
    members = {field.name: place for place, field in enumerate(column.type)}
    if "path" not in members:
        raise ValueError("its `add` has no `path`")
    column = column.filter(pc.is_valid(pc.struct_field(column, "path")))

    def values(name: str, inner: str = "") -> list[Any]:
        if name not in members:
            return [None] * len(column)
        found = pc.struct_field(column, [name, inner] if inner else name)
        return list(found.to_pylist())

    parsed = "stats_parsed" in members
    rows = values("stats_parsed", "numRecords") if parsed else values("stats")
    columns = (values("path"), values("size"), values("modificationTime"), rows, values("deletionVector"))
    for path, size, modified, known, vector in zip(*columns, strict=True):
        state.take_file(path, size, modified, known, vector, parsed=parsed)
