"""Types of the columns of a head, by pyarrow's own inference: no Python object per value."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from lumos_lake.arrow import type_of

from lumos_core.plugin_api import types

_KINDS = {
    pa.lib.Type_NA: "unknown",
    pa.lib.Type_BOOL: "bool",
    pa.lib.Type_INT64: "int64",
    pa.lib.Type_DOUBLE: "float64",
    pa.lib.Type_STRING: "string",
    pa.lib.Type_DATE32: "date",
    # Text has no unit: a fraction in one file and none in the next is no change of type.
    pa.lib.Type_TIME32: "time(us)",
    pa.lib.Type_TIME64: "time(us)",
}
_PADDED = rb"(?:\A|[\n\r,;\t|\"])-?0[0-9]"
_HAS_PADDED = re.compile(_PADDED)
_MAX_REPEATS = 50


class Options(NamedTuple):
    """What is settled about a file.

    Attributes:
        delimiter: One character.
        quote: One character, or empty.
        escape: One character, or empty.
        nulls: Texts that stand for null; None: pyarrow's.
    """

    delimiter: str
    quote: str
    escape: str
    nulls: tuple[str, ...] | None


class Columns(NamedTuple):
    """What records look like.

    Attributes:
        types: Canonical type per column.
        rows: Number of records, ragged ones too.
        ragged: Records with another number of cells, by that number.
        table: The records that fit.
    """

    types: list[str]
    rows: int
    ragged: Counter[int]
    table: pa.Table


def infer(data: bytes, width: int, options: Options) -> Columns:
    """Return the types of `width` columns in some whole records.

    Raises:
        ValueError: When pyarrow cannot make records of the text.
    """
    ragged: Counter[int] = Counter()

    def skip(row: pacsv.InvalidRow) -> str:
        ragged[row.actual_columns] += 1
        return "skip"

    names = [str(place) for place in range(width)]
    if not data.strip(b"\r\n"):
        return Columns(["unknown"] * width, 0, ragged, pa.table({name: pa.nulls(0) for name in names}))
    reading = pacsv.ReadOptions(column_names=names, block_size=max(len(data) + 1, 1024))
    parsing = pacsv.ParseOptions(
        delimiter=options.delimiter,
        quote_char=options.quote or False,
        escape_char=options.escape or False,
        newlines_in_values=True,
        invalid_row_handler=skip,
    )
    nulls = None if options.nulls is None else list(options.nulls)
    converting = pacsv.ConvertOptions(null_values=nulls, strings_can_be_null=True)
    # The streaming reader is the cheaper one for a single block, and its types are those of that block.
    table = pacsv.open_csv(pa.BufferReader(data), reading, parsing, converting).read_all()
    padded = _HAS_PADDED.search(data) is not None
    kinds = [_kind(field.type) for field in table.schema]
    if padded and "int64" in kinds:
        _keep_padded(kinds, data, reading, parsing, converting)
    return Columns(kinds, table.num_rows + sum(ragged.values()), ragged, table)


def _kind(data: pa.DataType) -> str:
    known = _KINDS.get(data.id)
    if known is not None:
        return known
    if pa.types.is_timestamp(data):
        return "timestamp(us)" if data.tz is None else "timestamptz(us)"
    return types.render(type_of(data))


def _keep_padded(
    kinds: list[str],
    data: bytes,
    reading: pacsv.ReadOptions,
    parsing: pacsv.ParseOptions,
    converting: pacsv.ConvertOptions,
) -> None:
    """Call a column of digits text when some have leading zeros: a post code is no number."""
    numbers = [str(place) for place, kind in enumerate(kinds) if kind == "int64"]
    as_text = pacsv.ConvertOptions(
        null_values=converting.null_values,
        strings_can_be_null=True,
        column_types={name: pa.string() for name in numbers},
        include_columns=numbers,
    )
    quiet = pacsv.ParseOptions(
        delimiter=parsing.delimiter,
        quote_char=parsing.quote_char,
        escape_char=parsing.escape_char,
        newlines_in_values=True,
        invalid_row_handler=lambda row: "skip",
    )
    table = pacsv.open_csv(pa.BufferReader(data), reading, quiet, as_text).read_all()
    for name in numbers:
        if pc.any(pc.match_substring_regex(table[name], r"^\s*-?0[0-9]")).as_py():
            kinds[int(name)] = "string"


def repeats(table: pa.Table, cells: list[str]) -> bool:
    """Tell whether the first record comes again below in one column but not in all: then it holds no names."""
    if table.num_columns < 2 or table.num_columns != len(cells) or not table.num_rows:
        return False
    counts = []
    for place in range(min(len(cells), _MAX_REPEATS)):
        column = table.column(place)
        if column.type == pa.string() and cells[place]:
            counts.append(pc.sum(pc.equal(column, cells[place])).as_py() or 0)
    return bool(counts) and max(counts) > 0 and min(counts) == 0
