"""What notifiers are owed: events that nobody was told of yet, kept in the store until somebody was.

Before `head` moves, the events of a run are laid under `notifying/NAME`, and they go when the notifier has taken them.
A run that is killed in between leaves them there; the next one hands over what belongs to a commit that happened, and
drops the rest. So each event is handed over at least once, also when a notifier could not be reached for a while.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..contracts.reporter import RunResult
from ..contracts.store import Row
from ..errors import RetryableError
from ..history.events import event_record
from ..model.event import ChangeEvent
from ..model.record import AnyRecord, Record, canonical, decode, line_kind, line_urn
from ..times import utc
from .events import EventFile
from .reporting import report_to
from .session import Session

if TYPE_CHECKING:
    from ..config.types import ComponentSpec

LONGEST_REST = 3600.0
"""Seconds that a notifier is left alone at most, whatever its other side asks for."""


def owed_ref(name: str) -> str:
    """Return the ref that holds what a notifier is owed."""
    return f"notifying/{name}"


def put_out(session: Session, events: EventFile, names: Collection[str]) -> None:
    """Remember the events of this run for each notifier, before it is certain that the run happens."""
    for name in names if len(events) else ():
        _commit(session, name, (_row(event) for event in events))


def deliver(
    session: Session,
    result: RunResult,
    specs: Mapping[str, ComponentSpec],
    resting: MutableMapping[str, float] | None = None,
) -> None:
    """Hand every notifier what it is owed; what it could not send stays owed to it.

    Args:
        session: The run.
        result: Of the run.
        specs: The notifiers, by name.
        resting: Notifier -> moment (`time.monotonic`) until which its other side asked to be left alone; it is obeyed,
            and what is asked for now is added.
    """
    refs, resting = session.store.refs(), {} if resting is None else resting
    for name, spec in specs.items():
        if owed_ref(name) not in refs or resting.get(name, 0.0) > time.monotonic():
            continue
        owed = EventFile.write(session.folder / f"owed-{_file_name(name)}.jsonl", _owed(session, name), session.folder)
        if not len(owed):
            continue
        told = replace(result, events=owed.many())
        error = report_to(session, told, spec)
        result.exit_code = told.exit_code
        if error is None:
            _commit(session, name, ((row[0], row[1], None) for row in map(_row, owed)))
        elif isinstance(error, RetryableError) and error.after is not None:
            resting[name] = time.monotonic() + min(error.after, LONGEST_REST)


def _owed(session: Session, name: str) -> Iterator[ChangeEvent]:
    """The events of runs that were committed; those of a run that was not are forgotten."""
    store, happened = session.store, dict[str, bool]()
    void: list[Row] = []
    for line in store.lines(owed_ref(name)):
        event = decode(line).value.event
        if event.run not in happened:
            entry = store.entry(event.run)
            happened[event.run] = entry is not None and entry.ref == "head"
        if happened[event.run]:
            yield event
        else:
            void.append((line_kind(line), line_urn(line), None))
    _commit(session, name, void)


def _row(event: ChangeEvent) -> Row:
    # Two events of one dataset may be owed, also of one second: the id tells them apart.
    record: AnyRecord = event_record(event)
    urn = record.urn.replace("#event@", f"#event/{event.id}@", 1)
    return "stats", urn, canonical(Record(urn, record.value))


def _commit(session: Session, name: str, rows: Any) -> None:
    rows = list(rows) if not isinstance(rows, list) else rows
    if rows:
        ref = owed_ref(name)
        # No `run`: a run is found by the commit of its state, and this one says nothing of whether it happened.
        meta = {"at": utc(), "pipeline": session.pipeline.name, "for": session.run_id}
        session.store.commit(ref, session.store.resolve(ref), rows, meta)


def _file_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in name)
