"""The format `parquet`: everything from the footer, whatever the size of the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from lumos_lake.heads import cannot_open, check_unchanged, empty, profile, unreadable

from lumos_core.plugin_api import (
    AnyRecord,
    Context,
    Dataset,
    Description,
    Field,
    File,
    Format,
    Layout,
    Record,
    SortField,
    UnitError,
    paths,
)

from .config import ParquetConfig

if TYPE_CHECKING:
    from lumos_lake.profiling import Known, Sampling
    from pyarrow.parquet import FileMetaData

_MAGIC = b"PAR1"
_ENCRYPTED = b"PARE"
_LONGEST = 256
_MACHINE_KEYS = frozenset(
    {
        *(b"ARROW:schema", b"pandas", b"geo", b"iceberg.schema", b"parquet.avro.schema", b"avro.schema"),
        b"org.apache.spark.sql.parquet.row.metadata",
        *(b"writer.model.name", b"writer.time.zone", b"org.apache.spark.version", b"writer.date.proleptic"),
        *(b"org.apache.spark.legacyDateTime", b"org.apache.spark.legacyINT96", b"org.apache.spark.timeZone"),
    }
)
_SPARK_SCHEMA = b"org.apache.spark.sql.parquet.row.metadata"
_ANNOTATED = {"JSON": "json", "UUID": "uuid", "ENUM": "string"}


class ParquetFormat(Format[ParquetConfig]):
    """Apache Parquet: schema, field ids, row count, sort order and compression from the footer alone."""

    extensions: ClassVar[tuple[str, ...]] = (".parquet", ".pq", ".parq")
    magic: ClassVar[tuple[bytes, ...]] = (_MAGIC, _ENCRYPTED)
    name_in_urn: ClassVar[str] = "parquet"

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        """Read the footer of each file: one `Dataset` fragment and one `Stats` fragment per file.

        Raises:
            UnitError: When a file is truncated, encrypted, or no Parquet.
            RetryableError: When a file changed since it was listed.
        """
        seen = _Seen()
        for file in files:
            if ctx.cancelled():
                return
            if file.size == 0:
                yield empty(file, "parquet", ctx)
                yield profile(file, ctx, rows=0)
            else:
                yield from self._fragments(file, seen, ctx)

    def _fragments(self, file: File, seen: _Seen, ctx: Context) -> Iterator[AnyRecord]:
        footer, schema = _footer(file, self.config.max_columns)
        check_unchanged(file)
        keys: dict[bytes, bytes] = footer.metadata or {}
        value = Dataset(
            captured=["fields", "fields.description", "fields.properties", "layout"],
            fields=seen.fields(footer, schema, keys),
            layout=_layout(footer),
        )
        if self.config.properties:
            value.captured.append("properties")
            value.properties = _properties(keys)
        yield Record(file.urn, value)
        facts = {"fields": _null_counts(footer)} if self.config.statistics else {}
        yield profile(file, ctx, rows=footer.num_rows, **facts)

    def sample(self, file: File, ask: Sampling, ctx: Context) -> Iterator[Any]:
        """Yield record batches for a profile (`lumos_lake.profiling.Profiled`).

        Raises:
            UnitError: When the file cannot be read.
        """
        from .profile import batches

        return batches(file, ask)

    def statistics(self, file: File) -> Mapping[str, Known]:
        """Return ranges and null counts of columns as the footer has them.

        Raises:
            UnitError: When the file cannot be read.
        """
        from .profile import known_columns

        return known_columns(_footer(file, self.config.max_columns)[0])


class _Seen:
    """The schema of the file before: files of one dataset mostly have one, which is converted once."""

    def __init__(self) -> None:
        self._schema: Any = None
        self._parquet: Any = None
        self._spark: bytes | None = None
        self._fields: list[Field] = []

    def fields(self, footer: FileMetaData, schema: Any, keys: dict[bytes, bytes]) -> list[Field]:
        """Return the fields of a file; equal schemas share them."""
        from lumos_lake.arrow import fields_of

        spark, parquet = keys.get(_SPARK_SCHEMA), footer.schema
        if (
            self._schema is not None
            and spark == self._spark
            and parquet.equals(self._parquet)
            and schema.equals(self._schema, check_metadata=True)
        ):
            return self._fields
        fields = fields_of(schema)
        _annotate(fields, footer)
        _describe(fields, spark)
        self._schema, self._parquet, self._spark, self._fields = schema, parquet, spark, fields
        return fields


def _footer(file: File, most: int) -> tuple[FileMetaData, Any]:
    """Return a file's footer and its Arrow schema; one of more than `most` columns is refused."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if file.local is not None:
            footer = pq.read_metadata(file.local)
        else:
            with file.open() as stream:
                footer = pq.read_metadata(stream)
        if footer.num_columns > most:
            why = f"it has {footer.num_columns:,} columns, more than the {most:,} of `max_columns`"
            raise unreadable(file, why, "raise `max_columns` of the format, or leave the file out with `exclude`")
        return footer, footer.schema.to_arrow_schema().remove_metadata()
    except OSError as error:
        if error.errno is not None:
            raise cannot_open(file, error) from error
        raise _not_parquet(file, error) from error
    except (pa.ArrowException, ValueError) as error:
        raise _not_parquet(file, error) from error


def _not_parquet(file: File, error: Exception) -> UnitError:
    """Say what is wrong with a file that has no readable footer, from its first and last bytes."""
    check_unchanged(file)
    why, fix = " ".join(str(error).split())[:300], "write the file again"
    try:
        with file.open() as stream:
            head = stream.read(4)
            stream.seek(max(0, file.size - 4))
            tail = stream.read(4)
    except OSError as refused:
        return cannot_open(file, refused)
    if tail == _ENCRYPTED:
        why, fix = "its footer is encrypted", "leave the file out with `exclude`; encrypted footers are not read"
    elif head == _MAGIC and tail != _MAGIC:
        why = f"it is truncated: it begins as Parquet, but its last of {file.size:,} bytes are not a footer"
        fix = "write the file again, or wait until whoever writes it has finished"
    elif head != _MAGIC:
        why, fix = "it is no Parquet file: its first bytes are not `PAR1`", "name it after the format that it has"
    return unreadable(file, why, fix)


def _layout(footer: FileMetaData) -> Layout:
    """Return compression and sort order as the first row group has them."""
    layout = Layout(format="parquet")
    if footer.num_row_groups and footer.num_columns:
        group = footer.row_group(0)
        layout.options = [("compression", group.column(0).compression.lower())]
        for column in group.sorting_columns:
            path = _column_path(footer, column.column_index)
            layout.sort_by.append(SortField(path=path, direction="desc" if column.descending else "asc"))
    return layout


def _column_path(footer: FileMetaData, index: int) -> str:
    """Return the path of a leaf column that is no part of a list or map (only such are sorted by)."""
    return ".".join(paths.quote(name) for name in footer.schema.column(index).path.split("."))


def _annotate(fields: list[Field], footer: FileMetaData) -> None:
    """Give top-level columns the meaning that Parquet's logical types have and Arrow's do not."""
    if footer.num_columns != len(fields):
        return  # nested: Arrow's types say what there is
    schema = footer.schema
    for index, field in enumerate(fields):
        if field.type in ("bytes", "fixed(16)", "string"):
            column = schema.column(index)
            known = _ANNOTATED.get(column.logical_type.type)
            if known is not None and paths.quote(column.path) == field.path and field.type != known:
                field.type = known


def _describe(fields: list[Field], schema: bytes | None) -> None:
    """Take the comments that Spark keeps in its own schema."""
    if schema is None or b'"comment"' not in schema:
        return
    try:
        members = json.loads(schema)["fields"]
        comments = {paths.quote(member["name"]): member["metadata"].get("comment") for member in members}
    except (ValueError, TypeError, LookupError, AttributeError):
        return
    for field in fields:
        comment = comments.get(field.path)
        if field.description is None and isinstance(comment, str) and comment:
            field.description = Description(source=comment)


def _properties(keys: dict[bytes, bytes]) -> list[tuple[str, str]]:
    """Return the short texts of the key-value metadata, without what engines write for themselves."""
    found = []
    for key, value in keys.items():
        if key in _MACHINE_KEYS or len(value) > _LONGEST:
            continue
        try:
            found.append((f"parquet.{key.decode()}", value.decode()))
        except UnicodeDecodeError:
            continue
    return sorted(found)


def _null_counts(footer: FileMetaData) -> list[tuple[str, list[tuple[str, int | str]]]]:
    """Return the number of nulls of each top-level column, where every row group states it."""
    counts: dict[str, int | None] = {}
    names = [footer.schema.column(index).path for index in range(footer.num_columns)]
    for group in range(footer.num_row_groups):
        columns = footer.row_group(group)
        for index, name in enumerate(names):
            statistics = columns.column(index).statistics
            known = statistics is not None and statistics.has_null_count
            so_far = counts.get(name, 0)
            counts[name] = so_far + statistics.null_count if known and so_far is not None else None
    tops = set(footer.schema.to_arrow_schema().names)
    return [
        (paths.quote(name), [("null_count", n)]) for name, n in sorted(counts.items()) if n is not None and name in tops
    ]
