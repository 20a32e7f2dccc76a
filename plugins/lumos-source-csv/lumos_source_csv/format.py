"""The format `csv`: delimited text, understood from a bounded head."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from lumos_lake.heads import Head, empty, profile, read_head, unreadable

from lumos_core.plugin_api import (
    AnyRecord,
    Context,
    Dataset,
    Field,
    File,
    Format,
    Layout,
    Record,
    paths,
)

from .config import CsvConfig
from .dialect import first_record, holds_names, names_of, separator_line, sniff
from .text import NotTextError, Text, decode, whole_lines

if TYPE_CHECKING:
    from lumos_lake.profiling import Known, Sampling

_GROWTH = 64
_NULLS = ("", "NA", "N/A", "NULL", "null", "NaN", "nan", "n/a", "#N/A", "-nan", "-NaN", "#NA", "<NA>")


class CsvFormat(Format[CsvConfig]):
    """Delimited text: CSV, TSV and their like, plain or compressed."""

    extensions: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".psv")
    name_in_urn: ClassVar[str] = "csv"
    positional: ClassVar[bool] = True

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        """Read the head of each file: one `Dataset` fragment and one `Stats` fragment per file.

        Fields are not known to be nullable or not, since text cannot say so.

        Raises:
            UnitError: When a file is no text, or its compressed stream is broken.
            RetryableError: When a file changed since it was listed.
        """
        seen = _Seen()
        for file in files:
            if ctx.cancelled():
                return
            yield from self._fragments(file, seen, ctx)

    def _fragments(self, file: File, seen: _Seen, ctx: Context) -> Iterator[AnyRecord]:
        config = self.config
        head, text, data, start = self._records(file)
        if not data[start:].strip():
            yield empty(file, "csv", ctx)
            yield profile(file, ctx, rows=0)
            return
        _warn_text(text, file, ctx)
        delimiter, body = self._body(data, start)
        names, has_names, kinds, rows, _ = self._columns(file, body, delimiter, ctx)
        fields = seen.fields(names, kinds)
        options = [
            ("delimiter", delimiter),
            ("encoding", text.encoding),
            ("header", "true" if has_names else "false"),
            ("quote", config.quote),
        ]
        if head.compression:
            options.insert(0, ("compression", head.compression))
        value = Dataset(
            captured=["fields", "layout", "properties"], fields=fields, layout=Layout(format="csv", options=options)
        )
        if not head.whole:
            value.properties = [("csv.sampled_bytes", str(config.sample_bytes))]
        yield Record(file.urn, value)
        yield profile(file, ctx, rows=rows if head.whole else None)

    def sample(self, file: File, ask: Sampling, ctx: Context) -> Iterator[Any]:
        """Yield record batches for a profile (`lumos_lake.profiling.Profiled`).

        Raises:
            UnitError: When the file cannot be read.
            ValueError: When pyarrow cannot make rows of it.
        """
        from .profile import Opening, batches

        head, text, data, start = self._records(file)
        if not data[start:].strip():
            return
        delimiter, body = self._body(data, start)
        names, _, kinds, rows, second = self._columns(file, body, delimiter, ctx)
        before = data[: len(data) - len(body) + second]
        quote = self.config.quote.encode()
        opening = Opening(
            compression=head.compression,
            encoding=text.encoding,
            delimiter=delimiter,
            names=names,
            types=kinds,
            start=len(before),
            before=before,
            marked=len(BOM_UTF8) if head.data.startswith(BOM_UTF8) else 0,
            row=max(1.0, (len(body) - second) / max(1, rows)),
            broken_cells=bool(quote) and rows < body.count(b"\n", second),
        )
        yield from batches(file, opening, ask, self.config)

    def statistics(self, file: File) -> Mapping[str, Known]:
        """Return nothing: text keeps no statistics."""
        return {}

    def _body(self, data: bytes, start: int) -> tuple[str, bytes]:
        """Return the delimiter, and the records: what stands below the lines to skip."""
        separated = separator_line(data[start:])
        if separated is not None:
            start += separated[1]
        body = data[start:].lstrip(b"\r\n")
        return self.config.delimiter or (separated[0] if separated else sniff(body)), body

    def _records(self, file: File) -> tuple[Head, Text, bytes, int]:
        """Return the head, its text, its whole records and where they begin; a head without a record is enlarged."""
        config = self.config
        limit = config.sample_bytes
        while True:
            head = read_head(file, limit)
            try:
                text = decode(head.data, config.encoding)
            except NotTextError as error:
                raise unreadable(
                    file, f"it is no text: {error}", "name it after its format, or leave it out with `exclude`"
                ) from error
            data = text.data if head.whole else whole_lines(text.data, config.quote.encode())
            start = _skip(data, config.skip_lines)
            second = data.find(b"\n", start)
            if head.whole or (second >= 0 and second + 1 < len(data)) or limit >= config.sample_bytes * _GROWTH:
                return head, text, data or text.data, start
            limit *= 4

    def _columns(
        self, file: File, body: bytes, delimiter: str, ctx: Context
    ) -> tuple[list[str], bool, list[str], int, int]:
        """Return names, whether they were written, types, the number of records, and where in the text they begin."""
        from .infer import Options, infer, repeats

        config = self.config
        nulls = None if config.null_values is None else tuple(config.null_values)
        options = Options(delimiter, config.quote, config.escape, nulls)
        cells, second = first_record(body, delimiter, config.quote, config.escape)
        width = len(cells)
        try:
            found = infer(body[second:], width, options)
            has_names = config.header
            if has_names is None:
                has_names = holds_names(cells, found.types, nulls or _NULLS)
                if has_names and not set(found.types) - {"string", "unknown"}:
                    has_names = not repeats(found.table, cells)
            if not has_names:
                second, found = 0, infer(body, width, options)
            usual = found.ragged.most_common(1)
            if usual and usual[0][0] > width and usual[0][1] > found.table.num_rows:
                # Most records are wider than the header, which lacks the names of their last columns.
                width = usual[0][0]
                found = infer(body[second:], width, options)
        except ValueError as error:  # pyarrow's errors are ValueErrors
            raise unreadable(
                file,
                f"its records cannot be told apart ({' '.join(str(error).split())[:200]})",
                "set `delimiter`, `quote` or `escape`, or leave it out with `exclude`",
            ) from error
        names, twice = names_of([*(cells if has_names else []), *[""] * width][:width])
        if twice:
            shown = ", ".join(repr(name) for name in twice[:5])
            ctx.warn("csv-duplicate-names", f"columns have one name, made unique by _2, _3, ...: {shown}", file.path)
        ragged = found.ragged.total() if hasattr(found.ragged, "total") else sum(found.ragged.values())
        if len(cells) < width and has_names:
            ctx.warn("csv-missing-names", f"the header names {len(cells)} of {width} columns", file.path)
        if ragged:
            ctx.warn(
                "csv-ragged-rows",
                f"{ragged:,} of {found.rows:,} sampled rows do not have {width} columns and were left out",
                file.path,
            )
        return names, has_names, found.types, found.rows, second


class _Seen:
    """The columns of the file before: files of one dataset mostly have the same ones, which are made once."""

    def __init__(self) -> None:
        self._columns: tuple[list[str], list[str]] = ([], [])
        self._fields: list[Field] = []

    def fields(self, names: list[str], kinds: list[str]) -> list[Field]:
        """Return the fields of a file; equal columns share them."""
        if self._columns != (names, kinds):
            self._columns = names, kinds
            self._fields = [Field(paths.quote(name), kind) for name, kind in zip(names, kinds, strict=True)]
        return self._fields


def _skip(data: bytes, lines: int) -> int:
    """Return the offset behind so many lines."""
    place = 0
    for _ in range(lines):
        end = data.find(b"\n", place)
        if end < 0:
            return len(data)
        place = end + 1
    return place


def _warn_text(text: Text, file: File, ctx: Context) -> None:
    if text.guessed:
        ctx.warn(
            "csv-encoding-guessed",
            f"the text is not UTF-8; it was read as {text.encoding} (option `encoding`)",
            file.path,
        )
    if text.replaced:
        ctx.warn("csv-undecodable-text", f"some bytes are not {text.encoding} and were replaced", file.path)
