"""What the declarations of coverage, taken together, license."""

from __future__ import annotations

from collections.abc import Iterable

from .aspects import RECORD
from .scope import Covered


class Coverage:
    """All declarations of one run or snapshot.

    A record's aspect is complete when some declaration covers it completely and none says partial or failed.
    """

    def __init__(self, declared: Iterable[Covered] = ()) -> None:
        self._complete: list[Covered] = []
        self._gaps: list[Covered] = []
        for covered in declared:
            self.add(covered)

    def add(self, covered: Covered) -> None:
        """Add one declaration."""
        target = self._complete if covered.status == "complete" else self._gaps
        if covered not in target:
            target.append(covered)

    def complete(self, urn: str, aspect: str = RECORD) -> bool:
        """Tell whether absence may be concluded for an aspect of this record."""
        return any(c.scope.matches(urn) for c in self._complete if aspect in c.aspects) and not any(
            c.scope.matches(urn) for c in self._gaps if aspect in c.aspects
        )

    def gaps(self, urn: str) -> frozenset[str]:
        """Return the aspects of this record that were seen only in part or not at all."""
        return frozenset().union(*(c.aspects for c in self._gaps if c.scope.matches(urn)))

    @property
    def incomplete(self) -> list[Covered]:
        """Every declaration that is not complete, in the order in which it came."""
        return list(self._gaps)

    def declared(self) -> list[Covered]:
        """Every declaration, in canonical order."""
        return sorted([*self._complete, *self._gaps], key=_order)

    def carried_by(self, later: Coverage) -> Coverage:
        """Return the coverage of a state after `later` was laid over this one.

        What was complete stays complete, because what a run did not see is carried forward unchanged.
        """
        return Coverage([*self._complete, *(c for c in later._complete if c not in self._complete)])


def _order(covered: Covered) -> tuple[str, ...]:
    scope = covered.scope
    return (
        scope.platform,
        scope.env,
        *sorted(scope.types),
        "",
        *scope.prefixes,
        "",
        *sorted(scope.urns),
        "",
        covered.status,
        *sorted(covered.aspects),
        covered.reason,
    )
