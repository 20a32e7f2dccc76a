"""What one kind of file is, and how it speaks of its errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DiskError, LumosError
from ..files import disk_full

_PYTHON = "use a Python whose SQLite is built with it, as those of python.org, conda and the distributions are"


@dataclass(frozen=True)
class SqliteKind:
    """What one kind of file is: its tables, and the words of its errors.

    Attributes:
        what: What the file is for people: `store`.
        application_id: Four bytes in the file's header that say so to programs.
        format: Version of the tables, from 1; a file with a higher one is refused.
        tables: The statements that make the tables, each ended by `;`, none with a `;` inside.
        error: The error for a file that cannot be used; takes what an `LumosError` takes.
        busy: The error for a file that another program keeps writing.
        setting: The line of a pipeline that names the file.
        distribution: What to upgrade when a file is of a newer format.
        loss: What to do about a file that is beyond repair, and what is lost by it.
        pragmas: SQLite's settings of every connection, beyond those of every file of Lumos.
    """

    what: str
    application_id: int
    format: int
    tables: str
    error: type[LumosError]
    busy: type[LumosError]
    setting: str
    distribution: str
    loss: str
    pragmas: Mapping[str, str | int] = field(default_factory=dict)

    @contextmanager
    def explained(self, path: Path) -> Iterator[None]:
        """Turn errors of SQLite and of the system, about this file, into errors of Lumos.

        Args:
            path: The file.

        Raises:
            LumosError: `error` when the file cannot be used, `busy` when another program is writing.
            DiskError: The disk is full or failing.
        """
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self.explain(error, path) from error

    def explain(self, error: sqlite3.Error | OSError, path: Path) -> LumosError:
        """Return the error that says what to do.

        The text is read, not the error code, which Python offers from 3.11 on only.

        Args:
            error: What SQLite or the system said.
            path: The file.
        """
        text = str(error).lower()
        if isinstance(error, OSError):
            text = "is full" if disk_full(error) else "unable to open"
        for part, kind, what, fix in self._known():
            if part in text:
                why = (error.strerror if isinstance(error, OSError) else None) or str(error)
                return kind(what, why=why, fix=fix, where=str(path))
        return self.error(f"the {self.what} cannot be used", why=str(error), fix=self.loss, where=str(path))

    def _known(self) -> tuple[tuple[str, type[LumosError], str, str], ...]:
        """Return (what the message holds, error, what happened, what to do), first match first."""
        it = f"the {self.what}"
        busy = (self.busy, f"another program is writing to {it}", "wait for it to end, then run again")
        corrupt = (self.error, f"{it} is corrupt", self.loss)
        other = f"name another file in `{self.setting}`, or move this one away"
        return (
            ("is full", DiskError, "the disk is full", f"free space, then run again; {it} is as it was before"),
            ("disk i/o", DiskError, f"{it} cannot be written or read", "check the disk and its free space"),
            ("locked", *busy),
            ("busy", *busy),
            ("readonly", self.error, f"{it} is read-only", "make the file and its folder writable"),
            ("unable to open", self.error, f"{it} cannot be opened", "check the path and its rights"),
            ("not a database", self.error, f"{it} is not a SQLite database", other),
            ("malformed", *corrupt),
            ("corrupt", *corrupt),
            ("no such module", self.error, f"this Python's SQLite lacks a module that {it} needs", _PYTHON),
        )
