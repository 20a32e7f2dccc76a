"""Relations as the walk sees them: columns, and for each the columns of tables that it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .structs import Name

IDENTITY, EXPRESSION, AGGREGATE, WINDOW = range(4)
"""Kinds by rank; their names are `structs.KINDS`. Of two steps in a row the higher one counts."""

Leaf = tuple[Name, str, tuple[str, ...]]
"""(table, column, members): a column of a table of the catalog."""


class Output:
    """What one column comes from.

    Attributes:
        leaves: Columns of tables -> the rank of how they get there.
        sure: False when a name in it could not be attributed.
        node: The last expression that computes something (a node of sqlglot); None for a plain column.
    """

    __slots__ = ("leaves", "node", "sure")

    def __init__(self, leaves: dict[Leaf, int], sure: bool = True, node: Any = None) -> None:
        self.leaves, self.sure, self.node = leaves, sure, node

    def member(self, names: tuple[str, ...]) -> Output:
        """Return what a struct member of this column comes from."""
        if not names or self.node is not None or len(self.leaves) != 1:
            return self
        ((table, column, inner), kind), *_ = self.leaves.items()
        return Output({(table, column, inner + names): kind}, self.sure)


def union(outputs: Iterable[Output]) -> Output:
    """Return a column that holds the values of several, as a set operation makes it."""
    leaves: dict[Leaf, int] = {}
    sure = True
    nodes = {}
    for output in outputs:
        sure = sure and output.sure
        nodes[id(output.node)] = output.node
        for leaf, kind in output.leaves.items():
            leaves[leaf] = max(leaves.get(leaf, 0), kind)
    return Output(leaves, sure, nodes.popitem()[1] if len(nodes) == 1 else None)


class Relation:
    """Columns by name.

    Attributes:
        names: Names of the columns in order; an empty one has no name.
        open: Where further columns come from under their own names: for each branch of a set operation the tables
            whose columns are not known. Empty when `names` are all there are.
        wild: What every other column comes from (the result of a function); None when there is no other.
    """

    __slots__ = ("_fold", "_index", "_outputs", "names", "open", "wild")

    def __init__(
        self,
        names: Sequence[str],
        outputs: Sequence[Output],
        open: tuple[tuple[Name, ...], ...] = (),
        wild: Output | None = None,
    ) -> None:
        self.names, self._outputs, self.open, self.wild = names, outputs, open, wild
        self._index: dict[str, int] | None = None
        self._fold: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def output(self, number: int) -> Output:
        """Return the origin of the column at a place."""
        return self._outputs[number]

    def outputs(self) -> list[Output]:
        """Return the origins of all columns, in order."""
        return [self.output(number) for number in range(len(self.names))]

    def find(self, name: str) -> Output | None:
        """Return the origin of a column that is known by name: exactly, else whatever its case."""
        if self._index is None:
            self._index = {}
            for number, known in enumerate(self.names):
                self._index.setdefault(known, number)
        number = self._index.get(name)  # type: ignore[assignment]
        if number is None:
            if self._fold is None:
                self._fold = {}
                for place, known in enumerate(self.names):
                    self._fold.setdefault(known.casefold(), place)
            number = self._fold.get(name.casefold())
        return self.output(number) if number is not None and name else None

    def guess(self, name: str) -> Output | None:
        """Return the origin of a column that is not known by name but may be there; None when it cannot be."""
        if self.open:
            return union(
                Output({(branch[0], name, ()): IDENTITY}) if len(branch) == 1 else Output({}, sure=False)
                for branch in self.open
                if branch
            )
        return self.wild

    def renamed(self, names: Sequence[str]) -> Relation:
        """Return this relation with its first columns renamed (`AS t(a, b)`, `CREATE VIEW v (a, b)`)."""
        if not names:
            return self
        if self.wild is not None and len(self) < len(names):
            return Relation(names, [self.wild] * len(names), wild=self.wild)
        if self.open and len(self) < len(names):
            return Relation(names, [Output({}, sure=False)] * len(names))
        return Relation([*names, *self.names[len(names) :]], self.outputs(), self.open, self.wild)


class TableRelation(Relation):
    """A table of the catalog: origins are made when they are asked for."""

    __slots__ = ("_cache", "table")

    def __init__(self, table: Name, names: Sequence[str] | None) -> None:
        super().__init__(names or (), (), () if names is not None else ((table,),))
        self.table = table
        self._cache: dict[int, Output] = {}

    def output(self, number: int) -> Output:
        """Return the column itself."""
        found = self._cache.get(number)
        if found is None:
            found = self._cache[number] = Output({(self.table, self.names[number], ()): IDENTITY})
        return found
