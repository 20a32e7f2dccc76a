"""What stands in FROM: tables, CTEs, temporary tables, subqueries, functions, laterals, VALUES and pivots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from .expressions import Expressions
from .relation import AGGREGATE, EXPRESSION, Leaf, Output, Relation, TableRelation, union
from .scope import Cte, Scope, constant, merged
from .structs import Name
from .temporary import Temporary


class Sources(Expressions):
    """The walk over FROM items."""

    temporary: dict[Name, Temporary]
    made: dict[Name, list[str]]
    default: Name = ()

    def name(self, table: Any) -> Name:
        """Return the name of a table as the engine reads it, with what USE put before it."""
        read = _as_written if self.ignores_case else self.fold
        parts = tuple(read(part) for part in table.parts if isinstance(part, exp.Identifier))
        return self.default[: max(0, len(self.default) + 1 - len(parts))] + parts

    def key(self, name: Name) -> Name:
        """Return what names of one table have in common within a script."""
        return tuple(part.lower() for part in name) if self.ignores_case else name

    def join_all(self, node: Any, scope: Scope) -> None:
        """Add the joins and lateral views of a SELECT, table or subquery to a scope."""
        for join in node.args.get("joins") or ():
            self._join(join, scope)
        for lateral in node.args.get("laterals") or ():
            self.add(lateral, scope)

    def add(self, item: Any, scope: Scope) -> None:
        """Add one FROM item to a scope, with what is joined to it in the same place."""
        alias, columns = self._alias(item)
        nested = isinstance(item, exp.Table | exp.Subquery) and (item.args.get("joins") or item.args.get("laterals"))
        inner = item.this if isinstance(item, exp.Subquery) else None
        if (
            isinstance(inner, exp.Table | exp.Subquery) and not alias
        ):  # brackets around joins: their names are seen from outside
            self.add(inner, scope)
        else:
            relation = self._pivoted(self._relation(item, scope), item, scope)
            name = alias or self._own_name(item)
            scope.add(name, relation.renamed(columns))
        if nested:
            self.join_all(item, scope)

    def _join(self, join: Any, scope: Scope) -> None:
        before = list(scope.sources)
        self.add(join.this, scope)
        fresh = [alias for alias in scope.sources if alias not in before]
        if join.kind in ("SEMI", "ANTI"):
            scope.hidden.update(fresh)
        if join.args.get("on"):
            self.influence(join.args["on"], scope, "join")
        if join.args.get("match_condition"):
            self.influence(join.args["match_condition"], scope, "join")
        shared = [
            self.fold(name if isinstance(name, exp.Identifier) else name.this) for name in join.args.get("using") or ()
        ]
        if join.method == "NATURAL":
            left = {name for alias in before for name in scope.sources[alias].names}
            shared = [name for alias in fresh for name in scope.sources[alias].names if name in left]
        for name in shared:
            self._merge(name, before, fresh, join.side, scope)

    def _merge(self, name: str, before: list[str], fresh: list[str], side: str, scope: Scope) -> None:
        def find(aliases: list[str]) -> Output:
            found = [scope.sources[alias].find(name) for alias in aliases]
            some = [output for output in found if output is not None]
            if not some:
                guessed = [scope.sources[alias].guess(name) for alias in aliases]
                some = [output for output in guessed if output is not None]
            return some[0] if some else Output({}, sure=False)

        left = scope.merged.get(name) or find(before)
        right = find(fresh)
        self.note(left.leaves, "join")
        self.note(right.leaves, "join")
        scope.merged[name] = merged(left, right, side)

    def _alias(self, item: Any) -> tuple[str, list[str]]:
        alias = item.args.get("alias")
        if not isinstance(alias, exp.TableAlias):
            return "", []
        columns = [
            column.this if isinstance(column, exp.ColumnDef) else column for column in alias.args.get("columns") or ()
        ]
        names = [self.fold(column) for column in columns if isinstance(column, exp.Identifier)]
        return (self.fold(alias.this) if alias.this else ""), names

    def _own_name(self, item: Any) -> str:
        if isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier):
            return self.fold(item.this)
        return ""

    def _relation(self, item: Any, scope: Scope) -> Relation:
        if isinstance(item, exp.Table):
            if item.args.get("rows_from"):
                return self._function(item.args["rows_from"], scope)
            return (
                self._table(item, scope)
                if isinstance(item.this, exp.Identifier)
                else self._function([item.this], scope)
            )
        if isinstance(item, exp.Subquery):
            if isinstance(item.this, exp.Table | exp.Subquery):
                return self._bracketed(item, scope)
            return self.query(item, scope)
        if isinstance(item, exp.Values):
            return self.values(item, scope)
        if isinstance(item, exp.Lateral):
            if isinstance(item.this, exp.Subquery):
                return self.query(item.this, scope)
            return self._function([item.this], scope)
        if isinstance(item, exp.Query):
            return self.query(item, scope)
        return self._function([item], scope)

    def _bracketed(self, item: Any, scope: Scope) -> Relation:
        """Evaluate `(a JOIN b ...) AS j`: what `j` has is what `*` would show."""
        inside = Scope(scope)
        self.add(item.this, inside)
        return self.star(inside)

    def star(self, scope: Scope, only: str | None = None) -> Relation:
        """Return everything that `*` (or `only.*`) shows of a scope."""
        names: list[str] = []
        outputs: list[Output] = []
        branches: list[tuple[tuple[Name, ...], ...]] = []
        wild: Output | None = None
        if only is None:
            names, outputs = list(scope.merged), list(scope.merged.values())
        for alias, relation in scope.sources.items():
            if (only is not None and alias != only) or (only is None and alias in scope.hidden):
                continue
            for number, name in enumerate(relation.names):
                if only is None and name in scope.merged:
                    continue
                names.append(name)
                outputs.append(relation.output(number))
            if relation.open:
                branches.append(relation.open)
            wild = wild or relation.wild
        self.spend(len(names))
        return Relation(names, outputs, joined(branches), wild)

    def _table(self, item: Any, scope: Scope) -> Relation:
        if not item.args.get("db"):
            cte = scope.cte(self.fold(item.this))
            while cte is not None and cte.busy and not (cte.recursive and cte.relation is not None):
                cte = cte.scope.parent.cte(self.fold(item.this)) if cte.scope.parent else None
            if cte is not None:  # inside of itself a CTE without recursion means what it hides
                return self._common(cte)
        return self.stored(self.name(item))

    def stored(self, name: Name) -> Relation:
        """Return a table of the script or of the catalog, and note that it is read."""
        temporary = self.temporary.get(self.key(name))
        if temporary is not None:
            self.tables.update(temporary.tables)
            for leaf, kind in temporary.influences.items():
                self.influences.setdefault(leaf, kind)
            return temporary.relation
        self.tables[name] = None
        return TableRelation(name, self.columns_of(name))

    def columns_of(self, name: Name) -> Sequence[str] | None:
        """Return the columns of a table: as the catalog knows them, else as this script has made it."""
        columns = self.lookup(name)
        return columns if columns is not None else self.made.get(self.key(name))

    def _common(self, cte: Cte) -> Relation:
        if cte.relation is None:
            cte.busy = True
            try:
                cte.relation = self.common(cte)
            finally:
                cte.busy = False
        return cte.relation

    def common(self, cte: Cte) -> Relation:
        """Evaluate a CTE; the layer above knows how."""
        raise NotImplementedError

    def _function(self, parts: Sequence[Any], scope: Scope) -> Relation:
        """Return the result of table functions: whatever it is called, it comes from the arguments."""
        leaves: dict[Leaf, int] = {}
        sure = self.scan_all(parts, scope, EXPRESSION, leaves)
        return Relation((), (), wild=Output(leaves, sure))

    def values(self, item: Any, scope: Scope) -> Relation:
        """Return the columns of VALUES."""
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in item.expressions]
        width = max((len(row) for row in rows), default=0)
        outputs = [union(self.output(row[place], scope) for row in rows if place < len(row)) for place in range(width)]
        relation = Relation([f"column{place + 1}" for place in range(width)], outputs)
        return relation.renamed(self._alias(item)[1])

    def _pivoted(self, relation: Relation, item: Any, scope: Scope) -> Relation:
        for pivot in item.args.get("pivots") or ():
            relation = self._unpivot(relation, pivot) if pivot.args.get("unpivot") else self._pivot(relation, pivot)
            relation = relation.renamed(self._alias(pivot)[1])
        return relation

    def _pivot(self, relation: Relation, pivot: Any) -> Relation:
        """Every new column comes from what is aggregated, and from the column whose values name the new ones."""
        inside = Scope()
        inside.add("", relation)
        used: dict[Leaf, int] = {}
        leaves: dict[Leaf, int] = {}
        sure = self.scan_all(pivot.expressions, inside, AGGREGATE, leaves)
        for field in pivot.args.get("fields") or ():
            sure = self.scan(field.this, inside, AGGREGATE, used) and sure
        names = [column.name for column in pivot.args.get("columns") or ()]
        gone = leaves.keys() | used.keys()
        kept = [place for place in range(len(relation)) if not (relation.output(place).leaves.keys() & gone)]
        made = Output({**used, **leaves}, sure)
        return Relation(
            [relation.names[place] for place in kept] + names,
            [relation.output(place) for place in kept] + [made] * len(names),
            relation.open,
            None if names else made,
        )

    def _unpivot(self, relation: Relation, pivot: Any) -> Relation:
        """The value column holds all the columns that are listed; the name column holds none of their values."""
        inside = Scope()
        inside.add("", relation)
        leaves: dict[Leaf, int] = {}
        sure, labels = True, []
        listed: set[str] = set()
        for field in pivot.args.get("fields") or ():
            labels.append(self.fold(field.this) if isinstance(field.this, exp.Identifier) else field.this.name)
            for column in field.expressions:
                sure = self.scan(column, inside, EXPRESSION, leaves) and sure
                listed.update(part.name.casefold() for part in column.find_all(exp.Column))
        kept = [place for place, name in enumerate(relation.names) if name.casefold() not in listed]
        values = [self.fold(value) for part in pivot.expressions for value in part.find_all(exp.Identifier)]
        names = [relation.names[place] for place in kept] + labels + values
        outputs = [relation.output(place) for place in kept] + [constant()] * len(labels)
        return Relation(names, outputs + [Output(leaves, sure)] * len(values), relation.open)


def joined(branches: list[tuple[tuple[Name, ...], ...]]) -> tuple[tuple[Name, ...], ...]:
    """Return the unknown columns of several sources side by side."""
    if len(branches) <= 1:
        return branches[0] if branches else ()
    return (tuple(dict.fromkeys(table for branch in branches for names in branch for table in names)),)


def _as_written(node: Any) -> str:
    return str(node.name)
