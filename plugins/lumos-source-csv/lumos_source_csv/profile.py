"""Rows of delimited text for a profile: all of a small file, evenly spaced blocks of a large one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.csv as pacsv
from lumos_lake.blocks import lines_of
from lumos_lake.heads import read_head
from lumos_lake.profiling import Sampling

from lumos_core.plugin_api import File, paths

from .config import CsvConfig
from .text import decode, whole_lines

BLOCKS = 16
MOST_PACKED = 64 * 2**20
"""A compressed file, or one in a wide encoding, is read from its beginning up to so many bytes of text."""
_PLAIN = ("utf-8", "ascii", "latin-1", "iso8859-1", "windows-1252", "cp1252")
_TYPES = {
    "bool": pa.bool_(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "date": pa.date32(),
    "time(us)": pa.time64("us"),
    "timestamp(us)": pa.timestamp("us"),
    "timestamptz(us)": pa.timestamp("us", "UTC"),
}


class Opening(NamedTuple):
    """What the head of a file has settled.

    Attributes:
        compression: Of the file; empty for none.
        encoding: Of its text.
        delimiter: Between cells.
        names: Of the columns, unique.
        types: Canonical type of each.
        start: Characters, as UTF-8 bytes, before the first row.
        before: The text of these, as UTF-8.
        marked: Bytes of the byte order mark.
        row: Bytes of a row, on average.
        broken_cells: Cells hold line breaks, so that a row cannot be told from the middle of a file.
    """

    compression: str
    encoding: str
    delimiter: str
    names: list[str]
    types: list[str]
    start: int
    before: bytes
    marked: int
    row: float
    broken_cells: bool


def batches(file: File, opening: Opening, ask: Sampling, config: CsvConfig) -> Iterator[Any]:
    """Yield record batches of a file.

    Raises:
        UnitError: When the file cannot be read.
        ValueError: When pyarrow cannot make rows of it.
    """
    wanted = [ask.takes(paths.quote(name)) for name in opening.names]
    if not any(wanted):
        return
    for data in _pieces(file, opening, ask, config):
        if table := _table(data, opening, wanted, config):
            yield from table.to_batches()


def _pieces(file: File, opening: Opening, ask: Sampling, config: CsvConfig) -> Iterator[bytes]:
    """Yield whole rows as UTF-8."""
    size = int(ask.rows * opening.row) if ask.rows is not None else None
    if opening.compression or opening.encoding not in _PLAIN or (opening.broken_cells and opening.compression):
        yield _beginning(file, opening, ask, config, MOST_PACKED if size is None else min(size, MOST_PACKED))
        return
    first = opening.marked + len(opening.before.decode().encode(opening.encoding, "replace"))
    length = file.size - first
    if opening.broken_cells and (size is None or size < length):
        yield _beginning(file, opening, ask, config, MOST_PACKED if size is None else min(size, MOST_PACKED))
        return
    from lumos_profile import blocks

    parts = blocks(length, length if size is None else size, BLOCKS)
    if len(parts) > 1:
        ask.partial(f"{len(parts)} evenly spaced blocks of text")
    plain = opening.encoding in ("utf-8", "ascii")
    quote = config.quote.encode()
    held = b""
    for piece in lines_of(file, [(first + start, part) for start, part in parts], ask.over):
        data = held + piece if opening.broken_cells else piece
        if opening.broken_cells and quote and data.count(quote) % 2 and len(data) < MOST_PACKED:
            held = data  # it ends inside of quotes
            continue
        held = b""
        yield data if plain else data.decode(opening.encoding, "replace").encode()
    if held:
        yield held


def _beginning(file: File, opening: Opening, ask: Sampling, config: CsvConfig, size: int) -> bytes:
    head = read_head(file, max(size + opening.start, config.sample_bytes))
    if not head.whole:
        ask.partial("the beginning of the file")
    text = decode(head.data, config.encoding)
    data = text.data if head.whole else whole_lines(text.data, config.quote.encode())
    return data[opening.start :]


def _table(data: bytes, opening: Opening, wanted: list[bool], config: CsvConfig) -> Any:
    """Return the rows of a piece; a column that is not of its type throughout is read as text."""
    if not data.strip(b"\r\n"):
        return None
    types = {str(place): _TYPES.get(kind, pa.string()) for place, kind in enumerate(opening.types) if wanted[place]}
    try:
        table = _read(data, opening, types, config)
    except pa.ArrowInvalid:
        texts = _read(data, opening, dict.fromkeys(types, pa.string()), config)
        table = pa.table({name: _cast(texts[name], kind) for name, kind in types.items()})
    return table.rename_columns([opening.names[int(name)] for name in table.column_names])


def _cast(column: Any, kind: pa.DataType) -> Any:
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        return column


def _read(data: bytes, opening: Opening, types: dict[str, pa.DataType], config: CsvConfig) -> pa.Table:
    reading = pacsv.ReadOptions(
        column_names=[str(place) for place in range(len(opening.names))],
        block_size=max(len(data) + 1, 1024),
        use_threads=False,
    )
    parsing = pacsv.ParseOptions(
        delimiter=opening.delimiter,
        quote_char=config.quote or False,
        escape_char=config.escape or False,
        newlines_in_values=True,
        invalid_row_handler=lambda row: "skip",
    )
    converting = pacsv.ConvertOptions(
        column_types=types,
        include_columns=list(types),
        null_values=None if config.null_values is None else list(config.null_values),
        strings_can_be_null=True,
    )
    return pacsv.read_csv(pa.BufferReader(data), reading, parsing, converting)
