"""Logs of queries that ran: lineage of what they wrote, a record for each query, and how much was read by them.

The text of a query is kept without its comments and with `?` for every literal, because a log holds data.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from lumos_core.plugin_api import (
    AnyRecord,
    Code,
    ColumnEdge,
    Context,
    Covered,
    Job,
    Lineage,
    LineageEdge,
    Record,
    Scope,
    Stats,
    urns,
)

from .analysis import Analysis
from .attach import Attacher, Edges
from .config import QueryLog
from .dialects import known
from .gaps import Gaps
from .names import Names, Site, Table
from .structs import StatementLineage
from .texts import site

MAX_LINE = 4_000_000
"""Bytes of a line; a longer one is a gap."""

_WINDOW = "a log shows what ran while it was written, not all that ever runs"


class _Line(Struct):
    """One line of a log; the names that several systems use are read."""

    query: str | None = None
    sql: str | None = None
    query_text: str | None = None
    dialect: str | None = None
    database: str | None = None
    schema_: str | None = msgspec.field(default=None, name="schema")
    user: str | None = None
    time: str | int | float | None = None
    count: int = 1


class _Use(Struct):
    """How often something was used, by how many people, and when last."""

    count: int = 0
    users: set[str] = msgspec.field(default_factory=set)
    last: str = ""

    def add(self, line: _Line, time: str) -> None:
        self.count += max(line.count, 0)
        if line.user:
            self.users.add(line.user)
        self.last = max(self.last, time)


class Log:
    """Reads one log.

    Args:
        config: Which, and where its names belong.
        names: Where datasets are found.
        attacher: Makes edges.
        analysis: Reads SQL.
        gaps: Where gaps are told.
        ctx: The context of the run.
    """

    def __init__(
        self, config: QueryLog, names: Names, attacher: Attacher, analysis: Analysis, gaps: Gaps, ctx: Context
    ) -> None:
        self._config, self._names, self._attacher = config, names, attacher
        self._analysis, self._gaps, self._ctx = analysis, gaps, ctx
        self._queries: dict[bytes, tuple[str, array[int]]] = {}
        self._uses: dict[str, _Use] = {}
        self._numbers: dict[str, int] = {}
        self._tables: list[str] = []
        self._written: set[str] = set()
        self._more: Counter[bytes] = Counter()

    def records(self, edges_of: Callable[[str], Edges]) -> Iterator[AnyRecord]:
        """Return a record for every different query, then how much each query and dataset was used."""
        place = site(self._config)
        for number, line in self._lines():
            text = line.query or line.sql or line.query_text or ""
            if not text.strip():
                continue
            where = _where(place, line)
            plain = without_literals(text, where.dialect)
            key = hashlib.sha256(f"{where.platform}\0{where.prefix}\0{plain}".encode("utf-8", "replace")).digest()[:12]
            if key not in self._queries:
                if len(self._queries) >= self._config.max_queries:
                    self._more[key] += 1
                    continue
                urn = urns.located("query", where.platform, key.hex(), where.env, instance=where.instance)
                read: array[int] = array("l")
                self._queries[key] = (urn, read)
                record = self._query(urn, text, plain, where, number, read, edges_of)
                if record is not None:
                    yield record
            self._use(key, line)
        yield from self._usage()
        self._finish()

    def _lines(self) -> Iterator[tuple[int, _Line]]:
        decoder = msgspec.json.Decoder(_Line)
        with self._config.path.open("rb") as file:
            number = 0
            while raw := file.readline(MAX_LINE):
                number += 1
                if self._ctx.cancelled():
                    return
                whole = raw.endswith(b"\n") or len(raw) < MAX_LINE
                while not whole:  # the rest of a line that is too long
                    rest = file.readline(MAX_LINE)
                    whole = rest.endswith(b"\n") or len(rest) < MAX_LINE
                    raw = b"{"
                if not raw.strip():
                    continue
                try:
                    yield number, decoder.decode(raw)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    where = f"{self._config.path.name}:{number}"
                    self._gaps.warn("sql-log-line", "this line is not a JSON object with a `query`", where)

    def _query(
        self,
        urn: str,
        text: str,
        plain: str,
        where: Site,
        number: int,
        read: array[int],
        edges_of: Callable[[str], Edges],
    ) -> AnyRecord | None:
        """Keep what a query that is met for the first time writes, and return its record where it reads datasets."""
        statements = self._analysis.lineage(text, where.dialect, lambda name: self._names.columns(name, where))
        lineage = Lineage()
        columns: set[str] = set()
        for statement in statements:
            if statement.status == "parse-failed":
                self._gaps.unparsed(statement.reason, f"{self._config.path.name}:{number}")
                continue
            tables, refs = self._read(statement, where)
            self._write(statement, where, urn, edges_of)
            for table in sorted(tables):
                number_ = self._numbers.setdefault(table, len(self._tables))
                if number_ == len(self._tables):
                    self._tables.append(table)
                if number_ not in read:
                    read.append(number_)
            if statement.target is None:
                lineage.upstreams += [LineageEdge(table) for table in sorted(tables)]
                columns |= refs
        if not read:
            return None
        if columns:
            lineage.columns.append(ColumnEdge(from_=sorted(columns), to=[urn]))
        code = [Code(role="query", language=where.dialect or None, text=plain)]
        captured = ["code", "lineage", "lineage.columns"]
        return Record(urn, Job(subtype="query", code=code, lineage=lineage, captured=captured))

    def _read(self, statement: StatementLineage, where: Site) -> tuple[set[str], set[str]]:
        """Return the datasets and columns that a statement reads; what no dataset is called is noted."""
        tables = set()
        for name in statement.tables:
            found = self._names.find(name, where)
            if found is not None:
                tables.add(found)
            elif statement.target is None:
                self._names.miss(name, where)
        sources = {source for column in statement.columns for source, _ in column.sources}
        sources |= {influence.source for influence in statement.influences}
        refs = {self._attacher.ref(source, where, "") for source in sources}
        return tables, {ref for ref in refs if ref is not None}

    def _write(self, statement: StatementLineage, where: Site, query: str, edges_of: Callable[[str], Edges]) -> None:
        if statement.target is None or statement.kind == "delete":
            return
        target = self._names.find(statement.target, where)
        if target is None:
            self._names.miss(statement.target, where)
            return
        table = self._names.table(target) or Table(None)
        found = self._attacher.edges(statement, where, target, table, query=query, expressions=False)
        edges_of(target).add(found.lineage)
        self._written.add(target)

    def _use(self, key: bytes, line: _Line) -> None:
        urn, read = self._queries[key]
        time = _time(line.time)
        if not time or not read:
            return
        self._uses.setdefault(urn, _Use()).add(line, time)
        for number in read:
            self._uses.setdefault(self._tables[number], _Use()).add(line, time)

    def _usage(self) -> Iterator[AnyRecord]:
        for urn, use in self._uses.items():
            metrics: list[tuple[str, int | str]] = [("queries", use.count)]
            if use.users:
                metrics.append(("users", len(use.users)))
            yield Record(f"{urn}#usage@{use.last}", Stats(metrics=metrics))

    def _finish(self) -> None:
        if self._written:
            scope = Scope(urns=frozenset(self._written))
            self._ctx.covered(Covered(scope, frozenset({"lineage", "lineage.columns"}), "partial", _WINDOW))
        if self._more:
            self._gaps.warn(
                "sql-log-long",
                f"{len(self._more)} more different queries were not read; raise `max_queries`",
                self._config.path.name,
            )


def without_literals(sql: str, dialect: str) -> str:
    r"""Return a query with `?` for every literal, without comments, with single spaces.

    Example:
        >>> without_literals("SELECT a -- secret\n FROM t WHERE b = 'x' AND c > 12", "postgres")
        'SELECT a FROM t WHERE b = ? AND c > ?'
    """
    from sqlglot.dialects.dialect import Dialect
    from sqlglot.tokenizer_core import TokenType

    if len(sql) > MAX_LINE:
        return "?"
    try:
        tokens: list[Any] = Dialect.get_or_raise(dialect).tokenize(sql)
    except Exception:  # whatever the tokenizer makes of hostile text, none of it may be shown
        return "?"
    plain = {TokenType.VAR, TokenType.IDENTIFIER, TokenType.PARAMETER, TokenType.PLACEHOLDER}
    literal = {kind for kind in TokenType if kind.name.endswith(("STRING", "NUMBER"))} - plain
    parts: list[str] = []
    end = -1
    for token in tokens:
        if parts and token.start > end + 1:
            parts.append(" ")
        parts.append("?" if token.token_type in literal else sql[token.start : token.end + 1])
        end = token.end
    return "".join(parts)


def _where(place: Site, line: _Line) -> Site:
    prefix = place.prefix
    if line.database or line.schema_:
        old = ("", "", *prefix)[-2:]
        prefix = tuple(part for part in (line.database or old[0], line.schema_ or old[1]) if part)
    dialect = known(line.dialect) if line.dialect else None
    return replace(place, prefix=prefix, dialect=place.dialect if dialect is None else dialect)


def _time(value: str | int | float | None) -> str:
    """Return a time as every file of Lumos writes it; empty for what is none."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        elif value is None:
            return ""
        else:
            seconds = value / 1000 if value > 1e11 else value
            moment = datetime.fromtimestamp(seconds, timezone.utc)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""
