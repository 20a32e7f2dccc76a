"""The table of constructs: SQL, and the lineage that it has, as text that people can check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lumos_lineage_sql import Source, StatementLineage, lineage_of

TABLE = Path(__file__).parent / "fixtures" / "constructs.txt"
WAREHOUSE = json.loads(TABLE.with_name("warehouse.json").read_text(encoding="utf-8"))
SCHEMA = {"t": ["id", "a", "b", "c"], "u": ["id", "x", "y"], "s": ["id", "a", "x"]}


class Case(NamedTuple):
    name: str
    dialect: str
    sql: str
    expected: list[str]


def cases(path: Path = TABLE) -> Iterator[Case]:
    for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
        head, sql, *expected = block.splitlines()
        name, dialect = head.removeprefix("## ").split(" | ")
        yield Case(name, dialect, sql, expected)


def views() -> dict[str, str]:
    """Whole reports: those of TPC-H, and some in the style of TPC-DS."""
    found = {}
    for name in ("tpch.sql", "warehouse.sql"):
        text = re.sub(r"^--.*\n", "", TABLE.with_name(name).read_text(encoding="utf-8"), flags=re.M)
        for sql in filter(str.strip, text.split(";\n")):
            found[re.search(r"VIEW (\w+)", sql)[1]] = sql.strip()
    return found


def columns_of(name):
    return SCHEMA.get(name[-1].lower()) if len(name) == 1 else None


def _source(source: Source) -> str:
    return ".".join((*source.table, source.column, *source.member))


def told(statement: StatementLineage) -> Iterator[str]:
    """A line for the statement, one for each column, one for each kind of influence."""
    target = f" -> {'.'.join(statement.target)}" if statement.target else ""
    marks = [] if statement.status == "resolved" else [statement.status]
    marks += [f"* of {', '.join('.'.join(name) for name in statement.stars)}"] if statement.stars else []
    reads = ", ".join(".".join(name) for name in statement.tables)
    yield f"= {statement.kind}{target}" + (f" reads {reads}" if reads else "") + "".join(f" [{mark}]" for mark in marks)
    for column in statement.columns:
        sources = ", ".join(f"{_source(source)} {kind}" for source, kind in column.sources)
        yield f"  {column.name} <- {sources or 'nothing'}" + ("" if column.resolved else " [unresolved]")
    for kind in ("join", "filter", "group_by"):
        found = [_source(influence.source) for influence in statement.influences if influence.kind == kind]
        if found:
            yield f"  {kind} by {', '.join(found)}"


def lines(sql: str, dialect: str) -> list[str]:
    return [line for statement in lineage_of(sql, dialect, columns_of) for line in told(statement)]
