"""What the stages of one run share: the pipeline, the store, the folder of its files, and what was noticed."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contracts.reporter import Notice, StageTiming
from ..contracts.store import Store
from ..errors import Cancelled, ConfigError, DiskError, LumosError, StoreError
from ..files import disk_full
from ..loading.observers import Observers
from ..loading.targets import kind_words
from ..model.coverage import Coverage
from ..model.graph import Graph
from ..model.scope import Covered, Scope
from ..model.urns import name as name_of
from .context import Look, RunContext, Walk, contained
from .memo import MemoFile
from .progress import Progress
from .redact import Redactor

if TYPE_CHECKING:
    from ..config.pipeline import Pipeline
    from ..config.types import ComponentSpec
    from ..contracts.component import BaseComponent
    from .events import Touched

KEEP_RUNS = 3
"""How many runs keep their files; the store remembers all of them."""

SHOWN = 3
"""Names of a scope that a notice tells."""

PROBLEMS = 5
"""Places of a file with mistakes that a notice tells."""


class Session:
    """One run while it happens.

    Attributes:
        folder: The files of this run (`.lumos/runs/<run id>`), kept for its reports.
        scratch: Files that vanish when the run ends.
        asked: What this run was asked to read, by now; nothing outside is concluded.
        due: Number of a source -> what of it is looked at first, beside `within`; see `extract`.
        rooms: Number of a source -> how far it may go beyond that.
        touched: What a watch heard of the datasets that it reads again; None when nobody watches.
        coverage: What the components declared so far.
        released: Everything that must be closed at the end.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        store: Store[Any],
        *,
        full: bool = False,
        within: Scope = Scope(),
        progress: Progress,
        cancelled: threading.Event | None = None,
        due: Mapping[int, Scope] | None = None,
        rooms: Mapping[int, Scope] | None = None,
        touched: Touched | None = None,
    ) -> None:
        self.asked, self.due, self.touched = within, due or {}, touched
        self.rooms = rooms or {}
        self.pipeline, self.store, self.full, self.within, self.progress = (
            pipeline,
            store,
            full,
            within,
            progress,
        )
        self.cancelled = cancelled or threading.Event()
        self.started = datetime.now(timezone.utc)
        self.run_id = f"{self.started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        self.folder = pipeline.state / "runs" / self.run_id
        self.scratch = self.folder / "scratch"
        self.redact = Redactor(spec.config for spec in pipeline.components())
        self.memo = MemoFile(pipeline.state / "memo.db")
        self.coverage = Coverage()
        self.warnings: list[Notice] = []
        self.failures: list[Notice] = []
        self.timings: list[StageTiming] = []
        self.graph = Graph()
        self.observers = Observers(self.run_id, self.warn)

    def open(self) -> None:
        """Make the folders of this run.

        Raises:
            StoreError: When the store holds the history of another pipeline.
        """
        own_store(self.pipeline, self.store)
        with self.guard_disk("make the folder of this run"):
            self.scratch.mkdir(parents=True)

    def close(self) -> None:
        """Remove scratch files, what a run left that was killed, and the files of old runs."""
        self.memo.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
        others = [folder for folder in self.folder.parent.glob("*Z-*") if folder != self.folder]
        # The store is held: what still has scratch files was killed.
        dead = {folder for folder in others if (folder / "scratch").exists()}
        kept = [folder for folder in others if folder not in dead]
        # Run ids tell seconds; the file system knows which of two came first within one.
        for old in [*dead, *sorted(kept, key=_made, reverse=True)[KEEP_RUNS - 1 :]]:
            shutil.rmtree(old, ignore_errors=True)

    def discard(self) -> None:
        """Remove everything this run wrote into its folder: it did not happen."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, tell listeners, and stop between stages when cancelled."""
        self.stop_if_cancelled()
        self.progress.stage(name)
        begin = time.perf_counter()
        yield
        seconds = time.perf_counter() - begin
        self.timings.append(StageTiming(name, round(seconds, 4)))
        self.observers.stage_finished(name, seconds)

    def stop_if_cancelled(self) -> None:
        """Raise `Cancelled` when somebody asked to stop."""
        if self.cancelled.is_set():
            raise Cancelled("The run was cancelled", fix="run it again; nothing was half-written")

    @contextmanager
    def guard_disk(self, doing: str) -> Iterator[None]:
        """Turn a full or failing disk into an error that says what to do."""
        try:
            yield
        except OSError as error:
            raise DiskError(
                f"Could not {doing}",
                why=error.strerror or str(error),
                fix="free some space and run again" if disk_full(error) else "check the folder and its rights",
                where=str(error.filename or self.folder),
            ) from error

    def context(
        self,
        spec: ComponentSpec,
        look: Look,
        walk: Walk,
        *,
        room: Scope | None = None,
        on_progress: Callable[[int, int | None], None] | None = None,
    ) -> RunContext:
        """Return a fresh context for one component (and one unit)."""
        return RunContext(
            component=f"{spec.kind} {spec.name}",
            run_id=self.run_id,
            memo=self.memo.space(memo_space(spec)),
            redact=self.redact,
            cancelled=self.cancelled.is_set,
            look=look,
            walk=walk,
            graph=self.graph,
            full=self.full,
            room=room,
            on_progress=on_progress,
        )

    def absorb(self, ctx: RunContext) -> None:
        """Take over what a component declared in its context."""
        for covered in ctx.declared:
            self.coverage.add(covered)
            if covered.status == "failed":
                self._not_read(covered, ctx.component_name)
        self.warnings.extend(ctx.warnings)

    def _not_read(self, covered: Covered, component: str) -> None:
        """Note what a component could not read, though its unit went on; each cause counts once."""
        if any((told.message, told.component) == (covered.reason, component) for told in self.failures):
            return
        scope = covered.scope
        names = [prefix.rstrip("/") for prefix in scope.prefixes if prefix] or list(map(name_of, sorted(scope.urns)))
        self.failures.append(
            Notice(
                code="not-read",
                message=covered.reason,
                where=self.redact(", ".join(names[:SHOWN])),
                component=component,
                fix="mend it or leave it out of the source; what was known of it stays as it was",
            )
        )

    def warn(self, code: str, message: str, where: str = "", component: str = "", fix: str = "") -> None:
        """Note something that stops nothing."""
        self.warnings.append(Notice(code=code, message=self.redact(message), where=where, component=component, fix=fix))

    def finish(self, component: BaseComponent[Any], spec: ComponentSpec) -> None:
        """Close a component; one that cannot even be closed harms nobody else."""
        try:
            with contained():
                component.close()
        except Exception as error:  # what it did before stands
            self.fail("close-failed", error, spec.name, f"{kind_words(spec.kind)} {spec.name}")

    def defect(self, spec: ComponentSpec, error: Exception) -> LumosError:
        """Return the error that ends a run when a component fails without which there is no result.

        The cause is not chained: its text may hold secrets. Its traceback is shown, without them, with LUMOS_DEBUG.
        """
        self.debug(error)
        return LumosError(
            f"the {kind_words(spec.kind)} '{spec.name}' failed",
            why=self.redact(f"{type(error).__name__}: {error}"),
            fix="this is a defect of that component; set LUMOS_DEBUG=1 for its traceback, and tell its authors",
        )

    def debug(self, error: Exception) -> None:
        """Show the traceback of a component's defect, without secrets, to who asks for it."""
        if os.environ.get("LUMOS_DEBUG"):
            print(self.redact("".join(traceback.format_exception(error))), file=sys.stderr, end="")

    def fail(self, code: str, error: Exception, where: str, component: str) -> Notice:
        """Note a failure of a unit, a component or a write."""
        if isinstance(error, LumosError):
            message = error.what + (f": {error.why}" if error.why else "")
            fix = error.fix
            if isinstance(error, ConfigError) and error.problems:  # a file that the pipeline names
                told = [f"{one.where}: {one.what}" if one.where else one.what for one in error.problems[:PROBLEMS]]
                if len(error.problems) > PROBLEMS:
                    told.append(f"and {len(error.problems) - PROBLEMS} more")
                message = f"{message}: {'; '.join(told)}"
                fix = fix or error.problems[0].fix
            notice = Notice(
                code=code,
                message=self.redact(message),
                where=self.redact(error.where or where),
                component=component,
                fix=self.redact(fix),
            )
        else:
            notice = Notice(
                code=code,
                message=self.redact(f"{type(error).__name__}: {error}"),
                where=self.redact(where),
                component=component,
                fix=f"this is a defect of the {component}; set LUMOS_DEBUG=1 for its traceback",
            )
        self.failures.append(notice)
        return notice


def own_store(pipeline: Pipeline, store: Store[Any]) -> None:
    """Refuse the store of another pipeline: what only that one reads would seem to be gone.

    Raises:
        StoreError: With two ways out.
    """
    names = (str(entry.meta.get("pipeline") or "") for entry in store.log())
    last = next((name for name in names if name and not name.startswith("import of ")), pipeline.name)
    if last != pipeline.name:
        raise StoreError(
            f"the store holds the history of the pipeline {last!r}, not of {pipeline.name!r}",
            why="everything that only the other one reads would seem to be removed",
            fix=f"give this one a folder of its own with `state: .lumos-{pipeline.path.stem}`, "
            f"or the same `name: {last}` when it is the same pipeline",
            where=str(pipeline.path),
        )


def _made(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def memo_space(spec: ComponentSpec) -> str:
    """A component forgets what it memorised under other options; how it is watched does not count."""
    ref = {**spec.ref, "options": {key: value for key, value in spec.options.items() if key != "watch"}}
    options = json.dumps(ref, sort_keys=True, default=str)
    return f"{spec.kind}/{spec.name}/{hashlib.sha256(options.encode()).hexdigest()[:12]}"
