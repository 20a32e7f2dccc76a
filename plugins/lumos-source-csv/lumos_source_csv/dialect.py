"""What delimits, and whether the first record holds names: decided from a head, without an object per value."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

DELIMITERS = ("\t", ";", "|", ",")
"""What is looked for; the earlier wins where two fit equally well, since a comma is also a decimal sign."""

_LINES = 50
_QUOTED = re.compile(rb'(?:(?<=[,;\t|\n\r])|\A)[ ]*"[^"]*(?:""[^"]*)*"')
_TYPED = re.compile(
    r"\s*(?:[+-]?(?:\d[\d_]*(?:[.,]\d*)*|\.\d+)(?:[eE][+-]?\d+)?%?"
    r"|\d{4}-\d\d?-\d\d?(?:[T ]\d\d?:\d\d.*)?|\d\d?[./]\d\d?[./]\d{2,4}|\d\d?:\d\d(?::\d\d.*)?"
    r"|true|false)\s*\Z",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\s*(?:1[89]|20|21)\d\d\s*\Z")
_SEPARATOR_LINE = re.compile(rb"sep=(.)\r?\n", re.IGNORECASE)


def separator_line(data: bytes) -> tuple[str, int] | None:
    """Return the delimiter that a first line `sep=;` (spreadsheets write it) names, and where that line ends."""
    found = _SEPARATOR_LINE.match(data)
    return (found[1].decode("latin-1"), found.end()) if found else None


def sniff(data: bytes) -> str:
    """Return the delimiter that splits the first lines most evenly, quoted text left aside."""
    end = 0
    for _ in range(2 * _LINES):  # twice as many: some breaks are inside quotes
        end = data.find(b"\n", end) + 1
        if not end:
            break
    data = data[:end] if end else data
    if b'"' in data:
        data = _QUOTED.sub(b"", data)
    lines = [line for line in data.split(b"\n", _LINES + 1)[:_LINES] if line.strip(b" \r")]
    if len(lines) == 1 and b"\r" in lines[0]:
        lines = [line for line in lines[0].split(b"\r", _LINES + 1)[:_LINES] if line.strip(b" \r")]
    best, best_score = ",", (0.0, 0)
    sample = b"\n".join(lines)
    for delimiter in DELIMITERS:
        sign = delimiter.encode()
        if sign not in sample:
            continue
        counts = [line.count(sign) for line in lines]
        usual, times = Counter(counts).most_common(1)[0]
        if usual == 0:
            continue
        evenness = times / len(counts) + (counts[0] == usual)
        if (evenness, 0) > best_score:
            best, best_score = delimiter, (evenness, 0)
    if best_score[0] == 0.0:
        first = lines[0] if lines else b""
        return max(reversed(DELIMITERS), key=lambda d: first.count(d.encode()))
    return best


def first_record(data: bytes, delimiter: str, quote: str, escape: str) -> tuple[list[str], int]:
    """Return the cells of the first record, and the offset at which the second begins."""
    end = data.find(b"\n")
    carriage = data.find(b"\r", 0, end if end >= 0 else len(data))
    if carriage >= 0:
        end = carriage + 1 if end == carriage + 1 else carriage
    line = data if end < 0 else data[:end]
    if not (quote and quote.encode() in line) and not (escape and escape.encode() in line):
        return line.decode("utf-8", "replace").rstrip("\r").split(delimiter), len(data) if end < 0 else end + 1
    used = 0

    def lines() -> Iterator[str]:
        nonlocal used
        for text in io.StringIO(data.decode("utf-8", "replace"), newline=""):
            used += len(text.encode())
            yield text

    reader = csv.reader(
        lines(),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        escapechar=escape or None,
    )
    try:
        return next(reader), used
    except (csv.Error, StopIteration):  # a cell above the module's limit, or an escape at the end
        return line.decode("utf-8", "replace").rstrip("\r").split(delimiter), len(data) if end < 0 else end + 1


def holds_names(cells: Sequence[str], below: Sequence[str], nulls: Sequence[str]) -> bool:
    """Tell whether the first record looks like names.

    Args:
        cells: The first record.
        below: Canonical type of each column in the records below it.
        nulls: Texts that stand for null.
    """
    texts = [cell.strip() for cell in cells]
    if not any(texts):
        return False
    typed = [bool(text) and _TYPED.match(text) is not None for text in texts]
    if not any(typed):
        return True
    if all(not is_typed or _YEAR.match(text) for text, is_typed in zip(texts, typed, strict=True)):
        years = [int(text) for text, is_typed in zip(texts, typed, strict=True) if is_typed]
        if len(years) > 1 and years == sorted(set(years)) and len(years) < len(texts):
            return True
    # A word above numbers is a name, also where another column is called `2019`.
    return any(
        text and not is_typed and text not in nulls and kind not in ("string", "unknown")
        for text, is_typed, kind in zip(texts, typed, below, strict=False)
    )


def names_of(cells: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return a unique name per column, and the names that occurred twice; an empty one is called `column_N`."""
    names = [cell if cell.strip() else f"column_{place}" for place, cell in enumerate(cells, 1)]
    counts = Counter(names)
    twice = [name for name, times in counts.items() if times > 1]
    if not twice:
        return names, []
    taken, seen, unique = set(names), set[str](), []
    for name in names:
        fresh, count = name, 1
        while fresh in seen or (count > 1 and fresh in taken):
            count += 1
            fresh = f"{name}_{count}"
        seen.add(fresh)
        unique.append(fresh)
    return unique, twice
