"""Things that only another vendor understands and that belong to no record: each in a term of its own."""

from __future__ import annotations

from typing import Any

from lumos_remote import segments

from lumos_core.plugin_api import Operation, Outcome, Record, canonical

from .entities import TYPES
from .lookup import Lookup, above
from .mapping import Native
from .names import Place
from .removing import remove, restore
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
