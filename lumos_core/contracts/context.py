"""The one handle that a component gets: memory between runs, lineage, cancellation, coverage, progress, warnings.

New abilities are added here without breaking a signature; there are no globals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, Protocol

from ..model.graph import Graph
from ..model.record import AnyRecord
from ..model.scope import Covered, Scope


class Context(Protocol):
    """What a component may ask of a run.

    Attributes:
        memo: Disposable cache between runs, private to the component; losing it costs time only. Keys and values
            are bytes.
        graph: Lineage of the collected stream; empty before `enrich`.
        cancelled: Polled at least once per file, page or query; return early when it says True.
        full: True when the user asked to reread everything (`--full`); do not trust `memo` then.
        run_id: The id of this run.
        room: How far a source may go beyond what `plan` was asked for, where it finds that more has changed with it (in
            a watch); it declares and yields that too. None: not at all.
        once: True when `Source.watch` is to return as soon as nothing waits any more (`lumos watch --once`).
    """

    memo: MutableMapping[bytes, bytes]
    graph: Graph
    cancelled: Callable[[], bool]
    full: bool
    run_id: str
    once: bool
    room: Scope | None

    def covered(self, covered: Covered) -> None:
        """Declare that all of a scope was seen for some aspects, or that it was not and why."""

    def progress(self, done: int, total: int | None = None) -> None:
        """Report progress inside the present unit."""

    def warn(self, code: str, message: str, where: str = "") -> None:
        """Report something the user should know that stops nothing; `code` is kebab-case and stable."""

    def get(self, urn: str) -> AnyRecord | None:
        """Return a record: from the store's `head` during extract, from the collected stream from enrich on."""

    def records(self, kind: str) -> Iterator[AnyRecord]:
        """Return all records of one kind, sorted by URN, from where `get` reads."""

    def component(self, spec: Any) -> Any:
        """Build a component that the configuration names in a field of type `ComponentSpec` (a source's formats)."""
