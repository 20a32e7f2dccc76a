"""The library with a memory: a text whose tables have not changed is not parsed again."""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping

import msgspec
from msgspec import Struct

from .structs import Limits, Lookup, Name, StatementLineage

_FORMAT = b"1"
"""Part of every key: another number forgets what another version of this plugin has found."""


class _Known(Struct, array_like=True):
    """What is remembered of a text: which columns its tables had, and what was found."""

    tables: list[tuple[Name, bytes]]
    found: list[StatementLineage]


_DECODER = msgspec.msgpack.Decoder(_Known)


class Analysis:
    """Asks the library, and remembers.

    Args:
        memo: Where it is remembered from run to run.
        limits: What a text may cost.
        trust: False to parse everything again.
    """

    def __init__(self, memo: MutableMapping[bytes, bytes], limits: Limits, *, trust: bool = True) -> None:
        self._memo, self._limits, self._trust = memo, limits, trust
        self.parsed = 0

    def lineage(self, sql: str, dialect: str, columns_of: Lookup) -> list[StatementLineage]:
        """Return what `lineage_of` says."""
        from sqlglot._version import __version__

        said = f"{__version__}\0{dialect}\0{self._limits}\0".encode()
        key = hashlib.sha256(_FORMAT + said + sql.encode("utf-8", "surrogatepass")).digest()
        known = self._remembered(key, columns_of) if self._trust else None
        if known is not None:
            return known
        from .api import lineage_of

        asked: dict[Name, bytes] = {}

        def noted(name: Name) -> tuple[str, ...] | None:
            columns = columns_of(name)
            asked[name] = _digest(columns)
            return None if columns is None else tuple(columns)

        self.parsed += 1
        found = lineage_of(sql, dialect, noted, limits=self._limits)
        self._memo[key] = msgspec.msgpack.encode(_Known(list(asked.items()), found))
        return found

    def _remembered(self, key: bytes, columns_of: Lookup) -> list[StatementLineage] | None:
        line = self._memo.get(key)
        if line is None:
            return None
        try:
            known = _DECODER.decode(line)
        except msgspec.MsgspecError:
            return None
        if any(_digest(columns_of(name)) != digest for name, digest in known.tables):
            return None
        return known.found


def _digest(columns: object) -> bytes:
    if columns is None:
        return b""
    return hashlib.blake2b(msgspec.msgpack.encode(columns), digest_size=8).digest()
