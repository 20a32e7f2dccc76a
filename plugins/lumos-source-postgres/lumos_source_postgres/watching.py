"""Watching: what to read again, by looking at intervals, or by listening to event triggers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from lumos_core.plugin_api import Context, Event, RetryableError, Scope

from . import queries
from .config import PostgresConfig
from .connection import Connector
from .failures import translated
from .naming import Names

CHANNEL = "lumos_ddl"
_PATIENCE = 0.5
"""Seconds between two looks at whether to stop."""


def poll(connector: Connector, names: Names, config: PostgresConfig, ctx: Context) -> Iterator[Event]:
    """Take the fingerprint of the catalogs at intervals; when it differs, the database is to be read again.

    The server is asked one query each time, over a connection that is not held in between. A server that is away is
    asked again at the next interval.
    """
    last: str | None = None
    while not ctx.cancelled():
        try:
            with connector.snapshot() as reader:
                found: str = reader.one(queries.fingerprint(control=reader.server.control))[0]
                database = reader.server.database
        except RetryableError as error:
            ctx.warn("watch-interrupted", error.what + (f": {error.why}" if error.why else ""))
        else:
            if last is not None and found != last:
                yield Event(names.scope(database))
            last = found
        if ctx.once:
            return
        _sleep(config.watch_interval, ctx)


def listen(connector: Connector, names: Names, config: PostgresConfig, ctx: Context) -> Iterator[Event]:
    """Listen to the event triggers of `lumos postgres setup`; a notification names the schemas to read again.

    Whatever happened while nobody listened is found by reading the database once, which the first event asks for.
    """
    connection = connector.connect()
    connection.autocommit = True
    try:
        with translated("watching ended", connector.redact):
            row = connection.execute("select current_database()").fetchone()
            assert row is not None
            database: str = row[0]
            connection.execute(f"listen {CHANNEL}")
            yield Event(names.scope(database))
            while not ctx.cancelled() and not ctx.once:
                scopes: dict[Scope, None] = {}
                for notice in connection.notifies(timeout=_PATIENCE, stop_after=1):
                    scopes.update(dict.fromkeys(_scopes(notice.payload, names, database)))
                for scope in scopes:
                    yield Event(scope)
    finally:
        connection.close()


def _scopes(payload: str, names: Names, database: str) -> list[Scope]:
    try:
        schemas = json.loads(payload)
    except ValueError:
        schemas = None
    if not isinstance(schemas, list) or not schemas or not all(isinstance(name, str) for name in schemas):
        return [names.scope(database)]
    return [names.scope(database, name) for name in schemas]


def _sleep(seconds: float, ctx: Context) -> None:
    deadline = time.monotonic() + seconds
    while not ctx.cancelled() and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, _PATIENCE))
