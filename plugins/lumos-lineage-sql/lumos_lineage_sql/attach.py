"""What the library found, as lineage of Lumos: on the dataset that is written, with references that exist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from lumos_core.plugin_api import ColumnEdge, Lineage, LineageEdge, paths, urns

from .names import Names, Site, Table
from .structs import ColumnLineage, InfluenceKind, Kind, Source, StatementLineage

RESOLVED = "1"
"""Confidence of what follows from the text and from schemas that are known."""

GUESSED = "0.5"
"""Confidence where a `*` stands over unknown columns, or a name could belong to several tables."""

_ABSENT = Table(None)


class Found(Struct):
    """The lineage of one statement into one dataset.

    Attributes:
        lineage: Its edges.
        missing: Names of tables that no dataset has.
        vague: Columns whose origin is not certain, and `*` that could not be expanded.
    """

    lineage: Lineage
    missing: list[str]
    vague: int


def incomplete(found: Found, where: str) -> str:
    """Return in words what is missing in the lineage that was found."""
    parts = []
    if found.missing:
        more = f" and {len(found.missing) - 3} more" if len(found.missing) > 3 else ""
        parts.append(f"no dataset is called {', '.join(found.missing[:3])}{more}")
    if found.vague:
        parts.append("the columns of a table, or whose column a name means, are not known")
    return f"{where}: {'; '.join(parts)}"


class Attacher:
    """Turns statements into edges.

    Args:
        names: Where datasets are found.
        influences: Also write the columns that only decide about rows.
    """

    def __init__(self, names: Names, *, influences: bool = True) -> None:
        self._names, self._influences = names, influences

    def edges(
        self,
        statement: StatementLineage,
        site: Site,
        target: str,
        table: Table,
        *,
        type: str = "transformed",
        query: str | None = None,
        properties: Sequence[tuple[str, str]] = (),
        expressions: bool = True,
    ) -> Found:
        """Return the edges of a statement into a dataset.

        Args:
            statement: What was found.
            site: Where its names belong.
            target: URN of the dataset that is written.
            table: Columns of that dataset.
            type: Type of the table edges.
            query: URN of the query that is the reason.
            properties: Properties of the table edges.
            expressions: Write the SQL of what is computed.
        """
        found = Found(Lineage(), [], 0)
        for name in statement.tables:
            urn = self._names.find(name, site)
            if urn is None:
                if self._names.miss(name, site):
                    found.missing.append(".".join(name))
            elif urn != target:
                found.lineage.upstreams.append(
                    LineageEdge(urn, type=type, query=query, confidence=RESOLVED, properties=list(properties))
                )
        columns = found.lineage.columns
        named = _named(statement, table)
        for path, column in named:
            found.vague += not column.resolved
            columns += self._columns(path, column, site, target, query, expressions)
        if statement.status == "star-unresolved":
            found.vague += 1
            columns += self._star(statement, {path for path, _ in named}, site, target, table, query)
        if self._influences and (named or columns):
            columns += self._decisions(statement, site, target, query)
        return found

    def ref(self, source: Source, site: Site, target: str) -> str | None:
        """Return the reference of a column; None when its table is no dataset or has no such column."""
        urn = self._names.find(source.table, site)
        if urn is None:
            return None
        table = self._names.table(urn) or _ABSENT
        if table.columns is not None and source.column not in table.columns:
            return None
        path = paths.quote(source.column)
        deeper = path
        for member in source.member:
            deeper = paths.child(deeper, member)
        if deeper != path and (deeper in table.nested or table.columns is None):
            path = deeper
        return f"#{path}" if urn == target else urns.field(urn, path)

    def _columns(
        self, path: str, column: ColumnLineage, site: Site, target: str, query: str | None, expressions: bool
    ) -> Iterable[ColumnEdge]:
        """Return an edge for each way in which columns get into this one."""
        by_kind: dict[Kind, set[str]] = {}
        for source, kind in column.sources:
            ref = self.ref(source, site, target)
            if ref is not None and ref != f"#{path}":
                by_kind.setdefault(kind, set()).add(ref)
        for kind, refs in by_kind.items():
            yield ColumnEdge(
                from_=sorted(refs),
                to=[f"#{path}"],
                type="direct",
                subtype=kind,
                query=query,
                expression=column.expression if expressions else None,
                confidence=RESOLVED if column.resolved else GUESSED,
            )

    def _star(
        self, statement: StatementLineage, known: set[str], site: Site, target: str, table: Table, query: str | None
    ) -> Iterable[ColumnEdge]:
        """Guess that a `*` over one table of unknown columns passes on the columns that the target has besides."""
        if len(statement.stars) != 1 or not table.columns:
            return
        urn = self._names.find(statement.stars[0], site)
        if urn is None or urn == target:
            return
        for name in table.columns:
            path = paths.quote(name)
            if path not in known:
                yield ColumnEdge(
                    from_=[urns.field(urn, path)],
                    to=[f"#{path}"],
                    type="direct",
                    subtype="identity",
                    query=query,
                    confidence=GUESSED,
                )

    def _decisions(
        self, statement: StatementLineage, site: Site, target: str, query: str | None
    ) -> Iterable[ColumnEdge]:
        by_kind: dict[InfluenceKind, set[str]] = {}
        for influence in statement.influences:
            ref = self.ref(influence.source, site, target)
            if ref is not None:
                by_kind.setdefault(influence.kind, set()).add(ref)
        for kind, refs in by_kind.items():
            yield ColumnEdge(
                from_=sorted(refs), to=[target], type="indirect", subtype=kind, query=query, confidence=RESOLVED
            )


def _named(statement: StatementLineage, table: Table) -> list[tuple[str, ColumnLineage]]:
    """Return the columns of the target that are written, as paths: by position where that is sound, else by name."""
    columns = statement.columns
    if table.columns is None:
        return [(paths.quote(column.name), column) for column in columns]
    if statement.status == "resolved" and len(columns) == len(table.columns) and _in_order(statement, table.columns):
        return [(paths.quote(name), column) for name, column in zip(table.columns, columns, strict=True)]
    exact = set(table.columns)
    folded = {name.casefold(): name for name in reversed(table.columns)}
    named = []
    for column in columns:
        name = column.name if column.name in exact else folded.get(column.name.casefold())
        if name is not None:
            named.append((paths.quote(name), column))
    return named


def _in_order(statement: StatementLineage, columns: Sequence[str]) -> bool:
    """Tell whether the columns of a statement are those of the target, one by one."""
    if statement.by_position:
        return True
    pairs = zip(statement.columns, columns, strict=True)
    return all(found.name.casefold() == name.casefold() or found.name.startswith("_col_") for found, name in pairs)


class Edges:
    """The lineage that several statements give one dataset: each edge once, what a source said before all else."""

    def __init__(self) -> None:
        self._upstreams: dict[tuple[str, str | None, str | None], LineageEdge] = {}
        self._columns: dict[tuple[tuple[str, ...], tuple[str, ...], str | None, str | None], ColumnEdge] = {}

    def add(self, lineage: Lineage | None) -> None:
        """Add edges; one that is known already stays as it is."""
        if lineage is None:
            return
        for edge in lineage.upstreams:
            self._upstreams.setdefault((edge.urn, edge.via, edge.layer), edge)
        for column in lineage.columns:
            key = (tuple(column.from_), tuple(column.to), column.via, column.layer)
            self._columns.setdefault(key, column)

    def onto(self, known: Lineage | None) -> Lineage | None:
        """Return these edges together with those that a record has already; None when there are none."""
        all_ = Edges()
        all_.add(known)
        all_.add(self.lineage)
        downstreams = known.downstreams if known is not None else []
        lineage = all_.lineage
        lineage.downstreams = downstreams
        return lineage if lineage.upstreams or lineage.columns or downstreams else None

    @property
    def lineage(self) -> Lineage:
        """The edges."""
        return Lineage(upstreams=list(self._upstreams.values()), columns=list(self._columns.values()))
