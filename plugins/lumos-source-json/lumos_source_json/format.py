"""The format `json`: lines, arrays and documents, understood from a bounded head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from lumos_lake.heads import Head, empty, profile, read_head, unreadable

from lumos_core.plugin_api import AnyRecord, Context, Dataset, File, Format, Layout, Record

from .config import JsonConfig
from .records import MAX_DEPTH, Found, NoRecordError, as_utf8, depth, split

if TYPE_CHECKING:
    from lumos_lake.profiling import Known, Sampling

_GROWTH = 64
_SHOWN = 5


class JsonFormat(Format[JsonConfig]):
    """JSON lines, arrays of records and whole documents, plain or compressed."""

    extensions: ClassVar[tuple[str, ...]] = (".json", ".jsonl", ".ndjson")
    name_in_urn: ClassVar[str] = "json"

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        """Read the head of each file: one `Dataset` fragment and one `Stats` fragment per file.

        Fields are not known to be nullable or not, since any key may be missing from the next record.

        Raises:
            UnitError: When a file holds no record that can be read, or its compressed stream is broken.
            RetryableError: When a file changed since it was listed.
        """
        for file in files:
            if ctx.cancelled():
                return
            yield from self._fragments(file, ctx)

    def _fragments(self, file: File, ctx: Context) -> Iterator[AnyRecord]:
        from .infer import infer

        read = self._read(file, ctx)
        if read is None:
            yield empty(file, "json", ctx)
            yield profile(file, ctx, rows=0)
            return
        head, found = read
        fields, mixed = infer(found.records)
        options: list[tuple[str, str]] = [("records", found.shape)]
        if head.compression:
            options.insert(0, ("compression", head.compression))
        value = Dataset(captured=["layout", "properties"], fields=fields)
        value.layout = Layout(format="json", options=options)
        if found.records:
            value.captured.append("fields")
        else:
            ctx.warn("empty-file", "the file holds no record, so that it says nothing about its fields", file.path)
        if not head.whole:
            value.properties = [("json.sampled_bytes", str(self.config.sample_bytes))]
        _warn(found, mixed, file, ctx)
        yield Record(file.urn, value)
        yield profile(file, ctx, rows=len(found.records) if head.whole and not found.broken else None)

    def sample(self, file: File, ask: Sampling, ctx: Context) -> Iterator[list[Any]]:
        """Yield lists of documents for a profile (`lumos_lake.profiling.Profiled`).

        Raises:
            UnitError: When the file cannot be read.
        """
        from .profile import batches

        read = self._read(file, ctx)
        if read is not None:
            yield from batches(file, *read, self.config.records, ask)

    def statistics(self, file: File) -> Mapping[str, Known]:
        """Return nothing: text keeps no statistics."""
        return {}

    def _read(self, file: File, ctx: Context) -> tuple[Head, Found] | None:
        """Return the head and its records; None for an empty file; a head without a record is enlarged."""
        limit = self.config.sample_bytes
        most = limit * _GROWTH
        while True:
            head = read_head(file, limit)
            data, replaced = as_utf8(head.data)
            if head.whole and not data.strip():
                return None
            if depth(data) > MAX_DEPTH:
                raise unreadable(file, f"it nests deeper than {MAX_DEPTH} levels", "leave it out with `exclude`")
            try:
                found = split(data, head.whole, self.config.records) if data.strip() else None
            except NoRecordError as error:
                raise unreadable(
                    file, f"no record in it can be read: {error}", "mend it, or leave it out with `exclude`"
                ) from error
            if found is not None:
                if replaced:
                    ctx.warn("json-undecodable-text", "some bytes are no UTF-8 and were replaced", file.path)
                return head, found
            if limit >= most:
                raise unreadable(
                    file, f"its first {most:,} bytes hold no whole record", "raise `sample_bytes`, or exclude it"
                )
            limit = min(limit * 4, most)


def _warn(found: Found, mixed: list[str], file: File, ctx: Context) -> None:
    if found.broken:
        number, why = found.broken[0]
        total = len(found.broken)
        ctx.warn(
            "json-broken-records",
            f"{total:,} of {total + len(found.records):,} sampled records cannot be read and were left out; "
            f"the first is in line {number}: {why}",
            file.path,
        )
    if mixed:
        more = f" and {len(mixed) - _SHOWN:,} more" if len(mixed) > _SHOWN else ""
        shown = ", ".join(mixed[:_SHOWN])
        ctx.warn("json-mixed-types", f"values of several types in {shown}{more}; the type is a union", file.path)
