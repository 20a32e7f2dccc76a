"""Observer hooks: told one plugin at a time; what one raises is reported, and never ends a run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .guarded import quiet_stdout
from .manifest import describe_exception
from .registry import Registry

if TYPE_CHECKING:
    from ..contracts.reporter import RunResult
    from ..model.change import Change

Warn = Callable[[str, str, str], None]
"""(code, message, where)"""


class Observers:
    """Everybody who watches one run.

    A plugin that raises is warned about once per hook, not once per change.

    Args:
        run_id: The run.
        warn: Where failures are reported.
        registry: Whose plugins are told; that of this process by default.
    """

    def __init__(self, run_id: str, warn: Warn, registry: Registry | None = None) -> None:
        self.run_id = run_id
        self._warn = warn
        self._registry = registry or Registry.load()
        self._warned: set[tuple[str, str]] = set()

    @cached_property
    def watching_changes(self) -> bool:
        """True when some plugin wants to see each change."""
        return any(True for _ in self._registry.observers("lumos_change_found"))

    def run_started(self, pipeline: str) -> None:
        """Tell that a run begins."""
        self._notify("lumos_run_started", run_id=self.run_id, pipeline=pipeline)

    def stage_finished(self, stage: str, seconds: float) -> None:
        """Tell that a stage is over."""
        self._notify("lumos_stage_finished", run_id=self.run_id, stage=stage, seconds=seconds)

    def change_found(self, change: Change) -> None:
        """Tell one change."""
        self._notify("lumos_change_found", run_id=self.run_id, change=change)

    def run_finished(self, result: RunResult) -> None:
        """Tell that the run is over."""
        self._notify("lumos_run_finished", result=result)

    def _notify(self, hook: str, **arguments: Any) -> None:
        with quiet_stdout():
            failures = self._registry.notify(hook, **arguments)
        for plugin, error in failures:
            if (hook, plugin) not in self._warned:
                self._warned.add((hook, plugin))
                self._warn("observer-failed", f"{hook} raised {describe_exception(error)}", plugin)
