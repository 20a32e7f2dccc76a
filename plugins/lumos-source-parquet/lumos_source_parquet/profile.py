"""What a Parquet file has to say for a profile: its footer's statistics, and batches of its rows."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lumos_lake.heads import cannot_open, unreadable
from lumos_lake.profiling import Known, Sampling, unite

from lumos_core.plugin_api import File, paths

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

BATCH = 65_536
"""Rows that are held at once."""
GROUPS = 8
"""A sample is taken from the beginnings of at most so many row groups."""
_ORDERED = (bool, int, float, Decimal, datetime.date, datetime.time)


def known_columns(footer: FileMetaData) -> dict[str, Known]:
    """Return what a footer says of the columns that are no part of a list or map, by path.

    Ranges of texts and bytes are left out: writers may cut them, and not all say so.
    """
    schema = footer.schema.to_arrow_schema()
    leaves = [leaf for field in schema for leaf in _leaves_of(field, paths.quote(field.name))]
    if len(leaves) != footer.num_columns:
        return {}
    columns = {index: path for index, path in enumerate(leaves) if path}
    found: dict[str, Known] = {}
    broken: set[str] = set()
    for group in range(footer.num_row_groups):
        row_group = footer.row_group(group)
        for index, path in columns.items():
            one = _known(row_group.column(index))
            before = found.get(path)
            if one is None or path in broken:
                broken.add(path)
            else:
                found[path] = one if before is None else unite(before, one)
    return {path: known for path, known in found.items() if path not in broken}


def _leaves_of(field: Any, path: str) -> Iterator[str]:
    """Yield the canonical path of each leaf of a field, in order; empty for those inside of a list or map.

    Parquet's own paths join names with dots, which names may hold themselves.
    """
    kind = field.type
    if not kind.num_fields:
        yield path
        return
    inside = str(kind).startswith("struct") and bool(path)
    for place in range(kind.num_fields):
        inner = kind.field(place)
        yield from _leaves_of(inner, paths.child(path, inner.name) if inside else "")


def _known(column: Any) -> Known | None:
    statistics = column.statistics
    if statistics is None:
        return None
    rows = column.num_values
    nulls = statistics.null_count if statistics.has_null_count else None
    if not statistics.has_min_max:
        return Known(rows, nulls) if nulls is not None else None
    try:
        low, high = statistics.min, statistics.max
    except (ValueError, OverflowError):  # nanoseconds, and years beyond 9999, are no time of Python
        return Known(rows, nulls)
    fine = isinstance(low, _ORDERED) and isinstance(high, _ORDERED) and not isinstance(low, bool)
    if isinstance(low, float) and not (math.isfinite(low) and math.isfinite(high)):
        fine = False
    return Known(rows, nulls, low, high) if fine else Known(rows, nulls)


def batches(file: File, ask: Sampling) -> Iterator[Any]:
    """Yield record batches: all rows, or the beginnings of evenly spaced row groups.

    Raises:
        UnitError: When the file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream: Any = None
    try:
        stream = file.open()
        # Buffered, a column chunk is read as far as its values are wanted, and no further.
        parquet = pq.ParquetFile(file.local or stream, buffer_size=2**20, pre_buffer=False)
        yield from _batches(parquet, ask)
    except OSError as error:
        if error.errno is not None:
            raise cannot_open(file, error) from error
        raise unreadable(file, " ".join(str(error).split())[:300], "write the file again") from error
    except (pa.ArrowException, ValueError) as error:
        raise unreadable(file, " ".join(str(error).split())[:300], "write the file again") from error
    finally:
        if stream is not None:
            stream.close()


def _batches(parquet: Any, ask: Sampling) -> Iterator[Any]:
    from lumos_profile import spread

    names = [name for name in parquet.schema_arrow.names if ask.takes(paths.quote(name))]
    if not names:
        return
    groups, rows = parquet.num_row_groups, parquet.metadata.num_rows
    if ask.rows is None or rows <= ask.rows:
        yield from parquet.iter_batches(batch_size=BATCH, columns=_leaves(parquet, names), use_threads=False)
        return
    chosen = spread(groups, min(groups, GROUPS))
    share = max(1, ask.rows // len(chosen))
    ask.partial(f"the first rows of {len(chosen)} of {groups} row groups" if groups > 1 else "the first rows")
    for group in chosen:
        left = share
        columns = _leaves(parquet, names)
        for batch in parquet.iter_batches(min(BATCH, share), row_groups=[group], columns=columns, use_threads=False):
            yield batch.slice(0, left)
            left -= batch.num_rows
            if left <= 0 or ask.over():
                break


def _leaves(parquet: Any, names: list[str]) -> list[str] | None:
    """Return what to name for some top-level columns; None for all, so that a dot in a name does no harm."""
    return None if len(names) == len(parquet.schema_arrow.names) else names
