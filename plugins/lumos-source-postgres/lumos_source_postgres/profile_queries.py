"""The SQL of profiles."""

from __future__ import annotations

from typing import NamedTuple

from psycopg import sql

from lumos_core.plugin_api import ProfileConfig


class Column(NamedTuple):
    """A column, and what can be asked of its values.

    Attributes:
        name: As the catalog has it.
        kind: `number`, `date`, `timestamp`, `timestamptz`, `time`, `text`, `bool` or `other`.
        whole: Its numbers are whole ones.
        allowed: The role may read it.
    """

    name: str
    kind: str
    whole: bool
    allowed: bool


COLUMNS = """
SELECT a.attrelid::bigint, a.attname::text,
       CASE WHEN b.typname IN ('int2', 'int4', 'int8', 'numeric', 'float4', 'float8') THEN 'number'
            WHEN b.typname IN ('date', 'timestamp', 'timestamptz', 'time') THEN b.typname::text
            WHEN b.typname = 'bool' THEN 'bool'
            WHEN b.typtype = 'e' OR b.typname IN ('text', 'varchar', 'bpchar', 'name', 'citext', 'uuid', 'inet')
                 THEN 'text'
            ELSE 'other' END,
       b.typname IN ('int2', 'int4', 'int8'),
       pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
         AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
WHERE a.attrelid = ANY(%(oids)s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

STATES = """
SELECT s.relid::bigint, concat_ws(' ', c.relfilenode, c.reltuples, s.n_tup_ins, s.n_tup_upd, s.n_tup_del,
       s.last_analyze, d.stats_reset)
FROM pg_catalog.pg_stat_all_tables s
JOIN pg_catalog.pg_class c ON c.oid = s.relid
CROSS JOIN (SELECT stats_reset FROM pg_catalog.pg_stat_database
            WHERE datname = pg_catalog.current_database()) d
WHERE s.relid = ANY(%(oids)s::oid[]) AND c.relkind = 'r'
"""
"""What changes with the rows of a table; a partitioned one keeps no counts of its own."""

TIMEOUT = "SELECT pg_catalog.set_config('statement_timeout', %(time)s, true)"

PLANNER = """
SELECT attname::text, null_frac::float8, n_distinct::float8, most_common_vals::text::text[], most_common_freqs::float8[]
FROM pg_catalog.pg_stats
WHERE schemaname = %(schema)s AND tablename = %(table)s
ORDER BY attname, inherited
"""

_TEXT = """(WITH g AS MATERIALIZED (
  SELECT {column}::text AS v, count(*) AS n FROM rows_looked_at WHERE {column} IS NOT NULL GROUP BY 1)
 SELECT json_build_array(coalesce(sum(n), 0), count(*), left(min(v COLLATE "C"), 200), left(max(v COLLATE "C"), 200),
   sum(n * length(v)), min(length(v)), max(length(v)),
   (SELECT coalesce(json_agg(json_build_array(left(v, 200), n)), '[]'::json)
    FROM (SELECT v, n FROM g ORDER BY n DESC, v COLLATE "C" LIMIT {looked_at}) often)) FROM g)"""

_NUMBER = """(WITH g AS MATERIALIZED (
  SELECT {value} AS v, count(*) AS n FROM rows_looked_at WHERE {column} IS NOT NULL AND {finite} GROUP BY 1),
 e AS (SELECT min(v)::float8 AS low, max(v)::float8 AS high FROM g)
 SELECT json_build_array((SELECT count({column}) FROM rows_looked_at), count(*), coalesce(sum(n), 0),
   min(v)::text, max(v)::text, {average},
   (SELECT to_json((percentile_disc({ranks}) WITHIN GROUP (ORDER BY {value}))::text[])
    FROM rows_looked_at WHERE {column} IS NOT NULL AND {finite}),
   (SELECT json_agg(json_build_array(bar, n)) FROM (
      SELECT least(width_bucket(v::float8, low, high, {bars}), {bars}) AS bar, sum(n) AS n
      FROM g, e WHERE low < high GROUP BY 1) bars),
   (SELECT coalesce(json_agg(json_build_array(v::text, n)), '[]'::json)
    FROM (SELECT v, n FROM g ORDER BY n DESC, v LIMIT {looked_at}) often)) FROM g)"""

_BOOL = "(SELECT json_build_array(count({column}), count(*) FILTER (WHERE {column}), 0) FROM rows_looked_at)"
_OTHER = "(SELECT json_build_array(count({column})) FROM rows_looked_at)"


def profile(
    schema: str, table: str, clause: str, columns: list[Column], config: ProfileConfig, looked_at: int
) -> sql.Composed:
    """Return the one query of a table: a row with the number of rows, and a JSON array per column.

    Args:
        schema: Of the table.
        table: Its name.
        clause: What stands behind its name: a sample, a limit, or nothing.
        columns: What is asked of.
        config: Quantiles, bars, frequent values.
        looked_at: How many of the most frequent texts are returned.
    """
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    asked = [_asked(column, config, looked_at) for column in columns]
    return sql.SQL(
        "WITH rows_looked_at AS MATERIALIZED (SELECT {names} FROM {table} {clause}) "
        "SELECT (SELECT count(*) FROM rows_looked_at), {asked}"
    ).format(
        names=names,
        table=sql.Identifier(schema, table),
        clause=sql.SQL(clause),  # made of numbers by this package
        asked=sql.SQL(", ").join(asked),
    )


def _asked(column: Column, config: ProfileConfig, looked_at: int) -> sql.Composed:
    name = sql.Identifier(column.name)
    if column.kind == "text":
        return sql.SQL(_TEXT).format(column=name, looked_at=sql.Literal(looked_at))
    if column.kind in ("bool", "other"):
        return sql.SQL(_BOOL if column.kind == "bool" else _OTHER).format(column=name)
    value: sql.Composable = name
    finite: sql.Composable = sql.SQL("true")
    average: sql.Composable = sql.SQL("NULL::text")
    if column.kind == "number":
        average = sql.SQL("(sum(v::numeric * n) / nullif(sum(n), 0))::text")
        if not column.whole:
            finite = sql.SQL("{column}::float8 NOT IN ('NaN', 'Infinity', '-Infinity')").format(column=name)
    else:
        value = sql.SQL("(extract(epoch FROM {column}) * 1000000)").format(column=name)
        if column.kind != "time":
            finite = sql.SQL("isfinite({column})").format(column=name)
    return sql.SQL(_NUMBER).format(
        column=name,
        value=value,
        finite=finite,
        average=average,
        ranks=sql.SQL("{ranks}::float8[]").format(ranks=sql.Literal(list(config.quantiles))),
        bars=sql.Literal(max(1, config.histogram)),
        looked_at=sql.Literal(max(20, config.top_values)),
    )
