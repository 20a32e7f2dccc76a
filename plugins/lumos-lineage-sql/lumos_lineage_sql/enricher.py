"""The enricher `sql`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lumos_core.plugin_api import AnyRecord, Code, Context, Dataset, Enricher, Lineage

from . import texts
from .analysis import Analysis
from .attach import Attacher, Edges, incomplete
from .config import DbtManifest, QueryLog, SqlEnricherConfig, SqlFiles
from .dialects import known
from .gaps import TABLE_LINEAGE, Gaps
from .logs import Log
from .names import Names, Site, Table, site_of, table_of
from .structs import Limits, Lookup, StatementLineage
from .texts import Text


class SqlEnricher(Enricher[SqlEnricherConfig]):
    """Adds lineage from SQL: from definitions among the records, and from files, logs and manifests beside them.

    Scripts, logs and manifests are read first and leave their edges, once each; then the records stream by.
    """

    writes = TABLE_LINEAGE | {"code"}

    def check(self, ctx: Context) -> None:
        """Look whether every path is there.

        Raises:
            ConfigError: One is not.
        """
        entries: tuple[SqlFiles | QueryLog | DbtManifest, ...] = (
            *self.config.sql,
            *self.config.queries,
            *self.config.dbt,
        )
        for entry in entries:
            texts.check(entry.path)

    def enrich(self, records: Iterator[AnyRecord], ctx: Context) -> Iterable[AnyRecord]:
        """Lay the lineage of all SQL over the datasets that it writes, and add the queries of logs."""
        work = _Work(self.config, ctx)
        for entry in self.config.sql:
            for text in texts.scripts(entry, ctx, work.gaps, self.config.max_text):
                work.read(text)
        for manifest in self.config.dbt:
            for text in texts.models(manifest, work.gaps):
                work.read(text)
        for config in self.config.queries:
            log = Log(config, work.names, work.attacher, work.analysis, work.gaps, ctx)
            yield from log.records(work.edges_of)
        for record in records:
            if isinstance(record.value, Dataset):
                work.lay(record.urn, record.value)
            yield record
        work.gaps.finish(work.names)


class _Work:
    """One run of the enricher."""

    def __init__(self, config: SqlEnricherConfig, ctx: Context) -> None:
        self.definitions = config.definitions
        self.names, self.gaps = Names(ctx), Gaps(ctx)
        limits = Limits(text=config.max_text, statement=config.max_statement)
        self.analysis = Analysis(ctx.memo, limits, trust=not ctx.full)
        self.attacher = Attacher(self.names, influences=config.influences)
        self._edges: dict[str, Edges] = {}

    def edges_of(self, target: str) -> Edges:
        """Return where the edges into a dataset are collected."""
        return self._edges.setdefault(target, Edges())

    def read(self, text: Text) -> None:
        """Collect the edges of one text."""
        for statement in self.analysis.lineage(text.sql, text.site.dialect, self._columns(text.site)):
            where = f"{text.where}:{text.line + statement.line - 1}"
            name = statement.target if text.target is None else text.target
            if statement.status == "parse-failed":
                self.gaps.unparsed(statement.reason, where)
                target = self.names.find(text.target, text.site) if text.target else None
                if target is not None:
                    told = self._told(target)
                    self.gaps.declare(target, told, f"{where}: {statement.reason}", failed=True)
            elif name is not None and statement.kind != "delete":
                self._write(statement, text, name, where)

    def lay(self, urn: str, value: Dataset) -> None:
        """Add to a dataset what its definition says, and what was collected for it."""
        edges = self._edges.pop(urn, None)
        for code in value.code if self.definitions else ():
            if code.role == "definition" and code.text.strip():
                defined = self._define(urn, value, code)
                if defined is not None:
                    defined.add(edges.lineage if edges is not None else None)
                    edges = defined
        if edges is None:
            return
        value.lineage = edges.onto(value.lineage)
        value.captured = sorted({*value.captured, *TABLE_LINEAGE})

    def _write(self, statement: StatementLineage, text: Text, name: tuple[str, ...], where: str) -> None:
        target = self.names.find(name, text.site)
        if target is None:
            self.names.miss(name, text.site)
            return
        table = self.names.table(target) or Table(None)
        said = [("sql", where)]
        found = self.attacher.edges(statement, text.site, target, table, type=_type(statement), properties=said)
        self.edges_of(target).add(found.lineage)
        if found.missing or found.vague:
            self.gaps.declare(target, table.told, incomplete(found, where))

    def _define(self, urn: str, value: Dataset, code: Code) -> Edges | None:
        """Return the edges of a definition; None when it is not SQL or was not understood, which is told."""
        captured = "lineage" in value.captured
        site = _site(urn, value, code)
        if site is None:
            return None
        table, edges = table_of(value), None
        for statement in self.analysis.lineage(code.text, site.dialect, self._columns(site)):
            if statement.status == "parse-failed":
                self.gaps.unparsed(statement.reason, urn)
                self.gaps.declare(urn, captured, f"its definition was not understood: {statement.reason}", failed=True)
                continue
            if statement.kind not in ("select", "view", "table", "insert"):
                continue
            found = self.attacher.edges(statement, site, urn, table, type="view")
            edges = edges or Edges()
            edges.add(_without_known(found.lineage, value.lineage))
            if found.missing or found.vague:
                self.gaps.declare(urn, captured, incomplete(found, "its definition"))
        return edges

    def _told(self, urn: str) -> bool:
        table = self.names.table(urn)
        return table is not None and table.told

    def _columns(self, site: Site) -> Lookup:
        return lambda name: self.names.columns(name, site)


def _site(urn: str, value: Dataset, code: Code) -> Site | None:
    """Return where the names in a definition belong; None when it is not in SQL."""
    site = site_of(urn, value.name, "")
    language = code.language or ""
    dialect = known(site.platform if language.lower() in ("", "sql") else language)
    if dialect is None and language.lower() == "sql":
        dialect = ""
    return None if dialect is None else Site(site.platform, site.prefix, site.env, site.instance, dialect)


def _without_known(lineage: Lineage, known: Lineage | None) -> Lineage:
    """Leave out table edges that the source has told in the same layer, whatever job it names as the way."""
    told = {edge.urn for edge in known.upstreams if edge.layer in (None, "source")} if known is not None else set()
    return Lineage(upstreams=[edge for edge in lineage.upstreams if edge.urn not in told], columns=lineage.columns)


def _type(statement: StatementLineage) -> str:
    return "view" if statement.kind == "view" else "transformed"
