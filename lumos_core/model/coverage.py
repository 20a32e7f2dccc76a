"""What the declarations of coverage, taken together, license."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from .aspects import RECORD
from .scope import Covered, Scope
from .urns import host


class Coverage:
    """All declarations of one run or snapshot.

    A record's aspect is complete when some declaration covers it completely and none says partial or failed.
    A question costs the number of declarations about wide scopes, whatever the number of those about single records.
    """

    def __init__(self, declared: Iterable[Covered] = ()) -> None:
        self._complete, self._gaps = _Declarations(), _Declarations()
        for covered in declared:
            self.add(covered)

    def add(self, covered: Covered) -> None:
        """Add one declaration."""
        (self._complete if covered.status == "complete" else self._gaps).add(covered)

    def complete(self, urn: str, aspect: str = RECORD) -> bool:
        """Tell whether absence may be concluded for an aspect of this record."""
        return any(aspect in c.aspects for c in self._complete.about(urn)) and not any(
            aspect in c.aspects for c in self._gaps.about(urn)
        )

    def gaps(self, urn: str) -> frozenset[str]:
        """Return the aspects of this record that were seen only in part or not at all."""
        return frozenset().union(*(covered.aspects for covered in self._gaps.about(urn)))

    @property
    def incomplete(self) -> list[Covered]:
        """Every declaration that is not complete, in the order in which it came."""
        return list(self._gaps)

    def declared(self) -> list[Covered]:
        """Return declarations that say the same in fewer words, in canonical order.

        What a wider declaration says already is left out, and what differs in its URNs only is said once.
        """
        return sorted([*_shortened(self._complete), *_grouped(self._gaps)], key=_order)

    def carried_by(self, later: Coverage) -> Coverage:
        """Return the coverage of a state after `later` was laid over this one.

        What was complete stays complete, because what a run did not see is carried forward unchanged.
        """
        return Coverage([*self._complete, *later._complete])


class _Declarations:
    """Declarations, each once, found by the record that they are about."""

    def __init__(self) -> None:
        self._all: dict[Covered, None] = {}
        self._wide: list[Covered] = []
        self._by_urn: dict[str, list[Covered]] = {}

    def __iter__(self) -> Iterator[Covered]:
        return iter(self._all)

    def add(self, covered: Covered) -> None:
        if covered in self._all:
            return
        self._all[covered] = None
        if covered.scope.urns and not covered.scope.prefixes:
            for urn in covered.scope.urns:
                self._by_urn.setdefault(urn, []).append(covered)
        else:
            self._wide.append(covered)

    def about(self, urn: str) -> Iterator[Covered]:
        """Return the declarations whose scope holds a record."""
        for covered in (*self._by_urn.get(host(urn), ()), *self._wide):
            if covered.scope.matches(urn):
                yield covered


def _shortened(complete: Iterable[Covered]) -> list[Covered]:
    every = list(complete)
    wide = [covered for covered in every if not covered.scope.urns]
    kept = [
        covered
        for covered in every
        if not any(
            other is not covered and covered.aspects <= other.aspects and _wider(other.scope, covered.scope)
            for other in wide
        )
    ]
    return _grouped(kept)


def _wider(scope: Scope, other: Scope) -> bool:
    if other.urns and not other.prefixes:
        return all(map(scope.matches, other.urns))
    return scope.includes(other) and not (other.includes(scope) and _scope_order(other) <= _scope_order(scope))


def _grouped(declared: Iterable[Covered]) -> list[Covered]:
    """Say what differs in the URNs only once, with all of them; what names none means all, and stands alone."""
    wide: list[Covered] = []
    groups: dict[Covered, set[str]] = {}
    for covered in declared:
        if covered.scope.urns:
            rest = replace(covered, scope=replace(covered.scope, urns=frozenset()))
            groups.setdefault(rest, set()).update(covered.scope.urns)
        else:
            wide.append(covered)
    return wide + [replace(rest, scope=replace(rest.scope, urns=frozenset(found))) for rest, found in groups.items()]


def _order(covered: Covered) -> tuple[str, ...]:
    return (*_scope_order(covered.scope), covered.status, *sorted(covered.aspects), covered.reason)


def _scope_order(scope: Scope) -> tuple[str, ...]:
    return (scope.platform, scope.env, *sorted(scope.types), "", *scope.prefixes, "", *sorted(scope.urns), "")


EVERYTHING = Coverage([Covered(Scope(), frozenset({RECORD}))])
"""Nothing is unseen, as between two states of a store: who took a record out was licensed to."""
