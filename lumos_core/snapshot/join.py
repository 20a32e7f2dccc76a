"""The merge join of two sorted streams of lines, in which equal lines are skipped as bytes.

Runs that are equal on both sides are found by comparing blocks that grow and shrink with success, and their
order is verified once for both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias

from ..model.record import line_key
from .blocks import Block
from .reader import Order, SnapshotReader

Lines: TypeAlias = SnapshotReader | Iterable[bytes]
"""A snapshot file, or sorted lines without newlines as a store gives them."""

_VALUE = b'","value":'
_LARGEST = 2**16
_SMALLEST = 2**11
_BATCH = 64


def join(left: Lines, right: Lines) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Yield the pairs of lines that differ, in order of (kind, URN); None where a side has no such record.

    The order of both sides is verified. An error may come at the very end: conclude nothing before.

    Raises:
        SnapshotError: When a side is not in order, or its file is not what it claims to be.
    """
    a, b = _Side(left, "left side"), _Side(right, "right side")
    step = _LARGEST
    try:
        while a.more() and b.more():
            if step >= _SMALLEST:
                size = min(step, a.stop - a.at, b.stop - b.at)
                if a.data[a.at : a.at + size] != b.data[b.at : b.at + size]:
                    step //= 4
                    continue
                end = a.data.rfind(b"\n", a.at, a.at + size) + 1
                if end > a.at:
                    a.accept_run(end - a.at, b)
                    step = min(step * 2, _LARGEST)
                    continue
            one, other = a.line(), b.line()
            step = _SMALLEST * 2
            if one == other:
                a.accept(one)
                b.accept(other)
                continue
            key, other_key = line_key(one), line_key(other)
            if key <= other_key:
                a.accept(one)
            if other_key <= key:
                b.accept(other)
            yield one if key <= other_key else None, other if other_key <= key else None
        while a.more():
            yield a.accept(a.line()), None
        while b.more():
            yield None, b.accept(b.line())
    finally:
        a.close()
        b.close()


class _Side:
    """One of the two streams: the block at hand, and the place in it."""

    def __init__(self, lines: Lines, name: str) -> None:
        if isinstance(lines, SnapshotReader):
            self._order = Order(lines.path)
            self._blocks = lines.blocks(lambda: self._order.count)
        else:
            self._order = Order(name, 0)
            self._blocks = _batched(iter(lines))
        self.data = b""
        self.at = self.stop = 0

    def more(self) -> bool:
        """Fetch the next block where this one is used up; False at the end."""
        while self.at >= self.stop:
            block = next(self._blocks, None)
            if block is None:
                return False
            self.data, self.at, self.stop = block.data, block.start, block.stop
        return True

    def line(self) -> bytes:
        """Return the line at hand, without its newline."""
        return self.data[self.at : self.data.index(b"\n", self.at)]

    def accept(self, line: bytes) -> bytes:
        """Verify the order of the line at hand and go on to the next."""
        self._order.check(line)
        self.at += len(line) + 1
        return line

    def accept_run(self, size: int, twin: _Side) -> None:
        """Go over bytes that are equal in both sides; their order is verified once, their beginning twice."""
        order, other, data, stop = self._order, twin._order, self.data, self.at + size
        before, at = order.count, self.at
        other.check(self.line())
        last, kind = order.last, order.kind
        while at < stop:
            end = data.find(b"\n", at, stop)
            value = data.find(_VALUE, at + 9, end)
            key = data[at:value]
            if value < 0 or key <= last or not key.startswith(kind):
                order.check(data[at:end])
                kind = order.kind
            else:
                order.count += 1
            order.last = last = key
            at = end + 1
        self.at = stop
        twin.at += size
        other.count += order.count - before - 1
        other.last, other.kind = last, kind

    def close(self) -> None:
        """Stop reading."""
        close = getattr(self._blocks, "close", None)
        if close is not None:
            close()


def _batched(lines: Iterator[bytes]) -> Iterator[Block]:
    while batch := list(islice(lines, _BATCH)):
        data = b"\n".join([*batch, b""])
        yield Block(data, 0, len(data))
