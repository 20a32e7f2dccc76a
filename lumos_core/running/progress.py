"""Who is told how far a run is; the command line draws it, everybody else gets silence."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Listens to a run; all methods are called from the thread that runs it."""

    def stage(self, name: str) -> None:
        """A stage begins."""

    def advance(self, done: int, total: int | None, label: str = "") -> None:
        """So much of the stage's work is done (units by weight, records, operations)."""


class Silence:
    """Shows nothing."""

    def stage(self, name: str) -> None:
        """Ignore the stage."""

    def advance(self, done: int, total: int | None, label: str = "") -> None:
        """Ignore the progress."""
