"""Connections: one read-only transaction with a snapshot of its own, that fits a pooler and a replica."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import Composed

from lumos_core.plugin_api import Cancelled, UnitError

from . import queries
from .config import PostgresConfig
from .failures import Redactor, not_a_dsn, translate, translated

Query = str | Composed
OLDEST = 120000
"""The oldest server that the queries fit."""
_SECRET = ("password", "sslpassword", "passfile")
_BATCH = 500


class Server(NamedTuple):
    """What a server says of itself."""

    database: str
    version: int
    control: bool


class Tolerant(Loader):
    """Text as Unicode; bytes of a database without an encoding (SQL_ASCII) that are none become surrogates."""

    def load(self, data: Any) -> str:
        """Decode one value."""
        return bytes(data).decode("utf-8", "surrogateescape")


class Connector:
    """Opens connections from a configuration."""

    def __init__(self, config: PostgresConfig) -> None:
        self._config = config
        if config.dsn and _raw_password(config.dsn.get_secret_value()):
            raise not_a_dsn()
        try:
            parts = conninfo_to_dict(config.dsn.get_secret_value()) if config.dsn else {}
        except psycopg.Error:
            raise not_a_dsn() from None
        given = {
            "host": config.host,
            "port": config.port,
            "dbname": config.database,
            "user": config.user,
            "password": config.password.get_secret_value() if config.password else None,
            "sslmode": config.sslmode,
        }
        parts.update({name: value for name, value in given.items() if value is not None})
        parts.setdefault("connect_timeout", max(1, round(config.connect_timeout)))
        parts.setdefault("application_name", "lumos")
        self._parts = parts
        secrets = [str(parts[name]) for name in _SECRET if parts.get(name)]
        if config.dsn:
            secrets.append(config.dsn.get_secret_value())
        self.redact = Redactor(secrets)

    def connect(self, database: str | None = None) -> psycopg.Connection[Any]:
        """Open a connection, to another database of the same server if one is named.

        Raises:
            RetryableError: When the server cannot be reached now.
            UnitError: When it refuses.
        """
        parts = dict(self._parts, **({"dbname": database} if database is not None else {}))
        where = str(parts.get("dbname") or "")
        try:
            # No prepared statements: a pooler may run each transaction on another session.
            connection = psycopg.connect(make_conninfo("", **parts), prepare_threshold=None)
        except psycopg.Error as error:
            raise translate(error, "cannot connect to PostgreSQL", self.redact, where) from None
        connection.adapters.register_loader("text", Tolerant)
        return connection

    @contextmanager
    def snapshot(self, database: str | None = None) -> Iterator[Reader]:
        """Open one repeatable-read, read-only transaction; it is rolled back and closed at the end.

        Raises:
            RetryableError: When the connection is lost, or the server cannot be reached now.
            UnitError: When the server refuses.
        """
        connection = self.connect(database)
        try:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with translated("the database cannot be read", self.redact, database or ""):
                times = {
                    "statement": f"{round(self._config.statement_timeout * 1000)}ms",
                    "lock": f"{round(self._config.lock_timeout * 1000)}ms",
                }
                connection.execute(queries.SETTINGS, times)
                row = connection.execute(queries.IDENTITY).fetchone()
                assert row is not None
                server = Server(*row)
                if server.version < OLDEST:
                    raise UnitError(
                        f"PostgreSQL {server.version // 10000} is too old",
                        why="the catalog of versions before 12 is another one",
                        fix="upgrade the server, or export its metadata with another tool",
                    )
                yield Reader(connection, server, self.redact)
        finally:
            connection.close()


class Reader:
    """A transaction in which catalogs are read."""

    def __init__(self, connection: psycopg.Connection[Any], server: Server, redact: Redactor) -> None:
        self._connection, self.server, self.redact = connection, server, redact

    def one(self, query: Query, parameters: dict[str, Any] | None = None) -> Any:
        """Return the first row of a query."""
        return self._connection.execute(query, parameters).fetchone()

    def all(self, query: str, parameters: dict[str, Any] | None = None) -> list[Any]:
        """Return all rows of a query."""
        return self._connection.execute(query, parameters).fetchall()

    def stream(
        self, query: str, cancelled: Callable[[], bool], parameters: dict[str, Any] | None = None
    ) -> Iterator[str]:
        """Yield the only column of each row, through a cursor of the server that is one batch ahead.

        Raises:
            Cancelled: When the run is to stop.
        """
        with self._connection.cursor(name="lumos") as cursor, ThreadPoolExecutor(1) as ahead:
            cursor.execute(query, parameters)
            pending = ahead.submit(cursor.fetchmany, _BATCH)
            while batch := pending.result():
                if cancelled():
                    raise Cancelled("The run was cancelled")
                pending = ahead.submit(cursor.fetchmany, _BATCH)
                yield from (text for (text,) in batch)

    def passing(self, query: str, parameters: dict[str, Any] | None = None) -> list[str]:
        """Return the only column of each row, and give back every lock that the query took.

        The text of a view locks what the view reads for as long as the transaction lasts, and whoever wants to alter
        that would wait, with everybody else behind him.
        """
        with self._connection.transaction(force_rollback=True):
            return [text for (text,) in self.all(query, parameters)]

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Let queries fail without ending the transaction; their locks and settings are given back either way."""
        with self._connection.transaction(force_rollback=True):
            yield

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Let a query fail without ending the transaction."""
        with self._connection.transaction():
            yield


def _raw_password(dsn: str) -> bool:
    """Tell whether a URL holds a password with a raw slash: libpq takes what follows it for the database's name."""
    scheme, found, rest = dsn.partition("://")
    authority, _, behind = rest.partition("/")
    return bool(found) and scheme.isalpha() and "@" not in authority and "@" in behind.partition("?")[0]
