"""Names in force at a place of a statement: sources by alias, CTEs, and the query around."""

from __future__ import annotations

from typing import Any

from .relation import Output, Relation, union


class Cte:
    """A common table expression: evaluated when it is first read, so that one that nobody reads says nothing."""

    __slots__ = ("busy", "columns", "node", "recursive", "relation", "scope")

    def __init__(self, node: Any, columns: list[str], scope: Scope, recursive: bool) -> None:
        self.node, self.columns, self.scope, self.recursive = node, columns, scope, recursive
        self.relation: Relation | None = None
        self.busy = False


class Scope:
    """The sources and CTEs of one query; looks outwards for what it does not know.

    Attributes:
        sources: Alias -> relation, in the order of FROM.
        hidden: Aliases that `*` leaves out (the right side of a semi join).
        merged: Columns that USING or NATURAL made one.
        aliases: Columns of the projection so far, for dialects in which later ones may name them.
    """

    __slots__ = ("aliases", "ctes", "hidden", "merged", "parent", "sources")

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.sources: dict[str, Relation] = {}
        self.hidden: set[str] = set()
        self.merged: dict[str, Output] = {}
        self.aliases: dict[str, Output] = {}
        self.ctes: dict[str, Cte] = {}

    def add(self, alias: str, relation: Relation) -> None:
        """Add a source; one without a name, or with one that is taken, gets a name that nobody can write."""
        self.sources[alias if alias and alias not in self.sources else f"\x00{len(self.sources)}"] = relation

    def cte(self, name: str) -> Cte | None:
        """Return the CTE of a name, the innermost first."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.ctes:
                return scope.ctes[name]
            scope = scope.parent
        return None

    def source(self, alias: str) -> Relation | None:
        """Return the source of an alias, the innermost first."""
        scope: Scope | None = self
        while scope is not None:
            if alias in scope.sources:
                return scope.sources[alias]
            scope = scope.parent
        return None

    def qualified(self, alias: str, name: str) -> Output | None:
        """Return the origin of `alias.name`; None when there is no such alias."""
        relation = self.source(alias)
        if relation is None:
            return None
        return relation.find(name) or relation.guess(name) or Output({}, sure=False)

    def plain(self, name: str) -> Output | None:
        """Return the origin of an unqualified column; None when nothing has it.

        A source that is known to have it comes first, then the only one that may have it, then an alias of the
        projection, then the query around.
        """
        scope: Scope | None = self
        while scope is not None:
            found = scope._own(name)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def _own(self, name: str) -> Output | None:
        if name in self.merged:
            return self.merged[name]
        known = [found for relation in self.sources.values() if (found := relation.find(name))]
        if known:
            return known[0] if len(known) == 1 else union(known)
        maybe = [relation for relation in self.sources.values() if relation.open]
        if len(maybe) == 1:
            return maybe[0].guess(name)
        if name in self.aliases:
            return self.aliases[name]
        if maybe:
            return Output({}, sure=False)
        alias = self.sources.get(name)
        if alias is not None:  # a whole row as a value, or the only column of a function
            return alias.wild or _row(alias)
        wild = [relation.wild for relation in self.sources.values() if relation.wild is not None]
        return wild[0] if len(wild) == 1 else None


def _row(relation: Relation) -> Output:
    return union(relation.outputs()) if len(relation) else Output({}, sure=not relation.open)


def constant() -> Output:
    """Return the origin of a value that comes from no column."""
    return Output({})


def merged(left: Output, right: Output, side: str) -> Output:
    """Return the column that USING makes of two."""
    if side == "RIGHT":
        return right
    return union([left, right]) if side == "FULL" else left
