"""The folders in a folder, kept small while it is open: most of them hold one run of rows of one kind of cluster."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from .cluster import Cluster, Trait, thaw

Child = tuple[str, list[Cluster]]
"""The name of a folder, and the clusters that it handed up."""


class Kids:
    """Sibling folders with their clusters, in the order in which they came.

    What is asked of all of them is counted as they come; the clusters themselves are made when they are asked for.

    Attributes:
        names: Their names.
        deep: Whether a cluster of any lies in a named folder below it.
        several: Whether any has more than one cluster.
        formats: Format of the first cluster of each, as a set.
        firsts: (format, stem) of the first cluster of each, as a set; no more than two are kept.
        alike: Whether all have the same set of (format, stem) as the first has.
        last: The last row of the first cluster of each.
    """

    __slots__ = (
        "_counts",
        "_first",
        "_others",
        "_starts",
        "_traits",
        "alike",
        "deep",
        "firsts",
        "formats",
        "last",
        "names",
        "several",
    )

    def __init__(self) -> None:
        self.names: list[str] = []
        self.deep = False
        self.several = False
        self.formats: set[str] = set()
        self.firsts: set[tuple[str, str]] = set()
        self.alike = True
        self.last = array("Q")
        self._first: set[tuple[str, str]] = set()
        self._traits: list[Trait | None] = []
        self._starts = array("Q")
        self._counts = array("Q")
        self._others: dict[int, list[Cluster]] = {}

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: str, found: list[Cluster], traits: dict[Trait, Trait]) -> None:
        """Take in a folder; `traits` holds the traits that are shared."""
        first = found[0]
        if self.alike:
            kinds = {(cluster.format, cluster.stem) for cluster in found}
            if not self.names:
                self._first = kinds
            elif kinds != self._first:
                self.alike = False
        self.formats.add(first.format)
        if len(self.firsts) < 2:
            self.firsts.add((first.format, first.stem))
        if len(found) > 1:
            self.several = True
        if not self.deep and any(cluster.rel for cluster in found):
            self.deep = True
        self.last.append(first.rows[-1])
        rows = first.rows
        begin = rows[0] if len(rows) == 1 else min(rows)
        if len(found) == 1 and (len(rows) == 1 or max(rows) - begin + 1 == len(rows)):
            trait = first.trait
            self._traits.append(traits.setdefault(trait, trait))
            self._starts.append(begin)
            self._counts.append(len(rows))
        else:
            self._others[len(self.names)] = found
            self._traits.append(None)
            self._starts.append(0)
            self._counts.append(0)
        self.names.append(name)

    def kind(self, index: int) -> tuple[str, str] | None:
        """Return (format, stem) of a folder that has one cluster, not in a named folder below it; None of any other."""
        trait = self._traits[index]
        if trait is not None:
            return None if trait[0] else (trait[2], trait[1])
        found = self._others[index]
        return (found[0].format, found[0].stem) if len(found) == 1 and not found[0].rel else None

    def main(self, index: int) -> tuple[str, str] | None:
        """Return (format, stem) of the largest cluster of a folder that is not in a named folder below it, if any."""
        found = self._largest(index)
        return None if found is None else (found.format, found.stem)

    def _largest(self, index: int) -> Cluster | None:
        found = [cluster for cluster in self.clusters(index) if not cluster.rel]
        return max(found, key=lambda cluster: (len(cluster.rows), cluster.variable, cluster.stem), default=None)

    def take_main(self, index: int) -> Cluster:
        """Take the largest cluster out of a folder of several; the only one stays where it is."""
        found = self.clusters(index)
        if len(found) == 1:
            return found[0]
        largest = self._largest(index)
        assert largest is not None  # `main` was asked before
        found.remove(largest)
        return largest

    def __iter__(self) -> Iterator[Child]:
        for index, name in enumerate(self.names):
            yield name, self.clusters(index)

    def clusters(self, index: int) -> list[Cluster]:
        """Return the clusters of a folder."""
        trait = self._traits[index]
        if trait is None:
            return self._others[index]
        start = self._starts[index]
        return [thaw(trait, range(start, start + self._counts[index]))]
