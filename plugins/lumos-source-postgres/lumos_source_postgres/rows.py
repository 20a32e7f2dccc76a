"""The JSON rows of the catalog queries, decoded."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from .naming import dotted

T = TypeVar("T")
Grants = list[tuple[int, str, bool, int]]
"""grantee, privilege, with grant option, grantor; grantee 0 is everybody."""


class Columns(Struct, array_like=True):
    """The columns of a relation, an array per attribute of theirs; nothing where there are none."""

    numbers: list[int] | None
    names: list[str] | None
    types: list[int] | None
    modifiers: list[int] | None
    not_null: list[bool] | None
    generated: list[str] | None
    collations: list[int] | None
    grants: list[Grants | None] | None


class Constraint(Struct, array_like=True):
    """One row of `pg_constraint`."""

    oid: int
    name: str
    type: str
    columns: list[int] | None
    target: int
    target_columns: list[str] | None
    on_update: str
    on_delete: str
    deferrable: bool
    deferred: bool
    validated: bool
    index: int
    definition: str | None


class Index(Struct, array_like=True):
    """One row of `pg_index`; `definition` where columns alone do not say it."""

    oid: int
    name: str
    unique: bool
    columns: list[int]
    key_columns: int
    definition: str | None
    valid: bool


class Policy(Struct, array_like=True):
    """One row of `pg_policy`."""

    oid: int
    name: str
    command: str
    permissive: bool
    roles: list[int]
    using: str | None
    check: str | None


class Relation(Struct):
    """One relation with everything that belongs to it."""

    oid: int
    kind: str
    owner: int
    method: int
    space: int
    options: list[str] | None
    persistence: str
    row_security: bool
    forced: bool
    populated: bool
    acl: Grants | None
    columns: Columns
    defaults: list[tuple[int, str]] | None
    comments: list[tuple[int, str]] | None
    constraints: list[Constraint] | None
    indexes: list[Index] | None
    policies: list[Policy] | None
    definition: str | None
    upstreams: list[int] | None
    partition: tuple[str, list[int], str | None] | None
    foreign: tuple[str, str, list[str] | None] | None


class Listed(NamedTuple):
    """One line of the listing; estimates of rows and 8-kilobyte pages are those of the last vacuum or analyze."""

    oid: int
    schema: int
    name: str
    kind: str
    parent: int | None
    rows: int
    pages: int
    at: str | None


def decode(text: str, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode a row; one that holds bytes which are no Unicode is read more slowly."""
    try:
        return decoder.decode(text)
    except (UnicodeEncodeError, msgspec.ValidationError, msgspec.DecodeError):
        return msgspec.convert(json.loads(text), decoder.type)


relation_decoder = msgspec.json.Decoder(Relation)
listed_decoder = msgspec.json.Decoder(tuple[int, int, str, str, int | None, int, int, str | None])
plain_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


class Directory:
    """What relations refer to by number: schemas, roles, and each other.

    Attributes:
        database: Name of the database.
        relations: Every relation that is no partition, by number.
        schemas: Number -> name.
        roles: Number -> name.
        owned: Relation -> column number -> sequence.
        levels: Partitioned relation -> the keys by which its partitions are partitioned again.
        parts: Partitioned relation -> its partitions of all levels.
    """

    def __init__(self, database: str, found: dict[str, Any], listed: list[Listed]) -> None:
        self.database, self.found = database, found
        self.schemas = {row[0]: row[1] for row in found["schemas"] or ()}
        self.roles = {row[0]: row[1] for row in found["roles"] or ()}
        self.methods = dict(found["methods"] or ())
        self.spaces = dict(found["tablespaces"] or ())
        self.comments = dict(found["comments"] or ())
        self.inherits: dict[int, list[int]] = {}
        for child, parent in found["inherits"] or ():
            self.inherits.setdefault(child, []).append(parent)
        self.owned: dict[int, dict[int, str]] = {}
        self.free: list[list[Any]] = []
        for row in found["sequences"] or ():
            if row[4] is None:
                self.free.append(row)
            else:
                self.owned.setdefault(row[4], {})[row[5]] = dotted(self.schemas.get(row[1], "?"), row[2])
        self._parents = {line.oid: line.parent for line in listed if line.parent is not None}
        self.relations = {line.oid: line for line in listed if line.parent is None}
        self.levels: dict[int, list[tuple[str, list[str | None], str | None]]] = {}
        for oid, strategy, columns, expressions in found["subpartitions"] or ():
            levels, level = self.levels.setdefault(self.root(oid), []), (strategy, columns, expressions)
            if level not in levels:
                levels.append(level)
        self.parts: dict[int, list[Listed]] = {}
        for line in listed:
            if line.parent is not None:
                self.parts.setdefault(self.root(line.oid), []).append(line)

    def root(self, oid: int) -> int:
        """Return the relation that a partition is a part of, at the top; a relation that is none is its own root."""
        while (parent := self._parents.get(oid)) is not None:
            oid = parent
        return oid

    def role(self, oid: int) -> str:
        """Return the name of a role; 0 is everybody; one that was dropped keeps its number."""
        return "public" if oid == 0 else self.roles.get(oid, f"oid-{oid}")

    def path(self, oid: int) -> tuple[str, str, str] | None:
        """Return database, schema and name of the relation that holds another one's rows."""
        line = self.relations.get(self.root(oid))
        if line is None:
            return None
        schema = self.schemas.get(line.schema)
        return None if schema is None else (self.database, schema, line.name)
