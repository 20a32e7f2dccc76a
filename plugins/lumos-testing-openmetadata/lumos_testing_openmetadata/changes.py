"""What an update changed, as versions tell it."""

from __future__ import annotations

from typing import Any

from .store import Document, encode

Change = dict[str, Any]


def _text(value: Any) -> Any:
    """Values that are not plain stand in change descriptions as JSON text."""
    return value if isinstance(value, (str, bool, int, float)) or value is None else encode(value).decode()


class Changes:
    """Collects the differences between two states of an entity.

    Attributes:
        major: Something was removed that others may rely on: the version grows by 1.
    """

    def __init__(self) -> None:
        self.added: list[Change] = []
        self.updated: list[Change] = []
        self.deleted: list[Change] = []
        self.major = False

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.deleted)

    def record(self, name: str, old: Any, new: Any) -> None:
        """Compare one field; absent, null and empty are the same."""
        if old == new:
            return
        before, after = (value not in (None, [], {}, "") for value in (old, new))
        if after and not before:
            self.add(name, new)
        elif before and not after:
            self.remove(name, old)
        elif not before:
            return
        else:
            self.updated.append({"name": name, "oldValue": _text(old), "newValue": _text(new)})

    def listed(self, name: str, old: list[Any] | None, new: list[Any] | None) -> None:
        """Compare two sets."""
        before, after = old or [], new or []
        if before == after:
            return
        if added := [item for item in after if item not in before]:
            self.add(name, added)
        if gone := [item for item in before if item not in after]:
            self.remove(name, gone)

    def add(self, name: str, value: Any) -> None:
        """Note something that was not there."""
        self.added.append({"name": name, "newValue": _text(value)})

    def remove(self, name: str, value: Any) -> None:
        """Note something that is no longer there."""
        self.deleted.append({"name": name, "oldValue": _text(value)})

    def describe(self, previous: float) -> Document:
        """Return the `changeDescription`."""
        return {
            "fieldsAdded": self.added,
            "fieldsUpdated": self.updated,
            "fieldsDeleted": self.deleted,
            "previousVersion": previous,
        }


def following(version: float, major: bool) -> float:
    """Return the version that comes after one."""
    return round(version + (1.0 if major else 0.1), 1)
