"""Statements that write: what each puts into which columns of which table."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlglot import exp

from .queries import Queries
from .relation import Output, Relation, TableRelation, union
from .scope import Scope
from .structs import Name


class Write(Struct):
    """What one statement puts into one table.

    Attributes:
        kind: As in `StatementLineage`.
        target: The table; None for a query.
        relation: What is written, its columns called as those of the target where these are known.
        by_position: The columns of `relation` are called as in the query, not as in the target.
        temporary: The table lives no longer than the script.
        appends: Rows are added or changed; False when the table is made.
    """

    kind: str
    target: Name | None
    relation: Relation
    by_position: bool = False
    temporary: bool = False
    appends: bool = False


class Writes(Queries):
    """The walk over statements."""

    def write(self, node: Any, scope: Scope) -> list[Write]:
        """Return what a statement writes; empty for one that moves no data."""
        if isinstance(node, exp.Create):
            return self._create(node, scope)
        if isinstance(node, exp.Insert):
            return self._insert(node, self.with_ctes(node, scope))
        if isinstance(node, exp.MultitableInserts):
            return self._multi_insert(node, self.with_ctes(node, scope))
        if isinstance(node, exp.Merge):
            return self._merge_into(node, self.with_ctes(node, scope))
        if isinstance(node, exp.Update):
            return self._update(node, self.with_ctes(node, scope))
        if isinstance(node, exp.Delete):
            return [Write("delete", self.name(node.this), Relation((), ()))] if node.this else []
        if isinstance(node, exp.Cache):
            relation = self.query(node.expression, scope) if node.expression else Relation((), ())
            return [Write("table", self.name(node.this), relation, temporary=True)]
        if isinstance(node, exp.Query | exp.Values | exp.Pivot):
            return self._select_into(node, scope)
        return []

    def _select_into(self, node: Any, scope: Scope) -> list[Write]:
        relation = self.query(node, scope)
        first = node
        while isinstance(first, exp.SetOperation):
            first = first.this
        into = first.args.get("into")
        if into is None or not isinstance(into.this, exp.Table):
            return [Write("select", None, relation, by_position=True)]
        return [Write("table", self.name(into.this), relation, temporary=_is_temporary(into.this, into))]

    def _create(self, node: Any, scope: Scope) -> list[Write]:
        if node.kind not in ("TABLE", "VIEW"):
            return []
        table, columns = self._target(node.this)
        if table is None:
            return []
        properties = node.args.get("properties")
        listed = properties.expressions if properties else []
        temporary = _is_temporary(table, None) or any(isinstance(part, exp.TemporaryProperty) for part in listed)
        target, kind = self.name(table), node.kind.lower()
        source = node.expression
        clone = node.args.get("clone")
        if clone is not None:
            relation = self.star(self._alone(clone.this, scope))
        elif isinstance(source, exp.Query | exp.Values | exp.Table):
            relation = self.query(source, scope).renamed(columns)
        else:
            return self._declared(kind, target, columns, temporary)
        made = [Write(kind, target, relation, temporary=temporary)]
        made += [
            Write("insert", self.name(part.this), relation) for part in listed if isinstance(part, exp.ToTableProperty)
        ]
        return made

    def _declared(self, kind: str, target: Name, columns: list[str], temporary: bool) -> list[Write]:
        """Keep what `CREATE TABLE t (a int)` says for the rest of the script."""
        if columns and not temporary:
            self.made.setdefault(self.key(target), columns)
        relation = Relation(columns, [Output({}) for _ in columns])
        return [Write(kind, target, relation, temporary=True)] if temporary else []

    def _alone(self, table: Any, scope: Scope) -> Scope:
        inside = Scope(scope)
        self.add(table, inside)
        return inside

    def _target(self, node: Any) -> tuple[Any, list[str]]:
        """Return the table that is written and the columns that are listed after it."""
        columns: list[str] = []
        if isinstance(node, exp.Schema):
            parts = [part.this if isinstance(part, exp.ColumnDef) else part for part in node.expressions]
            columns = [self.fold(_bare(part)) for part in parts if isinstance(_bare(part), exp.Identifier)]
            node = node.this
        return (node if isinstance(node, exp.Table) else None), columns

    def _insert(self, node: Any, scope: Scope) -> list[Write]:
        table, columns = self._target(node.this)
        if table is None:
            return []
        target = self.name(table)
        source = node.expression
        if not source:
            return []
        relation = self.query(source, scope)
        names = columns or self._names_of(target)
        by_name = bool(node.args.get("by_name"))
        if names and not by_name and not relation.open and relation.wild is None:
            relation = Relation(names[: len(relation)], relation.outputs()[: len(names)])
            by_name = True
        write = Write("insert", target, relation, by_position=not by_name, appends=True)
        conflict = node.args.get("conflict")
        if conflict is not None and conflict.expressions:
            inside = Scope(scope)
            inside.add(self.fold(exp.to_identifier("excluded")), relation)
            inside.add(self._alias(table)[0] or self._own_name(table), TableRelation(target, self.columns_of(target)))
            changed = self._assignments(conflict.expressions, inside, target)
            write.relation = _together([relation, *changed.values()])
        return [write]

    def _names_of(self, target: Name) -> list[str]:
        temporary = self.temporary.get(self.key(target))
        return list(temporary.relation.names if temporary else self.columns_of(target) or ())

    def _multi_insert(self, node: Any, scope: Scope) -> list[Write]:
        source = node.args["source"]
        inside = Scope(scope)
        self.add(source, inside) if isinstance(source, exp.Table | exp.Subquery) else inside.add(
            "", self.query(source, scope)
        )
        writes = []
        for part in node.expressions:
            insert = part.this if isinstance(part, exp.ConditionalInsert) else part
            if isinstance(part, exp.ConditionalInsert) and part.expression:
                self.influence(part.expression, inside, "filter")
            if isinstance(insert.expression, exp.Select) and not insert.expression.args.get("from_"):
                insert.expression.set("from_", exp.From(this=source.copy()))
            if not insert.expression:
                table, columns = self._target(insert.this)
                relation = self.star(inside).renamed(columns or self._names_of(self.name(table)))
                writes.append(Write("insert", self.name(table), relation, by_position=not columns, appends=True))
            else:
                writes += self._insert(insert, inside)
        return writes

    def _update(self, node: Any, scope: Scope) -> list[Write]:
        inside = Scope(scope)
        if node.args.get("from_"):
            self.add(node.args["from_"].this, inside)
            self.join_all(node.args["from_"], inside)
        name = self._own_name(node.this)
        named = inside.sources.get(name) if not node.this.args.get("db") else None
        if isinstance(named, TableRelation):  # UPDATE alias ... FROM table alias
            target = named.table
        else:
            target = self.name(node.this)
            self.add(node.this, inside)
        if node.args.get("where"):
            self.influence(node.args["where"], inside, "filter")
        changed = self._assignments(node.expressions, inside, target)
        return [Write("update", table, relation, appends=True) for table, relation in changed.items()]

    def _assignments(self, parts: list[Any], scope: Scope, target: Name) -> dict[Name, Relation]:
        """Return what `a = x, (b, c) = (...)` writes, by table (MySQL may write several at once)."""
        found: dict[Name, tuple[list[str], list[Output]]] = {}
        for part in parts:
            if not isinstance(part, exp.EQ):
                continue
            left, right = part.this, part.expression
            if isinstance(left, exp.Tuple | exp.Paren):
                columns = left.expressions if isinstance(left, exp.Tuple) else [left.this]
                outputs = self._row(right, len(columns), scope)
            else:
                columns, outputs = [left], [self.output(right, scope)]
            for column, output in zip(columns, outputs, strict=False):
                if not isinstance(column, exp.Column | exp.Identifier):
                    continue
                names, written = found.setdefault(self._written(column, scope, target), ([], []))
                names.append(self.fold(column.this if isinstance(column, exp.Column) else column))
                written.append(output)
        return {table: Relation(names, outputs) for table, (names, outputs) in found.items()}

    def _row(self, right: Any, width: int, scope: Scope) -> list[Output]:
        if isinstance(right, exp.Tuple):
            return [self.output(value, scope) for value in right.expressions]
        if isinstance(right, exp.Query):
            return self.query(right, scope).outputs()
        return [self.output(right, scope)] * width

    def _written(self, column: Any, scope: Scope, target: Name) -> Name:
        qualifier = column.args.get("table") if isinstance(column, exp.Column) else None
        relation = scope.sources.get(self.fold(qualifier)) if qualifier is not None else None
        return relation.table if isinstance(relation, TableRelation) else target

    def _merge_into(self, node: Any, scope: Scope) -> list[Write]:
        target = self.name(node.this)
        source = Scope(scope)
        self.add(node.args["using"], source)
        both = Scope(scope)
        both.sources = dict(source.sources)
        known = self.columns_of(target)
        both.add(self._alias(node.this)[0] or self._own_name(node.this), TableRelation(target, known))
        if node.args.get("on"):
            self.influence(node.args["on"], both, "join")
        parts: list[Relation] = []
        for when in node.args["whens"].expressions:
            if when.args.get("condition"):
                self.influence(when.args["condition"], both, "filter")
            parts += self._when(when.args.get("then"), source, both, target)
        relation = _together(parts)
        return [Write("merge", target, relation, appends=True)]

    def _when(self, then: Any, source: Scope, both: Scope, target: Name) -> list[Relation]:
        if isinstance(then, exp.Update):
            if any(isinstance(part, exp.Star) for part in then.expressions):
                return [self.star(source)]
            return list(self._assignments(then.expressions, both, target).values())
        if not isinstance(then, exp.Insert):
            return []
        if isinstance(then.this, exp.Star):
            return [self.star(source)]
        names = self._names_of(target)
        if isinstance(then.this, exp.Tuple | exp.Paren):
            listed = then.this.expressions if isinstance(then.this, exp.Tuple) else [then.this.this]
            names = [self.fold(column.this if isinstance(column, exp.Column) else column) for column in listed]
        if isinstance(then.this, exp.Var):  # INSERT ROW
            row = self.star(source)
            return [Relation(names[: len(row)], row.outputs()[: len(names)])] if names and not row.open else [row]
        value = then.expression
        if not value:
            return []
        values = (
            value.expressions
            if isinstance(value, exp.Tuple)
            else [value.this if isinstance(value, exp.Paren) else value]
        )
        outputs = [self.output(part, source) for part in values]
        return [Relation(names[: len(outputs)], outputs[: len(names)])]


def _together(parts: list[Relation]) -> Relation:
    """Return columns that are written by several clauses of one statement, once by name."""
    found: dict[str, list[Output]] = {}
    for part in parts:
        for number, name in enumerate(part.names):
            found.setdefault(name, []).append(part.output(number))
    open_ = tuple(dict.fromkeys(branch for part in parts for branch in part.open))
    return Relation(list(found), [union(outputs) for outputs in found.values()], open_)


def _bare(node: Any) -> Any:
    return node.this if isinstance(node, exp.Column | exp.Ordered | exp.Dot) else node


def _is_temporary(table: Any, into: Any) -> bool:
    if into is not None and into.args.get("temporary"):
        return True
    return isinstance(table.this, exp.Identifier) and bool(table.this.args.get("temporary"))
