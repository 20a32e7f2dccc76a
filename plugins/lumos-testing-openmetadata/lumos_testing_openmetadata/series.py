"""Values over time: profiles of tables and columns, results of tests, states of pipelines."""

from __future__ import annotations

from collections.abc import Callable

from . import members
from .errors import bad
from .store import Document
from .world import World


def add(world: World, identity: str, name: str, value: Document) -> None:
    """Store a value at its time; one of the same time is replaced."""
    world.series.setdefault((identity, name), {})[value["timestamp"]] = value


def latest(world: World, identity: str, name: str) -> Document | None:
    """Return the newest value."""
    values = world.series.get((identity, name))
    return values[max(values)] if values else None


def between(world: World, identity: str, name: str, arguments: Callable[[str, str], str]) -> Document:
    """Values from `startTs` to `endTs`, the newest first.

    Raises:
        Refusal: A bound is missing (400).
    """
    bounds = [arguments(bound, "") for bound in ("startTs", "endTs")]
    if not all(bound.isdigit() for bound in bounds):
        raise bad("[query param startTs must not be null, query param endTs must not be null]")
    start, end = map(int, bounds)
    values = world.series.get((identity, name), {})
    chosen = [values[at] for at in sorted(values, reverse=True) if start <= at <= end]
    return {"data": chosen, "paging": {"total": len(chosen)}}


def put_profile(world: World, identity: str, request: Document) -> None:
    """Store the profile of a table and its columns.

    Raises:
        Refusal: A column that the table does not have (400).
    """
    world.schema.check(request, world.schema.structures["TableProfileRequest"], "CreateTableProfile")
    table = world.store.get(identity)
    known = members.flat(table["columns"])
    columns = [
        (f"{table['fullyQualifiedName']}.{profile['name']}", profile) for profile in request.get("columnProfile") or ()
    ]
    for fqn, profile in columns:
        if fqn not in known:
            raise bad(f"Invalid column name {profile['name']}")
    add(world, identity, "tableProfile", request["tableProfile"])
    for fqn, profile in columns:
        add(world, identity, f"columnProfile {fqn}", profile)
    for number, profile in enumerate(request.get("systemProfile") or ()):
        add(world, identity, f"systemProfile {number}", {"timestamp": world.now(), **profile})


def with_profiles(world: World, identity: str, shown: Document, deep: bool) -> Document:
    """Add the latest profile of a table, and of its columns, to an answer."""
    shown["profile"] = latest(world, identity, "tableProfile")
    for fqn, column in members.flat(shown["columns"]).items():
        profile = latest(world, identity, f"columnProfile {fqn}") if deep else None
        if profile:
            column["profile"] = profile
    return {name: value for name, value in shown.items() if value is not None}
