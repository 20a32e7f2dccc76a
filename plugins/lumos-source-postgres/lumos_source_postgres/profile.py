"""Profiles, worked out by the server: one aggregate query per table over its rows or a repeatable sample of them.

The library `lumos-profile` says what a profile holds and what is private; it is imported when a profile is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import psycopg

from lumos_core.plugin_api import AnyRecord, Cancelled, LumosError, ProfileConfig, Record, Stats, paths

from . import profile_queries as queries
from .connection import Reader
from .failures import translate

if TYPE_CHECKING:
    from lumos_profile import Facts, Profile, Profiler

    from .database import Database

SEED = 20_040_229
"""The same sample of the same table, run after run."""
COLUMNS = 60
"""A wider table takes a query for each so many of its columns."""
LOOKED_AT = 512
"""So many different texts of a column, the most frequent ones, show its patterns and whether it seems private."""
_PROFILED = "rpm"
"""Tables, partitioned tables and materialized views; a view or a foreign table would be run for it."""
_VERSION = "1"


class Part(NamedTuple):
    """Which rows of a table are looked at.

    Attributes:
        clause: What stands behind the name of the table; empty for all rows.
        words: The same for people; empty for all rows.
    """

    clause: str
    words: str


def read(database: Database, urns: dict[int, str]) -> Iterator[AnyRecord]:
    """Yield the profile of every relation that is read, as a part of its statistics.

    Args:
        database: What is read, with the configuration.
        urns: Relation -> URN of its statistics.

    Raises:
        LumosError: When the connection is lost.
    """
    config = database.config.profile
    assert config is not None
    work = _Work(database, config)
    for oid in sorted(urns):
        if database.ctx.cancelled():
            raise Cancelled("The run was cancelled")
        made = work.relation(oid)
        if made is not None:
            yield Record(urns[oid], made.onto(Stats()))


class _Work:
    """The profiling of one database."""

    def __init__(self, database: Database, config: ProfileConfig) -> None:
        self._database, self._config = database, config
        self._reader: Reader = database.reader
        oids = [oid for oid in database.relations if database.directory.relations[oid].kind in _PROFILED]
        self._columns: dict[int, list[queries.Column]] = {}
        for oid, *row in self._reader.all(queries.COLUMNS, {"oids": oids}):
            self._columns.setdefault(oid, []).append(queries.Column(*row))
        self._states = {oid: str(state) for oid, state in self._reader.all(queries.STATES, {"oids": oids})}

    def relation(self, oid: int) -> Profile | None:
        """Return the profile of one relation, the remembered one where its rows did not change."""
        from lumos_profile import Profiler, tagged

        path = self._database.directory.path(oid)
        if oid not in self._columns or path is None:
            return None
        ctx, (_, schema, table) = self._database.ctx, path
        urn = self._database.names.dataset(*path)
        tags = tagged(ctx.get(urn))
        key = b"profile\0" + urn.encode("utf-8", "surrogateescape")
        state = self._state(oid, tags)
        if not ctx.full and state and (held := _recall(ctx.memo.get(key), state)) is not None:
            return held.without(tags)
        profiler = Profiler(self._config, f"{schema}.{table}", tags)
        columns = [column for column in self._columns[oid] if profiler.takes(paths.quote(column.name))]
        denied = [column.name for column in columns if not column.allowed]
        if denied:
            shown = ", ".join(denied[:5]) + (" and more" if len(denied) > 5 else "")
            ctx.warn("profile-denied", f"the role may not read {shown}; nothing is said of them", f"{schema}.{table}")
        columns = [column for column in columns if column.allowed]
        if not columns:
            return None
        made = self._try(oid, schema, table, columns, profiler)
        if made is not None and state and not made.stopped:
            ctx.memo[key] = state + msgspec.msgpack.encode(made)
        return made

    def _state(self, oid: int, tags: frozenset[str]) -> bytes:
        """Return what changes with the rows, the columns or the configuration; empty where the server does not tell."""
        if oid not in self._states:
            return b""
        columns = [column.name for column in self._columns[oid] if column.allowed]
        parts = [_VERSION, self._states[oid], self._config.model_dump_json(), *columns, "\1", *sorted(tags)]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).digest()

    def _try(
        self, oid: int, schema: str, table: str, columns: list[queries.Column], profiler: Profiler
    ) -> Profile | None:
        """Ask the server; what it refuses or does not finish in time is told, and its own statistics stand for it."""
        where, redact = f"{schema}.{table}", self._reader.redact
        if self._config.from_ == "statistics":
            return self._statistics(oid, schema, table, columns, profiler)
        try:
            return self._data(oid, schema, table, columns, profiler)
        except psycopg.errors.QueryCanceled as error:
            if "statement timeout" not in str(error):
                raise
            stopped = f"after {self._config.budget_seconds:g} s (`budget_seconds`)"
            return self._statistics(oid, schema, table, columns, profiler, stopped)
        except psycopg.Error as error:
            found: LumosError = translate(error, "the profile cannot be made", redact, where)
            if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
                raise
            self._database.ctx.warn("cannot-profile", f"its values cannot be read: {found.why}", where)
            return None

    def _data(self, oid: int, schema: str, table: str, columns: list[queries.Column], profiler: Profiler) -> Profile:
        part, end = self._part(oid), monotonic() + self._config.budget_seconds
        looked, most = 0, self._config.rows
        for start in range(0, len(columns), COLUMNS):
            some = columns[start : start + COLUMNS]
            query = queries.profile(schema, table, part.clause, some, self._config, LOOKED_AT)
            left = max(1, round((end - monotonic()) * 1000))
            with self._reader.apart():
                self._reader.one(queries.TIMEOUT, {"time": f"{left}ms"})
                looked, *found = self._reader.one(query)
            for column, row in zip(some, found, strict=True):
                profiler.give(paths.quote(column.name), _facts(column, row, looked, self._config))
        profiler.rows = looked
        whole = not part.words or (part.words == _FIRST and most != "all" and looked <= most)
        return profiler.profile(whole=whole, sample=part.words)

    def _part(self, oid: int) -> Part:
        """Choose the rows: all of a small table, a sample of its pages where the server knows that it is large."""
        rows = self._config.rows
        if rows == "all":
            return Part("", "")
        directory = self._database.directory
        line = directory.relations[oid]
        holders = [part for part in (*directory.parts.get(oid, ()), line) if part.kind != "p"]
        known = sum(part.rows for part in holders if part.rows > 0)
        if known > rows * 1.5:
            # Somewhat more than is needed, since pages are not equally full; the limit holds it.
            share = min(100.0, 120.0 * rows / known)
            clause = f"TABLESAMPLE SYSTEM ({share:.6f}) REPEATABLE ({SEED}) LIMIT {rows}"
            return Part(clause, f"pages chosen by a fixed seed, {share:.3g} % of all")
        return Part(f"LIMIT {rows + 1}", _FIRST)

    def _statistics(
        self,
        oid: int,
        schema: str,
        table: str,
        columns: list[queries.Column],
        profiler: Profiler,
        stopped: str = "",
    ) -> Profile | None:
        """Take what the planner keeps."""
        known = {row[0]: row[1:] for row in self._reader.all(queries.PLANNER, {"schema": schema, "table": table})}
        line = self._database.directory.relations[oid]
        for column in columns:
            if column.name in known:
                profiler.give(paths.quote(column.name), _planned(column, known[column.name], line.rows, self._config))
        made = profiler.profile(whole=False, looked=False, stopped=stopped)
        if stopped or made.fields:
            return made
        self._database.ctx.warn(
            "profile-no-statistics", "the server has no statistics of it; run ANALYZE", f"{schema}.{table}"
        )
        return None


_FIRST = "the first rows as the server gives them"


def _recall(blob: bytes | None, state: bytes) -> Profile | None:
    from lumos_profile import Profile

    if blob is None or not blob.startswith(state):
        return None
    try:
        return msgspec.msgpack.decode(blob[len(state) :], type=Profile)
    except msgspec.DecodeError:
        return None


def _facts(column: queries.Column, row: Any, looked: int, config: ProfileConfig) -> Facts:
    """Turn the row of one column into facts."""
    from lumos_profile import Facts

    kind, row = column.kind, row if isinstance(row, list) else json.loads(row)
    present = row[0]
    facts = Facts(rows=looked, nulls=looked - present)
    if kind == "bool" and present:
        top = [("true", row[1]), ("false", present - row[1])]
        facts.top = sorted(((text, n) for text, n in top if n > 1), key=lambda item: -item[1])[: config.top_values]
        facts.distinct = sum(1 for _, n in top if n)
    elif kind == "text" and present:
        _texts(facts, row, config)
    elif kind not in ("other", "bool") and present:
        _numbers(facts, kind, row, config)
    return facts


def _texts(facts: Facts, row: Sequence[Any], config: ProfileConfig) -> None:
    from lumos_profile import Column
    from lumos_profile.column import Values

    present, facts.distinct, facts.minimum, facts.maximum, total, shortest, longest, often = row
    counts = [n for _, n in often]
    # The same eyes look at these texts that look at those of files.
    looks = Column()
    texts = [text for text, _ in often]
    looks.add(
        Values("text", present, 0, texts, counts, None, facts.minimum, facts.maximum, None, (total, shortest, longest))
    )
    seen = looks.facts(config)
    facts.lengths, facts.patterns, facts.suspected = seen.lengths, seen.patterns, seen.suspected
    facts.top = [(text, n) for text, n in often if n > 1][: config.top_values]


def _numbers(facts: Facts, kind: str, row: Sequence[Any], config: ProfileConfig) -> None:
    from lumos_profile.facts import decimal, moment
    from lumos_profile.pii import SHARE, suspected_value

    def show(value: Any) -> str:
        return decimal(_plain(value)) if kind == "number" else moment(round(float(value)), kind)

    present, distinct, finite, low, high, average, quantiles, bars, often = row
    if present > finite:
        facts.more = [("not_finite_count", present - finite)]
    if not finite:
        return
    facts.distinct, facts.minimum, facts.maximum = distinct, show(low), show(high)
    if average is not None:
        facts.average = decimal(float(average))
    facts.quantiles = [(rank, show(value)) for rank, value in zip(config.quantiles, quantiles or (), strict=False)]
    if bars and config.histogram:
        first, last = float(low), float(high)
        width = (last - first) / config.histogram
        counted = dict(bars)
        facts.bars = [counted.get(place, 0) for place in range(1, config.histogram + 1)]
        facts.edges = [show(first + width * place) for place in range(config.histogram)] + [show(high)]
    looks = [look for text, _ in often if (look := suspected_value(str(text)))] if kind == "number" else []
    if looks and len(looks) >= SHARE * len(often):
        facts.suspected = looks[0]
    facts.top = [(show(value), n) for value, n in often if n > 1][: config.top_values]


def _plain(value: Any) -> Any:
    from decimal import Decimal

    return Decimal(value) if isinstance(value, str) else value


def _planned(column: queries.Column, row: Sequence[Any], rows: int, config: ProfileConfig) -> Facts:
    """Turn what the planner knows of a column into facts: estimates, all of them, of the last ANALYZE."""
    from lumos_profile import Facts
    from lumos_profile.column import Column, Values
    from lumos_profile.facts import share

    nulls, distinct, common, shares = row
    facts = Facts(null_share=share(round(nulls * 10**6), 10**6))
    if distinct > 0:
        facts.distinct = round(distinct)
    elif distinct < 0 and rows > 0:
        facts.distinct = round(-distinct * rows)
    if common and rows > 0:
        often = [(text, max(1, round(part * rows))) for text, part in zip(common, shares or (), strict=False)]
        looks = Column()
        looks.add(Values("text", len(often), 0, [text for text, _ in often], [n for _, n in often]))
        facts.suspected = looks.suspected
        facts.top = [(text, n) for text, n in often if n > 1][: config.top_values]
    return facts
