"""The source `postgres`: one unit per database, read in one snapshot by a handful of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import msgspec

from lumos_core.plugin_api import AnyRecord, Context, Covered, Event, Scope, Source, Unit

from . import queries, suggesting, usage, watching
from .config import PostgresConfig
from .connection import Connector
from .database import Database
from .naming import Names
from .records import ASPECTS
from .selection import chosen


class PostgresSource(Source[PostgresConfig]):
    """Whole PostgreSQL databases: relations with exact types, keys, comments, grants, partitions and view lineage."""

    capabilities = ASPECTS

    @cached_property
    def connector(self) -> Connector:
        """What opens connections.

        Raises:
            ConfigError: When the connection string cannot be read.
        """
        return Connector(self.config)

    @property
    def names(self) -> Names:
        """How things of this server are named."""
        return Names(self.config.env, self.config.instance)

    def check(self, ctx: Context) -> None:
        """Prove that the server can be reached and lets this role in.

        Raises:
            ConfigError: When the connection string cannot be read.
            RetryableError: When the server cannot be reached now.
            UnitError: When it refuses.
        """
        with self.connector.snapshot():
            pass

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """List the databases to read: one unit each. What a unit has seen whole is declared when it is read.

        Raises:
            LumosError: As `check`.
        """
        with self.connector.snapshot() as reader:
            present: list[tuple[str, bool]] = [(reader.server.database, True)]
            if self.config.databases:
                found = dict(reader.all(queries.DATABASES))
                present = [(name, found[name]) for name in chosen(list(found), self.config.databases)]
                if not ctx.cancelled():
                    self._declare(list(found), [name for name, _ in present], within, ctx)
        if not present:
            ctx.warn("no-database", "no database of this server fits `databases`", ", ".join(self.config.databases))
        everybody = self.names.everybody().narrowed(within) if self.config.roles else None
        for place, (name, allowed) in enumerate(present):
            mine = self.names.scope(name)
            roles = everybody is not None and place == 0
            if ctx.cancelled() or (mine.narrowed(within) is None and not roles):
                continue
            if not allowed:
                reason = f"the role may not connect to the database {name}"
                ctx.covered(Covered(mine, ASPECTS, "failed", reason))
                continue
            asked = msgspec.json.encode(within).decode()
            yield Unit(key=name, scope=mine, args={"database": name, "roles": roles, "within": asked})

    def _declare(self, present: Sequence[str], read: Sequence[str], within: Scope, ctx: Context) -> None:
        """Declare the databases that are gone: all of the server is seen, but what stands there and is not read."""
        server = self.names.scope().narrowed(within)
        if server is not None:
            ctx.covered(Covered(server, frozenset({"record"})))
            for name in present:
                if name not in read:
                    ctx.covered(Covered(self.names.scope(name), ASPECTS, "partial", "left out by `databases`"))

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Read one database in one snapshot.

        Raises:
            RetryableError: When the connection is lost, or something vanished while it was read.
            UnitError: When the server refuses.
        """
        within = msgspec.json.decode(unit.args["within"], type=Scope)
        with self.connector.snapshot(unit.args["database"]) as reader:
            database = Database(self.config, self.names, reader, within, ctx)
            yield from database.read()
            if unit.args["roles"]:
                yield from database.roles()
            if self.config.usage:
                yield from usage.read(database)

    def watch(self, ctx: Context) -> Iterable[Event]:
        """Wait for changes of the catalogs, by looking at intervals or, with `events`, by listening.

        Raises:
            LumosError: As `check`; watching ends then.
        """
        watch = watching.listen if self.config.events else watching.poll
        return watch(self.connector, self.names, self.config, ctx)

    def suggest(self, path: str) -> Iterable[dict[str, Any]]:
        """Suggest an entry for a connection string, after a look at the schemas that are there.

        Raises:
            LumosError: When it is a connection string, and the server cannot be reached or refuses.
        """
        return suggesting.suggest(path)
