"""From bytes to text: byte order marks, encodings, and where a bounded head may be cut."""

from __future__ import annotations

import codecs
from typing import NamedTuple

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MOST_NULS = 0.01
_MOST_CONTROLS = 0.02
_CONTROLS = bytes([*range(9), *range(14, 27), *range(28, 32)])


class Text(NamedTuple):
    """A decoded head.

    Attributes:
        data: The text as UTF-8, without a byte order mark.
        encoding: What it was encoded in.
        guessed: True when the encoding is only what fits.
        replaced: True when some bytes fit no encoding and were replaced.
    """

    data: bytes
    encoding: str
    guessed: bool = False
    replaced: bool = False


class NotTextError(ValueError):
    """Bytes that are no text."""


def decode(data: bytes, encoding: str | None) -> Text:
    """Return bytes as UTF-8; a character that the end cuts in two is dropped.

    Raises:
        NotTextError: When the bytes are no text, whatever the encoding.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _as(data[len(mark) :], name)
    if encoding is not None:
        return _as(data, codecs.lookup(encoding).name)
    if b"\0" in data:
        wide = _without_mark(data)
        if wide is not None:
            return _as(data, wide, guessed=True)
        if data.count(b"\0") > len(data) * _MOST_NULS:
            raise NotTextError("it holds NUL bytes, as text does not")
    if data.isascii():
        return Text(data, "utf-8")
    try:
        rest = codecs.getincrementaldecoder("utf-8")()
        rest.decode(data)
        cut = len(rest.getstate()[0])
        return Text(data[: len(data) - cut] if cut else data, "utf-8")
    except UnicodeDecodeError:
        pass
    if len(data) - len(data.translate(None, _CONTROLS)) > len(data) * _MOST_CONTROLS:
        raise NotTextError("it holds control characters, as text does not")
    # In Latin-1 the bytes 80 to 9F are control characters that nobody writes; in Windows-1252 they are quotes and €.
    name = "windows-1252" if any(0x80 <= byte <= 0x9F for byte in set(data)) else "latin-1"
    try:
        return Text(data.decode(name).encode(), name, guessed=True)
    except UnicodeDecodeError:
        return Text(data.decode("latin-1").encode(), "latin-1", guessed=True)


def _as(data: bytes, encoding: str, guessed: bool = False) -> Text:
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    try:
        return Text(decoder.decode(data).encode(), encoding, guessed)
    except UnicodeError:
        lenient = codecs.getincrementaldecoder(encoding)(errors="replace")
        return Text(lenient.decode(data).encode("utf-8", "replace"), encoding, guessed, replaced=True)


def _without_mark(data: bytes) -> str | None:
    """Return `utf-16-le` or `utf-16-be` when every other byte of mostly Latin text is NUL."""
    probe = data[:4096]
    half = len(probe) // 2
    if half and probe[1::2].count(0) > 0.7 * half and probe[0::2].count(0) == 0:
        return "utf-16-le"
    if half and probe[0::2].count(0) > 0.7 * half and probe[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def whole_lines(data: bytes, quote: bytes) -> bytes:
    """Return what stands before the last line break that is not inside quotes; nothing when there is none."""
    end = len(data)
    while True:
        end = max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end))
        if end < 0:
            break
        if not quote or data.count(quote, 0, end) % 2 == 0:
            return data[: end + 1]
    return data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
