"""The findings of a run on disk: sorted by record for versions, by severity for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from ..contracts.reporter import Many
from ..files import atomic_write
from ..model.change import SEVERITIES, Change
from ..snapshot.sorter import LineSorter

_decoder = msgspec.json.Decoder(Change)
_SEP = b"\0"


class ChangeFile:
    """Changes in some order; re-iterable."""

    def __init__(self, path: Path, counts: dict[str, int]) -> None:
        self.path = path
        self.counts = counts

    @classmethod
    def write(
        cls, path: Path, changes: Iterable[Change], order: Callable[[Change], tuple[str, ...]], scratch: Path
    ) -> ChangeFile:
        """Sort changes and write them; equal fingerprints of one order stay in the order in which they came."""
        sorter = LineSorter(scratch, key=bytes)
        counts: dict[str, int] = {}
        for sequence, change in enumerate(changes):
            key = _SEP.join(part.encode("utf-8", "replace").replace(b"\n", b" ") for part in order(change))
            sorter.add(b"%b\0\0%010x\0\0%b" % (key, sequence, msgspec.json.encode(change)))
            counts[change.severity] = counts.get(change.severity, 0) + 1
        with atomic_write(path, "wb", durable=False) as file:
            for line in sorter.sorted():
                file.write(line.split(b"\0\0", 2)[2] + b"\n")
        return cls(path, {name: counts[name] for name in SEVERITIES if name in counts})

    def __iter__(self) -> Iterator[Change]:
        with self.path.open("rb", buffering=1 << 20) as file:
            for line in file:
                yield _decoder.decode(line)

    def __len__(self) -> int:
        return sum(self.counts.values())

    def many(self) -> Many[Change]:
        """Return them as reporters get them."""
        return Many(lambda: iter(self), len(self))


def by_record(change: Change) -> tuple[str, ...]:
    """Order for versions."""
    return (change.urn,)


def by_severity(change: Change) -> tuple[str, ...]:
    """Order for people: worst first, then by record, field and rule."""
    return (str(SEVERITIES.index(change.severity)), change.urn, change.path or "!", change.rule)
