"""What the fake holds: aspects as JSON bytes with their versions, events in time, and an index that may lag."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

decode = msgspec.json.decode
encode = msgspec.json.encode

ACTOR = "urn:li:corpuser:datahub"
"""Whom all writes are ascribed to."""


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A version of an aspect.

    Attributes:
        value: Its JSON.
        version: 1 for the first, counted up by each change of the value.
        created: Milliseconds of the first version.
        modified: Milliseconds of this version.
        system: JSON of the system metadata that its writer sent.
    """

    value: bytes
    version: int
    created: int
    modified: int
    system: bytes

    def metadata(self) -> dict[str, Any]:
        """Return its system metadata, as the server completes it."""
        system: dict[str, Any] = decode(self.system)
        system["version"] = str(self.version)
        system["aspectCreated"] = {"actor": ACTOR, "time": self.created}
        system["aspectModified"] = {"actor": ACTOR, "time": self.modified}
        return system


class Event(NamedTuple):
    """A value of a time series: when, its identity beside that, its JSON, the JSON of its system metadata."""

    at: int
    identity: str
    value: bytes
    system: bytes


class Deleted(NamedTuple):
    """How many rows and events went, and what brings them back."""

    rows: int
    events: int
    undo: Callable[[], None]


class Held:
    """An entity.

    Attributes:
        type: Its type.
        aspects: Latest versions.
        older: All earlier versions, oldest first; absent keys have none.
        series: Events of time series aspects, oldest first.
    """

    __slots__ = ("aspects", "older", "series", "type")

    def __init__(self, type_: str) -> None:
        self.type = type_
        self.aspects: dict[str, Stored] = {}
        self.older: dict[str, list[Stored]] = {}
        self.series: dict[str, list[Event]] = {}

    def value(self, aspect: str) -> Any:
        """Return the decoded value of an aspect; None when there is none."""
        stored = self.aspects.get(aspect)
        return None if stored is None else decode(stored.value)

    @property
    def removed(self) -> bool:
        """Whether it is soft-deleted."""
        status = self.aspects.get("status")
        return status is not None and decode(status.value).get("removed", False) is True


class Store:
    """Entities by URN.

    Args:
        seconds: How long the index needs to see a write.
        requests: How many further requests it needs to see a write.
        clock: Seconds since 1970.
    """

    def __init__(self, seconds: float = 0.0, requests: int = 0, clock: Callable[[], float] = time.time) -> None:
        self.entities: dict[str, Held] = {}
        self.clock = clock
        self.seconds = seconds
        self.requests = requests
        self.seen_requests = 0
        self._visible: dict[str, bool] = {}
        self._order: list[str] | None = []
        self._pending: deque[tuple[float, int, str]] = deque()

    def millis(self) -> int:
        """Return the present time in milliseconds."""
        return int(self.clock() * 1000)

    def get(self, urn: str, aspect: str) -> Stored | None:
        """Return the latest version of an aspect."""
        held = self.entities.get(urn)
        return None if held is None else held.aspects.get(aspect)

    def exists(self, urn: str) -> bool:
        """Tell whether an entity exists, soft-deleted or not."""
        return urn in self.entities

    def put(self, urn: str, type_: str, aspect: str, value: bytes, system: dict[str, Any]) -> Stored:
        """Write an aspect; an equal value makes no new version, but is observed anew."""
        held = self.entities.get(urn)
        if held is None:
            held = self.entities[urn] = Held(type_)
        before = held.aspects.get(aspect)
        now = self.millis()
        run = system.pop("runId", None)
        if before is None:
            if run is not None:
                system = {**system, "runId": run, "lastRunId": run}
            stored = Stored(value, 1, now, now, encode(system))
        else:
            same = before.value == value or decode(before.value) == decode(value)
            first = decode(before.system).get("runId") if same else run
            system = {**system, **({"runId": first} if first else {}), **({"lastRunId": run} if run else {})}
            if same:
                stored = msgspec.structs.replace(before, system=encode(system))
            else:
                held.older.setdefault(aspect, []).append(before)
                stored = Stored(value, before.version + 1, before.created, now, encode(system))
        held.aspects[aspect] = stored
        self._changed(urn)
        return stored

    def restore(self, urn: str, aspect: str, before: Stored | None) -> None:
        """Undo a write of this aspect, for a batch that is refused as a whole."""
        held = self.entities[urn]
        if before is None:
            del held.aspects[aspect]
            self._forget_empty(urn)
        else:
            older = held.older.get(aspect)
            if older and older[-1] is before:
                older.pop()
            held.aspects[aspect] = before
        self._changed(urn)

    def append(self, urn: str, type_: str, aspect: str, event: Event) -> Callable[[], None]:
        """Add an event to a time series, one of the same time and identity is replaced; returns what undoes it."""
        held = self.entities.get(urn)
        if held is None:
            held = self.entities[urn] = Held(type_)
        before = held.series.get(aspect, [])
        at = bisect_left(before, event[:2], key=_identity)
        same = at < len(before) and _identity(before[at]) == event[:2]
        held.series[aspect] = [*before[:at], event, *before[at + same :]]
        self._changed(urn)

        def undo() -> None:
            held.series[aspect] = before
            self._forget_empty(urn)
            self._changed(urn)

        return undo

    def _forget_empty(self, urn: str) -> None:
        held = self.entities[urn]
        if not held.aspects and not any(held.series.values()):
            del self.entities[urn]

    def delete(self, urn: str, aspect: str = "") -> Deleted:
        """Delete an entity for good, or one of its aspects."""
        held = self.entities.get(urn)
        if held is None:
            return Deleted(0, 0, lambda: None)
        if aspect:
            stored, older = held.aspects.pop(aspect, None), held.older.pop(aspect, [])
            events = held.series.pop(aspect, [])
            rows, gone = (stored is not None) + len(older), len(events)

            def undo() -> None:
                held.aspects.update({} if stored is None else {aspect: stored})
                held.older.update({aspect: older} if older else {})
                held.series.update({aspect: events} if events else {})
                self._changed(urn)
        else:
            del self.entities[urn]
            rows = len(held.aspects) + sum(map(len, held.older.values()))
            gone = sum(map(len, held.series.values()))

            def undo() -> None:
                self.entities[urn] = held
                self._changed(urn)

        self._changed(urn)
        return Deleted(rows, gone, undo)

    def forget_events(self, urn: str, aspect: str, start: int | None = None, end: int | None = None) -> int:
        """Delete events of one aspect of an entity within a time, both ends included; returns how many went."""
        held = self.entities.get(urn)
        if held is None:
            return 0
        series = held.series.get(aspect, [])
        left = [e for e in series if (start is not None and e.at < start) or (end is not None and e.at > end)]
        held.series[aspect] = left
        return len(series) - len(left)

    def request(self) -> None:
        """Count a request, for an index that lags by requests."""
        self.seen_requests += 1

    def _changed(self, urn: str) -> None:
        if self.seconds or self.requests:
            self._pending.append((self.clock() + self.seconds, self.seen_requests + self.requests, urn))
        else:
            self._index(urn)

    def _index(self, urn: str) -> None:
        held = self.entities.get(urn)
        if held is None:
            if self._visible.pop(urn, None) is not None:
                self._order = None
            return
        if urn not in self._visible:
            if self._order and urn < self._order[-1]:
                self._order = None
            elif self._order is not None:
                self._order.append(urn)
        self._visible[urn] = held.removed

    def refresh(self, everything: bool = False) -> None:
        """Let the index see what it is due to see, or all."""
        now = self.clock()
        while self._pending and (
            everything or (self._pending[0][0] <= now and self._pending[0][1] <= self.seen_requests)
        ):
            self._index(self._pending.popleft()[2])

    def index_now(self, urn: str) -> None:
        """Let the index see an entity at once, however it lags."""
        self._index(urn)

    def listed(self, after: str = "", descending: bool = False) -> Iterator[tuple[str, bool]]:
        """Yield URNs in order, with whether they are soft-deleted, as far as the index has seen.

        Args:
            after: Begin after this one.
            descending: The other way round.
        """
        self.refresh()
        if self._order is None:
            self._order = sorted(self._visible)
        order = self._order
        if descending:
            places = range((bisect_left(order, after) if after else len(order)) - 1, -1, -1)
        else:
            places = range(bisect_right(order, after) if after else 0, len(order))
        return ((order[at], self._visible[order[at]]) for at in places)


def _identity(event: Event) -> tuple[int, str]:
    return event.at, event.identity
