"""What `lumos discover mongodb://...` writes: an entry without any secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from .client import SCHEMES, hosts, sound

VARIABLE = "MONGODB_URI"


def suggestions(uri: str) -> Iterator[dict[str, Any]]:
    """Suggest an entry for a connection string.

    A URI with a user, a password or options is not written down: `${MONGODB_URI}` stands for it.

    Args:
        uri: `mongodb://...` or `mongodb+srv://...`; anything else suggests nothing.
    """
    if not uri.startswith(SCHEMES) or not sound(uri):
        return
    parts = urlsplit(uri)
    plain = "@" not in parts.netloc and not parts.query
    entry: dict[str, Any] = {"type": "mongo", "uri": hosts(uri) if plain else f"${{{VARIABLE}}}"}
    database = unquote(parts.path.lstrip("/"))
    if database:
        entry["databases"] = [database]
    yield entry
