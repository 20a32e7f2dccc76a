"""What a file without an extension is by its first bytes: the magic of a format, or text that is laid out as data."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterable

from .heads import unpacked

HEAD = 4096
"""Bytes that are looked at."""
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "parquet"),
    (b"PARE", "parquet"),
    (b"ORC", "orc"),
    (b"Obj\x01", "avro"),
    (b"ARROW1\0\0", "arrow"),
)
"""First bytes of data formats, so that those nobody reads can be named in a report."""
_DELIMITERS = "\t,;|"
_BINARY = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def format_of(head: bytes, magics: Iterable[tuple[bytes, str]] = (), texts: Collection[str] = ("json", "csv")) -> str:
    """Return the format that a file begins like; empty for none.

    Args:
        head: Its first bytes, as they are stored.
        magics: First bytes of further formats, and their names; they come before those that are known.
        texts: What text may be.
    """
    for magic, name in (*magics, *MAGIC):
        if head.startswith(magic):
            return name
    found = _text(unpacked(head, HEAD), len(head) < HEAD) if texts else ""
    return found if found in texts else ""


def _text(head: bytes, whole: bool) -> str:
    """Return `json` or `csv` for text that can be nothing else."""
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(head) - error.start > 3:  # more than a letter that was cut
            return ""
        text = head[: error.start].decode("utf-8-sig")
    if _BINARY.search(text) or not text.strip():
        return ""
    if text.lstrip()[0] in "{[":
        return "json" if _is_json(text.lstrip()) else ""
    lines = text.splitlines()
    if len(lines) > 1 and not (whole and len(head) < HEAD):
        lines.pop()  # it may be cut
    return "csv" if any(_is_table(lines, delimiter) for delimiter in _DELIMITERS) else ""


def _is_json(text: str) -> bool:
    """Tell whether a text begins like an object or a list of objects; the end may be cut."""
    try:
        json.loads(text.splitlines()[0])
    except (ValueError, RecursionError):
        return re.match(r'\[?\s*\{\s*"(?:[^"\\]|\\.)*"\s*:', text) is not None
    return True


def _is_table(lines: list[str], delimiter: str) -> bool:
    """Tell whether all lines have as many fields: two of three fields, or three of two, but for commas in sentences."""
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    width = len(rows[0]) if rows else 0
    least = 2 if delimiter in "\t|" else 3
    return len({len(row) for row in rows}) == 1 and width >= least and len(rows) > 1 and len(rows) + width > 4
