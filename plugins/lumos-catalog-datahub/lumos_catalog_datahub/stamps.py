"""Stamps of who and when: what DataHub demands, and Lumos has no place for."""

from __future__ import annotations

from typing import Any

from .native import Aspects
from .shapes import STAMP

_OURS = ("lastModified", "auditStamp")


def with_stamps(value: Any) -> Any:
    """A value with the stamps that DataHub demands of lists of terms; residue has none."""
    if isinstance(value, dict):
        found = {key: with_stamps(member) for key, member in value.items()}
        return {**found, "auditStamp": STAMP} if "terms" in found and "auditStamp" not in found else found
    return [with_stamps(member) for member in value] if isinstance(value, list) else value


def stamped(value: Any, stamp: Aspects) -> Any:
    """A value with who and when where DataHub demands it and Lumos has no place for it."""
    if isinstance(value, dict):
        return {
            key: dict(stamp) if key in _OURS and member == STAMP else stamped(member, stamp)
            for key, member in value.items()
        }
    return [stamped(member, stamp) for member in value] if isinstance(value, list) else value
