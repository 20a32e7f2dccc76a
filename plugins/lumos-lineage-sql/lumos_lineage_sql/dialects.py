"""Dialects: which one a platform speaks, and how it reads the case of names."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

OF_PLATFORM = {
    "postgresql": "postgres",
    "mssql": "tsql",
    "sqlserver": "tsql",
    "synapse": "tsql",
    "mariadb": "mysql",
    "delta": "spark",
    "delta-lake": "spark",
    "iceberg": "spark",
    "spark-sql": "spark",
    "cockroachdb": "postgres",
    "greenplum": "postgres",
    "athena": "athena",
}
"""Platforms and languages whose dialect has another name; all others are called as their dialect is."""

RECURSIVE_WITHOUT_KEYWORD = frozenset({"tsql", "fabric", "oracle", "snowflake", "sqlite"})
"""Dialects in which a CTE may read itself without RECURSIVE being written."""


@cache
def known(name: str) -> str | None:
    """Return the dialect of a dialect, platform or language name; None when sqlglot has none like it."""
    from sqlglot.dialects.dialect import Dialect

    name = name.strip().lower()
    name = OF_PLATFORM.get(name, name)
    if name in ("sql", "ansi"):
        return ""
    return name if not name or Dialect.get(name) else None


def names() -> list[str]:
    """Return the names of all dialects, sorted."""
    from sqlglot.dialects.dialect import Dialects

    return sorted(dialect.value for dialect in Dialects if dialect.value)


@cache
def folding(dialect: str) -> Callable[[Any], str]:
    """Return the function that reads an identifier (a node of sqlglot) as the engine compares it."""
    from sqlglot.dialects.dialect import Dialect, NormalizationStrategy

    strategy = Dialect.get_or_raise(dialect).normalization_strategy
    if strategy is NormalizationStrategy.LOWERCASE:
        return lambda node: node.name if node.args.get("quoted") else node.name.lower()
    if strategy is NormalizationStrategy.UPPERCASE:
        return lambda node: node.name if node.args.get("quoted") else node.name.upper()
    if strategy is NormalizationStrategy.CASE_SENSITIVE:
        return lambda node: str(node.name)
    return lambda node: node.name.lower()


@cache
def ignores_case(dialect: str) -> bool:
    """Tell whether names that differ in case only are the same, quoted or not."""
    from sqlglot.dialects.dialect import Dialect, NormalizationStrategy

    return Dialect.get_or_raise(dialect).normalization_strategy in (
        NormalizationStrategy.CASE_INSENSITIVE,
        NormalizationStrategy.CASE_INSENSITIVE_UPPERCASE,
    )
