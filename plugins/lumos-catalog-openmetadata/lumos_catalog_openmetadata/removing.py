"""Soft deletion and restoring, without taking along what nobody named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lumos_remote import Missing, Refused, segments

from lumos_core.plugin_api import CatalogError

from .entities import TEST_CASE, TYPES, EntityType
from .mapping.cases import is_ours, table_of
from .server import Server

Doc = dict[str, Any]


def below(server: Server, type_: EntityType, raw: Doc, include: str) -> Iterator[tuple[EntityType, Doc]]:
    """Return what is directly or indirectly below an entity, as far as listings can be asked for it."""
    name = raw["fullyQualifiedName"]
    values = {"fqn": name, "id": raw["id"], "service": (raw.get("service") or {}).get("fullyQualifiedName")}
    for child, argument, what in type_.children:
        for row in server.listing(TYPES[child], (argument, str(values[what])), include):
            if row["fullyQualifiedName"].startswith(f"{name}."):
                yield TYPES[child], row


def remove(server: Server, type_: EntityType, raw: Doc) -> None:
    """Soft-delete an entity, unless something that is not deleted is below it.

    Raises:
        CatalogError: Something is.
    """
    path = f"/{type_.route}{segments(raw['id'])}"
    try:
        server.client.delete(path)
        return
    except Missing:
        return
    except Refused as error:
        if not type_.children and not (type_.name == "table" and only_ours(server, raw["fullyQualifiedName"])):
            raise
        alive = next(below(server, type_, raw, "non-deleted"), None)
        if alive is not None:
            raise CatalogError(
                f"{type_.name} {raw['fullyQualifiedName']} is not empty",
                why=f"{alive[1]['fullyQualifiedName']} is below it; {error.why}",
                fix="remove what is below it first",
            ) from None
    server.client.delete(path, {"recursive": True})


def restore(server: Server, type_: EntityType, raw: Doc) -> None:
    """Take an entity back from soft deletion; what is below it stays deleted, though the server restores it too."""
    gone = list(below(server, type_, raw, "deleted"))
    if type_.name == "table":  # an assertion brings its test case back when it is written
        gone += [(TEST_CASE, row) for row in of_table(server, raw["fullyQualifiedName"], "deleted") if is_ours(row)]
    server.client.put(f"/{type_.route}/restore", {"id": raw["id"]})
    for child, row in gone:
        try:
            server.client.delete(f"/{child.route}{segments(row['id'])}", {"recursive": True})
        except Missing:  # deleted with what is above it, a moment ago
            continue


def of_table(server: Server, table: str, include: str) -> list[Doc]:
    """Return the test cases of a table and its columns."""
    rows = server.listing(TEST_CASE, ("entityLink", f"<#E::table::{table}>"), include, includeAllTests=True)
    return [row for row in rows if table_of(row) == table]


def only_ours(server: Server, table: str) -> bool:
    """Tell whether nothing but test cases of ours hangs below a table."""
    found = of_table(server, table, "non-deleted")
    return bool(found) and all(map(is_ours, found))
