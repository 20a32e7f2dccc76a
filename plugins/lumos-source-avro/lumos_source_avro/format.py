"""The format `avro`: everything from the header, whatever the size of the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from lumos_lake.avro import Reader, full_name
from lumos_lake.heads import cannot_open, check_unchanged, empty, profile, unreadable

from lumos_core.plugin_api import (
    AnyRecord,
    Context,
    Dataset,
    Description,
    File,
    Format,
    Layout,
    NativeSchema,
    Record,
    UnitError,
)

from .config import AvroConfig

if TYPE_CHECKING:
    from lumos_lake.profiling import Known, Sampling

_MAGIC = b"Obj\x01"
_LONGEST = 256
_CAPTURED = ["description", "fields", "fields.description", "fields.properties", "layout", "properties"]


class AvroFormat(Format[AvroConfig]):
    """Apache Avro object container files: names, types, defaults and descriptions from the header alone."""

    extensions: ClassVar[tuple[str, ...]] = (".avro",)
    magic: ClassVar[tuple[bytes, ...]] = (_MAGIC,)
    name_in_urn: ClassVar[str] = "avro"

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        """Read the header of each file: one `Dataset` fragment and one `Stats` fragment per file.

        Raises:
            UnitError: When a file is truncated in its header, or no Avro.
            RetryableError: When a file changed since it was listed.
        """
        seen: tuple[str, Dataset] | None = None
        for file in files:
            if ctx.cancelled():
                return
            if file.size == 0:
                yield empty(file, "avro", ctx)
                yield profile(file, ctx, rows=0)
                continue
            metadata = _header(file)
            check_unchanged(file)
            key = _json(metadata)
            if seen is None or seen[0] != key:
                seen = key, self._dataset(file, metadata, ctx)
            yield Record(file.urn, seen[1])
            yield profile(file, ctx)

    def sample(self, file: File, ask: Sampling, ctx: Context) -> Iterator[list[Any]]:
        """Yield lists of documents for a profile (`lumos_lake.profiling.Profiled`).

        Raises:
            UnitError: When the file cannot be read.
        """
        from .profile import batches

        return batches(file, ask)

    def statistics(self, file: File) -> Mapping[str, Known]:
        """Return nothing: an Avro file keeps no statistics."""
        return {}

    def _dataset(self, file: File, metadata: Mapping[str, str], ctx: Context) -> Dataset:
        text = metadata["avro.schema"]
        reader = Reader(self.config.max_fields)
        try:
            schema = json.loads(text)
            fields = reader.read(schema)
            name = full_name(schema)
        except (ValueError, TypeError, RecursionError) as error:
            raise _not_avro(file, f"its schema is not valid ({error})") from error
        if reader.left_out:
            names = ", ".join(sorted(reader.left_out)[:5])
            message = f"the schema has more than {self.config.max_fields:,} fields or nests too deep; left out: {names}"
            ctx.warn("avro-too-many-fields", message, file.path)
        value = Dataset(captured=list(_CAPTURED), fields=fields)
        value.layout = Layout(format="avro", options=[("compression", metadata.get("avro.codec", "null"))])
        value.properties = sorted(_properties(schema, name, reader, metadata))
        doc = schema.get("doc") if isinstance(schema, Mapping) else None
        if isinstance(doc, str) and doc:
            value.description = Description(source=doc)
        if self.config.native_schema:
            value.captured.append("native_schema")
            value.native_schema = [NativeSchema(format="avro", text=text)]
        return value


def _header(file: File) -> dict[str, str]:
    """Return the metadata of a file's header; nothing else of the file is read."""
    import fastavro
    from fastavro.schema import SchemaParseException, UnknownType

    try:
        with file.open() as stream:
            magic = stream.read(4)
            if magic != _MAGIC:
                what = "its first bytes are not `Obj\\x01`" if len(magic) == 4 else "it ends within its first 4 bytes"
                raise _not_avro(file, what, "name it after the format that it has")
            stream.seek(0)
            return dict(fastavro.reader(stream).metadata)
    except OSError as error:
        raise cannot_open(file, error) from error
    except (EOFError, StopIteration) as error:
        raise _not_avro(file, "its header is cut short") from error
    except (SchemaParseException, UnknownType, ValueError, TypeError, LookupError, AttributeError) as error:
        raise _not_avro(file, f"its header is not valid ({type(error).__name__}: {error})") from error


def _not_avro(file: File, why: str, fix: str = "write the file again") -> UnitError:
    check_unchanged(file)
    return unreadable(file, " ".join(why.split())[:300], fix)


def _properties(schema: Any, name: str, reader: Reader, metadata: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if name:
        yield "avro.name", name
        if aliases := schema.get("aliases"):
            yield "avro.aliases", ", ".join(str(alias) for alias in aliases)
    if reader.recursive:
        yield "avro.recursive", ", ".join(sorted(reader.recursive))
    for key, value in metadata.items():
        if not key.startswith("avro.") and len(value) <= _LONGEST:
            yield f"avro.metadata.{key}", value


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
