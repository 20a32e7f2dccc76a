"""What is to be kept: a record after an operation; a thing of another vendor that belongs to no record, in a term."""

from __future__ import annotations

from typing import Any

from lumos_remote import segments
from msgspec.structs import replace

from lumos_core.plugin_api import AnyRecord, Lifecycle, Operation, Outcome, Record, canonical, decode

from .entities import TYPES
from .lookup import Lookup, above
from .mapping import Native
from .names import Place
from .removing import remove, restore
from .residue import SYSTEM
from .wire import Patch, create_request, held


def keep_foreign(lookup: Lookup, operation: Operation, place: Place) -> Outcome:
    """Keep a thing that only another vendor understands, and that belongs to no record, in a term of its own."""
    raw = lookup.server.get(place)
    present = None if raw is None else held(TYPES[place.type], raw)
    alive = present is not None and not present.native.deleted
    if operation.action == "remove":
        if present is not None and alive:
            remove(lookup.server, TYPES[place.type], present.entity)
        return Outcome(operation.urn, "written" if alive else "unchanged")
    value: Any = operation.set
    text = canonical(Record(operation.urn, value, operation.kind)).decode()
    if present is None:
        lookup.ensure(above(place) or place)
        lookup.server.define(TYPES[place.type])
        body = create_request(Native(place, {}), text, lookup.server.names, lookup.identify)
        lookup.server.client.post(f"/{TYPES[place.type].route}", body, idempotent=True)
        return Outcome(operation.urn, "written")
    if alive and present.text == text:
        return Outcome(operation.urn, "unchanged")
    if not alive:
        restore(lookup.server, TYPES[place.type], present.entity)
    patch = Patch(present, lookup.server.names, lookup.identify).keep(present.native, text)
    if patch:
        lookup.server.client.patch(f"/{TYPES[place.type].route}{segments(present.id)}", patch)
    return Outcome(operation.urn, "written")


def after_of(operation: Operation, before: AnyRecord | None) -> AnyRecord:
    """Return the record after an operation; the mark of a soft delete follows from the action."""
    applied = operation.apply(before)
    value: Any = replace(applied.value, captured=[])
    value.aliases = [alias for alias in value.aliases if alias[0] != SYSTEM]
    if operation.action in ("remove", "restore"):
        lifecycle = replace(value.lifecycle or Lifecycle(), removed=operation.action == "remove")
        value.lifecycle = None if lifecycle == Lifecycle() else lifecycle
    return decode(canonical(Record(applied.urn, value, applied.kind)))
