"""What `lumos discover` writes for a connection string."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from .config import PostgresConfig
from .connection import Connector
from .selection import system

_SCHEMES = ("postgresql://", "postgres://")
_KEYS = {"host": "host", "port": "port", "dbname": "database", "user": "user", "sslmode": "sslmode"}
_QUERY = """
select n.nspname::text, count(c.oid), count(c.oid) filter (where c.relkind in ('v', 'm'))
from pg_namespace n left join pg_class c
    on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
where n.nspname !~ '^pg_' group by n.nspname order by n.nspname
"""


def suggest(target: str) -> Iterator[dict[str, Any]]:
    """Yield the entry for a connection string, as a URL or in key=value form; nothing for any other text.

    The password stands in the entry as a secret, which whoever writes it down replaces.

    Raises:
        LumosError: When the server cannot be reached or refuses.
    """
    url = target.startswith(_SCHEMES)
    if not url and ("=" not in target or "://" in target):
        return
    try:
        parts = conninfo_to_dict(target)
    except psycopg.Error:
        if not url:
            return
        parts = {}
    config = PostgresConfig(dsn=SecretStr(target))
    with Connector(config).snapshot() as reader:
        found: list[tuple[str, int, int]] = reader.all(_QUERY)
        database = reader.server.database
    entry: dict[str, Any] = {"type": "postgres"}
    known = {key: parts.pop(name) for name, key in _KEYS.items() if parts.get(name)}
    known["database"] = database
    password = parts.pop("password", None)
    if parts or any("," in str(known.get(key, "")) for key in ("host", "port")):
        # What has no key of its own stays a connection string; one that holds a password is a secret as a whole.
        entry["dsn"] = SecretStr(target) if password or "sslpassword" in parts else target
    else:
        entry.update({key: int(str(value)) if key == "port" else str(value) for key, value in known.items()})
        if password:
            entry["password"] = SecretStr(str(password))
    ours = [(name, count) for name, count, _ in found if not system(name)]
    if any(views for name, _, views in found if not system(name)):
        entry["#enrich"] = [{"type": "sql"}]
    told = ", ".join(f"{name} ({count})" for name, count in ours[:20]) + (", ..." if len(ours) > 20 else "")
    yield {
        "#": f"Database {database}, relations by schema: {told or 'none'}. `schemas: [...]` reads some only.",
        **entry,
    }
