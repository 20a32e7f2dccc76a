"""What an ORC file has to say for a profile: its footer's statistics, and batches of its rows."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from lumos_lake.heads import cannot_open, unreadable
from lumos_lake.profiling import Known, Sampling

from lumos_core.plugin_api import File, paths

from . import wire
from .schema import Reader, hidden
from .tail import Tail

BATCH = 16_384
"""Rows that are held at once."""
_EPOCH = datetime.date(1970, 1, 1)


def known_columns(tail: Tail, reader: Reader) -> dict[str, Known]:
    """Return what a footer says of the columns that are no part of a list, map or union, by path.

    Ranges of texts are left out, since writers may cut them; those of timestamps too, since they are cut to
    milliseconds and older writers meant their own time zone. Of encrypted columns the footer has what the mask left
    over, which says nothing; of events, what came and went.
    """
    if len(tail.statistics) != len(tail.kinds) or reader.acid:
        return {}
    masked = set(hidden(reader, tail.encrypted))
    found: dict[str, Known] = {}
    for path, number in reader.columns.items():
        if path not in masked:
            try:
                found[path] = _known(tail.statistics[number], tail.rows)
            except (ValueError, OverflowError, InvalidOperation):
                continue
    return found


def _known(message: bytes, rows: int) -> Known:
    said = dict(wire.fields(message))
    values = said.get(1)
    nulls = rows - wire.number(values) if values is not None and wire.number(values) <= rows else None
    low, high = _range(said)
    return Known(rows, nulls, low, high)


def _range(said: dict[int, wire.Value]) -> tuple[Any, Any]:
    """Return least and greatest value of a column's statistics (message `ColumnStatistics`)."""
    for field, read in ((2, wire.signed), (3, _finite), (6, _decimal), (7, _date)):
        if field in said:
            inner = dict(wire.fields(wire.raw(said[field])))
            if 1 in inner and 2 in inner:
                return read(inner[1]), read(inner[2])
    return None, None


def _finite(value: wire.Value) -> float:
    found = wire.double(value)
    if not math.isfinite(found):
        raise ValueError("a bound that is no number")
    return found


def _decimal(value: wire.Value) -> Decimal:
    return Decimal(wire.text(value))


def _date(value: wire.Value) -> datetime.date:
    return _EPOCH + datetime.timedelta(days=wire.signed(value))


def batches(file: File, tail: Tail, reader: Reader, ask: Sampling) -> Iterator[Any]:
    """Yield record batches: all rows, or those at the beginning.

    Raises:
        UnitError: When the file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.dataset as ds

    if tail.encrypted:
        raise unreadable(file, "some of its columns are encrypted", "leave the file out with `exclude`")
    if reader.acid:
        why = "its rows stand inside of events of Hive, which only Hive puts together"
        raise unreadable(file, why, "profile a compacted copy, or leave `profile` out for this entry")
    wanted = [row.path for row in reader.rows if row.path in reader.columns and not paths.parent(row.path)]
    names = [paths.leaf(path) for path in wanted if ask.takes(path)]
    if not names:
        return
    left = ask.rows
    try:
        with file.open() as stream:
            fragment = ds.OrcFileFormat().make_fragment(stream)
            columns = None if len(names) == len(wanted) else names
            if left is not None and left < tail.rows:
                ask.partial("the first rows")
            for batch in fragment.to_batches(columns=columns, batch_size=BATCH, use_threads=False):
                yield batch if left is None else batch.slice(0, left)
                if left is not None:
                    left -= batch.num_rows
                if ask.over() or (left is not None and left <= 0):
                    return
    except OSError as error:
        if error.errno is not None:
            raise cannot_open(file, error) from error
        raise unreadable(file, " ".join(str(error).split())[:300], "write the file again") from error
    except (pa.ArrowException, ValueError) as error:
        raise unreadable(file, " ".join(str(error).split())[:300], "write the file again") from error
