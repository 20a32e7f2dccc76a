"""Parts of a text file, spread evenly and cut at line breaks: the fewest bytes that a sample needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lumos_core.plugin_api import File

from .heads import cannot_open

CHUNK = 4 * 2**20
"""Bytes that are held at once."""
LONGEST_LINE = 64 * 2**20
"""A line that is longer is left out with what is read of it."""


def lines_of(file: File, parts: Iterable[tuple[int, int]], over: Callable[[], bool] = lambda: False) -> Iterator[bytes]:
    r"""Yield pieces of whole lines, in order; a line belongs to the part in which it begins.

    Args:
        file: Text in which `\n` ends a line, uncompressed.
        parts: (offset, length) in bytes, in order of offset. An offset of a line's beginning is best for the first;
            any other part begins with the first line that begins in it.
        over: Tells when to stop.

    Raises:
        UnitError: When the file cannot be opened.
    """
    try:
        stream = file.open()
    except OSError as error:
        raise cannot_open(file, error) from error
    with stream:
        first = True
        for start, length in parts:
            end = start + length
            # The byte before tells whether a line begins right here.
            stream.seek(start if first or not start else start - 1)
            aligned, first = first or not start, False
            place = start if aligned else start - 1
            rest = b""
            while place < end and not over():
                chunk = stream.read(min(CHUNK, end - place))
                if not chunk:
                    break
                place += len(chunk)
                rest += chunk
                if not aligned:
                    cut = rest.find(b"\n") + 1
                    if not cut:
                        rest = b""
                        continue
                    rest, aligned = rest[cut:], True
                cut = rest.rfind(b"\n") + 1
                if cut:
                    yield rest[:cut]
                    rest = rest[cut:]
                elif len(rest) > LONGEST_LINE:
                    rest, aligned = b"", False
            if rest:
                # The last line begins in this part and ends behind it.
                tail = stream.readline(LONGEST_LINE)
                if len(tail) < LONGEST_LINE:
                    yield rest + tail
