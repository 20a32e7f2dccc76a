"""The source `dbase`: one dataset per .dbf file, from its header alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from lumos_core.plugin_api import (
    AnyRecord,
    Context,
    Covered,
    Dataset,
    Field,
    Layout,
    Record,
    Scope,
    Source,
    Stats,
    Unit,
    UnitError,
    paths,
    urns,
)

from .config import DbaseSourceConfig
from .header import Header, read_header
from .types import canonical_type, is_memo

PLATFORM = "dbase"


class DbaseSource(Source[DbaseSourceConfig]):
    """Tables of dBASE and FoxPro: fields, types, lengths and row counts from the headers of .dbf files."""

    capabilities = frozenset({"record", "fields", "layout", "properties"})

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """List the folder: one unit per table.

        Raises:
            UnitError: When it cannot be listed.
        """
        try:
            found = sorted(path.name for path in self.config.path.iterdir())
        except OSError as error:
            where = str(self.config.path)
            raise UnitError("cannot list the folder", why=str(error), fix="check `path`", where=where) from error
        for file in found:
            if ctx.cancelled():
                return
            urn = self.urn(file)
            if file.lower().endswith(".dbf") and within.matches(urn):
                yield Unit(key=file, scope=Scope(urns=frozenset({urn})))
        prefix = f"{urns.encode(self.config.instance)}:" if self.config.instance else ""
        mine = Scope(types=frozenset({"dataset"}), platform=PLATFORM, prefixes=(prefix,))
        asked = mine.narrowed(within)
        if asked is not None:
            ctx.covered(Covered(asked, frozenset({"record"})))

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Read the header of one table.

        Raises:
            UnitError: When it cannot be read; the rest of the run goes on.
        """
        path = self.config.path / unit.key
        try:
            with path.open("rb") as file:
                header = read_header(file, self.config.encoding)
            size, beside = path.stat().st_size, {near.name.lower() for near in path.parent.iterdir()}
        except (OSError, ValueError) as error:
            fix = "mend or remove it"
            raise UnitError("cannot read the table", why=str(error), fix=fix, where=str(path)) from error
        for code, message in _oddities(header, size, unit.key, beside):
            ctx.warn(code, message, str(path))
        properties = [("dbase.version", header.version)]
        properties += [("dbase.encoding", header.encoding)] if header.encoding else []
        value = Dataset(
            name=unit.key.rpartition(".")[0],
            subtype="table",
            captured=["fields", "layout", "properties"],
            fields=list(_fields(header)),
            layout=Layout(format="dbf"),
            properties=properties,
        )
        urn = self.urn(unit.key)
        yield Record(urn, value)
        rows = header.rows if size >= header.size else None  # a file that is cut holds fewer than it says
        yield Record(f"{urn}#profile@{_run_time(ctx)}", Stats(row_count=rows, size_bytes=size))
        ctx.covered(Covered(unit.scope, frozenset(value.captured)))

    def urn(self, file: str) -> str:
        """Return the identity of the table in a file."""
        return urns.dataset(PLATFORM, file, instance=self.config.instance)


def _oddities(header: Header, size: int, file: str, beside: set[str]) -> Iterator[tuple[str, str]]:
    """Say what users should know that stops nothing: (code, message)."""
    if not header.exact:
        said = f"language driver {header.language:02X}h" if header.language else "no language driver"
        yield "dbase-encoding-guessed", f"names of fields are guessed ({said}); set `encoding`"
    if size < header.size:
        yield "dbase-truncated", f"it says {header.rows} records, {header.size} bytes with the header, and has {size}"
    stem = file.lower().rpartition(".")[0]
    memos = any(is_memo(column, header.version) for column in header.columns)
    if memos and not beside & {f"{stem}.dbt", f"{stem}.fpt"}:
        yield "dbase-memo-missing", "it has memo fields, and no .dbt or .fpt file beside it holds their values"


def _run_time(ctx: Context) -> str:
    """Return when the run began (RFC 3339, UTC), as its id says."""
    moment = datetime.strptime(ctx.run_id.partition("-")[0], "%Y%m%dT%H%M%SZ")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _fields(header: Header) -> Iterator[Field]:
    for column in header.columns:
        digits = f"{column.length},{column.decimals}" if column.decimals else str(column.length)
        yield Field(
            paths.quote(column.name),
            type=canonical_type(column, header.version),
            native_type=f"{column.type}({digits})",
            nullable=column.nullable,
        )
