"""What the library says about a statement: small structs that know neither sqlglot nor Lumos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct

Name = tuple[str, ...]
"""A table as the engine reads its name: one to four parts, the table last, unquoted parts folded by the dialect."""

Lookup = Callable[[Name], "Sequence[str] | None"]
"""Name of a table -> its columns in order; None when they are not known."""

Kind = Literal["identity", "expression", "aggregate", "window"]
"""How a value gets from one column to another; of a chain of steps the last in this order that occurs."""

InfluenceKind = Literal["filter", "join", "group_by"]
"""How a column decides about rows without its value being in them."""

Status = Literal["resolved", "star-unresolved", "parse-failed"]

KINDS: tuple[Kind, ...] = ("identity", "expression", "aggregate", "window")


class Source(Struct, frozen=True, order=True, array_like=True):
    """A column of a table that stands in a catalog, never of a CTE, subquery or temporary table.

    Attributes:
        table: The table.
        column: Name of the column: as the lookup spells it, else as the engine reads it.
        member: Names of struct members below the column, outermost first.
    """

    table: Name
    column: str
    member: tuple[str, ...] = ()


class ColumnLineage(Struct, frozen=True, array_like=True):
    """Where one column of the result comes from.

    Attributes:
        name: Its name; `_col_N` when it has none (N counts from 0).
        sources: Each column whose value goes into it, with how; sorted. Empty for a constant.
        expression: SQL of the last step that computes something, without comments; None when it is a plain column.
        resolved: False when a name in it could belong to more than one table, or to none.
    """

    name: str
    sources: tuple[tuple[Source, Kind], ...] = ()
    expression: str | None = None
    resolved: bool = True


class Influence(Struct, frozen=True, order=True, array_like=True):
    """A column that decides which rows there are."""

    source: Source
    kind: InfluenceKind


class StatementLineage(Struct, frozen=True, array_like=True):
    """The lineage of one statement into one target.

    Attributes:
        kind: `view`, `table`, `insert`, `merge`, `update`, `select`, `delete`, `other`, or `unknown` when it was
            not understood.
        target: The table that is written; None for a query, and for what writes none.
        tables: Tables that are read, sorted; temporary ones are replaced by what they were made from.
        columns: Columns of the result, in order, once by name.
        influences: Columns that decide which rows there are, sorted.
        status: `resolved`; `star-unresolved` when a `*` stands over a table whose columns are not known;
            `parse-failed` when nothing could be said.
        by_position: True when `columns` are those of the target from the first on, whatever their names; False when
            they are some of them, by name.
        stars: Tables whose unknown columns a `*` passes on under their own names, sorted.
        reason: Why the status is `parse-failed`.
        line: Line of the text on which the statement begins, counted from 1.
    """

    kind: str
    target: Name | None = None
    tables: tuple[Name, ...] = ()
    columns: tuple[ColumnLineage, ...] = ()
    influences: tuple[Influence, ...] = ()
    status: Status = "resolved"
    by_position: bool = False
    stars: tuple[Name, ...] = ()
    reason: str = ""
    line: int = 1


class Limits(Struct, frozen=True):
    """What a text may cost before it is given up as `parse-failed`.

    Attributes:
        text: Characters of a whole text.
        statement: Characters of one statement.
        depth: Open brackets and CASEs inside of each other.
        steps: Nodes and origins that are looked at in one statement.
    """

    text: int = 2_000_000
    statement: int = 500_000
    depth: int = 200
    steps: int = 5_000_000
