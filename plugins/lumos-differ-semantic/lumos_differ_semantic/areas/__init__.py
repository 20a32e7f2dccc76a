"""The detection modules, one for each area; each is a generator over one pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..case import Case, Found
from . import (
    attributes,
    documentation,
    existence,
    fields,
    governance,
    keys,
    layout,
    lifecycle,
    lineage,
    ownership,
    types,
)

Detector = Callable[[Case], Iterator[Found]]

EVERY: tuple[Detector, ...] = (
    existence.detect,
    ownership.detect,
    governance.detect,
    documentation.detect,
    lifecycle.detect,
    attributes.detect,
    lineage.detect,
)
"""For records of every kind."""

TABULAR: tuple[Detector, ...] = (fields.detect, types.detect, keys.detect, layout.detect)
"""For records with fields, keys and a layout."""

__all__ = ["EVERY", "TABULAR", "Detector"]
