"""Every error Lumos raises on purpose, in one tree, chosen by how the caller can recover.

An error says *what* happened, *why*, what to do (*fix*), and *where* (file, line, key, unit). Anything that is not
a `LumosError` is a defect of Lumos or of a plugin and ends a run with exit code 4.

| class | the caller should | exit code |
|---|---|---|
| `ConfigError`, `PluginError`, `UsageError` | mend the input, then start again | 2 |
| `StoreError`, `LockedError`, `SnapshotError` | mend or free what it names, then start again | 2 |
| `PlanError` | make the plan anew; nothing was written | 2 |
| `RetryableError` | try the same unit or batch again | 3 when it keeps failing |
| `UnitError` | go on without this unit; nothing is concluded from what is missing | 3 |
| `CatalogError`, `ReportError` | go on; what succeeded is kept | 3 |
| `DiskError` | free space, then run again; nothing half-written stays | 3 |
| `Cancelled` | nothing: somebody pressed ^C | 130 |
"""

from __future__ import annotations

from collections.abc import Sequence


class LumosError(Exception):
    """An error with a cause and a remedy.

    Args:
        what: What happened, one sentence without a final full stop.
        why: The cause, where it is known.
        fix: What to do about it.
        where: The place: `file:line`, a key, a unit or a URN.
    """

    exit_code = 4

    def __init__(self, what: str, *, why: str = "", fix: str = "", where: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.where = where

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.why:
            text += f": {self.why}"
        if self.fix:
            text += f". {self.fix[0].upper()}{self.fix[1:]}"
        return text

    def as_dict(self) -> dict[str, str]:
        """Return the parts that are not empty, for `--json`."""
        parts = {"error": type(self).__name__, "what": self.what, "why": self.why, "fix": self.fix}
        return {key: value for key, value in {**parts, "where": self.where}.items() if value}


class UsageError(LumosError):
    """A command or function was called with arguments that do not fit."""

    exit_code = 2


class ConfigError(LumosError):
    """The pipeline, or a file that it names, is not valid.

    `problems` holds one error per place, so that all of them are seen at once.
    """

    exit_code = 2

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        fix: str = "",
        where: str = "",
        problems: Sequence[ConfigError] = (),
    ) -> None:
        super().__init__(what, why=why, fix=fix, where=where)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        if not self.problems:
            return super().__str__()
        return "\n".join([super().__str__(), *(f"  {problem}" for problem in self.problems)])


class PluginError(LumosError):
    """A plugin that the pipeline names cannot be used: unknown, broken, incompatible, disabled or ambiguous."""

    exit_code = 2


class StoreError(LumosError):
    """The store cannot be opened, is corrupt, or moved under us (compare-and-set failed)."""

    exit_code = 2


class LockedError(StoreError):
    """Another run holds the lock."""


class SnapshotError(LumosError):
    """A snapshot is not what it claims to be: truncated, unsorted, duplicated, altered, or of a newer version."""

    exit_code = 2


class PlanError(LumosError):
    """A saved plan cannot be applied: it was altered, or what it was made from has moved since."""

    exit_code = 2


class RetryableError(LumosError):
    """The same work may succeed when it is tried again: a timeout, a 503, a file that changed while being read.

    Args:
        after: Seconds to wait before the next try, when the other side said so.
    """

    exit_code = 3

    def __init__(self, what: str, *, why: str = "", fix: str = "", where: str = "", after: float | None = None) -> None:
        super().__init__(what, why=why, fix=fix, where=where)
        self.after = after


class UnitError(LumosError):
    """One unit of work cannot be read; the rest of the run goes on and concludes nothing from the gap."""

    exit_code = 3


class CatalogError(LumosError):
    """A catalog refused a read or a write; what succeeded is kept."""

    exit_code = 3


class ReportError(LumosError):
    """A report could not be written; the run itself is unharmed."""

    exit_code = 3


class DiskError(LumosError):
    """Writing failed, most often because the disk is full; nothing half-written was left behind."""

    exit_code = 3


class Cancelled(LumosError):
    """The run was cancelled; its state is the one before the stage that was interrupted."""

    exit_code = 130
