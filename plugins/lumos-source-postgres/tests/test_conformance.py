"""The conformance kit on the source `postgres`, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lumos_core.testing.kit import SourceKit


class TestPostgres(SourceKit):
    name = "postgres"
    live = "postgres_options"
    options = {"lock_timeout": 0.3}

    @pytest.fixture(autouse=True)
    def database(self, db: Any) -> Iterator[None]:
        self.db = db
        self.held: list[psycopg.Connection[Any]] = []
        yield
        for connection in self.held:
            connection.close()

    def prepare(self, folder: Path) -> None:
        self.db.run(
            "create table a (id int primary key, note text); create table b (id int references a, at timestamptz);"
            "create view c as select id from b; comment on table a is 'First'; insert into a values (1)"
        )
        self.db.run("analyze a")

    def drop(self, folder: Path) -> None:
        self.db.run("drop view c")

    @contextmanager
    def forbid(self, folder: Path) -> Iterator[None]:
        """Nobody, superusers included, may connect."""
        admin = type(self.db)(self.db.server, "postgres")
        admin.run(f"alter database {self.db.name} allow_connections false")
        yield
        admin.run(f"alter database {self.db.name} allow_connections true")

    def corrupt(self, folder: Path) -> None:
        """What the view reads is locked for longer than anybody wants to wait."""
        connection = self.db.connect()
        connection.execute("lock table b in access exclusive mode")
        self.held.append(connection)
