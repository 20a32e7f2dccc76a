"""Watching by looking again: a cheap fingerprint of every collection, and the scope of those whose print changed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

from bson import json_util
from pymongo.errors import PyMongoError

from lumos_core.plugin_api import Context, Event, Scope

from . import listing
from .client import Connection
from .config import MongoConfig
from .errors import translate
from .listing import Found
from .names import Names

_STEP = 0.2


class Watcher:
    """Polls a server. Change streams are not used: standalone servers have none, and they say nothing of indexes.

    Args:
        connection: The source's.
        config: Its options.
        names: How things are named.
    """

    def __init__(self, connection: Connection, config: MongoConfig, names: Names) -> None:
        self._connection, self._config, self._names = connection, config, names

    def events(self, ctx: Context) -> Iterator[Event]:
        """Yield the scope of each collection that came, went or changed, until the run is cancelled.

        The first look compares with the last one of an earlier watch, where `ctx.memo` still knows it.
        """
        while not ctx.cancelled():
            yield from self._look(ctx)
            if ctx.once:
                return
            until = time.monotonic() + self._config.poll_seconds
            while time.monotonic() < until and not ctx.cancelled():
                time.sleep(min(_STEP, self._config.poll_seconds))

    def _look(self, ctx: Context) -> Iterator[Event]:
        memo = self._names.scope.prefixes[0].encode() + b"watch"
        before = dict(json_util.loads(ctx.memo[memo].decode())) if memo in ctx.memo else None
        try:
            now = self._prints()
        except PyMongoError as error:
            raise translate(error, "MongoDB cannot be watched", self._connection.redact) from None
        if before is not None:
            for urn in sorted({**before, **now}):
                if before.get(urn) != now.get(urn):
                    yield Event(Scope(urns=frozenset({urn})), now.get(urn, ""))
        ctx.memo[memo] = json_util.dumps(now).encode()

    def _prints(self) -> dict[str, str]:
        client = self._connection.client
        return {
            self._names.dataset(found.database, found.name): self._print(found)
            for _, collections, _ in listing.each_database(client, self._config, self._connection.redact)
            for found in collections
        }

    def _print(self, found: Found) -> str:
        """Options, indexes, and the number of documents to two digits: a collection that only breathes is quiet."""
        client = self._connection.client
        parts: list[object] = [found.type, found.options]
        if found.type != "view":
            try:
                parts.append(listing.indexes(client, found.database, found.name))
            except PyMongoError as error:
                parts.append(type(error).__name__)
            parts.append(rounded(listing.sizes(client, found.database, found.name).get("count")))
        return hashlib.sha256(json_util.dumps(parts).encode()).hexdigest()


def rounded(count: object) -> int:
    """Return a number to two significant digits; -1 for what is none."""
    if not isinstance(count, (int, float)):
        return -1
    size = 10 ** max(0, len(str(int(count))) - 2)
    return int(count) // int(size) * int(size)
