"""Profiles of collections, from the documents that are read for the schema anyway.

The library `lumos-profile` is imported when a profile is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bson import Binary, Decimal128, ObjectId
from bson.binary import UUID_SUBTYPE

from lumos_core.plugin_api import AnyRecord, Field, ProfileConfig, Stats

if TYPE_CHECKING:
    from lumos_profile import Profiler

BATCH = 200
"""Documents that are looked at together; more would hold more of them."""
PATHS = 2_000
"""Paths that are followed, in order of first sight: the keys of a map are as many as they like."""


class Collecting:
    """Passes documents on, and takes their profile while they pass.

    Args:
        config: What the user asked for.
        name: Of the collection, as `database.collection`.
        known: The record that the store has, whose tags turn fields off.
    """

    def __init__(self, config: ProfileConfig, name: str, known: AnyRecord | None) -> None:
        from lumos_profile import Budget, Profiler, tagged

        self._paths: set[str] = set()
        self._profiler: Profiler = Profiler(config, name, tagged(known), self._follows)
        self._config = config
        self._most = config.rows
        self._budget = Budget(config.budget_seconds)
        self._batch: list[dict[str, Any]] = []

    def _follows(self, path: str) -> bool:
        if path in self._paths or len(self._paths) < PATHS:
            self._paths.add(path)
            return True
        return False

    def add(self, document: dict[str, Any]) -> None:
        """Look at one more document, as long as there is time."""
        if self._most != "all" and self._profiler.rows + len(self._batch) >= self._most:
            return
        self._batch.append(document)
        if len(self._batch) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if batch and not self._budget.over():
            self._profiler.documents(batch, plain)

    def onto(self, stats: Stats, fields: Iterable[Field], count: int | None, words: str) -> None:
        """Write the profile of the fields of a record into its statistics.

        Args:
            stats: Of the collection.
            fields: Of its record; what is no part of the schema has no profile.
            count: Documents of the collection, where the server tells.
            words: Which documents were read.
        """
        self._flush()
        looked = self._profiler.rows
        whole = count is not None and looked >= count and not self._budget.spent
        stopped = f"after {self._config.budget_seconds:g} s (`budget_seconds`)" if self._budget.spent else ""
        made = self._profiler.profile(whole=whole, sample=words, stopped=stopped)
        paths = {field.path for field in fields}
        made.fields = [(path, found) for path, found in made.fields if _stem(path) in paths]
        made.left_out = [path for path in made.left_out if _stem(path) in paths]
        made.onto(stats)


def words_of(kind: str, sample: str) -> str:
    """Say which documents are read of a collection that is not read whole.

    Args:
        kind: `collection`, `view` or `timeseries`.
        sample: The option of that name.
    """
    if kind == "view":
        return "the first documents"
    if sample == "random":
        return "documents chosen at random"
    return "both ends of its time" if kind == "timeseries" else "documents spread along _id"


def plain(value: Any) -> Any:
    """Return a value of BSON as one of Python that has an order or a text; anything else as it is."""
    match value:
        case datetime():
            return value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
        case Decimal128():
            return value.to_decimal()
        case ObjectId():
            return bytes(value.binary)
        case Binary() if value.subtype == UUID_SUBTYPE and len(value) == 16:
            return str(UUID(bytes=bytes(value)))
    return value


def _stem(path: str) -> str:
    """Return the field that the elements of an array belong to."""
    while path.endswith("[]"):
        path = path[:-2]
    return path
