"""Which schemas and relations of a database are to be read."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from .config import PostgresConfig
from .naming import dotted

_SYSTEM = ("pg_catalog", "information_schema")


class Selection:
    """The patterns of a configuration, compiled."""

    def __init__(self, config: PostgresConfig) -> None:
        self._schemas, self._not_schemas = config.schemas, config.exclude_schemas
        self._tables, self._not_tables = config.tables, config.exclude_tables
        self._all_tables = config.tables == ["*"] and not config.exclude_tables

    def schema(self, name: str) -> bool:
        """Tell whether a schema is to be read; one of the system only when a pattern begins with its name."""
        named = [pattern for pattern in self._schemas if not system(name) or pattern.startswith(("pg_", "information"))]
        return _any(name, named) and not _any(name, self._not_schemas)

    def table(self, schema: str, name: str) -> bool:
        """Tell whether a relation of a schema that is read is to be read itself."""
        if self._all_tables:
            return True
        full = dotted(schema, name)
        wanted = _any(name, self._tables) or _any(full, self._tables)
        return wanted and not (_any(name, self._not_tables) or _any(full, self._not_tables))


def system(schema: str) -> bool:
    """Tell whether a schema is PostgreSQL's own."""
    return schema in _SYSTEM or schema.startswith("pg_")


def chosen(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Return the names that fit one of some globs."""
    return [name for name in names if _any(name, patterns)]


def _any(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
