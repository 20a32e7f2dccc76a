"""Events: what happened to each dataset since the last state, for the history and for people who want to be told.

They are made of what the diff and version stages know already; the first state is no change.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from ..contracts.reporter import Many, VersionChange
from ..contracts.source import Event
from ..contracts.store import instant
from ..files import atomic_write
from ..history.events import event_record
from ..history.versions import finding
from ..model import urns
from ..model.change import SCHEMA_AREAS, SEVERITIES, Change
from ..model.entities import Dataset
from ..model.event import ChangeEvent, Happening, SchemaField, event_id
from ..model.record import AnyRecord, canonical, decode, digest, line_key, line_urn
from ..model.scope import Scope
from ..model.urns import name as name_of
from ..snapshot.sorter import LineSorter
from ..times import utc
from .changes import ChangeFile
from .cursor import Cursor
from .diff import Difference
from .linefile import LineFile
from .session import Session

Entry = tuple[str, int, Any]
Key = TypeVar("Key")

IMPACT = 20
"""Records downstream that an event names."""

_decoder = msgspec.json.Decoder(ChangeEvent)
_encoder = msgspec.json.Encoder(order="sorted")


class Touched:
    """What sources told of the datasets that are read again."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._by_urn: dict[str, Event] = {}
        self._wide: dict[Scope, Event] = {}
        self._beside: dict[str, dict[str, Event]] = {}
        for event in events:
            if event.scope.urns and event.scope == Scope(urns=event.scope.urns):
                for urn in event.scope.urns:
                    _keep_latest(self._by_urn, urn, event)
            else:
                _keep_latest(self._wide, event.scope, event)
            folder, _, file = event.path.rpartition("://")[2].rpartition("/")
            if folder:
                _keep_latest(self._beside.setdefault(folder, {}), file, event)

    def of(self, urn: str) -> Event | None:
        """Return the last event that touched a dataset: the latest by the storage's time, else as they came.

        In a folder that several datasets share nobody knows of which a file is before it is looked at. There it is an
        event of a file whose name begins as that of the dataset, with the fewest letters more.
        """
        found = [event for scope, event in self._wide.items() if scope.matches(urn)]
        if urn in self._by_urn:
            found.append(self._by_urn[urn])
        return max(found, key=_moment, default=None) or self._in_its_folder(urn)

    def _in_its_folder(self, urn: str) -> Event | None:
        folder, _, last = urns.decode(urns.parse(urn).name.rpartition(":")[2]).rpartition("/")
        stem = last.partition(".")[0] or last
        alike = [(file, event) for file, event in self._beside.get(folder, {}).items() if file.startswith(stem)]
        fewest = min((_letters(file) for file, _ in alike), default=0)
        return max((event for file, event in alike if _letters(file) == fewest), key=_moment, default=None)


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _keep_latest(known: dict[Key, Event], key: Key, event: Event) -> None:
    before = known.get(key)
    if before is None or _moment(before) <= _moment(event):
        known[key] = event


def _moment(event: Event) -> float:
    try:
        return instant(event.at).timestamp()
    except (ValueError, OverflowError):
        return 0.0


class EventFile:
    """Events on disk, worst first; re-iterable."""

    def __init__(self, path: Path, count: int) -> None:
        self.path, self.count = path, count

    @classmethod
    def write(cls, path: Path, events: Iterable[ChangeEvent], scratch: Path) -> EventFile:
        """Sort events, the worst first, and write them."""
        sorter, count = LineSorter(scratch, key=bytes), 0
        for count, event in enumerate(events, 1):  # noqa: B007 - the last number is how many there are
            rank = SEVERITIES.index(event.severity) if event.severity in SEVERITIES else len(SEVERITIES)
            sorter.add(b"%x\0%b\0%b\0%b" % (rank, event.urn.encode(), event.at.encode(), _encoder.encode(event)))
        with atomic_write(path, "wb", durable=False) as file:
            for line in sorter.sorted():
                file.write(line.split(b"\0", 3)[3] + b"\n")
        return cls(path, count)

    def __iter__(self) -> Iterator[ChangeEvent]:
        with self.path.open("rb", buffering=1 << 20) as file:
            for line in file:
                yield _decoder.decode(line)

    def __len__(self) -> int:
        return self.count

    def many(self) -> Many[ChangeEvent]:
        """Return them as reporters get them."""
        return Many(lambda: iter(self), len(self))


class Facts(NamedTuple):
    """How volatile facts of one dataset differ: what is said of them before and after; `type` as in their URN."""

    urn: str
    type: str
    before: list[bytes]
    after: list[bytes]


def event_lines(
    session: Session,
    difference: Difference,
    changes: ChangeFile,
    versions: Callable[[], Iterable[VersionChange]],
    facts: Iterable[Facts],
) -> Iterator[bytes]:
    """Return the stats lines that keep one event per dataset that changed, by URN.

    Args:
        session: The run.
        difference: What changed.
        changes: What that means, by record.
        versions: The new versions, by URN.
        facts: Datasets whose volatile facts differ, by URN; looked at only where a watch heard of them.
    """
    maker = _Maker(session, versions(), changes)
    rows = _rows(difference)
    touched = session.touched
    heard = (fact for fact in facts if touched is not None and touched.of(fact.urn) is not None)
    changed: Iterator[Entry] = ((urn, 0, (old, new)) for urn, old, new in rows)
    measured: Iterator[Entry] = ((fact.urn, 1, fact) for fact in heard)
    both = heapq.merge(changed, measured, key=_by_urn)
    for urn, group in groupby(both, key=lambda entry: entry[0]):
        _, which, what = next(group)
        event = maker.of_facts(what) if which else maker.of_record(urn, *what)
        if event is not None:
            yield canonical(event_record(event))


def _by_urn(entry: Entry) -> tuple[bytes, int]:
    return entry[0].encode(), entry[1]


def _rows(difference: Difference) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """(URN, line before, line after) of every dataset that changed."""
    olds = iter(difference.replaced)
    old = next(olds, None)
    for key, line in difference.rows.keyed():
        before = None
        if old is not None and line_key(old) == key:
            before, old = old, next(olds, None)
        if key.startswith(b'{"kind":"dataset"'):
            yield line_urn(before or line or b""), before, line


class _Maker:
    """Makes events; datasets come in the order of their URNs."""

    def __init__(self, session: Session, versions: Iterable[VersionChange], changes: Iterable[Change]) -> None:
        self._session, self._seen = session, utc(session.started)
        self._state = session.store.resolve("head") or ""
        self._versions = Cursor((given.urn, given) for given in versions)
        self._changes = Cursor((change.urn, change) for change in changes)

    def of_record(self, urn: str, old: bytes | None, new: bytes | None) -> ChangeEvent | None:
        """Return what happened to a dataset whose record differs; None when only what is known of it does."""
        found: list[Change] = self._changes.take(urn)
        before, after = _present(old), _present(new)
        happened = _happened(before, after, found)
        if happened is None:
            return None
        worst = sorted(found, key=lambda change: (SEVERITIES.index(change.severity), change.path, change.rule))
        given: list[VersionChange] = self._versions.take(urn)
        impact = dict.fromkeys(name for change in worst for name in change.impact)
        known = after or before
        assert known is not None
        shown = happened != "modified"
        event = ChangeEvent(
            id=event_id(urn, happened, digest(old) if old else "", digest(new) if new else "", self._state),
            urn=urn,
            type=happened,
            at=self._seen,
            seen=self._seen,
            run=self._session.run_id,
            before=_schema(before) if shown else [],
            after=_schema(after) if shown else [],
            version=given[-1].version.schema if given else "",
            previous=(given[-1].before or "") if given else "",
            severity=worst[0].severity if worst else "",
            findings=[finding(change) for change in worst],
            owners=_owners(known) or _owners(before),
            impact=list(impact)[:IMPACT],
            impact_count=max((change.impact_count for change in found), default=0),
            summary=_summary(happened, known, worst),
        )
        return self._heard(event)

    def of_facts(self, facts: Facts) -> ChangeEvent | None:
        """Return the event of a dataset whose data alone changed."""
        line = self._session.store.get("head", "dataset", facts.urn)
        record = _present(line)
        if record is None:
            return None
        before, after = (digest(b"\n".join(lines)) if lines else "" for lines in (facts.before, facts.after))
        event = ChangeEvent(
            id=event_id(facts.urn, "modified", before, after, self._state),
            urn=facts.urn,
            type="modified",
            at=self._seen,
            seen=self._seen,
            run=self._session.run_id,
            owners=_owners(record),
            summary=f"The data of `{_name(record)}` changed; its schema is the same",
        )
        return self._heard(event)

    def _heard(self, event: ChangeEvent) -> ChangeEvent:
        """Add what the storage said."""
        told = self._session.touched.of(event.urn) if self._session.touched is not None else None
        if told is None:
            return event
        redact = self._session.redact
        metadata = [(redact(key), redact(value)) for key, value in told.facts]
        return replace(event, path=redact(told.path), at=_time(told.at) or event.at, metadata=metadata)


def _time(text: str) -> str:
    """The time that a storage told, as RFC 3339 UTC; empty when it told none."""
    try:
        return utc(instant(text))
    except (ValueError, OverflowError):
        return ""


def _present(line: bytes | None) -> AnyRecord | None:
    """The record of a line; None for one that is softly removed, too."""
    record = None if line is None else decode(line)
    if record is None or not isinstance(record.value, Dataset):
        return None
    lifecycle = record.value.lifecycle
    return None if lifecycle is not None and lifecycle.removed else record


def _happened(before: AnyRecord | None, after: AnyRecord | None, found: Sequence[Change]) -> Happening | None:
    if before is None or after is None:
        return None if before is after else "created" if before is None else "deleted"
    if any(change.area in SCHEMA_AREAS for change in found):
        return "schema-changed"
    if replace(before.value, captured=[]) == replace(after.value, captured=[]):
        return None  # more or less of it was looked at, nothing happened to it
    return "modified"


def _schema(record: AnyRecord | None) -> list[SchemaField]:
    if record is None:
        return []
    return [SchemaField(path=field.path, type=field.type, nullable=field.nullable) for field in record.value.fields]


def _owners(record: AnyRecord | None) -> list[str]:
    return [] if record is None else list(dict.fromkeys(owner.owner for owner in record.value.owners))


def _name(record: AnyRecord) -> str:
    return record.value.name or name_of(record.urn)


def _summary(happened: Happening, record: AnyRecord, worst: Sequence[Change]) -> str:
    name, count = _name(record), len(record.value.fields)
    fields = f" with {count} field{'' if count == 1 else 's'}" if count else ""
    if happened == "created":
        return f"`{name}` is new{fields}"
    if happened == "deleted":
        return f"`{name}` is gone; it had {count} field{'' if count == 1 else 's'}" if count else f"`{name}` is gone"
    if not worst:
        return f"`{name}` was modified"
    message = worst[0].message.rstrip(".") or f"{worst[0].rule} {worst[0].path}".rstrip()
    more = f", and {len(worst) - 1} more" if len(worst) > 1 else ""
    return (message if name in message else f"`{name}`: {message}") + more


def read_events(lines: LineFile) -> Iterator[ChangeEvent]:
    """Return the events that stats lines keep."""
    return (decode(line).value.event for line in lines)
