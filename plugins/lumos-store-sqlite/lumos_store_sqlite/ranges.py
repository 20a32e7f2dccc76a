"""A scope as ranges of the primary key, so that a small scope is not found by reading everything."""

from __future__ import annotations

from typing import NamedTuple

from lumos_core.plugin_api import KINDS, Scope, urns

_PARTS = ("foreign", "stats")
"""Kinds whose URN may be that of another record with a fragment."""


class Range(NamedTuple):
    """Keys of one kind from `low` (inclusive) to `high` (exclusive; None: to the end of the kind)."""

    kind: str
    low: str
    high: str | None


def ranges(scope: Scope) -> list[Range] | None:
    """Return ranges, in key order and apart, that hold every key of a scope; None when all must be read.

    A range may hold keys outside the scope: `Scope.matches` has the last word.
    """
    if scope.urns and not scope.prefixes:
        kinds = {urns.parse(urn).kind for urn in scope.urns} | {*_PARTS}
        return [
            Range(kind, urn, _after(urn) if kind in _PARTS else urn + "\0")
            for kind in sorted(kinds)
            for urn in sorted(scope.urns)
        ]
    if scope.types and not scope.urns:
        starts = sorted(_starts(scope))
        kinds = {urns.KIND_OF_TYPE.get(type_, "asset") for type_ in scope.types} | {*_PARTS}
        return [Range(kind, start, _after(start)) for kind in sorted(kinds) for start in starts]
    return None


def _starts(scope: Scope) -> set[str]:
    """Return what the URNs of a scope with types begin with; none of them begins another."""
    starts: set[str] = set()
    for type_ in scope.types:
        if scope.platform:
            found = {f"urn:lumos:{type_}:({scope.platform},{prefix}" for prefix in scope.prefixes or ("",)}
            starts |= {one for one in found if not any(one != other and one.startswith(other) for other in found)}
        else:
            starts.add(f"urn:lumos:{type_}:")
    return starts


def _after(prefix: str) -> str | None:
    """Return the first text that sorts behind every text with this prefix; None when there is none."""
    while prefix:
        last = ord(prefix[-1]) + 1
        if 0xD800 <= last <= 0xDFFF:  # no text holds surrogates
            last = 0xE000
        if last <= 0x10FFFF:
            return prefix[:-1] + chr(last)
        prefix = prefix[:-1]
    return None


def prefix_range(kind: str, prefix: str) -> Range:
    """Return the range of all keys of a kind whose URN starts with a prefix."""
    return Range(kind, prefix, _after(prefix))


ALL_KINDS = tuple(sorted(KINDS))
"""Every kind, in the order of lines."""
