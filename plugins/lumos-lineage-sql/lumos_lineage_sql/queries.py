"""Queries: SELECT, set operations, CTEs; each is walked once and answers as a relation."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from .dialects import RECURSIVE_WITHOUT_KEYWORD
from .relation import EXPRESSION, Leaf, Output, Relation, union
from .scope import Cte, Scope
from .sources import Sources, joined

MAX_ROUNDS = 12
"""How often a recursive CTE is walked at most until its origins no longer grow; one round passes them on by one
column, so that more columns than this in a ring lose the last of them."""


class Queries(Sources):
    """The walk over queries."""

    def query(self, node: Any, scope: Scope) -> Relation:
        """Evaluate a query inside of a scope."""
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, exp.Subquery):
            return self._subquery(node, scope)
        if isinstance(node, exp.Select):
            return self._select(node, scope)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, scope)
        if isinstance(node, exp.Values):
            return self.values(node, scope)
        if isinstance(node, exp.Table | exp.Lateral | exp.Unnest):
            inside = Scope(scope)
            self.add(node, inside)
            return self.star(inside)
        if isinstance(node, exp.Pivot):  # the statement PIVOT of DuckDB
            return self._pivot_statement(node, scope)
        if isinstance(node, exp.DML):
            return self._returning(node, scope)
        leaves: dict[Leaf, int] = {}
        parts = list(node.iter_expressions())
        sure = self.scan_all(parts, scope, EXPRESSION, leaves)
        return Relation((), (), wild=Output(leaves, sure))

    def with_ctes(self, node: Any, scope: Scope) -> Scope:
        """Return the scope inside of a statement or query: with its CTEs."""
        inside = Scope(scope)
        clause = node.args.get("with_")
        if clause is None:
            return inside
        recursive = bool(clause.args.get("recursive"))
        for cte in clause.expressions:
            alias, columns = self._alias(cte)
            body = cte.this
            again = recursive or (self.dialect in RECURSIVE_WITHOUT_KEYWORD and isinstance(body, exp.SetOperation))
            inside = Scope(inside)
            # The scope of a recursive CTE holds itself; without recursion its own name means what is outside.
            inside.ctes[alias] = Cte(body, columns, inside, again)
        return Scope(inside)

    def common(self, cte: Cte) -> Relation:
        """Evaluate a CTE; a recursive one until its origins no longer grow."""
        body = cte.node
        if not (cte.recursive and isinstance(body, exp.SetOperation)):
            return self.query(body, cte.scope).renamed(cte.columns)
        cte.relation = self.query(_first(body), cte.scope).renamed(cte.columns)
        for _ in range(MAX_ROUNDS):
            before = [dict(output.leaves) for output in cte.relation.outputs()]
            cte.relation = self.query(body, cte.scope).renamed(cte.columns)
            if [output.leaves for output in cte.relation.outputs()] == before:
                break
        return cte.relation

    def _subquery(self, node: Any, scope: Scope) -> Relation:
        inside = self.with_ctes(node, scope)
        if isinstance(node.this, exp.Table | exp.Subquery):
            self.add(node.this, inside)
        elif node.args.get("joins"):
            inside.add(self._alias(node)[0], self.query(node.this, inside))
        else:
            return self.query(node.this, inside)
        self.join_all(node, inside)
        return self.star(inside)

    def _select(self, node: Any, scope: Scope) -> Relation:
        inside = self.with_ctes(node, scope)
        args = node.args
        if args.get("from_"):
            self.add(args["from_"].this, inside)
        self.join_all(node, inside)
        names, outputs, open_, wild = self._projection(node, inside)
        relation = Relation(names, outputs, open_, wild)
        inside.aliases = {name: output for name, output in zip(names, outputs, strict=True) if name}
        for clause in ("prewhere", "where", "connect", "having", "qualify"):
            if args.get(clause):
                self.influence(args[clause], inside, "filter")
        if args.get("group"):
            self._group(args["group"], inside, relation)
        distinct = args.get("distinct")
        if distinct is not None and distinct.args.get("on"):
            self.influence(distinct.args["on"], inside, "group_by")
        return relation

    def _group(self, group: Any, scope: Scope, relation: Relation) -> None:
        for part in group.expressions:
            if isinstance(part, exp.Literal) and part.is_int and 0 < int(part.this) <= len(relation):
                self.note(relation.output(int(part.this) - 1).leaves, "group_by")
        self.influence(group, scope, "group_by")

    def _projection(self, node: Any, scope: Scope) -> tuple[list[str], list[Output], Any, Output | None]:
        names: list[str] = []
        outputs: list[Output] = []
        open_: list[Any] = []
        wild: Output | None = None
        named = {self.fold(window.this): window for window in node.args.get("windows") or () if window.this}
        for part in node.expressions:
            star = self._star_of(part, scope)
            if star is not None:
                names.extend(star.names)
                outputs.extend(star.outputs())
                if star.open:
                    open_.append(star.open)
                wild = wild or star.wild
                continue
            if isinstance(part, exp.Aliases):
                found = self.output(part.this, scope)
                names.extend(self.fold(alias) for alias in part.args.get("expressions") or ())
                outputs.extend([found] * (len(names) - len(outputs)))
                continue
            name, found = self._name_of(part), self.output(part, scope)
            if named:
                self._named_windows(part, named, found, scope)
            names.append(name)
            outputs.append(found)
            if isinstance(part, exp.Alias):
                scope.aliases.setdefault(name, found)
        return names, outputs, joined(open_), wild

    def _named_windows(self, part: Any, named: dict[str, Any], found: Output, scope: Scope) -> None:
        """Add what `OVER w` takes from the clause WINDOW."""
        for window in part.find_all(exp.Window):
            alias = window.args.get("alias")
            definition = named.get(self.fold(alias)) if isinstance(alias, exp.Identifier) else None
            if definition is not None:
                found.sure = self.scan(definition, scope, 0, found.leaves) and found.sure

    def _name_of(self, part: Any) -> str:
        if isinstance(part, exp.Alias):
            alias = part.args["alias"]
            return self.fold(alias) if isinstance(alias, exp.Identifier) else str(alias)
        if isinstance(part, exp.Column | exp.Dot):
            last = part.this if isinstance(part, exp.Column) else part.expression
            return self.fold(last) if isinstance(last, exp.Identifier) else ""
        return ""

    def _star_of(self, part: Any, scope: Scope) -> Relation | None:
        """Return what a `*` in a projection stands for; None when the part is no star."""
        if isinstance(part, exp.Star):
            return self._modified(self.star(scope), part, scope)
        if not (isinstance(part, exp.Column) and isinstance(part.this, exp.Star)):
            return None
        alias = self.fold(part.parts[-2])
        if alias in scope.sources:
            return self._modified(self.star(scope, alias), part.this, scope)
        outer = scope.source(alias)
        if outer is not None:
            return self._modified(outer, part.this, scope)
        return Relation((), (), wild=scope.plain(alias) or Output({}, sure=False))  # the members of a struct

    def _modified(self, relation: Relation, star: Any, scope: Scope) -> Relation:
        """Apply EXCEPT, REPLACE and RENAME."""
        if not (star.args.get("except_") or star.args.get("replace") or star.args.get("rename")):
            return relation
        gone = {self.fold(_last(part)).casefold() for part in star.args.get("except_") or ()}
        new = {self.fold(part.args["alias"]).casefold(): part.this for part in star.args.get("replace") or ()}
        called = {self.fold(_last(part.this)).casefold(): part for part in star.args.get("rename") or ()}
        names, outputs = [], []
        for number, name in enumerate(relation.names):
            key = name.casefold()
            if key in gone:
                continue
            outputs.append(self.output(new[key], scope) if key in new else relation.output(number))
            names.append(self.fold(called[key].args["alias"]) if key in called else name)
        return Relation(names, outputs, relation.open, relation.wild)

    def _set_operation(self, node: Any, scope: Scope) -> Relation:
        """Evaluate a chain of set operations without descending once for each."""
        chain = []
        inside = scope
        while isinstance(node, exp.SetOperation):
            inside = self.with_ctes(node, inside)
            chain.append((type(node), bool(node.args.get("by_name")), node.expression))
            node = node.this
        relation = self.query(node, inside)
        for operation, by_name, right in reversed(chain):
            other = self.query(right, inside)
            self.spend(len(relation))
            if operation is exp.Except:
                self.note(union(other.outputs()).leaves, "filter")
            else:
                relation = unite(relation, other, by_name)
        return relation

    def _pivot_statement(self, node: Any, scope: Scope) -> Relation:
        inside = Scope(scope)
        self.add(node.this, inside)
        leaves: dict[Leaf, int] = {}
        parts = [*node.expressions, *(node.args.get("using") or ())]
        sure = self.scan_all(parts, inside, EXPRESSION, leaves)
        made = Output(leaves, sure)
        group = node.args.get("group")
        kept = [part for part in group.expressions if isinstance(part, exp.Column)] if group else []
        return Relation([self._name_of(part) for part in kept], [self.output(part, inside) for part in kept], wild=made)

    def _returning(self, node: Any, scope: Scope) -> Relation:
        """Evaluate a statement that changes rows and returns them, inside of a CTE: the target's own columns."""
        inside = self.with_ctes(node, scope)
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        inside.add(self._alias(target)[0] or self._own_name(target), self.stored(self.name(target)))
        if node.args.get("from_"):
            self.add(node.args["from_"].this, inside)
        if node.args.get("where"):
            self.influence(node.args["where"], inside, "filter")
        returning = node.args.get("returning")
        if returning is None:
            return Relation((), ())
        names, outputs, open_, wild = self._projection(returning, inside)
        return Relation(names, outputs, open_, wild)


def _first(node: Any) -> Any:
    """Return the leftmost operand: the part of a recursive CTE that does not read itself."""
    while isinstance(node, exp.SetOperation):
        node = node.this
    return node


def _last(node: Any) -> Any:
    return node.this if isinstance(node, exp.Column) else node


def unite(left: Relation, right: Relation, by_name: bool) -> Relation:
    """Lay the rows of two relations under each other."""
    if by_name or ((left.open or right.open) and left.names != right.names):
        names = list(dict.fromkeys([*left.names, *right.names]))
        outputs = []
        for name in names:
            found = [side.find(name) or side.guess(name) for side in (left, right)]
            outputs.append(union(output for output in found if output is not None))
    else:
        names = list(left.names) if len(left) >= len(right) else [*left.names, *right.names[len(left) :]]
        outputs = [
            union(side.output(place) for side in (left, right) if place < len(side)) for place in range(len(names))
        ]
    wild = [side.wild for side in (left, right) if side.wild is not None]
    return Relation(names, outputs, left.open + right.open, union(wild) if wild else None)
