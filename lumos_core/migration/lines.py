"""Everything that one catalog holds, as a snapshot on disk that is read again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..errors import Cancelled, CatalogError, RetryableError
from ..model.record import canonical, line_key, make_key, split_key
from ..model.scope import Scope
from ..model.urns import host
from ..snapshot.content import Snapshot
from ..snapshot.frame import SourceInfo
from ..snapshot.select import Selection
from ..snapshot.writer import SnapshotWriter
from .ends import End

_POLL = 256
SORTED = 8 * 2**20
"""Bytes of lines that are held before they are spilled: several of these are alive at a time."""

ASKED = 500
"""Records that are asked for by their URNs at a time."""

Told = Callable[[int, "int | None", str], None]
"""Called with how many records were read."""


def take(end: End, path: Path, scope: Scope, told: Told, cancelled: Callable[[], bool], pick: Selection | None) -> None:
    """Read a scope of a catalog into a snapshot; all of it, or the file does not appear.

    Raises:
        CatalogError: When the catalog fails, after the tries that its file allows.
        Cancelled: When somebody asked to stop.
    """
    for attempt in range(end.file.retries + 1):
        try:
            _take(end, path, scope, told, cancelled, pick)
            return
        except RetryableError as error:
            _pause(end, error, attempt)


def _pause(end: End, error: RetryableError, attempt: int) -> None:
    if attempt == end.file.retries:
        why = end.redact(f"{error.what}: {error.why}" if error.why else error.what)
        raise CatalogError("the catalog could not be read", why=why, fix=error.fix, where=end.name) from None
    time.sleep(min(error.after, 60.0) if error.after is not None else min(0.1 * 2**attempt, 30.0))


def _take(
    end: End, path: Path, scope: Scope, told: Told, cancelled: Callable[[], bool], pick: Selection | None
) -> None:
    with SnapshotWriter(path, [SourceInfo(end.name, ("source",))], memory=SORTED) as writer:
        count = 0
        for record in end.read(scope):
            if count % _POLL == 0:
                told(count, None, record.urn)
                stop(cancelled)
            if pick is None or pick.matches(record.urn):
                writer.add(record)
                count += 1
        writer.close(end.covered(scope) if pick is None else ())


def save(path: Path, lines: Iterable[bytes], name: str) -> None:
    """Write sorted lines as a snapshot; it appears whole or not at all."""
    with SnapshotWriter(path, [SourceInfo(name, ("source",))], ordered=True) as writer:
        for line in lines:
            writer.add_line(line)
        writer.close()


def stop(cancelled: Callable[[], bool]) -> None:
    """Stop here when somebody asked to.

    Raises:
        Cancelled: Then.
    """
    if cancelled():
        raise Cancelled("it was cancelled", fix="go on with --resume; what was done is remembered")


def lines_of(path: Path) -> Iterator[bytes]:
    """Return the lines of a snapshot, its stats included."""
    return Snapshot(path).lines()


def count_of(path: Path) -> int:
    """Return how many lines a snapshot has."""
    return sum(1 for _ in lines_of(path))


class Asked:
    """Records that are asked for by their URNs, many at a time, in the order of lines.

    Args:
        end: The catalog.
    """

    def __init__(self, end: End) -> None:
        self._end = end

    def of(self, keys: Iterable[tuple[str, str]]) -> dict[bytes, bytes]:
        """Return key -> line of those of these (kind, URN) that the catalog holds.

        Raises:
            CatalogError: When the catalog fails, after the tries that its file allows.
        """
        wanted = {make_key(kind, urn) for kind, urn in keys}
        hosts = frozenset(host(split_key(key)[1]) for key in wanted)
        for attempt in range(self._end.file.retries + 1):
            try:
                lines = map(canonical, self._end.read(Scope(urns=hosts)) if hosts else ())
                return {key: line for line in lines if (key := line_key(line)) in wanted}
            except RetryableError as error:
                _pause(self._end, error, attempt)
        return {}
