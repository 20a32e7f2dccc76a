"""The records of a database: its relations, its schemas, its free sequences, and the roles of its server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from lumos_core.plugin_api import (
    AnyRecord,
    Asset,
    Code,
    Container,
    Dataset,
    Default,
    Description,
    Field,
    Grant,
    Group,
    Layout,
    Lineage,
    LineageEdge,
    Owner,
    PartitionField,
    Record,
    Relation,
    Stats,
    paths,
)

from . import rows
from .keys import keys_of
from .naming import Names
from .rows import Directory
from .types import Types, describe, members

SUBTYPES = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}
_ALWAYS = (
    *("access", "description", "fields", "fields.access", "fields.description", "fields.properties", "keys", "layout"),
    *("owners", "properties", "relations"),
)
TABLE_ASPECTS = sorted(_ALWAYS)
VIEW_ASPECTS = sorted((*_ALWAYS, "code", "lineage"))
CONTAINER_ASPECTS = ["access", "description", "owners", "properties"]
SEQUENCE_ASPECTS = ["access", "description", "owners", "properties"]
ROLE_ASPECTS = ["description", "properties", "relations"]
ASPECTS = frozenset({"record", *VIEW_ASPECTS})
"""Everything that is read of anything."""

_IDENTITIES = {"a": "always as identity", "d": "by default as identity"}
_STRATEGIES = {"l": "list", "r": "range", "h": "hash"}
_COMMANDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "*": "ALL"}
_SECRETS = re.compile(r"(?i)pass|secret|token|credential|(?:access|private|api)_?key")
_PAGE = 8192


class Builder:
    """Makes the records of one database."""

    def __init__(self, directory: Directory, types: Types, names: Names) -> None:
        self._directory, self._types, self._names = directory, types, names

    def relation(self, row: rows.Relation) -> AnyRecord | None:
        """Make the dataset of a relation; None for one that is not listed, as one that came meanwhile."""
        directory = self._directory
        line, path = directory.relations.get(row.oid), directory.path(row.oid)
        if line is None or path is None:
            return None
        comments = dict(row.comments or ())
        view = row.kind in ("v", "m")
        fields, by_number = self._fields(row, comments, known=not view)
        value = Dataset(
            name=line.name,
            subtype=SUBTYPES[row.kind],
            parent=self._names.container(path[0], path[1]),
            captured=VIEW_ASPECTS if view and row.definition else TABLE_ASPECTS,
            fields=fields,
            owners=self._owner(row.owner),
        )
        if 0 in comments:
            value.description = Description(source=comments[0])
        if row.constraints or row.indexes:
            value.keys = keys_of(row, by_number, directory, self._names)
        if row.acl or row.policies:
            value.access = [*self._grants(row.acl, row.owner), *self._policies(row.policies or ())]
        if row.row_security or row.forced:
            value.properties = [("row_level_security", "forced" if row.forced else "enabled")]
        if row.foreign:
            value.properties += _foreign(*row.foreign)
        if row.kind == "m" and not row.populated:
            value.properties.append(("postgres.populated", "false"))
        value.layout = self._layout(row, by_number)
        if row.oid in directory.inherits:
            parents = (directory.path(parent) for parent in directory.inherits[row.oid])
            value.relations = [
                Relation(type="inherits", target=self._names.dataset(*parent)) for parent in parents if parent
            ]
        if view and row.definition:
            value.code = [Code(role="definition", language="postgres", text=row.definition.strip())]
            value.lineage = self._lineage(row.upstreams or ())
        return Record(self._names.dataset(*path), value)

    def _fields(
        self, row: rows.Relation, comments: dict[int, str], *, known: bool
    ) -> tuple[list[Field], dict[int, str]]:
        """Return the fields, and the path of each column by its number; of a view nobody knows what may be null."""
        columns, fields, by_number = row.columns, [], {}
        if columns.numbers is None:
            return [], {}
        defaults = dict(row.defaults or ())
        owned = self._directory.owned.get(row.oid, {})
        column_of, quote = self._types.column, paths.quote
        rows_ = zip(
            columns.numbers,
            columns.names or (),
            columns.types or (),
            columns.modifiers or (),
            columns.not_null or (),
            columns.generated or (),
            columns.collations or (),
            strict=True,
        )
        for place, (number, name, oid, modifier, not_null, generated, collation) in enumerate(rows_):
            column = column_of(oid, modifier, collation)
            path = by_number[number] = quote(name)
            field = Field(path, column.type, column.native, not (not_null or column.not_null) if known else None)
            comment = comments.get(number)
            if comment is not None or column.properties:
                describe(field, comment, column)
            if generated:
                if generated in _IDENTITIES:
                    field.generated = _IDENTITIES[generated]
                else:
                    field.generated = defaults.pop(number, None) or "expression"
            if number in defaults:
                field.default = Default(write=defaults[number])
            if number in owned:
                field.properties = sorted([*field.properties, ("postgres.sequence", owned[number])])
            if columns.grants is not None and columns.grants[place]:
                field.access = self._grants(columns.grants[place], row.owner)
            fields.append(field)
            if column.members:
                fields += members(path, column)
        return (fields if _sorted(columns.numbers) else _in_order(fields, by_number)), by_number

    def _owner(self, oid: int) -> list[Owner]:
        return [Owner(owner=self._names.role(self._directory.role(oid)))]

    def _grants(self, grants: rows.Grants | None, owner: int) -> list[Grant]:
        """Rights beyond those that the owner has by owning."""
        found = []
        for grantee, privilege, grantable, _ in grants or ():
            if grantee == owner:
                continue
            grant = Grant(to=self._names.role(self._directory.role(grantee)), privilege=privilege)
            if grantable:
                grant.extra = [("postgres/grantable", "true")]
            found.append(grant)
        return found

    def _policies(self, policies: Iterable[rows.Policy]) -> Iterator[Grant]:
        """Row-level policies, as rights under a condition."""
        for policy in policies:
            using = f"USING {policy.using}" if policy.using else ""
            check = f"WITH CHECK {policy.check}" if policy.check else ""
            kind = "POLICY" if policy.permissive else "RESTRICTIVE POLICY"
            extra = [("postgres/policy", json.dumps(policy.name, ensure_ascii=False))]
            if comment := self._directory.comments.get(policy.oid):
                extra.append(("postgres/comment", json.dumps(comment, ensure_ascii=False)))
            for role in policy.roles:
                yield Grant(
                    to=self._names.role(self._directory.role(role)),
                    privilege=f"{kind} {_COMMANDS[policy.command]}",
                    condition=" ".join(filter(None, [using, check])) or None,
                    extra=sorted(extra),
                )

    def _layout(self, row: rows.Relation, by_number: dict[int, str]) -> Layout | None:
        directory = self._directory
        options = [(name, value) for name, _, value in (text.partition("=") for text in row.options or ())]
        if row.space:
            options.append(("tablespace", directory.spaces.get(row.space, str(row.space))))
        if row.method and directory.methods.get(row.method, "heap") != "heap":
            options.append(("access_method", directory.methods[row.method]))
        if row.persistence == "u":
            options.append(("unlogged", "true"))
        partition: list[PartitionField] = []
        if row.partition:
            strategy, numbers, expressions = row.partition
            keys = [by_number.get(number) for number in numbers]
            partition = list(_partition(strategy, keys, expressions, by_number.values()))
            for strategy, names, expressions in directory.levels.get(row.oid, ()):
                keys = [None if name is None else paths.quote(name) for name in names]
                partition += _partition(strategy, keys, expressions, by_number.values())
        return Layout(partition_by=partition, options=options) if options or partition else None

    def _lineage(self, upstreams: Iterable[int]) -> Lineage | None:
        """The relations that a view reads, as the server itself has resolved them."""
        found = {path for path in map(self._directory.path, upstreams) if path and path[1] != "pg_catalog"}
        edges = [LineageEdge(urn=self._names.dataset(*path), type="view", confidence="1") for path in sorted(found)]
        return Lineage(upstreams=edges) if edges else None

    # What is not a relation

    def database(self) -> Iterator[AnyRecord]:
        """Make the container of the database, and that of the server where it has a name."""
        owner, comment, encoding, collate, ctype, grants = self._directory.found["database"]
        service = self._names.service
        if service:
            yield Record(service, Container(name=self._names.instance, subtype="service"))
        properties = [("postgres.collate", collate), ("postgres.ctype", ctype), ("postgres.encoding", encoding)]
        for name, version in self._directory.found["extensions"] or ():
            properties.append((f"postgres.extension.{name}", version))
        yield Record(
            self._names.container(self._directory.database),
            Container(
                name=self._directory.database,
                subtype="database",
                parent=service,
                captured=CONTAINER_ASPECTS,
                description=Description(source=comment) if comment else None,
                owners=self._owner(owner),
                access=self._grants(grants, owner),
                properties=sorted((name, str(text)) for name, text in properties),
            ),
        )

    def schemas(self, wanted: frozenset[int]) -> Iterator[AnyRecord]:
        """Make the containers of schemas."""
        for oid, name, owner, comment, grants in self._directory.found["schemas"] or ():
            if oid in wanted:
                yield Record(
                    self._names.container(self._directory.database, name),
                    Container(
                        name=name,
                        subtype="schema",
                        parent=self._names.container(self._directory.database),
                        captured=CONTAINER_ASPECTS,
                        description=Description(source=comment) if comment else None,
                        owners=self._owner(owner),
                        access=self._grants(grants, owner),
                    ),
                )

    def sequences(self, wanted: frozenset[int]) -> Iterator[AnyRecord]:
        """Make the assets of sequences that belong to no column; one that does is a property of its column."""
        for row in self._directory.free:
            _, schema, name, owner, _, _, type_, start, step, least, most, cycle, comment, grants = row
            if schema not in wanted:
                continue
            properties = {"cycle": str(cycle).lower(), "increment": step, "maximum": most, "minimum": least}
            properties |= {"start": start, "type": type_}
            space = self._directory.schemas[schema]
            yield Record(
                self._names.located("sequence", self._directory.database, space, name),
                Asset(
                    name=name,
                    subtype="sequence",
                    parent=self._names.container(self._directory.database, space),
                    captured=SEQUENCE_ASPECTS,
                    description=Description(source=comment) if comment else None,
                    owners=self._owner(owner),
                    access=self._grants(grants, owner),
                    properties=sorted((f"postgres.{key}", text) for key, text in properties.items()),
                ),
            )

    def roles(self) -> Iterator[AnyRecord]:
        """Make the groups of roles; those that every server has are left out."""
        for _, name, login, superuser, comment, member_of in self._directory.found["roles"] or ():
            if name.startswith("pg_"):
                continue
            groups = sorted({self._directory.role(oid) for oid in member_of or ()})
            yield Record(
                self._names.role(name),
                Group(
                    name=name,
                    subtype="role",
                    captured=ROLE_ASPECTS,
                    description=Description(source=comment) if comment else None,
                    properties=[
                        ("postgres.login", str(login).lower()),
                        ("postgres.superuser", str(superuser).lower()),
                    ],
                    relations=[Relation(type="member_of", target=self._names.role(group)) for group in groups],
                ),
            )

    def stats(self, oid: int, started: str) -> AnyRecord | None:
        """Make the estimates of a relation, its partitions included, as of its last vacuum or analyze.

        Args:
            oid: The relation.
            started: What stands for the time where the server does not know it.
        """
        line, path = self._directory.relations[oid], self._directory.path(oid)
        if path is None or line.kind not in ("r", "p", "m"):
            return None
        parts = self._directory.parts.get(oid, [])
        holders = [part for part in (*parts, line) if part.kind != "p"]
        known = [part for part in holders if part.rows > 0 or (part.rows == 0 and part.at)]
        if not known and not parts:
            return None
        value = Stats(size_bytes=sum(part.pages for part in holders) * _PAGE)
        if len(known) == len(holders):
            value.row_count = sum(part.rows for part in known)
        if line.kind == "p":
            value.metrics = [("partitions", len([part for part in parts if part.kind != "p"]))]
        at = max((part.at for part in (*holders, line) if part.at), default=None) or started
        return Record(f"{self._names.dataset(*path)}#profile@{at}", value)


def _sorted(numbers: list[int]) -> bool:
    return all(one < other for one, other in pairwise(numbers))


def _in_order(fields: list[Field], by_number: dict[int, str]) -> list[Field]:
    """Put columns, each with its members, into the order of their numbers."""
    place = {path: number for number, path in by_number.items()}
    order: list[tuple[int, int, Field]] = []
    current = 0
    for index, field in enumerate(fields):
        current = place.get(field.path, current)
        order.append((current, index, field))
    return [field for _, _, field in sorted(order, key=lambda entry: entry[:2])]


def _partition(
    strategy: str, keys: Sequence[str | None], expressions: str | None, columns: Iterable[str]
) -> Iterator[PartitionField]:
    """The key of a partitioned table; one that is an expression stands on the first column that it names."""
    texts = iter(_split(expressions or ""))
    how = _STRATEGIES.get(strategy, strategy)
    for key in keys:
        if key is not None:
            yield PartitionField(path=key, transform=how)
        else:
            text = next(texts, "")
            named = [path for path in columns if re.search(rf"(?<!\w){re.escape(path)}(?!\w)", text)]
            path = min(named, key=lambda path: text.index(path)) if named else paths.quote(text)
            yield PartitionField(path=path, transform=f"{how} {text}")


def _split(text: str) -> list[str]:
    """Split a list of expressions at the commas outside of brackets and quotes."""
    found, depth, quoted, start = [], 0, "", 0
    for place, char in enumerate(text):
        if quoted:
            quoted = "" if char == quoted else quoted
        elif char in "'\"":
            quoted = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and depth == 0:
            found.append(text[start:place].strip())
            start = place + 1
    return [*found, text[start:].strip()] if text.strip() else []


def _foreign(server: str, wrapper: str, options: list[str] | None) -> list[tuple[str, str]]:
    found = [("postgres.foreign_data_wrapper", wrapper), ("postgres.foreign_server", server)]
    for option in options or ():
        name, _, value = option.partition("=")
        found.append((f"postgres.foreign_option.{name}", "***" if _SECRETS.search(name) else value))
    return sorted(found)
