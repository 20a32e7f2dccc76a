"""DataHub and OpenMetadata (their strict fakes) kept in step, and moved into each other: nothing is written twice."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from lumos_core.config.types import ComponentSpec
from lumos_core.contracts.catalog import Operation
from lumos_core.migration.migrating import migrate
from lumos_core.migration.syncing import sync
from lumos_core.model.elements import Description, TagLink
from lumos_core.model.entities import Dataset
from lumos_core.model.record import canonical
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.estates import Estate

for needed in ("lumos_catalog_datahub", "lumos_catalog_openmetadata"):
    pytest.importorskip(needed)
datahub = pytest.importorskip("lumos_testing_datahub")
openmetadata = pytest.importorskip("lumos_testing_openmetadata")


class Rival:
    """A catalog on a fake: its pipeline file, and what it holds."""

    def __init__(self, folder, name, options):
        self.name, self.options, self.file = name, options, folder / f"{name}.yaml"
        words = ", ".join(f"{key}: '{value}'" for key, value in options.items())
        self.file.write_text(f"catalogs:\n- {{type: {name}, name: {name}, {words}}}\n", encoding="utf-8")

    def held(self):
        """URN -> record."""
        catalog = ComponentSpec("catalog", self.name, dict(self.options)).build()
        try:
            return {record.urn: record for record in catalog.read(Scope(), MemoryContext())}
        finally:
            catalog.close()

    def lines(self):
        return sorted(canonical(record) for record in self.held().values())

    def write(self, *operations):
        catalog = ComponentSpec("catalog", self.name, dict(self.options)).build()
        try:
            outcomes = list(catalog.write(operations, MemoryContext()))
        finally:
            catalog.close()
        assert [outcome for outcome in outcomes if outcome.status != "written"] == []

    def update(self, urn, **keys):
        self.write(Operation(kind="dataset", urn=urn, action="update", set=Dataset(**keys)))


@pytest.fixture
def rivals(tmp_path):
    with ExitStack() as stack:
        gms = stack.enter_context(datahub.DataHubFake())
        server = stack.enter_context(openmetadata.OpenMetadataFake("2.0"))
        yield (
            Rival(tmp_path, "datahub", {"server": gms.url}),
            Rival(tmp_path, "openmetadata", {"server": server.url, "token": server.bot_token}),
        )


ESTATE = Estate(datasets=15, fields=6)


def seed(rival):
    """Put the estate into a catalog."""
    folder = rival.file.parent / "seed"
    folder.mkdir()
    records = list(ESTATE.records())
    path = folder / "seed.db"
    opened = ComponentSpec("catalog", "local", {"path": str(path)}).build()
    list(
        opened.write(
            [Operation(kind=r.kind, urn=r.urn, action="create", set=r.value) for r in records], MemoryContext()
        )
    )
    opened.close()
    source = folder / "seed.yaml"
    source.write_text("catalogs:\n- {type: local, name: seed, path: seed.db}\n", encoding="utf-8")
    assert migrate(source, rival.file).exit_code == 0


def changes(result):
    """What a sync would write, or wrote, for people who read a failure."""
    told = []
    for side in (result.left, result.right):
        for operation in side.operations:
            told += [(operation.urn, operation.action, key, why) for key, why in operation.reasons]
    return told


def test_a_sync_of_rivals_is_quiet_and_carries_each_edit_once(rivals):
    one, other = rivals
    seed(one)
    first = sync(one.file, other.file)
    assert first.exit_code == 0, list(first.right.failures)
    before = one.lines(), other.lines()
    again = sync(one.file, other.file)
    assert changes(again) == []
    assert not again.conflicts
    assert (one.lines(), other.lines()) == before
    left, right = ESTATE.dataset(1), ESTATE.dataset(2)
    one.update(left, description=Description(manual="Edited in DataHub"))
    tags = [*other.held()[right].value.tags, TagLink("urn:lumos:tag:edited-there")]
    other.update(right, tags=tags)
    carried = sync(one.file, other.file)
    assert {urn for urn, *_ in changes(carried)} == {left, right}
    assert other.held()[left].value.description.manual == "Edited in DataHub"
    assert "urn:lumos:tag:edited-there" in {link.tag for link in one.held()[right].value.tags}
    assert changes(sync(one.file, other.file)) == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["datahub-openmetadata", "openmetadata-datahub"])
def test_a_second_migration_between_rivals_finds_nothing_to_do(rivals, order):
    source, target = (rivals[number] for number in order)
    seed(source)
    came_with = target.held().keys()
    result = migrate(source.file, target.file)
    assert result.exit_code == 0, list(result.failures)
    assert not result.tally.records["failed"]
    assert "aliases" not in {aspect for aspect, *_ in result.losses()}
    before = target.lines()
    again = migrate(source.file, target.file)
    assert set(again.planned) == {"keep"}
    assert target.lines() == before
    back = migrate(target.file, source.file)
    # What the target came with is new to the source, or says more there; of all others nothing is written back.
    assert [operation.urn for operation in back.operations if operation.urn not in came_with] == []
