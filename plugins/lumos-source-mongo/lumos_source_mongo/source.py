"""The source `mongo`: what a server lists, and the documents of each collection, one unit per collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import bson
from bson import json_util
from bson.errors import BSONError
from pymongo.errors import OperationFailure, PyMongoError

from lumos_core.plugin_api import (
    AnyRecord,
    Context,
    Covered,
    Event,
    Scope,
    Source,
    Unit,
    UnitError,
)

from . import listing, records
from .client import CODEC, Connection
from .config import MongoConfig
from .declared import json_schema
from .errors import denied, reason, translate
from .listing import Found
from .names import Names
from .node import Known, Node
from .records import ASPECTS, OF_DOCUMENTS, OF_OPTIONS, Seen
from .sampling import Reader, newest_first
from .settle import settle
from .suggest import suggestions
from .tree import Observed
from .watch import Watcher

if TYPE_CHECKING:
    from .profile import Collecting

_CONTAINERS = 1_000


class MongoSource(Source[MongoConfig]):
    """Collections and views of MongoDB."""

    capabilities = ASPECTS | {"record"}

    def __init__(self, config: MongoConfig) -> None:
        super().__init__(config)
        self._connection = Connection(config)

    def __del__(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()

    @property
    def names(self) -> Names:
        """How things of this source are named."""
        return Names(self.config.env, self.config.instance)

    def check(self, ctx: Context) -> None:
        """Prove that the server answers and lets the user in.

        Raises:
            ConfigError: When user, password or options are wrong.
            RetryableError: When no server answers.
        """
        client, redact = self._connection.client, self._connection.redact
        try:
            client.admin.command("ping")
            list(client.list_databases(nameOnly=True, authorizedDatabases=True))
        except PyMongoError as error:
            if not denied(error):
                raise translate(error, "MongoDB cannot be reached", redact) from None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # Planning

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """List databases and collections, declare what was listed, and yield a unit per collection.

        Raises:
            LumosError: When the server cannot be reached.
        """
        reach = self.names.scope.narrowed(within)
        if reach is None:
            return
        found: list[Found] = []
        present: list[str] = []
        gaps: list[listing.Gap] = []
        redact = self._connection.redact
        for database, collections, hidden in listing.each_database(self._connection.client, self.config, redact):
            if ctx.cancelled():
                return
            found += collections
            gaps += hidden
            if database:
                present.append(database)
        ctx.covered(Covered(reach, ASPECTS | {"record"}))
        for gap in gaps:
            scope = self.names.within(gap.database) if gap.database else self.names.scope
            ctx.covered(Covered(scope, frozenset({"record"}), "failed", gap.why))
            ctx.warn("mongo-not-listed", f"{gap.why}; nothing is concluded from what is not seen", gap.database)
        if not found and not gaps:
            ctx.warn("no-data", "no collection was found")
        yield from self._units(found, present, within)

    def _units(self, found: list[Found], databases: list[str], within: Scope) -> Iterator[Unit]:
        holders = [name for name in databases if within.matches(self.names.container(name))]
        for start in range(0, len(holders), _CONTAINERS):
            part = holders[start : start + _CONTAINERS]
            yield Unit(
                key=f"databases {start + 1}-{start + len(part)}",
                scope=Scope(urns=frozenset(map(self.names.container, part))),
                args={"databases": part},
            )
        for item in found:
            urn = self.names.dataset(item.database, item.name)
            if within.matches(urn):
                yield Unit(
                    key=f"{item.database}.{item.name}",
                    scope=Scope(urns=frozenset({urn})),
                    args={
                        "database": item.database,
                        "name": item.name,
                        "type": item.type,
                        "options": None if item.options is None else bson.encode(item.options),
                    },
                )

    # Reading

    def extract(self, unit: Unit, ctx: Context) -> Iterable[AnyRecord]:
        """Read one collection: its documents, its indexes, its sizes.

        Raises:
            RetryableError: When the connection breaks or the server is slow.
            UnitError: When it was dropped meanwhile.
        """
        for database in unit.args.get("databases", ()):
            yield records.container(database, self.names)
        if "name" not in unit.args:
            return
        options = unit.args["options"]
        try:
            found = Found(
                unit.args["database"],
                unit.args["name"],
                unit.args["type"],
                None if options is None else bson.decode(options, CODEC),
            )
            yield from self._collection(found, unit, ctx)
        except (PyMongoError, BSONError) as error:
            raise translate(error, f"{unit.key} cannot be read", self._connection.redact) from None

    def _collection(self, found: Found, unit: Unit, ctx: Context) -> Iterator[AnyRecord]:
        client = self._connection.client
        urn = self.names.dataset(found.database, found.name)
        is_view = found.type == "view"
        if found.options is None:
            self._gap(unit, OF_OPTIONS, "the role may see the names of collections only", ctx)
        sizes = {} if is_view else listing.sizes(client, found.database, found.name)
        last = ctx.get(urn)
        profile = None
        if self.config.profile is not None:
            from .profile import Collecting

            profile = Collecting(self.config.profile, unit.key, last)
        observed, why = self._documents(found, sizes, ctx, profile)
        if ctx.cancelled():
            return
        indexes: list[Any] | None = []
        if not is_view:
            try:
                indexes = listing.indexes(client, found.database, found.name)
            except OperationFailure as error:
                if not denied(error):
                    raise
                indexes = None
                self._gap(unit, frozenset({"keys", "lifecycle"}), reason(error, self._connection.redact), ctx)
        if not indexes and found.type != "timeseries" and not listing.exists(client, found.database, found.name):
            raise UnitError(f"{unit.key} was dropped while it was read", fix="run again")
        schema = self._declared(found, last)
        root = None
        if why:
            self._gap(unit, OF_DOCUMENTS, why, ctx)
        elif observed is not None:
            root = self._schema(observed, schema, last, unit.key, ctx)
        seen = Seen(found, root, indexes, sizes, observed, schema)
        record, differing = records.dataset(seen, self.names)
        if differing:
            shown = ", ".join(differing[:5]) + (f" and {len(differing) - 5:,} more" if len(differing) > 5 else "")
            ctx.warn(
                "mongo-declared-differs",
                f"documents do not fit the declared schema at {shown}; the declared one is taken",
                unit.key,
            )
        yield record
        statistics = records.stats(seen, urn, ctx)
        if statistics is not None:
            if profile is not None and record.value.fields:
                from .profile import words_of

                words = words_of(found.type, self.config.sample)
                profile.onto(statistics.value, record.value.fields, statistics.value.row_count, words)
            yield statistics

    def _documents(
        self, found: Found, sizes: Any, ctx: Context, profile: Collecting | None = None
    ) -> tuple[Observed | None, str]:
        """Read documents; returns what they hold, or why they could not be read."""
        observed = Observed()
        if not self.config.documents or (found.type == "view" and not self.config.read_views):
            return observed, ""
        collection = self._connection.client[found.database][found.name]
        average = sizes.get("avgObjSize")
        average = int(average) if isinstance(average, (int, float)) else 0
        reader = Reader(collection, self.config.documents, self.config.timeout, ctx.cancelled, average)
        count = sizes.get("count")
        try:
            if found.type == "view":
                documents = reader.head()
            elif self.config.sample == "random" and not (count is not None and count <= self.config.documents):
                documents = reader.random()
            elif found.type == "timeseries":
                documents = reader.both_ends(newest_first(found.options))
            else:
                if count is None:
                    count = collection.estimated_document_count()
                documents = reader.spread(int(count))
            for document in documents:
                try:
                    observed.add(document)
                    if profile is not None:
                        profile.add(document)
                except RecursionError:
                    reader.broken += 1
        except OperationFailure as error:
            if denied(error) or found.type == "view":
                return None, f"documents cannot be read: {reason(error, self._connection.redact)}"
            raise
        if reader.broken:
            ctx.warn(
                "mongo-broken-documents",
                f"{reader.broken:,} of {reader.broken + observed.documents:,} documents are no sound BSON or nest too "
                "deep, and were left out",
                f"{found.database}.{found.name}",
            )
        return observed, ""

    @staticmethod
    def _declared(found: Found, last: AnyRecord | None) -> Mapping[str, Any] | None:
        """Return the declared schema; the last known one where the role may not see it any more."""
        if found.options is not None:
            return json_schema(found.options.get("validator"))
        known = [] if last is None else [item.text for item in last.value.native_schema if item.format == "jsonschema"]
        return json_util.loads(known[0]) if known else None

    @staticmethod
    def _schema(
        observed: Observed, declared: Mapping[str, Any] | None, last: AnyRecord | None, key: str, ctx: Context
    ) -> Node | None:
        """Settle the schema; None when neither documents nor a declaration say anything."""
        if not observed.documents:
            return Node(kinds={"object"}, nullable=False) if declared is not None else None
        known = Known(last.value.fields) if last is not None and "fields" in last.value.captured else Known()
        root, rare = settle(observed.root, known)
        if rare:
            ctx.warn("mongo-rare-types", records.rare_text(rare, observed.documents), key)
        if observed.narrowed or root.value is not None:
            ctx.warn(
                "mongo-too-many-names", "its documents have so many names that they are taken as the keys of maps", key
            )
        return root

    def _gap(self, unit: Unit, aspects: frozenset[str], why: str, ctx: Context) -> None:
        ctx.covered(Covered(unit.scope, aspects, "failed", why))
        ctx.warn("mongo-not-read", f"{why}; nothing is concluded from it", unit.key)

    # Watching and suggesting

    def watch(self, ctx: Context) -> Iterable[Event]:
        """Look every `poll_seconds` at options, indexes and sizes of every collection; yield those that changed."""
        return Watcher(self._connection, self.config, self.names).events(ctx)

    def suggest(self, path: str) -> Iterable[dict[str, Any]]:
        """Suggest an entry for a connection string; nothing for a folder."""
        return suggestions(path)
