"""Moving a snapshot to other platforms, environments and names, in every reference alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from msgspec import Struct

from ..model import urns
from ..model.coverage import Coverage
from ..model.record import AnyRecord, normalise
from ..model.references import Reference, rewrite
from ..model.scope import Covered, Scope


class Transformation(Struct, frozen=True, kw_only=True):
    """What to rewrite.

    Attributes:
        platforms: Old platform -> new.
        environments: Old environment -> new.
        names: Beginning of a name -> what replaces it, for located things; the longest that fits wins. A key that
            is a whole URN replaces that URN, of whatever type.

    Example:
        >>> move = Transformation(platforms={"postgres": "mysql"}, names={"shop.public.": "shop."})
        >>> move.urn("urn:lumos:dataset:(postgres,shop.public.orders,PROD)")
        'urn:lumos:dataset:(mysql,shop.orders,PROD)'
    """

    platforms: Mapping[str, str] = {}
    environments: Mapping[str, str] = {}
    names: Mapping[str, str] = {}

    def urn(self, urn: str) -> str:
        """Return the new URN; its part (`#...`) stays."""
        host = urns.host(urn)
        part = urn[len(host) :]
        if host in self.names:
            return self.names[host] + part
        try:
            parsed = urns.parse(host)
        except ValueError:
            return urn
        if not parsed.platform or parsed.type == "foreign":
            return urn
        platform = self.platforms.get(parsed.platform, parsed.platform)
        env = self.environments.get(parsed.env, parsed.env)
        return f"urn:lumos:{parsed.type}:({platform},{self._name(parsed.name)},{env}){part}"

    def record(self, record: AnyRecord) -> AnyRecord:
        """Rewrite a record in place, and bring it back into canonical shape."""
        return normalise(rewrite(record, self._reference))

    def coverage(self, coverage: Coverage) -> Coverage:
        """Return what is covered under the new names; what cannot be said under them is left out."""
        return Coverage(moved for covered in coverage.declared() for moved in self._covered(covered))

    def _reference(self, reference: Reference) -> str:
        if reference.role == "path" or reference.text.startswith("#"):
            return reference.text
        return self.urn(reference.text)

    def _name(self, name: str) -> str:
        found = max((old for old in self._prefixes if name.startswith(old)), key=len, default=None)
        return name if found is None else self._prefixes[found] + name[len(found) :]

    @property
    def _prefixes(self) -> dict[str, str]:
        return {
            encode_name(old): encode_name(new) for old, new in self.names.items() if not old.startswith("urn:lumos:")
        }

    def _covered(self, covered: Covered) -> Iterator[Covered]:
        scope, complete = covered.scope, covered.status == "complete"
        # A rule that moves a part of what a prefix covers makes two areas of it; only gaps may be kept too wide.
        prefixes = [prefix for prefix in scope.prefixes if prefix]
        split = any(old.startswith(p) and old != p for old in self._prefixes for p in prefixes)
        if split and complete:
            return
        for platform, env in product(
            _moved(scope.platform, self.platforms, complete), _moved(scope.env, self.environments, complete)
        ):
            names = scope.prefixes if split else tuple(sorted(map(self._name, scope.prefixes)))
            moved = Scope(scope.types, platform, env, names, frozenset(map(self.urn, scope.urns)))
            yield Covered(moved, covered.aspects, covered.status, covered.reason)


def _moved(place: str, moves: Mapping[str, str], complete: bool) -> list[str]:
    """Return the new places of one; of "any", a complete view is known only of the places that were named."""
    if place or not complete or not moves:
        return [moves.get(place, place)]
    return sorted(set(moves.values()))


def encode_name(text: str) -> str:
    """Encode a name as it stands in URNs; what stands before `:` is an instance."""
    return ":".join(urns.encode(part) for part in text.split(":"))
