"""Every way to name what was known at some time.

| written | means |
|---|---|
| `shop.lumos.jsonl` | a snapshot file |
| `head`, `published/local` | a named ref of the store |
| `head~2` | the state before the state before |
| `20260115T103000Z-1f3a`, or a beginning that is unique | the state that a run left |
| a state id, or a beginning that is unique | that state |
| `S-312` | the state of a release |
| `2026-01-15T10:30:00Z` | the last `head` at or before that time; without a zone it is UTC |
| `2026-01-15` | the last `head` of that day, which ends at midnight UTC |
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ..contracts.store import Entry, Store, instant
from ..errors import StoreError, UsageError
from .views import FileView, StoreView, View

_SUFFIXES = (".jsonl", ".jsonl.zst")
_BACK = re.compile(r"(?P<ref>[^~]+)~(?P<steps>\d{0,6})\Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(\.\d+)?([Zz]|[+-]\d\d:\d\d)?\Z")
_SHORTEST = 4


def resolve(store: Store[Any] | None, text: str) -> View:
    """Find what a text names.

    Args:
        store: None when there is none: only files can be named then.
        text: As in the table above.

    Raises:
        UsageError: When nothing, or more than one thing, has this name.
        StoreError: When it is not a file and nothing is recorded.
        SnapshotError: When the file is not a snapshot.
    """
    if names_file(text) and (store is None or store.resolve(text) is None):
        return FileView(Path(text))
    if store is None:
        raise nothing_recorded()
    entry = _entry(store, text) if text else None
    if entry is None:
        raise _unknown(store, text)
    return StoreView(store, entry, text)


def names_file(text: str) -> bool:
    """Tell whether a text is the path of a file, or can only be meant as one."""
    return Path(text).is_file() or text.endswith(_SUFFIXES) or text.startswith((f".{os.sep}", f"..{os.sep}", os.sep))


def nothing_recorded(where: str = "") -> StoreError:
    """Return the error for a store that does not exist yet."""
    return StoreError(
        "nothing is recorded yet",
        fix="run `lumos run`; or name the pipeline whose store you mean with `--pipeline`",
        where=where,
    )


def _entry(store: Store[Any], text: str) -> Entry | None:
    found = store.entry(text)
    if found is not None:
        return found
    moment = _moment(text)
    if moment is not None:
        return store.entry(moment)
    back = _BACK.match(text)
    if back is not None:
        return _before(store, back["ref"], int(back["steps"] or 1))
    return _by_log(store, text)


def _moment(text: str) -> str | None:
    """Return a day or time as RFC 3339 UTC; None when the text is neither."""
    try:
        if _DAY.match(text):
            midnight = datetime.fromisoformat(text).replace(tzinfo=timezone.utc) + timedelta(days=1)
            return _rfc3339(midnight - timedelta(microseconds=1))
        match = _TIME.match(text)
        if match is None:
            return None
        day, minute, second, fraction, zone = match.groups()
        return _rfc3339(instant(f"{day}T{minute}{second or ':00'}{fraction or ''}{zone or 'Z'}"))
    except (ValueError, OverflowError):
        return None


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _before(store: Store[Any], ref: str, steps: int) -> Entry | None:
    """Return the newest commit of the state that lies some states back."""
    start = _entry(store, ref)
    if start is None:
        return None
    state = start.state
    for entry in store.log(ref=start.ref):
        if entry.state == state and not steps:
            return entry
        if entry.state == state and entry.parent != state:
            state, steps = entry.parent, steps - 1
    return None


def _by_log(store: Store[Any], text: str) -> Entry | None:
    """Find a release, or the beginning of a run or state id."""
    beginnings: dict[str, Entry] = {}
    for entry in _every(store):
        if entry.meta.get("release") == text:
            return entry
        if len(text) >= _SHORTEST:
            for name in (str(entry.meta.get("run") or ""), entry.state):
                if name.startswith(text):
                    beginnings.setdefault(name, entry)
    if len({entry.state for entry in beginnings.values()}) > 1:
        some = ", ".join(sorted(beginnings)[:5])
        raise UsageError(f"{text} is the beginning of more than one name", why=some, fix="write more of it")
    return next(iter(beginnings.values()), None)


def _every(store: Store[Any]) -> Iterator[Entry]:
    for name in sorted(store.refs(), key=lambda name: (name != "head", name)):
        yield from store.log(ref=name)


def _unknown(store: Store[Any], text: str) -> UsageError:
    refs = list(store.refs())
    if not refs:
        return UsageError(f"nothing is called {text}", why="nothing is recorded yet", fix="run `lumos run` first")
    names = list(refs)
    oldest = ""
    for entry in store.log():
        names += [str(entry.meta.get(key)) for key in ("run", "release") if entry.meta.get(key)]
        oldest = entry.at
    if _moment(text) is not None:
        return UsageError(
            f"nothing was recorded by {text}", why=f"the first run was at {oldest}", fix="name a later time"
        )
    close = difflib.get_close_matches(text, names, n=3, cutoff=0.6)
    fix = f"did you mean {' or '.join(close)}?" if close else "`lumos log` lists runs and releases"
    return UsageError(
        f"nothing is called {text}",
        why="it is no file, ref, run, state, release or time",
        fix=fix,
    )
