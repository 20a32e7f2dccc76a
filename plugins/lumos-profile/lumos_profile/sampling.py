"""Which part of much is looked at: always the same part of the same data, spread evenly."""

from __future__ import annotations


def spread(count: int, wanted: int) -> list[int]:
    """Return at most `wanted` of the places 0 to `count` - 1: evenly spaced, the first and the last among them."""
    if wanted >= count:
        return list(range(count))
    if wanted <= 1:
        return [0] if count and wanted else []
    return [place * (count - 1) // (wanted - 1) for place in range(wanted)]


def blocks(size: int, wanted: int, most: int = 16) -> list[tuple[int, int]]:
    """Return (offset, length) of the blocks to read of `size` bytes, so that about `wanted` bytes are read.

    Args:
        size: Bytes that there are.
        wanted: Bytes to read; from `size` on, all of them are one block.
        most: Number of blocks.
    """
    if wanted >= size:
        return [(0, size)] if size else []
    length = max(1, wanted // most)
    return [(start, length) for start in spread(size - length + 1, min(most, max(1, wanted)))]
