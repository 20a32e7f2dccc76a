"""One database in one snapshot: what is asked, in which order, and what the answers license."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cached_property

from lumos_core.plugin_api import AnyRecord, Cancelled, Context, Covered, Scope

from . import queries, rows
from .config import PostgresConfig
from .connection import Reader
from .memory import Memory
from .naming import Names
from .records import ASPECTS, ROLE_ASPECTS, Builder
from .rows import Directory, Listed
from .selection import Selection, system
from .types import Types

_LOCKED_EXPRESSIONS = 170000
"""From this version on, the text of a default takes a lock on its table, as that of a view always did."""
_LOOK_AGAIN = 0.2
_BATCH = 500


class Database:
    """Reads one database."""

    def __init__(self, config: PostgresConfig, names: Names, reader: Reader, within: Scope, ctx: Context) -> None:
        self.config, self.names, self.reader, self.within, self.ctx = config, names, reader, within, ctx
        self.name = reader.server.database
        self._selection = Selection(config)

    @cached_property
    def directory(self) -> Directory:
        """Schemas, roles and relations by number."""
        decoder = rows.listed_decoder
        stream = self.reader.stream(queries.LISTING, self.ctx.cancelled)
        listed = [Listed(*rows.decode(text, decoder)) for text in stream]
        found = rows.decode(self.reader.one(queries.DIRECTORY)[0], rows.plain_decoder)
        return Directory(self.name, found, listed)

    @cached_property
    def schemas(self) -> frozenset[int]:
        """The schemas that are read."""
        return frozenset(oid for oid, name in self.directory.schemas.items() if self._selection.schema(name))

    @cached_property
    def relations(self) -> frozenset[int]:
        """The relations that are read: those that the configuration names, inside the scope that is asked for."""
        everything = self.within.everything or self.within.includes(self.names.scope(self.name))
        found = []
        for oid, line in self.directory.relations.items():
            if line.schema not in self.schemas:
                continue
            schema = self.directory.schemas[line.schema]
            if self._selection.table(schema, line.name) and (
                everything or self.within.matches(self.names.dataset(self.name, schema, line.name))
            ):
                found.append(oid)
        return frozenset(found)

    def read(self) -> Iterator[AnyRecord]:
        """Yield the records of the database, and declare what was seen.

        Raises:
            LumosError: When the server refuses or is lost.
        """
        scope = self.names.scope(self.name).narrowed(self.within)
        if scope is None or self.ctx.cancelled():
            return
        memory = Memory(self.ctx.memo, self.name)
        fingerprint = self.fingerprint()
        known = None if self.ctx.full else memory.recall(fingerprint, self._wanted)
        if known is not None:
            yield from known
        else:
            # Of a part nothing is kept: it would take the place of the whole.
            whole = self.within.everything or self.within.includes(self.names.scope(self.name))
            blocked = self._blocked()
            made = self._make(blocked)
            yield from memory.keep(fingerprint, made) if whole and not blocked else made
        yield from self._estimates()
        self._declare(scope)

    def fingerprint(self) -> str:
        """Return the text that changes with anything that is read here, estimates apart."""
        text: str = self.reader.one(queries.fingerprint(control=self.reader.server.control))[0]
        return text

    def _wanted(self, urn: str) -> bool:
        return self.within.matches(urn)

    def _make(self, blocked: frozenset[int]) -> Iterator[AnyRecord]:
        builder = self.builder
        for record in (*builder.database(), *builder.schemas(self.schemas), *builder.sequences(self.schemas)):
            if self.within.matches(record.urn):
                yield record
        wanted = self.relations - blocked
        for done, text in enumerate(self._texts(wanted)):
            made = builder.relation(rows.decode(text, rows.relation_decoder))
            if made is not None:
                yield made
            if done % _BATCH == 0:
                self.ctx.progress(done, len(wanted))

    def _texts(self, wanted: frozenset[int]) -> Iterator[str]:
        """The rows of relations: what holds rows through a cursor, views in batches."""
        listed, version, cancelled = self.directory.relations, self.reader.server.version, self.ctx.cancelled
        views = sorted(oid for oid in wanted if listed[oid].kind in "vm")
        every = sum(line.schema in self.schemas and line.kind not in "vm" for line in listed.values())
        which, parameters = queries.WHOLE, {"schemas": sorted(self.schemas)}
        if len(wanted) - len(views) < every:
            which, parameters = queries.SOME, {"oids": sorted(wanted.difference(views))}
        yield from self.reader.stream(queries.relations(version, which), cancelled, parameters)
        some = queries.relations(version, queries.SOME)
        for start in range(0, len(views), _BATCH):
            if cancelled():
                raise Cancelled("The run was cancelled")
            yield from self.reader.passing(some, {"oids": views[start : start + _BATCH]})

    @cached_property
    def builder(self) -> Builder:
        """What makes records."""
        found = rows.decode(self.reader.one(queries.TYPES)[0], rows.plain_decoder)
        return Builder(self.directory, Types(found), self.names)

    def _estimates(self) -> Iterator[AnyRecord]:
        started: str = self.reader.one(queries.STARTED)[0]
        builder = Builder(self.directory, Types({}), self.names)
        urns: dict[int, str] = {}
        for oid in sorted(self.relations):
            record, path = builder.stats(oid, started), self.directory.path(oid)
            if record is not None:
                yield record
            if path is not None:
                # A profile is a part of the same statistics.
                urns[oid] = record.urn if record is not None else f"{self.names.dataset(*path)}#profile@{started}"
        if self.config.profile is not None:
            from . import profile

            yield from profile.read(self, urns)

    def roles(self) -> Iterator[AnyRecord]:
        """Yield the roles of the server, and declare that all of them were seen."""
        everybody = self.names.everybody().narrowed(self.within)
        if everybody is None:
            return
        for record in Builder(self.directory, Types({}), self.names).roles():
            if self.within.matches(record.urn):
                yield record
        self.ctx.covered(Covered(everybody, frozenset({"record", *ROLE_ASPECTS})))

    # What it licenses

    def _declare(self, scope: Scope) -> None:
        """Declare that the whole database was seen, but what stands there and the configuration leaves out.

        What is gone is in neither list, so that it is found to be removed; what is left out was not looked at.
        """
        self.ctx.covered(Covered(scope, ASPECTS))
        reason = "left out by the options of the source"
        for oid, name in self.directory.schemas.items():
            if oid not in self.schemas and not system(name):
                self.ctx.covered(Covered(self.names.scope(self.name, name), ASPECTS, "partial", reason))
        excluded = frozenset(
            self.names.dataset(self.name, schema, line.name)
            for line in self.directory.relations.values()
            if line.schema in self.schemas
            and not self._selection.table(schema := self.directory.schemas[line.schema], line.name)
        )
        if excluded:
            self.ctx.covered(Covered(Scope(urns=excluded), ASPECTS, "partial", reason))

    def _blocked(self) -> frozenset[int]:
        """Return the relations whose text cannot be had, since somebody has locked what it needs; declare them.

        A lock that is gone within the time of `lock_timeout` blocks nothing.
        """
        parameters = {"expressions": self.reader.server.version >= _LOCKED_EXPRESSIONS}
        deadline = time.monotonic() + self.config.lock_timeout
        while True:
            found = dict(self.reader.all(queries.BLOCKED, parameters))
            blocked = frozenset(found) & self.relations
            if not blocked or time.monotonic() > deadline:
                break
            if self.ctx.cancelled():
                raise Cancelled("The run was cancelled")
            time.sleep(_LOOK_AGAIN)
        for oid in sorted(blocked):
            path = self.directory.path(oid)
            assert path is not None
            reason = f"{'.'.join(path)} cannot be read: {found[oid]} is locked exclusively"
            self.ctx.covered(Covered(Scope(urns=frozenset({self.names.dataset(*path)})), ASPECTS, "failed", reason))
        return blocked
