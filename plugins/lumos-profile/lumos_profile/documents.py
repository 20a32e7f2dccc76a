"""Documents of Python values (JSON, Avro, BSON): each path becomes `Values`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from lumos_core.plugin_api import paths

from .column import MOMENTS, Values
from .facts import micros

MAX_DEPTH = 100
"""Levels of nesting that are looked into: as many as a canonical type may have."""


def leaves(
    documents: Iterable[Any], plain: Callable[[Any], Any] = lambda value: value
) -> tuple[dict[str, list[Any]], int]:
    """Return the values at every path of some documents, and how many documents there are.

    A path that a document lacks has no value there: fewer than there are documents means nulls.

    Args:
        documents: Mappings; anything else is the field `value`.
        plain: Returns a value of a driver as one of Python.
    """
    found: dict[str, list[Any]] = {}
    count = 0
    for document in documents:
        count += 1
        _into(found, "", document if isinstance(document, Mapping) else {"value": document}, plain, 0)
    return found, count


def _into(found: dict[str, list[Any]], path: str, value: Any, plain: Callable[[Any], Any], depth: int) -> None:
    if isinstance(value, Mapping):
        if path:
            found.setdefault(path, []).append(value)
        if depth < MAX_DEPTH:
            for name, inner in value.items():
                _into(found, paths.child(path, str(name)), inner, plain, depth + 1)
        return
    value = plain(value)
    found.setdefault(path, []).append(value)
    if isinstance(value, (list, tuple)) and depth < MAX_DEPTH:
        for inner in value:
            _into(found, paths.element(path), inner, plain, depth + 1)


def rows_of(found: Mapping[str, list[Any]], path: str, documents: int) -> int:
    """Return how many values could stand at a path: of an element, those that do; else one per document.

    Args:
        found: What `leaves` returned.
        path: One of its paths.
        documents: How many documents there are.
    """
    cut = path.rfind("[]")
    if cut < 0:
        return documents
    if path.endswith("[]"):
        return len(found[path])
    holders = found.get(path[: cut + 2], ())
    return max(len(found[path]), sum(1 for value in holders if isinstance(value, Mapping)))


def values_of(values: list[Any], rows: int) -> Values:
    """Return what stands at one path.

    Args:
        values: What is there; None is null.
        rows: How many values could stand there; those that are missing are nulls.
    """
    by_kind: dict[str, list[Any]] = {}
    for value in values:
        if value is not None:
            by_kind.setdefault(_kind(value), []).append(value)
    present = sum(map(len, by_kind.values()))
    nulls = rows - present
    if len(by_kind) != 1:
        # Several kinds at one path have no order; they are counted as texts.
        texts = Counter(str(value) for kind, held in by_kind.items() if kind not in ("other", "list") for value in held)
        return Values("mixed" if by_kind else "other", rows, nulls, list(texts), list(texts.values()))
    kind, held = next(iter(by_kind.items()))
    if kind == "list":
        lengths = [len(value) for value in held]
        return Values("other", rows, nulls, lengths=(sum(lengths), min(lengths), max(lengths)))
    if kind == "other":
        return Values("other", rows, nulls)
    if kind in MOMENTS:
        held = [micros(value) for value in held]
    if kind == "binary":
        held = [(value.bytes if isinstance(value, UUID) else bytes(value)).decode("latin-1") for value in held]
    if kind == "number":
        return _number(held, rows, nulls)
    counted = Counter(held)
    unique, counts = list(counted), list(counted.values())
    if kind in MOMENTS:
        numbers = np.array(held, dtype=np.float64)
        return Values(kind, rows, nulls, unique, counts, numbers, min(held), max(held))
    if kind == "bool":
        return Values(kind, rows, nulls, unique, counts)
    sizes = [len(value) for value in held]
    lengths3 = sum(sizes), min(sizes), max(sizes)
    low, high = (None, None) if kind == "binary" else (min(held), max(held))
    return Values(kind, rows, nulls, unique, counts, None, low, high, lengths=lengths3)


def _number(held: list[Any], rows: int, nulls: int) -> Values:
    finite = [value for value in held if math.isfinite(value)]
    odd = len(held) - len(finite)
    if not finite:
        return Values("number", rows, nulls, odd=odd)
    counted = Counter(finite)
    numbers = np.array([float(value) for value in finite], dtype=np.float64)
    if any(isinstance(value, Decimal) for value in finite):
        total: Any = float(numbers.sum())
    else:
        total = sum(finite)
    return Values(
        "number", rows, nulls, list(counted), list(counted.values()), numbers, min(finite), max(finite), total, odd=odd
    )


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int() | float() | Decimal():
            return "number"
        case str():
            return "text"
        case datetime():
            return "timestamp" if value.tzinfo is None else "timestamptz"
        case date():
            return "date"
        case time():
            return "time"
        case bytes() | bytearray() | memoryview() | UUID():
            return "binary"
        case list() | tuple():
            return "list"
    return "other"
