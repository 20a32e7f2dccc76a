"""Where one record ends and the next begins: found without building the values inside."""

from __future__ import annotations

import codecs
import json
import re
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from .config import Records

MAX_DEPTH = 100
"""Levels of nesting that are understood: as many as a canonical type may have, far fewer than a stack holds."""

_RAW = msgspec.json.Decoder(msgspec.Raw)
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {91: 1, 123: 1, 93: -1, 125: -1}
_MOST_CUTS = 1000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Found(NamedTuple):
    """The records of a head.

    Attributes:
        shape: How they stand in the file.
        records: Each as JSON text, sound.
        broken: (line number, why) of what was left out; the line counts from 1.
    """

    shape: Records
    records: list[bytes]
    broken: list[tuple[int, str]]


class NoRecordError(ValueError):
    """No record could be read; `line` counts from 1."""

    def __init__(self, why: str, line: int = 1) -> None:
        super().__init__(f"{why} (line {line})")


def as_utf8(data: bytes) -> tuple[bytes, bool]:
    """Return text as UTF-8 without a byte order mark, and whether bytes had to be replaced."""
    encoding = "utf-8"
    for mark, name in _MARKS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], name
            break
    if encoding == "utf-8":
        if data.isascii():
            return data, False
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(data)
        except UnicodeDecodeError:
            return data.decode("utf-8", "replace").encode(), True
        cut = len(decoder.getstate()[0])
        return data[: len(data) - cut] if cut else data, False
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(data)
    return text.encode("utf-8", "replace"), "\ufffd" in text


def depth(data: bytes) -> int:
    """Return how many levels some JSON nests; brackets in strings do not count."""
    deepest = _deepest(data)
    return deepest if deepest <= MAX_DEPTH else _deepest(_STRING.sub(b"", data))


def _deepest(data: bytes) -> int:
    brackets = data.translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def split(data: bytes, whole: bool, shape: Records | None) -> Found | None:
    """Return the whole records of a head; None when not even one fits into it.

    Args:
        data: UTF-8.
        whole: Whether this is all of the file.
        shape: How records stand; None to find out.

    Raises:
        NoRecordError: When there is text, but no record.
    """
    if shape is None:
        shape = _shape(data, whole)
        if shape is None:
            return None
    if shape == "lines":
        return _lines(data, whole)
    return _array(data, whole) if shape == "array" else _documents(data, whole)


def _shape(data: bytes, whole: bool) -> Records | None:
    """Tell how records stand, from the first line that is not blank; None when that line does not end in the head."""
    start = len(data) - len(data.lstrip())
    end = data.find(b"\n", start)
    if end < 0 and not whole:
        # One line without an end: an array on one line, or a first record that is larger than the head.
        return "array" if data[start : start + 1] == b"[" else None
    first, rest = data[start : end if end >= 0 else len(data)], data[end + 1 :] if end >= 0 else b""
    is_array = first.lstrip().startswith(b"[")
    if _sound(first):
        return "array" if is_array and not rest.strip() else "lines"
    if is_array:
        return "array"
    opens = first.rstrip().endswith((b"{", b"[", b",", b":")) or first.count(b"{") > first.count(b"}")
    return "documents" if first.lstrip().startswith(b"{") and opens and not _one_sound_line(rest) else "lines"


def _sound(text: bytes) -> bool:
    """Tell whether a text is one value, also one that only Python writes."""
    try:
        _RAW.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _lenient(text) is not None
    return True


def _one_sound_line(rest: bytes) -> bool:
    """Tell whether one of the next lines is an object of its own: then the line before was broken."""
    for line in rest.split(b"\n", 20)[:20]:
        if line.strip().startswith(b"{") and _sound(line):
            return not line.rstrip().endswith(b",")
    return False


def _lines(data: bytes, whole: bool) -> Found | None:
    if not whole:
        end = data.rfind(b"\n")
        if end < 0:
            return None
        data = data[: end + 1]
    try:
        raws = _RAW.decode_lines(data)
        return Found("lines", [bytes(raw).strip() for raw in raws], [])
    except (msgspec.DecodeError, RecursionError):
        pass
    records, broken = [], []
    for number, line in enumerate(data.split(b"\n"), 1):
        text = line.strip()
        if not text:
            continue
        try:
            _RAW.decode(text)
            records.append(text)
        except (msgspec.DecodeError, RecursionError) as error:
            if _lenient(text) is None:
                broken.append((number, _why(error)))
            else:
                records.append(text)
    if not records:
        number, why = broken[0]
        raise NoRecordError(why, number)
    return Found("lines", records, broken)


def _array(data: bytes, whole: bool) -> Found | None:
    try:
        return Found("array", [bytes(raw) for raw in _RAWS.decode(data)], [])
    except (msgspec.DecodeError, RecursionError) as error:
        if not data.lstrip().startswith(b"["):
            raise NoRecordError("no array begins here") from error
        why = _why(error)
    values = _lenient(data) if whole else None
    if isinstance(values, list):
        return Found("array", [json.dumps(value).encode() for value in values], [])
    end = len(data)
    for _ in range(_MOST_CUTS):
        end = max(data.rfind(b"}", 0, end), data.rfind(b"]", 0, end), data.rfind(b",", 0, end) - 1)
        if end <= 0:
            break
        try:
            raws = _RAWS.decode(data[: end + 1] + b"]")
        except (msgspec.DecodeError, RecursionError):
            continue
        broken = [(data.count(b"\n", 0, end) + 1, why)] if whole else []
        return Found("array", [bytes(raw) for raw in raws], broken)
    if not whole:
        return None
    raise NoRecordError(why)


def _documents(data: bytes, whole: bool) -> Found | None:
    try:
        _RAW.decode(data)
        return Found("documents", [data.strip()], [])
    except (msgspec.DecodeError, RecursionError):
        pass
    text = data.decode("utf-8", "replace")
    scan, place, records = json.JSONDecoder(), 0, []
    broken: list[tuple[int, str]] = []
    while True:
        place += len(text[place:]) - len(text[place:].lstrip())
        if place >= len(text):
            break
        try:
            _, end = scan.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            if whole:
                broken.append((text.count("\n", 0, place) + getattr(error, "lineno", 1), _why(error)))
            break
        records.append(text[place:end].encode())
        place = end
    if records:
        return Found("documents", records, broken)
    if not whole:
        return None
    raise NoRecordError(broken[0][1] if broken else "there is no record", broken[0][0] if broken else 1)


def _lenient(text: bytes) -> Any:
    """Read JSON with `NaN` and `Infinity` in it, which Python and others write; None when it is no JSON."""
    if not (b"NaN" in text or b"Infinity" in text):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _why(error: Any) -> str:
    return "it nests too deep" if isinstance(error, RecursionError) else getattr(error, "msg", None) or str(error)
