"""`run`, `plan` and `validate`: the straight line of one run, for the command line and for Python users."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.api import load_pipeline
from ..contracts.reporter import RunResult
from ..errors import ConfigError
from ..model.scope import Scope
from .context import contained
from .line import Line, waiver_file
from .progress import Progress, Silence
from .session import Session

if TYPE_CHECKING:
    from ..config.pipeline import Pipeline
    from ..config.types import ComponentSpec


def run(
    pipeline: str | Path | Pipeline | None = None,
    *,
    dry_run: bool = False,
    full: bool = False,
    within: Scope = Scope(),
    progress: Progress | None = None,
    reports: Sequence[ComponentSpec] = (),
    cancelled: threading.Event | None = None,
) -> RunResult:
    """Run a pipeline: read, compare, remember, judge, publish, report.

    Args:
        pipeline: The YAML file, or a pipeline that is already loaded; default `LUMOS_CONFIG` or `lumos.yaml`.
        dry_run: Do everything but remember and publish; the result shows what would be done.
        full: Reread what is unchanged.
        within: Read only this part; nothing outside is concluded.
        progress: Who is told how far the run is.
        reports: Reporters beside those of the pipeline.
        cancelled: Set it from another thread to stop the run.

    Returns:
        The result; `exit_code` is 0, 1 (the gate failed) or 3 (incomplete).

    Raises:
        LumosError: When the run could not begin or had to stop; its `exit_code` says how.
    """
    return _go(
        pipeline,
        dry_run=dry_run,
        full=full,
        within=within,
        progress=progress,
        reports=reports,
        cancelled=cancelled,
        out=None,
    )


def plan(
    pipeline: str | Path | Pipeline | None = None,
    *,
    out: str | Path | None = None,
    full: bool = False,
    within: Scope = Scope(),
    progress: Progress | None = None,
    reports: Sequence[ComponentSpec] = (),
    cancelled: threading.Event | None = None,
) -> RunResult:
    """Say exactly what a run would do, without remembering or writing anything.

    Args:
        pipeline: As for `run`.
        out: A file to save the plan to, for `apply`.
        full: As for `run`.
        within: As for `run`.
        progress: As for `run`.
        reports: As for `run`.
        cancelled: As for `run`.

    Returns:
        The result; `published[...].operations` is the plan.

    Raises:
        LumosError: When it could not begin or had to stop, or the file cannot be written.
    """
    return _go(
        pipeline,
        dry_run=True,
        full=full,
        within=within,
        progress=progress,
        reports=reports,
        cancelled=cancelled,
        out=None if out is None else Path(out),
    )


def _go(
    pipeline: str | Path | Pipeline | None,
    *,
    dry_run: bool,
    full: bool,
    within: Scope,
    progress: Progress | None,
    reports: Sequence[ComponentSpec],
    cancelled: threading.Event | None,
    out: Path | None,
) -> RunResult:
    found = loaded(pipeline)
    waivers = waiver_file(found)
    store = found.store.build()
    try:
        with store.lock():
            session = Session(
                found, store, full=full, within=within, progress=progress or Silence(), cancelled=cancelled
            )
            return Line(session, waivers, dry_run=dry_run, reports=reports, out=out).go()
    finally:
        store.close()


def validate(pipeline: str | Path | None = None) -> Pipeline:
    """Load and check a pipeline, and the files that go with it, without doing any of it.

    Raises:
        ConfigError: With every problem of every component, or else of their files, each with its place.
        PluginError: When a plugin that it names cannot be used.
    """
    found = load_pipeline(pipeline)
    errors: list[ConfigError] = []
    for check in (lambda: waiver_file(found), *(spec.build().check_files for spec in found.components())):
        try:
            with contained():
                check()
        except ConfigError as error:
            errors.append(error)
    if len(errors) > 1:
        problems = [problem for error in errors for problem in error.problems or [error]]
        raise ConfigError(f"{len(problems)} problems in files that {found.path} goes by", problems=problems)
    if errors:
        raise errors[0]
    return found


def loaded(pipeline: str | Path | Pipeline | None) -> Pipeline:
    """Return a pipeline, read from its file where it is not loaded yet."""
    from ..config.pipeline import Pipeline as PipelineType

    return pipeline if isinstance(pipeline, PipelineType) else load_pipeline(pipeline)
