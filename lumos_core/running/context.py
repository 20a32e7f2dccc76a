"""The context of a run: what a component declares is kept, with the component's name, redacted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from ..contracts.reporter import Notice
from ..model.graph import Graph
from ..model.record import AnyRecord, decode
from ..model.scope import Covered, Scope
from ..model.urns import host, kind
from .redact import Redactor


@contextmanager
def contained() -> Iterator[None]:
    """Keep a component from ending the run by what is no `Exception`: `sys.exit`, a cancellation of asyncio.

    Raises:
        RuntimeError: In its place, to be handled as any other defect of a component.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt, GeneratorExit):
        raise
    except SystemExit as error:
        raise RuntimeError(f"it called sys.exit({error.code!r}), which ends nothing here") from error
    except BaseException as error:
        raise RuntimeError(f"it raised {type(error).__name__}: {error}") from error


Look = Callable[[str, str], "bytes | None"]
"""(kind, URN) -> line or None."""

Walk = Callable[[str], "Iterator[bytes]"]
"""kind -> lines, sorted by URN."""


class RunContext:
    """What one component gets in one stage; one instance per unit, so that threads share nothing."""

    def __init__(
        self,
        *,
        component: str,
        run_id: str,
        memo: MutableMapping[bytes, bytes],
        redact: Redactor,
        cancelled: Callable[[], bool],
        look: Look,
        walk: Walk,
        graph: Graph | None = None,
        full: bool = False,
        once: bool = False,
        room: Scope | None = None,
        on_progress: Callable[[int, int | None], None] | None = None,
    ) -> None:
        self.run_id, self.memo, self.full, self.once = run_id, memo, full, once
        self.room = room
        self.cancelled = cancelled
        self.graph = graph if graph is not None else Graph()
        self.declared: list[Covered] = []
        self.warnings: list[Notice] = []
        self.component_name, self._redact = component, redact
        self._look, self._walk, self._on_progress = look, walk, on_progress

    def covered(self, covered: Covered) -> None:
        """Keep a declaration of coverage, with its reason redacted."""
        if covered.reason:
            covered = Covered(covered.scope, covered.aspects, covered.status, self._redact(covered.reason))
        self.declared.append(covered)

    def progress(self, done: int, total: int | None = None) -> None:
        """Pass progress on to whoever shows it."""
        if self._on_progress is not None:
            self._on_progress(done, total)

    def warn(self, code: str, message: str, where: str = "") -> None:
        """Keep a warning."""
        notice = Notice(
            code=code, message=self._redact(message), where=self._redact(where), component=self.component_name
        )
        self.warnings.append(notice)

    def get(self, urn: str) -> AnyRecord | None:
        """Return a record from where this stage reads."""
        line = self._look(kind(host(urn)), urn)
        return None if line is None else decode(line)

    def records(self, kind: str) -> Iterator[AnyRecord]:
        """Return all records of a kind, sorted by URN."""
        return (decode(line) for line in self._walk(kind))

    def component(self, spec: Any) -> Any:
        """Build a component that the configuration names."""
        return spec.build()
