"""How relations are used, and the most frequent statements, where `pg_stat_statements` is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import psycopg

from lumos_core.plugin_api import AnyRecord, Code, Covered, Job, Record, Scope, Stats, urns

from .failures import translate
from .naming import PLATFORM

if TYPE_CHECKING:
    from .database import Database

_COUNTS = ("seq_scan", "idx_scan", "n_tup_ins", "n_tup_upd", "n_tup_del")
TABLES = """
select relid::int8, coalesce(seq_scan, 0), coalesce(idx_scan, 0), n_tup_ins, n_tup_upd, n_tup_del,
    to_char(coalesce((select stats_reset from pg_stat_database where datname = current_database()),
        pg_postmaster_start_time()) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
from pg_stat_all_tables where coalesce(seq_scan, 0) + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del > 0
"""
EXTENSION = """
select (select n.nspname::text from pg_extension e join pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements'), pg_has_role('pg_read_all_stats', 'member')
"""
STATEMENTS = """
select s.queryid::text, min(s.query), sum(s.calls)::int8, sum(s.rows)::int8, round(sum(s.{time}))::int8,
    array_agg(distinct r.rolname::text)
from {schema}.pg_stat_statements s join pg_roles r on r.oid = s.userid
where s.dbid = (select oid from pg_database where datname = current_database()) and s.queryid is not null
    and s.query <> '<insufficient privilege>'
group by s.queryid order by sum(s.calls) desc, s.queryid limit %(limit)s
"""


def read(database: Database) -> Iterator[AnyRecord]:
    """Yield usage of the relations that are read, and the statements as queries.

    Nothing is ever concluded from a statement that is not there: the server forgets the less frequent ones.
    """
    relations, names = database.relations, database.names
    totals: dict[int, list[int]] = {}
    since = ""
    for oid, *counts, reset in database.reader.all(TABLES):
        since = reset
        root = database.directory.root(oid)
        if root in relations:
            sums = totals.setdefault(root, [0] * len(_COUNTS))
            totals[root] = [one + other for one, other in zip(sums, counts, strict=True)]
    for oid, sums in sorted(totals.items()):
        path = database.directory.path(oid)
        if path is not None:
            metrics = [(name, count) for name, count in zip(_COUNTS, sums, strict=True) if count]
            yield Record(f"{names.dataset(*path)}#usage@{since}", Stats(metrics=sorted(metrics), start=since))
    yield from _statements(database, since)


def _statements(database: Database, since: str) -> Iterator[AnyRecord]:
    reader, ctx, names = database.reader, database.ctx, database.names
    schema, everyone = reader.one(EXTENSION)
    if schema is None:
        fix = "`create extension pg_stat_statements`, with it in shared_preload_libraries"
        ctx.warn("no-statements", f"pg_stat_statements is not installed here, so that no query is read; {fix}")
        return
    if not everyone:
        ctx.warn("own-statements", "only this role's own statements can be read; grant it pg_read_all_stats for all")
    time = "total_exec_time" if reader.server.version >= 130000 else "total_time"
    quoted = '"' + schema.replace('"', '""') + '"'
    try:
        with reader.attempt():
            query = STATEMENTS.format(time=time, schema=quoted)
            found = reader.all(query, {"limit": database.config.usage_limit})
    except psycopg.Error as error:
        told = translate(error, "pg_stat_statements cannot be read", reader.redact)
        ctx.warn("no-statements", f"{told.what}: {told.why}", database.name)
        found = []
    for number, text, calls, rows, milliseconds, roles in found:
        urn = names.located("query", database.name, number)
        if not database.within.matches(urn):
            continue
        yield Record(
            urn,
            Job(
                name=number,
                subtype="query",
                parent=names.container(database.name),
                captured=["code", "properties"],
                code=[Code(role="statement", language="postgres", text=reader.redact(text))],
                properties=[("postgres.roles", ", ".join(sorted(roles)))],
            ),
        )
        metrics = [("calls", calls), ("milliseconds", milliseconds), ("rows", rows)]
        yield Record(f"{urn}#usage@{since or '1970-01-01T00:00:00Z'}", Stats(metrics=metrics, start=since or None))
    queries = Scope(
        types=frozenset({"query"}),
        platform=PLATFORM,
        env=urns.encode(names.env),
        prefixes=(names.prefix(database.name),),
    )
    ctx.covered(
        Covered(queries, frozenset({"record"}), "partial", "the server keeps the most frequent statements only")
    )
