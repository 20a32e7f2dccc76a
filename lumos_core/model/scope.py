"""One selector for coverage, planning, watching, `--select`, catalog reads and soft delete."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from . import urns


class Scope(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A set of records. Empty = any; all that is given must fit.

    Attributes:
        types: URN types (`dataset`, `container`, ...).
        platform: Platform of located things.
        env: Environment of located things.
        prefixes: Prefixes of the URN's name (`shop.public.`); one of these, or one of `urns`, must fit. The empty
            prefix fits the names that have no instance, so that a source without one licenses nothing beyond itself.
        urns: Exact URNs.
    """

    types: frozenset[str] = frozenset()
    platform: str = ""
    env: str = ""
    prefixes: tuple[str, ...] = ()
    urns: frozenset[str] = frozenset()

    def matches(self, urn: str) -> bool:
        """Tell whether a record's URN is in this scope; parts (`#...`) count as their host."""
        host = urns.host(urn)
        if self.types or self.platform or self.env or self.prefixes:
            parsed = urns.parse(host)
            if self.types and parsed.type not in self.types:
                return False
            if self.platform and parsed.platform != self.platform:
                return False
            if self.env and parsed.env != self.env:
                return False
            if self.prefixes and any(_fits(parsed.name, prefix) for prefix in self.prefixes):
                return True
            if self.prefixes and not self.urns:
                return False
        return not self.urns or host in self.urns

    @property
    def everything(self) -> bool:
        """True when nothing is excluded."""
        return self == Scope()

    def includes(self, other: Scope) -> bool:
        """Tell whether every record of `other` is certainly in this scope (sound, not complete)."""
        if self.types and not (other.types and other.types <= self.types):
            return False
        if self.platform and other.platform != self.platform:
            return False
        if self.env and other.env != self.env:
            return False
        if not self.prefixes and not self.urns:
            return True
        if not other.prefixes and not other.urns:
            return False
        for name in other.prefixes:
            if not any(name.startswith(p) if p else not name for p in self.prefixes):
                return False
        return all(urn in self.urns or any(_fits(urns.parse(urn).name, p) for p in self.prefixes) for urn in other.urns)

    def narrowed(self, within: Scope) -> Scope | None:
        """Return what of this scope is asked for by another; None when that is nothing.

        A source declares coverage by it: of what it may speak of, the part that it was asked to read.
        """
        if within.includes(self):
            return self
        types = self.types & within.types if self.types and within.types else self.types or within.types
        if self.types and within.types and not types:
            return None
        if (self.platform and within.platform not in ("", self.platform)) or (
            self.env and within.env not in ("", self.env)
        ):
            return None
        narrower = Scope(types, self.platform or within.platform, self.env or within.env)
        named, asked = bool(self.prefixes or self.urns), bool(within.prefixes or within.urns)
        if not named or not asked:
            one = self if named else within
            return replace(narrower, prefixes=one.prefixes, urns=one.urns)
        met = (_meet(own, prefix) for own in self.prefixes for prefix in within.prefixes)
        prefixes = tuple(dict.fromkeys(prefix for prefix in met if prefix is not None))
        exact = {urn for urn in self.urns if within.matches(urn)} | {urn for urn in within.urns if self.matches(urn)}
        if not prefixes and not exact:
            return None
        return replace(narrower, prefixes=prefixes, urns=frozenset(exact))


def _meet(one: str, other: str) -> str | None:
    """The longer of two prefixes that can fit the same name; the empty one fits the names without an instance."""
    if not one or not other:
        longer = one or other
        return longer if ":" not in longer else None
    if one.startswith(other):
        return one
    return other if other.startswith(one) else None


def _fits(name: str, prefix: str) -> bool:
    return name.startswith(prefix) if prefix else ":" not in name


NOTHING = Scope(types=frozenset({""}))
"""A scope without records: no type is called so."""


def united(scopes: Iterable[Scope]) -> Scope:
    """Return a scope that holds every record of some scopes; of none, `NOTHING`.

    It is the smallest where they differ in their URNs or prefixes only; where they differ in more, it holds more
    than they do together.
    """
    alike: dict[object, list[Scope]] = {}
    for scope in scopes:
        if scope != NOTHING:
            named = bool(scope.prefixes or scope.urns)
            alike.setdefault((scope.types, scope.platform, scope.env, named), []).append(scope)
    found: Scope | None = None
    for some in alike.values():
        # At once, since a watch may hear of 10,000 records one by one.
        prefixes = dict.fromkeys(prefix for scope in some for prefix in scope.prefixes)
        exact = frozenset[str]().union(*(scope.urns for scope in some))
        one = replace(some[0], prefixes=tuple(prefixes), urns=exact)
        found = one if found is None else _both(found, one)
    return NOTHING if found is None else found


def _both(one: Scope, other: Scope) -> Scope:
    if one.includes(other):
        return one
    if other.includes(one):
        return other
    # Prefixes and URNs are alternatives of one condition: who has neither, has none.
    open_ = not (one.prefixes or one.urns) or not (other.prefixes or other.urns)
    return Scope(
        types=one.types | other.types if one.types and other.types else frozenset(),
        platform=one.platform if one.platform == other.platform else "",
        env=one.env if one.env == other.env else "",
        prefixes=() if open_ else tuple(dict.fromkeys((*one.prefixes, *other.prefixes))),
        urns=frozenset() if open_ else one.urns | other.urns,
    )


class Covered(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """All of `scope` was seen for these aspects: the only licence for a removal.

    Attributes:
        scope: What was looked at.
        aspects: Names of `lumos_core.model.aspects`; `record` stands for the existence of records.
        status: `complete`, `partial` or `failed`.
        reason: Why it is not complete.
    """

    scope: Scope
    aspects: frozenset[str]
    status: Literal["complete", "partial", "failed"] = "complete"
    reason: str = ""
