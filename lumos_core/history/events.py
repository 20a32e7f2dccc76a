"""What happened to datasets, as the history keeps it: `events`, for the command line and for Python users.

An event is a `stats` line, `URN#event@TIME`; the latest of each dataset stands in `head`, all stay in the history of
the store.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..contracts.store import Store
from ..model.entities import Stats
from ..model.event import ChangeEvent
from ..model.record import AnyRecord, Record, decode, line_urn
from .api import PathLike, dataset_urn, open_store

if TYPE_CHECKING:
    from ..config.pipeline import Pipeline

_PART = "event"


def event_record(event: ChangeEvent) -> AnyRecord:
    """Return the stats record that keeps an event."""
    return Record(f"{event_prefix(event.urn)}{event.seen}", Stats(event=event))


def event_prefix(urn: str) -> str:
    """Return what the URNs of all event lines of a dataset begin with, for `Store.history`."""
    return f"{urn}#{_PART}@"


def kept_event(stats_urn: str) -> str | None:
    """Return the dataset of which a stats URN keeps an event; None when it keeps something else."""
    urn, mark, _ = stats_urn.rpartition(f"#{_PART}@")
    return urn if mark else None


def events(
    dataset: str = "", *, pipeline: PathLike | Pipeline | None = None, limit: int | None = None
) -> list[ChangeEvent]:
    """Return what happened to everything, or to one dataset, newest first.

    Args:
        dataset: URN or name; empty: every dataset.
        pipeline: As for `open_store`.
        limit: At most so many.

    Raises:
        UsageError: When there is no such dataset, now or ever.
        StoreError: As `open_store`.

    Example:
        ```python
        for event in events("shop.public.orders", limit=10):
            print(event.at, event.severity, event.summary)
        ```
    """
    store = open_store(pipeline)
    try:
        prefix = event_prefix(dataset_urn(store, dataset)) if dataset else "urn:lumos:dataset:"
        newest = deque(_kept(store, prefix), maxlen=limit)
    finally:
        store.close()
    return [decode(line).value.event for line in reversed(newest)]


def _kept(store: Store[Any], prefix: str) -> Iterator[bytes]:
    # The store gives the oldest first; only what is kept at the end is decoded.
    return (line for line in store.history("stats", prefix) if kept_event(line_urn(line)))
