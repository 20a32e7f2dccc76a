"""Checks on records that several kits share."""

from __future__ import annotations

from collections.abc import Iterable

from ...model.aspects import of_kind, present
from ...model.entities import Entity
from ...model.record import AnyRecord, canonical, decode, is_canonical
from ...model.urns import host, kind


def check_record(record: AnyRecord) -> bytes:
    """Assert that a record is sound and return its line."""
    line = canonical(record)
    assert is_canonical(line), f"not canonical: {line!r}"
    assert decode(line) == record, f"{record.urn} changes when it is written and read"
    value = record.value
    if isinstance(value, Entity):
        assert kind(host(record.urn)) == record.kind
        unknown = set(value.captured) - of_kind(record.kind)
        assert not unknown, f"{record.urn} captures what a {record.kind} cannot have: {sorted(unknown)}"
        missing = present(value) - set(value.captured)
        assert not missing, f"{record.urn} has {sorted(missing)} without capturing it"
    return line


def check_records(records: Iterable[AnyRecord]) -> list[bytes]:
    """Assert that all records are sound and return their lines, sorted."""
    return sorted(check_record(record) for record in records)
