"""Profiles of data in one pass: counts, ranges, distinct values, quantiles, histograms, frequent values, patterns.

A library for sources: it reads no storage and knows no format. Batches of values go in (`Profiler.arrow`,
`Profiler.documents`), or facts that a server has worked out (`Facts`); a `Profile` comes out, which is a part of a
`Stats` record. The same input in the same order gives the same profile, byte for byte.

Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .budget import Budget
    from .column import Column
    from .facts import Facts, metrics
    from .pii import masked, suspected_by_name, tagged
    from .profiler import Profile, Profiler
    from .sampling import blocks, spread

_WHERE = {
    "budget": "Budget",
    "column": "Column",
    "facts": "Facts metrics",
    "pii": "masked suspected_by_name tagged",
    "profiler": "Profile Profiler",
    "sampling": "blocks spread",
}
_HOME = {name: module for module, names in _WHERE.items() for name in names.split()}

__all__ = [
    "Budget",
    "Column",
    "Facts",
    "Profile",
    "Profiler",
    "blocks",
    "masked",
    "metrics",
    "spread",
    "suspected_by_name",
    "tagged",
    "unusable",
]


def unusable() -> str:
    """Return why profiles cannot be made in this Python, in words for who asked for one; empty where they can."""
    if find_spec("datasketches") is not None:
        return ""
    return "profiles need datasketches, which has no wheel for every version of Python yet: pip install datasketches"


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'lumos_profile' has no attribute {name!r}")
    value = getattr(import_module(f"lumos_profile.{_HOME[name]}"), name)
    globals()[name] = value
    return value
