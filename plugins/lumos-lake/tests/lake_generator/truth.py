"""What is true of a lake: its objects, which of them are one table, and what that table looks like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Schema: TypeAlias = "frozenset[tuple[str, str]]"
"""The schema of a file as discovery compares it: (path in lower case, family of its type)."""


@dataclass
class Table:
    """One table.

    Attributes:
        root: Path that names it: its folder, its only file, or folder and common stem.
        format: Name of its format.
        layout, scheme, noise, drift: The strata it belongs to.
        files: Its files; of a table with a marker, those of the marker.
        partitions: Names of its partition columns in order, `?` for one that has no name; None: not judged.
        types: Their canonical types, empty where the truth does not say.
        names: Equally good names; `root` alone where empty.
        marked: A marker of a table format owns it.
        columns: Its columns with their families, for lakes that are written.
    """

    root: str
    format: str
    layout: str
    scheme: str = "none"
    noise: str = "none"
    drift: str = "none"
    files: set[str] = field(default_factory=set)
    partitions: tuple[str, ...] | None = ()
    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    marked: bool = False
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def strata(self) -> tuple[str, ...]:
        """Return the strata that the table counts in."""
        return (
            f"format {self.format}",
            f"layout {self.layout}",
            *([f"scheme {self.layout}: {self.scheme}"] if self.scheme != "none" else ()),
            f"noise {self.noise}",
            f"drift {self.drift}",
            f"layout {self.layout}, {self.format}",
        )


@dataclass
class Lake:
    """A listing and its truth.

    Attributes:
        tables: The tables.
        schemas: Of each file that has one.
        noise: Objects that are no data, or not data of their own.
        formats: Of files whose names do not say it, as their first bytes do.
        contents: Columns of each plain file, for lakes that are written.
    """

    tables: list[Table] = field(default_factory=list)
    schemas: dict[str, Schema] = field(default_factory=dict)
    noise: set[str] = field(default_factory=set)
    formats: dict[str, str] = field(default_factory=dict)
    contents: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def paths(self) -> list[str]:
        """Return every object, sorted."""
        return sorted({*self.schemas, *self.noise, *(path for table in self.tables for path in table.files)})
