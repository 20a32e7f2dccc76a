"""Expressions: which columns go into a value, and how."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlglot import exp

from .dialects import folding, ignores_case
from .relation import AGGREGATE, EXPRESSION, WINDOW, Leaf, Output, Relation, union
from .scope import Scope
from .structs import InfluenceKind, Limits, Lookup, Name

_NOTHING, _SAME, _COLUMN, _QUERY, _AGGREGATE, _WINDOW, _DOT, _NAMED, _OTHER = range(9)


class TooComplexError(Exception):
    """A statement costs more steps than it may."""


def _classify(cls: type) -> int:
    """Return what a class of nodes means for a walk; most specific first."""
    table: tuple[tuple[Any, int], ...] = (
        (exp.Column, _COLUMN),
        ((exp.Query, exp.DML, exp.Values), _QUERY),
        ((exp.Identifier, exp.Literal, exp.Star, exp.Null, exp.Boolean, exp.Var, exp.DataType, exp.Table), _NOTHING),
        (exp.Window, _WINDOW),
        ((exp.AggFunc, exp.Filter, exp.WithinGroup), _AGGREGATE),
        (exp.Dot, _DOT),
        ((exp.Alias, exp.Paren, exp.Aliases), _SAME),
    )
    for classes, action in table:
        if issubclass(cls, classes):
            return action
    return _OTHER


class Expressions:
    """The walk over expressions, and what a statement collects on the way.

    Attributes:
        tables: Tables of the catalog that were read.
        influences: Columns that decide about rows.
        unsure: True once a name could not be attributed.
    """

    def __init__(self, dialect: str, lookup: Lookup, limits: Limits) -> None:
        self.dialect, self.lookup, self.limits = dialect, lookup, limits
        self.fold, self.ignores_case = folding(dialect), ignores_case(dialect)
        self.tables: dict[Name, None] = {}
        self.influences: dict[Leaf, InfluenceKind] = {}
        self.steps = 0
        self._actions: dict[type, int] = {}

    def query(self, node: Any, scope: Scope) -> Relation:
        """Evaluate a query; the layer above knows how."""
        raise NotImplementedError

    def spend(self, steps: int) -> None:
        """Count work.

        Raises:
            TooComplexError: It is more than the limit.
        """
        self.steps += steps
        if self.steps > self.limits.steps:
            raise TooComplexError(f"it takes more than {self.limits.steps} steps")

    def output(self, node: Any, scope: Scope) -> Output:
        """Return what the value of an expression comes from."""
        while type(node) is exp.Paren or type(node) is exp.Alias:
            node = node.this
        if type(node) is exp.Column:
            return self.column(node, scope)
        leaves: dict[Leaf, int] = {}
        sure = self.scan(node, scope, 0, leaves)
        return Output(leaves, sure, node)

    def scan(self, root: Any, scope: Scope, rank: int, leaves: dict[Leaf, int]) -> bool:
        """Add the columns below a node to `leaves`; return False when one could not be attributed."""
        sure = True
        actions = self._actions
        stack: list[tuple[Any, int]] = [(root, rank)]
        done = 0
        while stack:
            node, kind = stack.pop()
            done += 1
            cls = type(node)
            action = actions.get(cls)
            if action is None:
                action = actions[cls] = _classify(cls)
            if action == _NOTHING:
                continue
            if action == _COLUMN:
                found = self.column(node, scope)
                sure = sure and found.sure
                for leaf, inner in found.leaves.items():
                    best = inner if inner > kind else kind
                    if leaves.get(leaf, -1) < best:
                        leaves[leaf] = best
                continue
            if action == _QUERY:
                sure = self._nested(node, scope, max(kind, EXPRESSION), leaves) and sure
                continue
            if action == _DOT:
                member = self._dot(node, scope)
                if member is not None:
                    for leaf, inner in member.leaves.items():
                        leaves[leaf] = max(leaves.get(leaf, 0), inner, kind)
                    sure = sure and member.sure
                    continue
            if action == _AGGREGATE:
                kind = max(kind, AGGREGATE)
            elif action == _WINDOW:
                kind = WINDOW
            elif action != _SAME:
                kind = max(kind, EXPRESSION)
            for value in node.args.values():
                if isinstance(value, exp.Expr):
                    stack.append((value, kind))
                elif type(value) is list:
                    stack.extend((part, kind) for part in value if isinstance(part, exp.Expr))
        self.spend(done + len(leaves))
        return sure

    def scan_all(self, roots: Iterable[Any], scope: Scope, rank: int, leaves: dict[Leaf, int]) -> bool:
        """Scan several nodes; return False when a column in any of them could not be attributed."""
        sure = True
        for root in roots:
            sure = self.scan(root, scope, rank, leaves) and sure
        return sure

    def column(self, node: Any, scope: Scope) -> Output:
        """Return what a column of a source comes from."""
        parts = [self.fold(part) for part in node.parts if isinstance(part, exp.Identifier)]
        if not parts:
            return Output({}, sure=False)
        if len(parts) == 1:
            found = scope.plain(parts[0])
            return found if found is not None else Output({}, sure=False)
        # The alias is the last qualifier that names a source; what follows the column are members of a struct.
        for place in range(len(parts) - 2, -1, -1):
            found = scope.qualified(parts[place], parts[place + 1])
            if found is not None:
                return found.member(tuple(parts[place + 2 :]))
        found = scope.plain(parts[0])
        return found.member(tuple(parts[1:])) if found is not None else Output({}, sure=False)

    def influence(self, node: Any, scope: Scope, kind: InfluenceKind) -> None:
        """Note that the columns of a condition decide about rows."""
        leaves: dict[Leaf, int] = {}
        self.scan(node, scope, EXPRESSION, leaves)
        self.note(leaves, kind)

    def note(self, leaves: dict[Leaf, int], kind: InfluenceKind) -> None:
        """Note columns that decide about rows; the first kind that a column has stays."""
        for leaf in leaves:
            self.influences.setdefault(leaf, kind)

    def _nested(self, node: Any, scope: Scope, kind: int, leaves: dict[Leaf, int]) -> bool:
        relation = self.query(node, scope)
        found = union(relation.outputs())
        for leaf, inner in found.leaves.items():
            leaves[leaf] = max(leaves.get(leaf, 0), inner, kind)
        return found.sure and not relation.open

    def _dot(self, node: Any, scope: Scope) -> Output | None:
        """Return the origin of `column.member.member`; None when it does not begin with a column."""
        names: list[str] = []
        while type(node) is exp.Dot and isinstance(node.expression, exp.Identifier):
            names.append(self.fold(node.expression))
            node = node.this
        while type(node) is exp.Paren:
            node = node.this
        if type(node) is not exp.Column:
            return None
        return self.column(node, scope).member(tuple(reversed(names)))
