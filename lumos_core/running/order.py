"""Fragments in the order of precedence: sorted by record, then by source in the YAML, then as they came.

A line is spilled as `key NUL order rest`. No byte of a key is less than the quote that ends it in a line, so that
the order of keys is that of the lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from ..model.record import line_key


def tag(line: bytes, source: int, sequence: int) -> bytes:
    """Put the order into a line."""
    key = line_key(line)
    return b"%b\0%04x%010x%b" % (key, source, sequence, line[len(key) :])


def untag(tagged: bytes) -> bytes:
    """Take the order out again."""
    cut = tagged.index(b"\0")
    return tagged[:cut] + tagged[cut + 15 :]


def fragments(tagged: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Return the lines of each record, first in precedence first."""
    for _, group in groupby(tagged, key=lambda line: line[: line.index(b"\0")]):
        yield [untag(line) for line in group]
