"""A PostgreSQL of the tests' own, and a database per test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lumos_core.loading.registry import Registry
from lumos_core.model.record import AnyRecord, canonical
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers import Server, postgres, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests."""
    with running(postgres, tmp_path_factory.mktemp("postgres")) as server:
        yield server


class Db:
    """A database of a test, with shortcuts."""

    def __init__(self, server: Server, name: str) -> None:
        self.server, self.name = server, name
        self.dsn = self.dsn_of(name)

    def dsn_of(self, database: str, user: str = "", password: str = "") -> str:
        user, password = user or self.server.user, password or self.server.password
        return f"postgresql://{user}:{password}@{self.server.host}:{self.server.port}/{database}"

    def run(self, sql: str, *, user: str = "", password: str = "") -> None:
        with psycopg.connect(self.dsn_of(self.name, user, password), autocommit=True) as connection:
            connection.execute(sql.encode())

    def extensions(self, *names: str) -> bool:
        """Create extensions; tell whether this server brings all of them."""
        with self.connect(autocommit=True) as connection:
            found = connection.execute("select name from pg_available_extensions where name = any(%s)", [list(names)])
            if len(found.fetchall()) < len(names):
                return False
            for name in names:
                connection.execute(f"create extension {name}".encode())
        return True

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn, **options)

    def source(self, **options: Any) -> Any:
        entry = {"type": "postgres", "dsn": self.dsn, **options}
        return Registry.load().spec("source", entry, Path()).build()

    def read(
        self, ctx: MemoryContext | None = None, within: Scope = Scope(), **options: Any
    ) -> dict[tuple[str, str], AnyRecord]:
        """Read everything; the keys are kind and name of the records, without the name of the database."""
        ctx = MemoryContext() if ctx is None else ctx
        source, found = self.source(**options), {}
        for unit in source.plan(within, ctx):
            for record in source.extract(unit, ctx):
                canonical(record)
                name = record.urn.partition("(postgres,")[2].partition(",PROD)")[0]
                found[record.kind, name.removeprefix(f"{self.name}.")] = record
        return found

    def dataset(self, name: str, **options: Any) -> Any:
        return self.read(**options)["dataset", name].value


@pytest.fixture
def db(server: Server, request: pytest.FixtureRequest) -> Iterator[Db]:
    """An empty database, dropped at the end."""
    name = "t" + format(abs(hash(request.node.nodeid)) % 16**8, "08x")
    admin = Db(server, "postgres")
    admin.run(f"create database {name}")
    yield Db(server, name)
    admin.run(f"drop database {name} with (force)")


@pytest.fixture
def role(server: Server, request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Makes roles that may log in with their own name as password, dropped at the end."""
    admin, made = Db(server, "postgres"), []

    def make(name: str) -> str:
        admin.run(f"create role \"{name}\" login password '{name}-password'")
        made.append(name)
        return name

    yield make
    database = request.getfixturevalue("db")
    for name in made:
        for where in (database, admin):
            where.run(f'drop owned by "{name}"')
        admin.run(f'drop role "{name}"')


@pytest.fixture
def postgres_options(db: Db) -> dict[str, str]:
    """What the conformance kit adds to the options of the source."""
    return {"dsn": db.dsn}
