"""Reading: listings of every type of entity that a scope may hold, or single entities by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from lumos_remote import Missing, each, segments
from msgspec.structs import replace

from lumos_core.plugin_api import AnyRecord, CatalogError, Context, Record, Scope, decode, shadow

from .edges import read_edges
from .entities import OTHERS, TEST_CASE, TYPES, EntityType
from .facts import columns_of, is_profile, of_profile, parts
from .mapping import from_native, projector
from .mapping.cases import is_ours, table_of
from .names import is_foreign
from .residue import residue, unknown
from .server import Server
from .wire import Held, held, known_keys, tasks

SINGLE = 500
"""Up to so many records are asked for one by one; more are found in listings."""

SYSTEM = "openmetadata"


def read(server: Server, scope: Scope, ctx: Context) -> Iterator[AnyRecord]:
    """Return the records of a scope, in any order.

    Raises:
        CatalogError: A listing is not complete.
    """
    reader = Reader(server, scope, ctx)
    exact = scope.urns if scope.urns and not scope.prefixes else frozenset()
    if exact and len(exact) <= SINGLE:
        return reader.single(exact)
    return reader.listed()


class Reader:
    """Reads one scope."""

    def __init__(self, server: Server, scope: Scope, ctx: Context) -> None:
        self._server, self._scope, self._ctx = server, scope, ctx
        self._names = server.names
        self._project = projector(self._names)

    def single(self, wanted: Iterable[str]) -> Iterator[AnyRecord]:
        """Return records by their URNs."""
        places = set()
        for urn in wanted:
            try:
                places.add(self._names.place(urn).host)
            except ValueError:
                continue
        rows = each(
            lambda place: (TYPES[place.type], self._server.get(place)), sorted(places), self._workers, self._ctx
        )
        yield from self._records((type_, raw) for type_, raw in rows if raw is not None)

    def listed(self) -> Iterator[AnyRecord]:
        """Return records by the listings of every type."""
        yield from self._records((type_, raw) for type_ in TYPES.values() for raw in self._server.listing(type_))
        yield from self._others()

    @property
    def _workers(self) -> int:
        return self._server.config.workers

    def _records(self, rows: Iterable[tuple[EntityType, dict[str, Any]]]) -> Iterator[AnyRecord]:
        for found in each(self._read, rows, self._workers, self._ctx):
            yield from found

    def _read(self, row: tuple[EntityType, dict[str, Any]]) -> list[AnyRecord]:
        type_, raw = row
        try:
            entity = held(type_, raw)
        except (ValueError, KeyError) as error:
            # Left out, it would look removed to whoever compares.
            why = f"the {type_.name} {raw.get('id')} cannot be understood: {type(error).__name__}: {error}"
            raise CatalogError("the listing of OpenMetadata is not complete", why=why) from error
        if is_foreign(entity.native.place):
            return self._foreign(entity)
        found = [entity, *(tasks(entity) if type_.name == "pipeline" else ())]
        kept = [one for one in found if not one.implied and self._may_fit(one)]
        profile = self._profile(raw) if kept and type_.name == "table" else None
        if kept and type_.lineage:
            edges = self._edges(type_, raw["id"])
            for one in kept:
                one.native.edges = edges
        records = [record for one in kept for record in self._record(one, profile)]
        return [record for record in records if self._scope.matches(record.urn)]

    def _foreign(self, entity: Held) -> list[AnyRecord]:
        """A thing of another vendor that belongs to no record."""
        if entity.implied or entity.native.deleted:
            return []
        try:
            record = decode(entity.text.encode())
        except ValueError as error:
            self._ctx.warn("unreadable-entity", f"what is kept there is no record: {error}", entity.native.place.fqn)
            return []
        return [record] if self._scope.matches(record.urn) else []

    def _others(self) -> Iterator[AnyRecord]:
        """Things of OpenMetadata that are no records of ours, as they are."""
        ours: set[str] = set()
        theirs: set[str] = set()
        for type_ in OTHERS:
            for raw in self._server.listing(type_):
                if type_ is TEST_CASE:
                    (ours if is_ours(raw) else theirs).add(f"{table_of(raw)}.testSuite")
                    if is_ours(raw):
                        continue
                # The server made this suite for test cases of ours alone.
                if type_.name == "testSuite" and raw["fullyQualifiedName"] in ours - theirs:
                    continue
                record = unknown(type_.name, raw, self._names)
                if record is not None and self._scope.matches(record.urn):
                    yield record

    def _profile(self, raw: dict[str, Any]) -> dict[str, Any] | None:
        """Return a table with its latest profiles, and those of its columns."""
        if raw.get("deleted"):
            return None
        path = f"/tables{segments(raw['fullyQualifiedName'], 'tableProfile', 'latest')}"
        try:
            found: dict[str, Any] = self._server.client.get(path, {"includeColumnProfile": True}).value
        except Missing:
            return None
        return found

    def _edges(self, type_: EntityType, identity: str) -> Any:
        try:
            return read_edges(self._server, type_.name, identity)
        except Missing:  # a soft-deleted entity has none to show
            return ()

    def _may_fit(self, one: Held) -> bool:
        """Tell whether a record can be in the scope; only its property may say that it is another."""
        try:
            return bool(one.text) or self._scope.matches(self._names.urn(one.native.place))
        except ValueError:
            return False

    def _record(self, one: Held, profile: dict[str, Any] | None) -> Iterator[AnyRecord]:
        native = from_native(one.native, self._names)
        found = shadow.recall(native, one.text, self._project)
        for key in found.stale:
            self._ctx.warn("stale-shadow", f"`{key}` was edited in OpenMetadata; its value there is taken", native.urn)
        record: Any = found.record
        alias = (SYSTEM, f"{one.id}/{one.native.place.member}" if one.native.place.member else one.id)
        value = replace(record.value, aliases=sorted({*map(tuple, record.value.aliases), alias}))
        yield Record(record.urn, value, record.kind)
        fact = None
        if profile is not None:
            fact = of_profile(record.urn, profile.get("profile"), columns_of(profile))
        kept = next((one for one in found.foreign if is_profile(one)), None)
        if fact is not None and kept is not None:
            fact, kept = (fact, None) if parts(fact.urn)[2] > parts(kept.urn)[2] else (None, kept)
        yield from (one for one in found.foreign if one is kept or not is_profile(one))
        if fact is not None:
            yield fact
        rest = residue(record.urn, one, known_keys(one), self._names)
        if rest is not None:
            yield rest


def unique(records: Iterable[AnyRecord], ctx: Context) -> Iterator[AnyRecord]:
    """Return sorted records without those that have the URN of another."""
    for (_, urn), group in groupby(records, key=lambda record: (record.kind, record.urn)):
        first, *others = group
        if others:
            ctx.warn("same-urn", f"{len(others) + 1} entities of OpenMetadata have this URN; one is taken", urn)
        yield first
