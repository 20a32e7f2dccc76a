"""Intersecting the scope that is asked for with the scope that a source may speak of."""

from __future__ import annotations

import msgspec

from lumos_core.plugin_api import Scope


def narrow(within: Scope, mine: Scope) -> Scope | None:
    """Return what of `mine` is asked for; None when nothing is."""
    if within.everything or within.includes(mine):
        return mine
    types = mine.types & within.types if within.types else mine.types
    if not types or within.platform not in ("", mine.platform) or within.env not in ("", mine.env):
        return None
    if not within.prefixes and not within.urns:
        return msgspec.structs.replace(mine, types=types)
    (own,) = mine.prefixes
    prefixes = tuple(own if own.startswith(prefix) else prefix for prefix in within.prefixes if _meet(own, prefix))
    exact = frozenset(urn for urn in within.urns if mine.matches(urn))
    if not prefixes and not exact:
        return None
    return msgspec.structs.replace(mine, types=types, prefixes=prefixes, urns=exact)


def _meet(own: str, prefix: str) -> bool:
    """Tell whether a prefix that is asked for and one's own may fit the same name."""
    if not own:
        return ":" not in prefix
    return bool(prefix) and (own.startswith(prefix) or prefix.startswith(own))
