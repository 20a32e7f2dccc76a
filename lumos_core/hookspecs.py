"""What a plugin may bring, and the moments it may observe.

Registration hooks return descriptors; nothing is imported until a pipeline names it. Observer hooks only watch:
they are called one at a time, and their exceptions are reported and never end a run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from .contracts.descriptor import Component
    from .contracts.reporter import RunResult
    from .model.change import Change

PROJECT = "lumos"
API_VERSION = "1.0"
"""Version of the plugin API: hooks, contracts and model; apart from the release of the kernel."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def lumos_sources() -> Iterable[Component]:
    """Offer sources; called once, when the plugin is loaded. Since 1.0."""
    return ()


@hookspec
def lumos_formats() -> Iterable[Component]:
    """Offer file formats; called once, when the plugin is loaded. Since 1.0."""
    return ()


@hookspec
def lumos_enrichers() -> Iterable[Component]:
    """Offer enrichers; called once, when the plugin is loaded. Since 1.0."""
    return ()


@hookspec
def lumos_differs() -> Iterable[Component]:
    """Offer differs; called once, when the plugin is loaded. Since 1.0."""
    return ()


@hookspec
def lumos_catalogs() -> Iterable[Component]:
    """Offer catalogs; called once, when the plugin is loaded. Since 1.0."""
    return ()


@hookspec
def lumos_stores() -> Iterable[Component]:
    """Offer stores; called once, when the plugin is loaded. Since 1.0."""
    return ()


@hookspec
def lumos_cost_models() -> Iterable[Component]:
    """Offer cost models; called once, when the plugin is loaded. Since 1.0."""
    return ()


@hookspec
def lumos_reporters() -> Iterable[Component]:
    """Offer reporters; called once, when the plugin is loaded. Since 1.0."""
    return ()


@hookspec
def lumos_executors() -> Iterable[Component]:
    """Offer executors; called once, when the plugin is loaded. Since 1.0."""
    return ()


@hookspec
def lumos_run_started(run_id: str, pipeline: str) -> None:
    """Observe the start of a run, after validation and before anything is read. Since 1.0."""


@hookspec
def lumos_stage_finished(run_id: str, stage: str, seconds: float) -> None:
    """Observe the end of a stage. Since 1.0."""


@hookspec
def lumos_change_found(run_id: str, change: Change) -> None:
    """Observe one change, after the gate has judged it. Since 1.0."""


@hookspec
def lumos_run_finished(result: RunResult) -> None:
    """Observe the end of a run, after the reports. Since 1.0."""
