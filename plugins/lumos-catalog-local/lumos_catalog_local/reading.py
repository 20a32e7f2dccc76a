"""Reading what is held, in the order of lines, without reading everything for a small scope."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from lumos_core.plugin_api import KINDS, Scope, urns

_PARTS = ("foreign", "stats")
"""Kinds whose URN may be that of another record with a fragment."""

_ALL = "SELECT urn, line FROM record ORDER BY kind, urn"
_ONE = "SELECT urn, line FROM record WHERE kind = ? AND urn = ?"
_KIND = "SELECT urn, line FROM record WHERE kind = ? ORDER BY urn"
_WITH_PARTS = "SELECT urn, line FROM record WHERE kind = ? AND (urn = ? OR (urn > ? AND urn < ?)) ORDER BY urn"


def lines(connection: sqlite3.Connection, scope: Scope) -> Iterator[bytes]:
    """Return the lines of a scope, sorted by (kind, URN)."""
    if scope.everything:
        for _, line in connection.execute(_ALL):
            yield line
        return
    for urn, line in _candidates(connection, scope):
        if scope.matches(urn):
            yield line


def _candidates(connection: sqlite3.Connection, scope: Scope) -> Iterator[tuple[str, bytes]]:
    if scope.urns and not scope.prefixes:
        kinds = {urns.kind(urn) for urn in scope.urns} | {*_PARTS}
        for kind in sorted(kinds):
            for urn in sorted(scope.urns):
                if kind in _PARTS:
                    yield from connection.execute(_WITH_PARTS, (kind, urn, f"{urn}#", f"{urn}$"))
                else:
                    yield from connection.execute(_ONE, (kind, urn))
        return
    kinds = {urns.KIND_OF_TYPE.get(type_, "asset") for type_ in scope.types} | {*_PARTS}
    for kind in sorted(kinds if scope.types else KINDS):
        yield from connection.execute(_KIND, (kind,))
