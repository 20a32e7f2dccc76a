"""`--select SCOPE`: a part of a snapshot, with just as much coverage as is still true of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate

from msgspec import Struct

from ..errors import UsageError
from ..model import urns
from ..model.aspects import ASPECTS, RECORD
from ..model.coverage import Coverage
from ..model.record import line_urn
from ..model.scope import Covered, Scope

_GLOB = re.compile(r"[*?\[]")
STATS = "stats"
"""The name under which coverage says that `stats` were left out; they are no aspect of a record."""


class Selection(Struct, frozen=True):
    """What `--select` asks for.

    Attributes:
        text: As the user wrote it.
        scope: A name prefix or a URN; everything for a glob.
        pattern: A regular expression over URNs and names, for a glob.
    """

    text: str
    scope: Scope
    pattern: str = ""

    def matches(self, urn: str) -> bool:
        """Tell whether a record is selected; parts count as their host."""
        if not self.pattern:
            return self.scope.matches(urn)
        host = urns.host(urn)
        return any(re.match(self.pattern, text) for text in (host, urns.name(host)))

    def restrict(self, coverage: Coverage) -> Coverage:
        """Return what is still covered of the selected part; a glob licenses no removal.

        Who picks names by a pattern has not looked at what the pattern might have matched and did not.
        """
        if self.pattern:
            kept = [c for c in coverage.declared() if c.status != "complete"]
            kept += [
                Covered(c.scope, c.aspects - {RECORD})
                for c in coverage.declared()
                if c.status == "complete" and c.aspects != {RECORD}
            ]
            gap = Covered(Scope(), frozenset({RECORD}), "partial", f"selected by the pattern {self.text}")
            return Coverage([*kept, gap])
        restricted = []
        for declared in coverage.declared():
            scope = intersect(declared.scope, self.scope)
            if scope is not None:
                restricted.append(Covered(scope, declared.aspects, declared.status, declared.reason))
        return Coverage(restricted)


def parse_selection(text: str) -> Selection:
    """Read a SCOPE: a URN, the beginning of a name, or a glob over names or URNs.

    Raises:
        UsageError: When it is empty, or a URN that is none.
    """
    if not text:
        raise UsageError("an empty selection", fix="give a name prefix, a URN or a pattern")
    if _GLOB.search(text):
        return Selection(text, Scope(), translate(text))
    if text.startswith("urn:"):
        try:
            urns.parse(text)
        except ValueError as error:
            raise UsageError("this selection is not a URN", why=str(error)) from None
        return Selection(text, Scope(urns=frozenset({urns.host(text)})))
    prefix = ":".join(urns.encode(part) for part in text.split(":"))  # what stands before `:` is an instance
    return Selection(text, Scope(prefixes=(prefix,)))


def select_lines(lines: Iterable[bytes], selection: Selection) -> Iterator[bytes]:
    """Return the lines that are selected."""
    return (line for line in lines if selection.matches(line_urn(line)))


def intersect(one: Scope, other: Scope) -> Scope | None:
    """Return the scope of what is in both; None when nothing can be."""
    types = one.types & other.types if one.types and other.types else one.types | other.types
    if one.types and other.types and not types:
        return None
    if (one.platform and other.platform and one.platform != other.platform) or (
        one.env and other.env and one.env != other.env
    ):
        return None
    rest = Scope(types=types, platform=one.platform or other.platform, env=one.env or other.env)
    if not (one.prefixes or one.urns):
        prefixes, exact = other.prefixes, other.urns
    elif not (other.prefixes or other.urns):
        prefixes, exact = one.prefixes, one.urns
    else:
        prefixes = tuple(sorted({both for a, b in _pairs(one, other) if (both := _narrower(a, b)) is not None}))
        exact = frozenset(urn for urn in one.urns | other.urns if one.matches(urn) and other.matches(urn))
        if not (prefixes or exact):
            return None
    exact = frozenset(urn for urn in exact if rest.matches(urn))
    if not (prefixes or exact) and (one.urns or other.urns or one.prefixes or other.prefixes):
        return None
    return Scope(types, rest.platform, rest.env, prefixes, exact)


def _pairs(one: Scope, other: Scope) -> Iterator[tuple[str, str]]:
    return ((a, b) for a in one.prefixes for b in other.prefixes)


def _narrower(one: str, other: str) -> str | None:
    """Return the prefix of what has both; None when nothing has.

    The empty prefix means names without an instance. With another it gives that other one, which is wider only
    where an instance has a name that begins so.
    """
    if not one or not other:
        longer = one or other
        return None if ":" in longer else longer
    if one.startswith(other):
        return one
    return other if other.startswith(one) else None


def without_stats(coverage: Coverage) -> Coverage:
    """Say in the coverage that `stats` were left out."""
    gap = Covered(Scope(), frozenset({STATS}), "partial", "exported without stats")
    return Coverage([*coverage.declared(), gap])


def only_changes(coverage: Coverage, since: str) -> Coverage:
    """Return the coverage of what changed since some state: it holds changes, so that absence means nothing."""
    gap = Covered(Scope(), ASPECTS, "partial", f"holds only what changed since {since}")
    return Coverage([*(c for c in coverage.declared() if c.status != "complete"), gap])
