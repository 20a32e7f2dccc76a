"""What a database said last time, for as long as nothing in its catalogs has changed.

The records of a database are kept as compressed blocks of lines, together with the fingerprint of the
catalogs that they were made from. The fingerprint is taken in the snapshot that the records are read in, so that equal
fingerprints mean equal records; anything else reads everything again. Estimates are never kept.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, MutableMapping

from lumos_core.plugin_api import AnyRecord, decode, encode, line_urn

_BLOCK = 1 << 20
FORMAT = 1
"""Raise it when the records made from the same catalogs change."""


class Memory:
    """The blocks of one database in the memo of its source."""

    def __init__(self, memo: MutableMapping[bytes, bytes], database: str) -> None:
        self._memo, self._name = memo, database.encode("utf-8", "surrogateescape")

    def recall(self, fingerprint: str, wanted: Callable[[str], bool]) -> Iterator[AnyRecord] | None:
        """Return the records that were read under a fingerprint, those of wanted URNs; None when there are none."""
        try:
            head = json.loads(self._memo[self._key(b"head")])
        except (KeyError, ValueError):
            return None
        if head.get("format") != FORMAT or head.get("fingerprint") != fingerprint:
            return None
        sums: list[int] = head["blocks"]
        blocks = [self._memo.get(self._key(b"%d" % number), b"") for number in range(len(sums))]
        if [zlib.crc32(block) for block in blocks] != sums:
            return None
        return self._records(blocks, wanted)

    @staticmethod
    def _records(blocks: list[bytes], wanted: Callable[[str], bool]) -> Iterator[AnyRecord]:
        for block in blocks:
            for line in zlib.decompress(block).splitlines():
                if wanted(line_urn(line)):
                    yield decode(line)

    def keep(self, fingerprint: str, records: Iterable[AnyRecord]) -> Iterator[AnyRecord]:
        """Pass records on; when all of them are through, remember them."""
        blocks: list[int] = []
        pending: list[bytes] = []
        size = 0
        self._memo.pop(self._key(b"head"), None)
        for record in records:
            yield record
            line = encode(record)  # what takes records has brought it into its canonical form
            pending.append(line)
            size += len(line)
            if size > _BLOCK:
                blocks.append(self._put(len(blocks), pending))
                pending, size = [], 0
        if pending:
            blocks.append(self._put(len(blocks), pending))
        head = {"format": FORMAT, "fingerprint": fingerprint, "blocks": blocks}
        self._memo[self._key(b"head")] = json.dumps(head).encode()

    def _put(self, number: int, lines: list[bytes]) -> int:
        block = self._memo[self._key(b"%d" % number)] = zlib.compress(b"\n".join(lines), 1)
        return zlib.crc32(block)

    def _key(self, part: bytes) -> bytes:
        return b"catalog/" + self._name + b"/" + part
