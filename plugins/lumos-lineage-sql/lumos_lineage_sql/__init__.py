"""Table and column lineage from SQL, as a library and as the enricher `sql`.

Example:
    >>> from lumos_lineage_sql import lineage_of
    >>> [found] = lineage_of("CREATE VIEW v AS SELECT a AS b FROM t", "postgres")
    >>> found.target, found.tables, found.columns[0].sources[0][0].column
    (('v',), (('t',),), 'a')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import lineage_of
    from .structs import (
        ColumnLineage,
        Influence,
        InfluenceKind,
        Kind,
        Limits,
        Lookup,
        Name,
        Source,
        StatementLineage,
        Status,
    )

__all__ = [
    "ColumnLineage",
    "Influence",
    "InfluenceKind",
    "Kind",
    "Limits",
    "Lookup",
    "Name",
    "Source",
    "StatementLineage",
    "Status",
    "lineage_of",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used, and sqlglot only with what needs it."""
    if name not in __all__:
        raise AttributeError(f"module 'lumos_lineage_sql' has no attribute {name!r}")
    value = getattr(import_module(".api" if name == "lineage_of" else ".structs", __name__), name)
    globals()[name] = value
    return value
