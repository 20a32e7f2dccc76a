"""Checks on records that several kits share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
        assert kind(host(record.urn)) == record.kind, f"{record.urn} is not the URN of a {record.kind}"
        unknown = set(value.captured) - of_kind(record.kind)
        assert not unknown, f"{record.urn} captures what a {record.kind} cannot have: {sorted(unknown)}"
        missing = present(value) - set(value.captured)
        assert not missing, f"{record.urn} has {sorted(missing)} without capturing it"
    return line


def check_records(records: Iterable[AnyRecord]) -> list[bytes]:
    """Assert that all records are sound and return their lines, sorted."""
    return sorted(check_record(record) for record in records)


def compare_claims(name: str, claimed: Iterable[str], shown: Iterable[str], unproven: Mapping[str, str]) -> None:
    """Assert that what a component claims is what it does: no more, no less."""
    said, done = set(claimed), set(shown)
    idle = said - done - set(unproven)
    assert not idle, (
        f"`{name}` claims {sorted(idle)}, and nothing in the sample has it: drop the claim, extend the sample, or say "
        "in `unproven` why it cannot be shown here"
    )
    silent = done - said
    assert not silent, f"`{name}` does not claim {sorted(silent)}, and it works: claim it"
    proven = set(unproven) & done
    assert not proven, f"`unproven` excuses {sorted(proven)}, and the sample shows it: take it out of `unproven`"
