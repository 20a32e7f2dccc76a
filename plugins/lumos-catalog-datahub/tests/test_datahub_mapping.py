"""Mapping without any server: records to aspects and back, and aspects to records and back."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from lumos_catalog_datahub.changing import Change
from lumos_catalog_datahub.holding import (
    foreign_parts,
    foreign_thing,
    hold,
    kept_in,
    meant,
    own_aspects,
    resource_of,
    rules_of,
)
from lumos_catalog_datahub.mapper import Mapper
from lumos_catalog_datahub.names import entity_of
from lumos_catalog_datahub.native import Thing
from lumos_catalog_datahub.shapes import DERIVED, EMPTY, LEFT_OUT, SHAPES, STATS
from lumos_remote.residue import strip
from lumos_testing_datahub.checking import Checks
from lumos_testing_datahub.registry import registry
from lumos_testing_datahub.samples import aspect as random_aspect
from lumos_testing_datahub.samples import urn as random_urn

from lumos_core.plugin_api import KINDS, AnyRecord, Entity, Operation, canonical, normalise, shadow
from lumos_core.testing.strategies import records

MAPPER = Mapper()
CHECKS = Checks(registry(), lambda urn: True)
KIND_NAMES = sorted(kind for kind, value in KINDS.items() if issubclass(value, Entity))
quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def assert_valid(native: str, aspects: dict[str, Any]) -> None:
    entity = registry().entities[entity_of(native)]
    registry().parse(native)
    for name, value in aspects.items():
        assert name in entity.aspects
        CHECKS.check(registry().aspects[name].type, value)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_record_is_read_back_equal(kind: str) -> None:
    @quick
    @given(records(kind))
    def check(record: AnyRecord) -> None:
        record = normalise(record)
        native, before = MAPPER.names.native(record.urn), canonical(record)
        aspects = MAPPER.write(record)
        assert_valid(native, aspects)
        text = shadow.keep(record, MAPPER.project)
        assert canonical(record) == before
        found = shadow.recall(MAPPER.read(native, aspects), text, MAPPER.project)
        assert found.stale == ()
        found.record.value.captured = record.value.captured
        assert canonical(found.record) == before

    check()


def written(operations: list[Operation], thing: Thing | None = None, mapper: Mapper = MAPPER) -> tuple[Change, Thing]:
    """Apply operations to an entity without a server; returns what was done, and the entity afterwards."""
    native = mapper.names.native(operations[0].urn.partition("#")[0])
    change = Change(mapper, native, thing, {}, "urn:li:corpuser:lumos", 1_700_000_000_000)
    change.run(operations)
    after = Thing(native, dict(thing.aspects) if thing else {})
    for (urn, name), value in change.writes.items():
        if urn != native:
            after.text = kept_in(Thing(urn, {name: value})) or after.text
            assert urn == resource_of(native) or "#" in urn or urn.startswith("urn:li:platformResource:")
        elif value is None:
            after.aspects.pop(name, None)
        else:
            after.aspects[name] = value
    return change, after


def everything(thing: Thing) -> list[AnyRecord]:
    if not MAPPER.understands(thing.urn):
        found = foreign_thing(MAPPER, thing)
        return [] if found is None else [found]
    held = hold(MAPPER, thing)
    assert held.stale == ()
    return [held.record, *foreign_parts(MAPPER, thing, held)]


def create(record: AnyRecord) -> Operation:
    return Operation(kind=record.kind, urn=record.urn, action="create", set=record.value)


def meaning(thing: Thing) -> dict[str, Any]:
    found, shape = {}, SHAPES.get(thing.entity)
    for name, value in own_aspects(thing):
        known = shape is not None and (name in shape.aspects or name in (shape.info, shape.editable))
        found[name] = strip(meant(name, value) if known else value, rules_of(name, known))
        if found[name] == strip(meant(name, EMPTY.get(name, {})), rules_of(name, known)):
            found[name] = {}  # an aspect that says nothing is as good as none
    return {name: value for name, value in found.items() if value}


PAIRS = sorted(
    (entity, name)
    for entity, spec in registry().entities.items()
    if entity not in LEFT_OUT
    for name in spec.aspects
    if name not in DERIVED and name.lower() != f"{entity}Key".lower()
)


@pytest.mark.parametrize(("entity", "name"), PAIRS)
def test_every_aspect_of_the_vendor_is_written_back_equal(entity: str, name: str) -> None:
    for seed in range(4):
        random = Random(f"{entity}/{name}/{seed}")
        thing = Thing(random_urn(entity, random), {name: random_aspect(name, random, full=seed == 0)})
        found = everything(thing)
        operations = [create(record) for record in found]
        if not operations:
            assert meaning(thing) == {}
            continue
        change, after = written(operations)
        assert [one for one in change.outcomes if one.status in ("failed", "conflict")] == []
        assert_valid(after.urn, after.aspects)
        assert meaning(after).get(name, {}) == meaning(thing).get(name, {})
        again = sorted(canonical(record) for record in everything(after) if name not in STATS)
        assert again == sorted(canonical(record) for record in found if name not in STATS)
