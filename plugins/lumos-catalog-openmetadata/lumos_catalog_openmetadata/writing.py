"""Writing a batch: in parallel where records do not share an entity, each verified by what the server then says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lumos_remote import (
    Exists,
    Missing,
    Moved,
    NotData,
    Redirected,
    Unauthorised,
    Unsupported,
    Untrusted,
    each,
    segments,
)

from lumos_core.plugin_api import (
    KINDS,
    AnyRecord,
    CatalogError,
    Context,
    Entity,
    LumosError,
    Operation,
    Outcome,
    Record,
    RetryableError,
    canonical,
    decode,
    shadow,
    urns,
)

from .companions import Companions
from .edges import Edges, read_edges
from .entities import TYPES
from .facts import fact_type, to_profile
from .keeping import after_of, keep_foreign
from .lookup import Lookup, above
from .mapping import Native, from_native, projector, to_native
from .names import Place, is_foreign
from .removing import remove, restore
from .residue import added, overlaid
from .server import Server
from .wire import Held, Patch, create_request, held, tasks

SYSTEM = "openmetadata"
_LATE = {"assertion": 900, "stats": 1500, "foreign": 1500}  # after the tables that they are about
ATTEMPTS = 4
"""How often a record is read and written again when somebody else changes it at the same time."""

_FATAL = (Unauthorised, Unsupported, Redirected, Untrusted, NotData)


class _Again(Exception):
    """Somebody else was faster: read and try again."""


def write(server: Server, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
    """Apply operations, with one outcome each, in order.

    Raises:
        RetryableError: The server asks for patience, or cannot be reached.
        CatalogError: What answers is not the server, or does not know us.
    """
    writer = Writer(server, ctx)
    outcomes: dict[int, Outcome] = {}
    waves: dict[int, dict[Any, list[int]]] = {}
    for number, operation in enumerate(batch):
        try:
            place = server.names.place(operation.urn)
            rank, group = TYPES[place.type].rank, place.host
        except ValueError as error:
            outcomes[number] = Outcome(operation.urn, "failed", str(error))
            continue
        deep = len(place.parts) if place.type in ("container", "glossaryTerm", "tag", "domain") else 0
        step = rank * 100 + deep + (50 if place.member else 0) + _LATE.get(operation.kind, 0)
        waves.setdefault(step, {}).setdefault(group, []).append(number)

    def apply(numbers: list[int]) -> list[tuple[int, Outcome]]:
        return [(number, writer.apply(batch[number])) for number in numbers]

    for step in sorted(waves):
        for found in each(apply, list(waves[step].values()), server.config.workers, ctx):
            outcomes.update(found)
    return [outcomes[number] for number in range(len(batch))]


class Writer:
    """Writes single operations."""

    def __init__(self, server: Server, ctx: Context) -> None:
        self._server, self._ctx = server, ctx
        self._names = server.names
        self._lookup = Lookup(server)
        self._tests = Companions(server, self._lookup, ctx)

    def apply(self, operation: Operation) -> Outcome:
        """Apply one operation; what concerns it alone is an outcome."""
        try:
            struct = KINDS.get(operation.kind)
            if operation.kind in ("stats", "foreign"):
                return self._apply(operation)
            if struct is None or not issubclass(struct, Entity) or not isinstance(operation.set, (struct, type(None))):
                raise ValueError(f"OpenMetadata has no place for a record of kind {operation.kind!r}")
            return self._apply(operation)
        except (*_FATAL, RetryableError):
            raise
        except (LumosError, ValueError) as error:
            return Outcome(operation.urn, "failed", self._server.client.redact(error, 2000))

    def _apply(self, operation: Operation) -> Outcome:
        place = self._names.place(operation.urn)
        for attempt in range(ATTEMPTS):
            try:
                if is_foreign(place):
                    return keep_foreign(self._lookup, operation, place)
                return self._once(operation, place, planned_new=not attempt)
            except (_Again, Moved, Exists):
                self._lookup.seen(place.host, None)
        return Outcome(operation.urn, "conflict", "somebody else keeps changing it at the same time")

    def _once(self, operation: Operation, place: Place, planned_new: bool) -> Outcome:
        alone = isinstance(operation.set, Entity) and not place.member
        # What was absent when it was planned is created without a look; the server says when it is there by now.
        blind = planned_new and alone and operation.action == "create" and not operation.expect
        present = None if blind else self._read(place, operation)
        known = None if present is None else self._record(present, urns.host(operation.urn))
        before = None if known is None else known.record
        companions = () if known is None else known.foreign
        if operation.kind in ("stats", "foreign"):
            return self._companion(operation, place, present, before, companions)
        if before is None and operation.action == "remove":
            return Outcome(operation.urn, "unchanged")
        after = after_of(operation, before)
        native = to_native(after, self._names)
        if place.member:
            self._lookup.ensure(place.host)
        self._lookup.stubs(native)
        pruned = self._lookup.pruned(native)
        self._tests.retire(before, after)
        early = self._tests.same(before, after)
        shown = early and self._tests.keep(before, after)
        if present is None and not place.member:
            made = self._create(operation, after, pruned)
        else:
            made = self._update(operation, present or self._new_task(place), before, after, pruned, companions)
        shown = shown or (not early and self._tests.keep(None, after))
        return Outcome(operation.urn, "written") if shown else made

    def _read(self, place: Place, operation: Operation) -> Held | None:
        raw = self._server.get(place.host)
        self._lookup.seen(place.host, raw)
        if raw is None:
            return None
        found = held(TYPES[place.type], raw)
        if place.member:
            one = next((one for one in tasks(found) if one.native.place == place), None)
            if one is None:
                return None
            found = one
        touched = "lineage" in operation.unset or getattr(operation.set, "lineage", None) is not None
        if TYPES[place.type].lineage and (touched or '"lineage"' in found.text):
            found.native.edges = read_edges(self._server, place.type, raw["id"])
        return found

    def _record(self, present: Held, urn: str) -> shadow.Recalled | None:
        """Return the record that an entity is; None when it is only there because another needs it.

        Raises:
            CatalogError: It is another record.
        """
        native = from_native(present.native, self._names)
        if present.implied:
            return None
        found = shadow.recall(native, present.text, projector(self._names))
        if found.record.urn != urn:
            raise CatalogError(
                f"{present.native.place.type} {present.native.place.fqn} is {found.record.urn} already",
                why="two URNs meet at one name in OpenMetadata, and only one of them can be there",
                fix="rename one, or give the platform another name in `services`",
            )
        return found

    def _new_task(self, place: Place) -> Held:
        """Return a task that is not there yet, in a pipeline that is."""
        raw = self._lookup.find((place.type, place.fqn))
        assert raw is not None
        edges = read_edges(self._server, place.type, raw["id"])
        return Held(Native(place, {}, edges), "", raw["id"], {"name": place.member}, raw)

    def _companion(
        self,
        operation: Operation,
        place: Place,
        present: Held | None,
        before: AnyRecord | None,
        companions: Sequence[AnyRecord],
    ) -> Outcome:
        """Write what stands beside a record: natively where OpenMetadata has it, else in the property."""
        if present is None or before is None:
            raise CatalogError(f"{urns.host(operation.urn)} is not in OpenMetadata", fix="write that record first")
        value: Any = operation.set
        record = None if value is None else decode(canonical(Record(operation.urn, value, operation.kind)))
        mark = operation.urn.partition("#")[2]
        type_ = mark.rpartition("@")[0] if operation.kind == "stats" else ""
        kept = [one for one in companions if one.urn != operation.urn and not (type_ and fact_type(one) == type_)]
        if operation.kind == "stats" and operation.action != "remove":
            request = to_profile(record) if record is not None and place.type == "table" and not place.member else None
            if request is not None and self._columns_known(request, present):
                self._server.client.put(f"/tables{segments(present.id, 'tableProfile')}", request)
                record = None
                if len(kept) == len(companions):
                    return Outcome(operation.urn, "written")
        elif mark.startswith(f"{SYSTEM}/") and record is not None:
            return self._residue(operation.urn, record, present, before)
        after = after_of(Operation(kind=before.kind, urn=before.urn, action="update"), before)
        wanted = self._lookup.pruned(to_native(after, self._names))
        kept += [] if record is None or operation.action == "remove" else [record]
        made = self._update(
            Operation(kind=before.kind, urn=before.urn, action="update"), present, before, after, wanted, kept
        )
        return Outcome(operation.urn, made.status, made.reason)

    def _columns_known(self, request: dict[str, Any], present: Held) -> bool:
        place = present.native.place
        names = [f"{place.fqn}.{column['name']}" for column in request.get("columnProfile", ())]
        return all(self._lookup.has_column((place.type, place.fqn), name) for name in names)

    def _residue(self, urn: str, record: AnyRecord, present: Held, before: AnyRecord) -> Outcome:
        """Write what the mapping does not understand of an entity of OpenMetadata."""
        if present.native.place.member:
            raise CatalogError("what is left of a task is not written", why="a task has no place for it")
        doc = self._lookup.pruned(to_native(before, self._names)).doc
        more, stale = added(record, doc, self._names, self._lookup.identify)
        if stale:
            text = "what is known of it beyond the model belongs to an earlier state; it is left as it is"
            self._ctx.warn("stale-residue", text, urn)
            return Outcome(urn, "conflict", text)
        operations = []
        for key, value in more.items():
            wanted = overlaid(present.raw.get(key), value)
            if wanted != present.raw.get(key):
                operations.append({"op": "add", "path": f"/{key}", "value": wanted})
        if not operations:
            return Outcome(urn, "unchanged")
        said = from_native(present.native, self._names)
        edges, deleted = present.native.edges, present.native.deleted
        self._send(urn, present, operations, said, present.text, before, before, edges, deleted)
        return Outcome(urn, "written")

    def _create(self, operation: Operation, after: AnyRecord, native: Native) -> Outcome:
        place, type_ = native.place, TYPES[native.place.type]
        edges, native.edges = native.edges, ()
        wanted, native.deleted = native.deleted, False
        self._lookup.prepare(place, native.doc)
        if (parent := above(place)) is not None:
            self._lookup.ensure(parent)
        self._server.define(type_)
        final = Native(place, native.doc, edges, wanted)
        said = from_native(final, self._names)
        text = shadow.keep(after, lambda _: said)
        with self._lookup.lock(place):
            body = create_request(native, text, self._names, self._lookup.identify)
            # Not by PUT, which fills, overwrites or revives what is there. Sent again when its answer is lost.
            reply = self._server.client.post(f"/{type_.route}", body, idempotent=True)
        self._lookup.seen(place, reply.value)
        present = held(type_, reply.value)
        if present.native.place != place:
            raise CatalogError(f"the server calls it {present.native.place.fqn}, not {place.fqn}")
        if edges:
            Edges(self._lookup, operation.urn, place).change((), edges)
        if present.text != text or _differences(said, present.native, edges, wanted, self._names):
            self._finish(operation.urn, present, native.doc, text, after, edges, wanted)
        elif wanted:
            remove(self._server, type_, present.entity)
        return Outcome(operation.urn, "written")

    def _finish(
        self, urn: str, present: Held, doc: Any, text: str, after: AnyRecord, edges: Any, deleted: bool
    ) -> None:
        """Patch what a create request did not set."""
        patch = Patch(present, self._names, self._lookup.identify)
        patch.change(present.native.doc, doc)
        operations = patch.keep(Native(present.native.place, doc), text)
        said = from_native(Native(present.native.place, doc, edges, deleted), self._names)
        self._send(urn, present, operations, said, text, None, after, edges, deleted)
        if deleted:
            remove(self._server, TYPES[present.native.place.type], present.entity)

    def _update(
        self,
        operation: Operation,
        present: Held,
        before: AnyRecord | None,
        after: AnyRecord,
        wanted: Native,
        companions: Sequence[AnyRecord] = (),
    ) -> Outcome:
        type_, place = TYPES[wanted.place.type], wanted.place
        was = self._lookup.pruned(to_native(before, self._names)) if before is not None else Native(place, {})
        if before is None and not place.member:
            was.doc = {key: present.native.doc[key] for key in ("columns",) if key in present.native.doc}
        edges = self._edges_after(operation.urn, present, was, wanted)
        patch = Patch(present, self._names, self._lookup.identify)
        native = patch.change(was.doc, wanted.doc)
        native.edges, native.deleted = edges, wanted.deleted
        said = from_native(native, self._names)
        text = shadow.keep(after, lambda _: said, companions)
        operations = patch.keep(native, text)
        lineage = edges != present.native.edges or (was.edges != wanted.edges)
        gone = present.native.deleted
        if not operations and not lineage and gone == wanted.deleted:
            return Outcome(operation.urn, "unchanged")
        if gone:
            restore(self._server, type_, present.entity)
            if operations or lineage:
                raw = self._server.get(place.host)
                self._lookup.seen(place.host, raw)
                version = {"version": raw["version"]} if raw is not None else {}
                present = present._replace(entity={**present.entity, **version, "deleted": False})
        if lineage:
            Edges(self._lookup, operation.urn, place).change(was.edges, wanted.edges)
        if operations:
            self._send(operation.urn, present, operations, said, text, before, after, edges, wanted.deleted)
        if wanted.deleted:
            remove(self._server, type_, present.entity)
        return Outcome(operation.urn, "written")

    def _edges_after(self, urn: str, present: Held, was: Native, wanted: Native) -> Any:
        """The edges at an entity when its record's own were changed, as reading will find them."""
        mine = {edge.key for edge in was.edges}
        kept = [edge for edge in present.native.edges if edge.key not in mine]
        keys = {edge.key for edge in wanted.edges}
        return tuple(sorted([*(edge for edge in kept if edge.key not in keys), *wanted.edges]))

    def _send(
        self,
        urn: str,
        present: Held,
        operations: list[dict[str, Any]],
        said: AnyRecord,
        text: str,
        before: AnyRecord | None,
        after: AnyRecord,
        edges: Any,
        deleted: bool,
    ) -> None:
        """Patch, and find out what was really stored.

        Raises:
            CatalogError: Something was not.
        """
        place, type_ = present.native.place, TYPES[present.native.place.type]
        self._server.define(type_)
        headers = {"If-Match": f'W/"{present.entity["version"]}"'} if self._names.family == 2 else {}
        path = f"/{type_.route}{segments(present.id)}"
        try:
            raw = self._server.client.patch(path, operations, headers=headers).value
        except Missing:
            if self._server.get(place.host) is None:
                raise _Again from None
            raise
        self._lookup.seen(place.host, raw)
        found = _at(held(type_, raw), place)
        wrong = ["the record"] if found is None else _differences(said, found.native, edges, deleted, self._names)
        if found is None or wrong or found.text != text:
            raw = self._server.get(place.host) or {}
            found = _at(held(type_, raw), place) if raw else None
            wrong = ["the record"] if found is None else _differences(said, found.native, edges, deleted, self._names)
            if found is not None and found.text != text:
                wrong.append("the property `lumos`")
        if wrong:
            raise CatalogError(
                f"the server did not store {', '.join(wrong)} of {urn}",
                why="it took the change and then says something else",
                fix="see whether a policy, a workflow or a bot of OpenMetadata changes it back",
            )


def _at(entity: Held, place: Place) -> Held | None:
    return entity if not place.member else next((one for one in tasks(entity) if one.native.place == place), None)


def _differences(said: AnyRecord, native: Native, edges: Any, deleted: bool, names: Any) -> list[str]:
    """Return the keys that are not as they were to be."""
    native = Native(native.place, native.doc, edges, deleted)
    wanted, there = (decode(canonical(one)).value for one in (said, from_native(native, names)))
    return [f"`{key}`" for key in type(wanted).__struct_fields__ if getattr(wanted, key) != getattr(there, key, None)]
