"""Datasets that went and came under another URN: what is kept of them until all are known.

A rename is told by what identifies a dataset: a declared rename, its former URN among the aliases of the new one, the
same foreign id, the same location. Each sign counts only where exactly one dataset on each side carries it.

Removed and added datasets are written to a temporary file (in memory up to 4 MiB); on the heap stay 8 bytes for each
of them and 16 for each sign, and signs are compared in slices of 50,000: a million removed and a million added
datasets take some 60 MB of memory and their lines on disk.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from hashlib import blake2b
from typing import IO

from lumos_core.plugin_api import AnyRecord, decode, encode, urns

_IN_MEMORY = 4 * 1024 * 1024
_SLICE = 50_000
_AMBIGUOUS = -2
_FREE = -1
_TIERS = ("urn", "alias", "location")

Resolved = tuple["AnyRecord | None", "AnyRecord | None"]


class _Side:
    """What is held of one side: where each record's line begins, and its signs by tier."""

    def __init__(self) -> None:
        self.offsets = array("Q")
        self.signs = {tier: array("Q") for tier in _TIERS}
        self.owners = {tier: array("Q") for tier in _TIERS}

    def add(self, offset: int, signs: list[tuple[str, str]]) -> None:
        number = len(self.offsets)
        self.offsets.append(offset)
        for tier, sign in signs:
            self.signs[tier].append(int.from_bytes(blake2b(sign.encode(), digest_size=8).digest(), "big"))
            self.owners[tier].append(number)


class Renames:
    """Removed and added datasets of one stream.

    Args:
        declared: New name or URN -> old name or URN.
    """

    def __init__(self, declared: dict[str, str]) -> None:
        self._declared = declared
        self._file: IO[bytes] | None = None
        self._removed, self._added = _Side(), _Side()

    def hold(self, before: AnyRecord | None, after: AnyRecord | None) -> bool:
        """Keep one side; returns False when nothing could ever match it, so that it need not wait."""
        record = before if before is not None else after
        assert record is not None
        signs = _signs(record)
        if before is not None:
            signs += [("urn", record.urn), ("urn", urns.name(record.urn))]
        else:
            signs += [("urn", id) for _, id in record.value.aliases if id.startswith("urn:lumos:")]
            old = self._declared.get(record.urn) or self._declared.get(urns.name(record.urn))
            signs += [("urn", old)] if old else []
            if not signs:
                return False
        side = self._removed if before is not None else self._added
        side.add(self._write(record), signs)
        return True

    def _write(self, record: AnyRecord) -> int:
        if self._file is None:
            self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        assert self._file is not None
        offset = self._file.tell()
        self._file.write(encode(record) + b"\n")
        return offset

    def resolve(self) -> Iterator[Resolved]:
        """Return (before, after) for renames, (before, None) and (None, after) for the rest; empties the buffer."""
        if self._file is None:
            return
        partner = self._partners()
        taken = bytearray(len(self._added.offsets))
        for number, offset in enumerate(self._removed.offsets):
            if partner[number] < 0:
                yield self._read(offset), None
            else:
                taken[partner[number]] = 1
                yield self._read(offset), self._read(self._added.offsets[partner[number]])
        for number, offset in enumerate(self._added.offsets):
            if not taken[number]:
                yield None, self._read(offset)
        self.close()
        self._removed, self._added = _Side(), _Side()

    def close(self) -> None:
        """Remove the temporary file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self, offset: int) -> AnyRecord:
        assert self._file is not None
        self._file.seek(offset)
        return decode(self._file.readline().rstrip(b"\n"))

    def _partners(self) -> array[int]:
        partner = array("q", [_FREE]) * len(self._removed.offsets)
        if not self._removed.offsets or not self._added.offsets:
            return partner
        taken = bytearray(len(self._added.offsets))
        for tier in _TIERS:
            slices = len(self._removed.signs[tier]) // _SLICE + 1
            for part in range(slices):
                self._match(tier, part, slices, partner, taken)
        return partner

    def _match(self, tier: str, part: int, slices: int, partner: array[int], taken: bytearray) -> None:
        old: dict[int, int] = {}
        for sign, number in zip(self._removed.signs[tier], self._removed.owners[tier], strict=True):
            if sign % slices == part and partner[number] == _FREE:
                old[sign] = number if old.get(sign, number) == number else _AMBIGUOUS
        new: dict[int, int] = {}
        for sign, number in zip(self._added.signs[tier], self._added.owners[tier], strict=True):
            if sign in old and not taken[number]:
                new[sign] = number if new.get(sign, number) == number else _AMBIGUOUS
        for sign, added in new.items():
            removed = old[sign]
            if added >= 0 and removed >= 0 and not taken[added] and partner[removed] == _FREE:
                partner[removed] = added
                taken[added] = 1


def _signs(record: AnyRecord) -> list[tuple[str, str]]:
    value = record.value
    signs = [("alias", f"{system}\0{id}") for system, id in value.aliases if not id.startswith("urn:lumos:")]
    if value.layout is not None and value.layout.location:
        signs.append(("location", value.layout.location))
    return signs
