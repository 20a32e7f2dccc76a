"""`watch`: a pipeline that follows its sources, for the command line and for Python users."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..contracts.reporter import Notice, RunResult
from ..model.scope import Scope
from ..running.api import loaded
from ..running.line import waiver_file
from ..running.progress import Progress, Silence
from .watched import Teller, Watched
from .watcher import Watcher

if TYPE_CHECKING:
    from ..config.pipeline import Pipeline


def watch(
    pipeline: str | Path | Pipeline | None = None,
    *,
    once: bool = False,
    within: Scope = Scope(),
    on_look: Callable[[RunResult], None] | None = None,
    teller: Teller | None = None,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> int:
    """Look at a pipeline whenever its sources tell that something changed, and every `interval`.

    Each look does what `run` does, for what changed. See `docs/explanation/watching.md` for what is guaranteed.

    Args:
        pipeline: The YAML file, or a pipeline that is already loaded; default `LUMOS_CONFIG` or `lumos.yaml`.
        once: Look at what waits and at what is polled, then return.
        within: Look at this part only.
        on_look: Told the result of every look, on the thread that called; its files are gone with the third look
            after it.
        teller: Told more: how it begins, and what people should know.
        progress: Told how far a look is.
        cancelled: Set it from another thread to end the watch.

    Returns:
        130 when it was cancelled; with `once`, what `run` would return as `exit_code`: 0, 1 or 3.

    Raises:
        LumosError: When it could not begin or cannot go on; its `exit_code` says how.

    Example:
        ```python
        watch("lumos.yaml", once=True, on_look=lambda result: print([event.summary for event in result.events]))
        ```
    """
    found = loaded(pipeline)
    waiver_file(found)  # what is wrong with it is told before anything is watched
    watcher = Watcher(
        found,
        once=once,
        within=within,
        teller=teller or _OnLook(on_look),
        progress=progress or Silence(),
        cancelled=cancelled or threading.Event(),
    )
    return watcher.go()


class _OnLook:
    """Passes results on, and nothing else."""

    def __init__(self, on_look: Callable[[RunResult], None] | None) -> None:
        self._on_look = on_look

    def began(self, watched: list[Watched]) -> None:
        """Pass over how it begins."""

    def looked(self, result: RunResult) -> None:
        """Pass the result on."""
        if self._on_look is not None:
            self._on_look(result)

    def said(self, notice: Notice) -> None:
        """Pass over what people should know."""
