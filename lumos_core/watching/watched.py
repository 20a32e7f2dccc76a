"""What a watch watches and how, who is told of it, and the file that says so."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..contracts.reporter import Notice, RunResult
from ..contracts.source import Source
from ..contracts.watch import Mode, WatchConfig
from ..model.scope import NOTHING, Scope, united
from ..snapshot.select import parse_selection

if TYPE_CHECKING:
    from ..config.types import ComponentSpec


class Watched(NamedTuple):
    """How one source is watched.

    Attributes:
        source: Its name.
        listens: Its events are waited for.
        interval: Seconds from one full look to the next; None when only its events count.
    """

    source: str
    listens: bool
    interval: float | None

    @property
    def mode(self) -> Mode:
        """What it comes to."""
        return "polling" if not self.listens else "events" if self.interval is None else "hybrid"


class Teller(Protocol):
    """Told what a watch does, on the thread that called it."""

    def began(self, watched: list[Watched]) -> None:
        """The watch begins."""

    def looked(self, result: RunResult) -> None:
        """Something was looked at."""

    def said(self, notice: Notice) -> None:
        """People should know something: a source that cannot be heard, a store that is held by another run."""


def blocks(sources: Iterable[ComponentSpec]) -> dict[int, WatchConfig]:
    """Return which sources are watched, and how: those with a block, and where none has one, all."""
    specs = dict(enumerate(sources))
    found = {number: spec.watch for number, spec in specs.items() if spec.watch is not None}
    return found or {number: WatchConfig.model_validate({}) for number in specs}


def tells(source: Source[Any]) -> bool:
    """Tell whether a source tells of events at all."""
    known = getattr(source, "tells", None)
    return known if isinstance(known, bool) else type(source).watch is not Source.watch


def only_of(block: WatchConfig, within: Scope) -> Scope:
    """What of a source is watched."""
    if not block.watch_tables:
        return within
    chosen = united(parse_selection(text).scope for text in block.watch_tables)
    return chosen.narrowed(within) or NOTHING


class FileState:
    """Tells once that a file is not as it was."""

    def __init__(self, path: Path) -> None:
        self._path, self._told = path, False
        self._stat, self._content = self._look(), self._read()
        self._checked = time.monotonic()

    def changed(self) -> bool:
        """Tell that it changed, the first time that it is seen."""
        now = time.monotonic()
        if self._told or now - self._checked < 1:
            return False
        self._checked = now
        stat = self._look()
        if stat == self._stat:
            return False
        self._stat = stat
        self._told = self._read() != self._content
        return self._told

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except OSError:
            return None
