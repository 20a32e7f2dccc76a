"""The format `orc`: everything from the tail, whatever the size of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from lumos_lake.heads import cannot_open, check_unchanged, empty, profile, unreadable

from lumos_core.plugin_api import AnyRecord, Context, Dataset, File, Format, Layout, Record, UnitError

from .config import OrcConfig
from .schema import Reader, hidden
from .tail import MAGIC, Tail, TailError, read_tail

if TYPE_CHECKING:
    from lumos_lake.profiling import Known, Sampling

_LONGEST = 256
_MACHINE_KEYS = frozenset({"iceberg.schema", "pandas", "ARROW:schema", "org.apache.spark.version"})
_MACHINE_BEGINNINGS = ("hive.acid.", "presto.", "trino.")
_DELETES = re.compile(r"(?:^|/)delete_delta_\d[^/]*/[^/]*\Z")


class OrcFormat(Format[OrcConfig]):
    """Apache ORC: schema, ids, row count and compression from postscript and footer alone."""

    extensions: ClassVar[tuple[str, ...]] = (".orc",)
    magic: ClassVar[tuple[bytes, ...]] = (MAGIC,)
    name_in_urn: ClassVar[str] = "orc"

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        """Read the tail of each file: one `Dataset` fragment and one `Stats` fragment per file.

        Raises:
            UnitError: When a file is truncated, corrupt, or no ORC.
            RetryableError: When a file changed since it was listed.
        """
        seen: tuple[list[bytes], Reader] | None = None
        for file in files:
            if ctx.cancelled():
                return
            if file.size == 0:
                yield empty(file, "orc", ctx)
                yield profile(file, ctx, rows=0)
                continue
            tail = tail_of(file)
            if seen is None or seen[0] != tail.kinds:
                seen = tail.kinds, self._reader(file, tail, ctx)
            yield from self._fragments(file, tail, seen[1], ctx)

    def sample(self, file: File, ask: Sampling, ctx: Context) -> Iterator[Any]:
        """Yield record batches for a profile (`lumos_lake.profiling.Profiled`).

        Raises:
            UnitError: When the file cannot be read.
        """
        from .profile import batches

        tail = tail_of(file)
        return batches(file, tail, reader_of(file, tail, self.config.max_fields), ask)

    def statistics(self, file: File) -> Mapping[str, Known]:
        """Return ranges and null counts of columns as the footer has them.

        Raises:
            UnitError: When the file cannot be read.
        """
        from .profile import known_columns

        tail = tail_of(file)
        return known_columns(tail, reader_of(file, tail, self.config.max_fields))

    def _reader(self, file: File, tail: Tail, ctx: Context) -> Reader:
        reader = reader_of(file, tail, self.config.max_fields)
        if reader.left_out:
            message = f"the schema has more than {self.config.max_fields:,} fields or nests too deep"
            ctx.warn("orc-too-many-fields", f"{message}; {reader.left_out:,} are left out", file.path)
        return reader

    def _fragments(self, file: File, tail: Tail, reader: Reader, ctx: Context) -> Iterator[AnyRecord]:
        layout = Layout(format="orc", options=[("compression", tail.compression)])
        if reader.acid and _DELETES.search(file.path):
            # Events that say which rows are gone: no rows, and their schema is nobody's business.
            yield Record(file.urn, Dataset(captured=["layout"], layout=layout))
            yield profile(file, ctx)
            return
        value = Dataset(captured=["fields", "fields.properties", "layout"], fields=reader.rows, layout=layout)
        if self.config.properties:
            value.captured.append("properties")
            value.properties = _properties(tail, reader)
        yield Record(file.urn, value)
        facts: dict[str, Any] = {}
        if self.config.statistics:
            from .profile import known_columns

            known = known_columns(tail, reader).items()
            facts["fields"] = [
                (path, [("null_count", one.nulls)]) for path, one in sorted(known) if one.nulls is not None
            ]
        yield profile(file, ctx, rows=_rows(tail, reader), **facts)


def tail_of(file: File) -> Tail:
    """Read the tail of a file.

    Raises:
        UnitError: When it has none that can be read.
        RetryableError: When the file changed since it was listed.
    """
    try:
        with file.open() as stream:
            tail = read_tail(stream, file.size)
    except OSError as error:
        raise cannot_open(file, error) from error
    except TailError as error:
        raise _not_orc(file, error) from error
    check_unchanged(file)
    return tail


def reader_of(file: File, tail: Tail, max_fields: int) -> Reader:
    """Read the schema of a tail.

    Raises:
        UnitError: When it is none.
    """
    try:
        return Reader(tail, max_fields)
    except ValueError as error:
        raise _not_orc(file, TailError(f"its schema is not valid: {error}")) from error


def _not_orc(file: File, error: TailError) -> UnitError:
    check_unchanged(file)
    return unreadable(file, " ".join(error.why.split())[:300], error.fix)


def _rows(tail: Tail, reader: Reader) -> int | None:
    """Return the number of rows; of events, only where all of them are rows that came."""
    if not reader.acid:
        return tail.rows
    said = dict(tail.metadata).get("hive.acid.stats")
    if said is None:  # as compaction writes a base: rows alone
        return tail.rows
    inserts, _, rest = said.partition(b",")
    return int(inserts) if rest == b"0,0" and inserts.isdigit() else None


def _properties(tail: Tail, reader: Reader) -> list[tuple[str, str]]:
    """Return who wrote the file, and the user's short texts, without what engines write for themselves."""
    found = {"orc.version": tail.version, "orc.writer": tail.writer, "orc.writer.version": tail.software}
    if reader.acid:
        found["orc.acid"] = "true"
    if tail.encrypted:
        found["orc.encrypted"] = ", ".join(sorted(hidden(reader, tail.encrypted)))
    for key, value in tail.metadata:
        if key in _MACHINE_KEYS or key.startswith(_MACHINE_BEGINNINGS) or len(value) > _LONGEST:
            continue
        try:
            found.setdefault(f"orc.metadata.{key}", value.decode())
        except UnicodeDecodeError:
            continue
    return sorted((key, value) for key, value in found.items() if value)
