"""What `lumos run`, `lumos plan` and `lumos apply` share: progress, ^C, and the shape of what they print."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

import click
import msgspec

from ..config.types import ComponentSpec
from ..errors import UsageError
from ..model.scope import Scope
from ..texts import visible

if TYPE_CHECKING:
    from rich.progress import TaskID

    from ..config.pipeline import Pipeline
    from ..contracts.reporter import RunResult


def run_pipeline(
    pipeline: str | None,
    *,
    dry_run: bool,
    full: bool,
    select: str | None,
    as_json: bool,
    quiet: bool,
    mode: Literal["run", "plan"],
    out: str | None = None,
    verbose: bool = False,
) -> int:
    """Run a pipeline for the command line and return its exit code."""
    from ..config.api import load_pipeline
    from ..loading.guarded import quiet_stdout
    from ..running.api import plan, run
    from ..running.result_data import result_data

    loaded = load_pipeline(pipeline)
    terminal = any(spec.type.rpartition("/")[2] == "terminal" for spec in loaded.reports)
    shown = mode == "run" and not (as_json or quiet or terminal)
    reports = [ComponentSpec("reporter", "terminal")] if shown else []
    silent = quiet_stdout() if as_json else nullcontext()
    with interruptible() as cancelled, progress_bars(quiet=quiet or as_json) as progress, silent:
        work = partial(plan, out=out) if mode == "plan" else partial(run, dry_run=dry_run)
        result = work(
            loaded,
            full=full,
            within=scope_of(select, loaded),
            progress=progress,
            reports=reports,
            cancelled=cancelled,
        )
    if as_json:
        click.echo(msgspec.json.encode(result_data(result)).decode())
    elif mode == "plan":
        from .plan_view import print_plan

        print_plan(result, verbose=verbose)
        if out is not None:
            click.echo(f"Saved to {visible(out)}; `lumos apply {visible(out)}` writes exactly this.")
    if (quiet or mode == "plan") and not as_json:
        print_failures(result)
    return result.exit_code


def apply_plan(plan: str, pipeline: str | None, *, as_json: bool, quiet: bool) -> int:
    """Apply a saved plan for the command line and return its exit code."""
    from ..config.api import load_pipeline
    from ..loading.guarded import quiet_stdout
    from ..running.applying import apply
    from ..running.result_data import result_data

    loaded = load_pipeline(pipeline)
    silent = quiet_stdout() if as_json else nullcontext()
    with interruptible() as cancelled, progress_bars(quiet=quiet or as_json) as progress, silent:
        result = apply(plan, loaded, progress=progress, cancelled=cancelled)
    if as_json:
        click.echo(msgspec.json.encode(result_data(result)).decode())
        return result.exit_code
    for one in () if quiet else result.published:
        facts = [f"{one.facts} fact{'' if one.facts == 1 else 's'}"] if one.facts else []
        told = [f"{one.written} written", *facts, f"{one.failed} failed"]
        state = ", ".join(told) if one.applied else f"not written: {one.blocked or 'another catalog failed'}"
        click.echo(visible(f"{one.catalog} {one.target}".rstrip() + f": {state}"))
        for urn, key, why in one.conflicts:
            click.secho(visible(f"  ! {' '.join(filter(None, (urn, key)))}: {why}"), fg="magenta")
    print_failures(result)
    return result.exit_code


def scope_of(select: str | None, pipeline: Pipeline) -> Scope:
    """Return the scope of `--select`: a URN, the beginning of names, or a glob over what the store knows.

    Raises:
        UsageError: When the text is no selection, or a glob fits nothing that is known.
    """
    if not select:
        return Scope()
    from ..history.api import open_store
    from ..model.record import line_kind, line_urn
    from ..snapshot.select import parse_selection

    selection = parse_selection(select)
    if not selection.pattern:
        return selection.scope
    with closing(open_store(pipeline)) as store:
        known = (line_urn(line) for line in store.lines("head") if line_kind(line) != "stats")
        fitting = frozenset(urn for urn in known if selection.matches(urn))
    if not fitting:
        fix = "a pattern chooses among what earlier runs saw; give the beginning of the name instead"
        raise UsageError(f"nothing that is known fits {select!r}", fix=fix)
    return Scope(urns=fitting)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Let the first ^C, or SIGTERM, stop the run between two steps, the second at once."""
    cancelled = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if cancelled.is_set():
            raise KeyboardInterrupt
        cancelled.set()
        click.echo("\nStopping; press ^C again to stop at once.", err=True)

    if threading.current_thread() is not threading.main_thread():
        yield cancelled
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancelled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Any]:
    """Draw progress on stderr when it is a terminal; silence otherwise."""
    from ..running.progress import Silence

    if quiet or not sys.stderr.isatty():
        yield Silence()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("[bold]{task.description:<9}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[label]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Bars(bars)


class _Bars:
    """One bar for the stage that is running."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def stage(self, name: str) -> None:
        """Start the bar of a stage."""
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
        if name == "report":
            self._bars.stop()  # reporters print, and a bar would be drawn over what they say
            return
        self._task = self._bars.add_task(name, total=None, label="")

    def advance(self, done: int, total: int | None, label: str = "") -> None:
        """Move the bar."""
        if self._task is not None:
            from rich.markup import escape

            short = label if len(label) <= 40 else "…" + label[-39:]
            self._bars.update(self._task, completed=done, total=total, label=escape(visible(short)))


def print_failures(result: RunResult) -> None:
    """Print what failed, on stderr."""
    for notice in result.failures:
        where = f"{notice.where}: " if notice.where and not notice.component.endswith(f" {notice.where}") else ""
        click.secho(visible(f"{notice.component}: {where}{notice.message}"), fg="red", err=True)
        if notice.fix:
            click.secho(visible(f"  {notice.fix[0].upper()}{notice.fix[1:]}"), err=True)
