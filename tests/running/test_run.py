"""A whole run on reference components: what it remembers, concludes, judges and writes."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

import lumos_core
from lumos_core.errors import Cancelled, ConfigError, LockedError, RetryableError, StoreError, UnitError
from lumos_core.plugin_api import (
    Dataset,
    Description,
    Field,
    Layout,
    Owner,
    PartitionField,
    Record,
    Scope,
    Stats,
    canonical,
    decode,
    urns,
)
from lumos_core.testing.reference import WORLDS, World

REFERENCE = "lumos_core.testing.reference"


def partitioned(name, *fields):
    record = table(name, *fields)
    record.value.layout = Layout(partition_by=[PartitionField(path=fields[0][0])])
    return record


def table(name, *fields, **keys):
    captured = sorted({"fields", *(key for key in keys if key != "captured"), *keys.pop("captured", ())})
    value = Dataset(name=name, captured=captured, fields=[Field(path, type=type_) for path, type_ in fields], **keys)
    return Record(urns.dataset("memory", name), value)


BROKEN = """
from lumos_core.plugin_api import Config, Enricher

class BrokenConfig(Config):
    "No options."

class Broken(Enricher[BrokenConfig]):
    "Gives one record, then fails."
    writes = frozenset({"owners"})

    def enrich(self, records, ctx):
        yield next(records)
        raise RuntimeError("it broke")
"""

ORDERS = ("id", "int64"), ("email", "string")


class House:
    """A folder with a pipeline over two worlds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = WORLDS[f"{folder}/source"] = World()
        self.catalog = WORLDS[f"{folder}/catalog"] = World()
        self.write()

    def write(self, **keys) -> None:
        config = {
            "version": 1,
            "name": "shop",
            "sources": [{"type": f"{REFERENCE}:MemorySource", "name": "memory", "world": f"{self.folder}/source"}],
            "differ": {"type": f"{REFERENCE}:ShapeDiffer"},
            "catalogs": [{"type": f"{REFERENCE}:MemoryCatalog", "name": "memory", "world": f"{self.folder}/catalog"}],
            **keys,
        }
        (self.folder / "lumos.yaml").write_text(json.dumps(config))

    def put(self, *records) -> None:
        self.source.records = {record.urn: record for record in records}

    def run(self, **options):
        return lumos_core.run(self.folder / "lumos.yaml", **options)

    def head(self):
        store = lumos_core.validate(self.folder / "lumos.yaml").store.build()
        try:
            return {r.urn: r for r in map(decode, store.lines("head")) if r.kind != "stats"}
        finally:
            store.close()


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def test_first_run_remembers_versions_and_publishes(house):
    house.put(table("orders", *ORDERS), table("customers", ("id", "int64")))
    result = house.run()
    assert result.exit_code == 0
    assert result.first
    assert result.changed
    assert result.counts == {"dataset": 2}
    assert result.fields == 3
    assert result.release == "S-1"
    assert [(given.version.schema, given.before) for given in result.versions] == [("1.0.0", None)] * 2
    assert result.published[0].planned == {"create": 2}
    assert result.published[0].written == 2
    held = house.catalog.records[urns.dataset("memory", "orders")]
    assert [field.path for field in held.value.fields] == ["id", "email"]
    assert json.loads(dict(held.value.properties)["cloud_version"]) == {
        "metadata": "1.0.0",
        "release": "S-1",
        "version": "1.0.0",
    }


def test_a_partition_is_not_counted_as_a_field(house):
    house.put(partitioned("orders", *ORDERS))
    assert house.run().fields == 2


def test_second_run_changes_and_writes_nothing(house):
    house.put(table("orders", *ORDERS))
    first = house.run()
    before = {urn: canonical(record) for urn, record in house.catalog.records.items()}
    second = house.run()
    assert second.verdict == "unchanged"
    assert not second.first
    assert second.release == ""
    assert len(second.changes) == len(second.versions) == 0
    assert sum(second.published[0].planned.values()) == second.published[0].written == 0
    assert {urn: canonical(record) for urn, record in house.catalog.records.items()} == before
    assert first.run_id != second.run_id


def test_a_removed_field_is_breaking_and_fails_the_gate_once(house):
    house.write(gate={"fail_on": "breaking"})
    house.put(table("orders", *ORDERS))
    house.run()
    house.put(table("orders", ORDERS[0]))
    result = house.run()
    assert result.exit_code == 1
    assert result.verdict == "failed"
    assert [(change.rule, change.path, change.severity) for change in result.changes] == [
        ("field-removed", "email", "breaking")
    ]
    assert [given.version.schema for given in result.versions] == ["2.0.0"]
    assert result.published[0].written == 1, "facts are published all the same"
    assert house.run().exit_code == 0, "the next run is green"


def test_a_gate_before_publish_stays_red_until_it_is_waived(house):
    house.put(table("orders", *ORDERS))
    house.write(gate={"fail_on": "breaking", "before": "publish"})
    assert house.run().exit_code == 0
    house.put(table("orders", ORDERS[0]))
    red = house.run()
    assert red.exit_code == 1
    assert red.published == []
    assert house.run().exit_code == 1, "nothing was published, so it is still to be judged"
    waiver = {
        "rule": "field-removed",
        "urn": "orders",
        "field": "email",
        "reason": "nobody reads it",
        "requested_by": "ann",
        "approved_by": ["bob"],
        "created": "2020-01-01",
        "expires": "2099-01-01",
    }
    (house.folder / "waivers.yaml").write_text(
        json.dumps({"max_days": 3650 * 10, "waivers": [waiver]}).replace("36500", "3650")
    )
    with pytest.raises(ConfigError, match="at most 3650 days"):
        house.write(gate={"fail_on": "breaking", "before": "publish", "waivers": "waivers.yaml"}) or house.run()
    waiver.update(created=_day(-1), expires=_day(30))
    (house.folder / "waivers.yaml").write_text(json.dumps({"waivers": [waiver]}))
    green = house.run()
    assert green.exit_code == 0
    assert green.gate.waived == 1
    assert green.published[0].written == 1


def _day(offset):
    return (datetime.now(timezone.utc).date() + timedelta(days=offset)).isoformat()


def test_a_failed_unit_concludes_nothing(house):
    house.put(table("orders", *ORDERS), table("customers", ("id", "int64")))
    house.run()
    urn = urns.dataset("memory", "customers")
    house.source.broken[urn] = UnitError("the file is damaged", where="customers", fix="write it again")
    result = house.run()
    assert result.exit_code == 3
    assert [(notice.where, notice.message) for notice in result.failures] == [("customers", "the file is damaged")]
    assert not result.changed
    assert urn in house.head()
    assert urn in house.catalog.records
    house.source.broken.clear()
    del house.source.records[urn]
    assert [change.rule for change in house.run().changes] == ["dataset-removed"]


def test_a_denied_listing_is_not_a_removal(house):
    house.put(table("orders", *ORDERS), table("customers", ("id", "int64")))
    house.run()
    urn = urns.dataset("memory", "customers")
    house.source.hidden.add(urn)
    result = house.run()
    assert not result.changed
    assert urn in house.head()
    assert any(covered.status == "failed" for covered in result.coverage)
    assert result.exit_code == 3, "what a source could not read makes the run incomplete"
    assert [(told.message, told.where) for told in result.failures] == [("the listing was denied", "customers")]


def test_a_removal_is_found_after_an_incomplete_run(house):
    house.put(table("orders", *ORDERS), table("customers", ("id", "int64")))
    house.run()
    urn = urns.dataset("memory", "customers")
    del house.source.records[urn]
    house.source.hidden.add(urn)
    assert not house.run().changed
    house.source.hidden.clear()
    result = house.run()
    assert [(change.rule, change.urn) for change in result.changes] == [("dataset-removed", urn)]
    assert urn not in house.head()
    assert house.catalog.records[urn].value.lifecycle.removed, "removed softly"
    assert house.catalog.records[urn].value.fields, "and nothing else is lost"


def test_a_later_sighting_restores(house):
    house.put(table("orders", *ORDERS), table("customers", ("id", "int64")))
    house.run()
    house.put(table("orders", *ORDERS))
    house.run()
    house.put(table("orders", *ORDERS), table("customers", ("id", "int64")))
    result = house.run()
    assert result.published[0].planned == {"restore": 1}
    lifecycle = house.catalog.records[urns.dataset("memory", "customers")].value.lifecycle
    assert lifecycle is None or not lifecycle.removed


def test_the_guard_stops_a_mass_removal(house):
    house.put(*(table(f"t{number}", ("id", "int64")) for number in range(20)))
    house.run()
    house.put(*(table(f"t{number}", ("id", "int64")) for number in range(10)))
    result = house.run()
    assert result.exit_code == 3
    assert "10 of 20" in result.published[0].blocked
    assert not any(record.value.lifecycle for record in house.catalog.records.values())
    house.write(publish={"guard": {"max_removed_percent": 60}})
    after = house.run()
    assert after.exit_code == 0
    assert after.published[0].planned == {"remove": 10}


def test_an_edit_in_the_catalog_survives(house):
    house.put(table("orders", *ORDERS, description=Description(source="from the source")))
    house.run()
    urn = urns.dataset("memory", "orders")
    held = house.catalog.records[urn].value
    held.description = Description(source="from the source", manual="typed by Ann")
    held.owners = [Owner("urn:lumos:user:ann")]
    held.captured = sorted({*held.captured, "owners"})
    house.put(table("orders", *ORDERS, ("new", "string"), description=Description(source="new text"), owners=[]))
    result = house.run()
    after = house.catalog.records[urn].value
    assert after.description == Description(source="new text", manual="typed by Ann")
    assert after.owners == [Owner("urn:lumos:user:ann")]
    assert [field.path for field in after.fields] == ["id", "email", "new"]
    assert result.published[0].conflicts == []


def test_the_store_of_another_pipeline_is_refused(house):
    house.put(table("orders", *ORDERS))
    house.run()
    house.put(table("customers", ("id", "int64")))
    house.write(name="other")
    with pytest.raises(StoreError, match="history of the pipeline 'shop', not of 'other'") as caught:
        house.run()
    assert caught.value.exit_code == 2
    assert "state: .lumos-lumos" in caught.value.fix
    assert urns.dataset("memory", "orders") in house.head()
    house.write(name="other", state=".lumos-other")
    assert house.run().first


def test_an_emptied_catalog_is_filled_again(house):
    house.put(table("orders", *ORDERS), table("customers", ("id", "int64")))
    house.run()
    house.catalog.records.clear()
    result = house.run()
    assert not result.changed
    assert result.published[0].planned == {"create": 2}
    assert [notice.code for notice in result.warnings] == ["catalog-empty"]
    assert len(house.catalog.records) == 2
    assert house.run().published[0].planned == {}


def test_a_true_conflict_is_left_to_people(house):
    house.put(table("orders", *ORDERS, description=Description(source="one")))
    house.run()
    urn = urns.dataset("memory", "orders")
    house.catalog.records[urn].value.description = Description(source="two")
    house.put(table("orders", *ORDERS, description=Description(source="three")))
    result = house.run()
    assert house.catalog.records[urn].value.description == Description(source="two")
    assert [(u, key) for u, key, _ in result.published[0].conflicts] == [(urn, "description.source")]


def test_a_key_that_was_not_looked_at_is_carried_forward(house):
    house.put(table("orders", *ORDERS, owners=[Owner("urn:lumos:group:shop")]))
    house.run()
    house.put(table("orders", *ORDERS))
    result = house.run()
    assert not result.changed
    assert result.not_captured == [("memory", "owners", 1)]
    urn = urns.dataset("memory", "orders")
    assert house.head()[urn].value.owners == [Owner("urn:lumos:group:shop")]
    assert house.catalog.records[urn].value.owners == [Owner("urn:lumos:group:shop")]


def test_a_dry_run_remembers_and_writes_nothing(house):
    house.put(table("orders", *ORDERS))
    result = lumos_core.plan(house.folder / "lumos.yaml")
    assert result.mode == "dry-run"
    assert result.published[0].planned == {"create": 1}
    assert result.published[0].written == 0
    assert house.catalog.records == {}
    assert house.head() == {}
    planned = [msg.urn for msg in result.published[0].operations]
    assert planned == [urns.dataset("memory", "orders")]
    assert house.run().published[0].planned == {"create": 1}, "the plan applied is the plan shown"


def test_a_partial_run_reads_only_its_scope(house):
    house.put(table("orders", *ORDERS), table("customers", ("id", "int64")))
    house.run()
    house.put(table("orders", *ORDERS, ("new", "string")))
    urn = urns.dataset("memory", "orders")
    result = house.run(within=Scope(urns=frozenset({urn})))
    assert [change.urn for change in result.changes] == [urn]
    assert urns.dataset("memory", "customers") in house.head()


def test_every_mistake_in_a_file_of_a_source_is_told(house):
    places = [ConfigError("unknown key 'nme'", where=f"discovery.yaml:{line}", fix="use name") for line in range(1, 8)]
    house.source.listing = ConfigError("7 problems in discovery.yaml", problems=places)
    (notice,) = house.run().failures
    assert notice.message.startswith(
        "7 problems in discovery.yaml: discovery.yaml:1: unknown key 'nme'; discovery.yaml:2"
    )
    assert notice.message.endswith("discovery.yaml:5: unknown key 'nme'; and 2 more") and notice.fix == "use name"


def test_a_source_that_cannot_be_listed_ends_only_itself(house):
    house.put(table("orders", *ORDERS))
    house.run()
    house.source.listing = UnitError("the server refused the connection", fix="check the address")
    result = house.run()
    assert result.exit_code == 3
    assert [notice.code for notice in result.failures] == ["source-failed"]
    assert house.head()


def test_a_source_that_fails_is_not_answered_for_by_another(house):
    other = WORLDS[f"{house.folder}/other"] = World([table("customers", ("id", "int64"))])
    house.put(table("orders", *ORDERS))
    house.write(
        sources=[
            {"type": f"{REFERENCE}:MemorySource", "name": "one", "world": f"{house.folder}/source"},
            {"type": f"{REFERENCE}:MemorySource", "name": "two", "world": f"{house.folder}/other"},
        ]
    )
    house.run()
    house.source.listing = UnitError("the server refused the connection")
    del other.records[urns.dataset("memory", "customers")]
    result = house.run()
    assert result.exit_code == 3
    assert [change.rule for change in result.changes] == [], "what the other could not see is not gone"
    assert len(house.head()) == 2
    house.source.listing = None
    assert [change.rule for change in house.run().changes] == ["dataset-removed"]


def test_a_unit_is_tried_again(house, monkeypatch):
    house.put(table("orders", *ORDERS))
    urn = urns.dataset("memory", "orders")
    tries = []

    class Flaky(dict):
        def __contains__(self, key):
            tries.append(key)
            return len(tries) < 3

        def __getitem__(self, key):
            return RetryableError("busy", after=0.0)

    house.source.broken = Flaky()
    assert house.run().exit_code == 0
    assert tries.count(urn) == 3


def test_a_failed_write_is_tried_by_the_next_run(house):
    house.put(table("orders", *ORDERS), table("customers", ("id", "int64")))
    urn = urns.dataset("memory", "orders")
    house.catalog.broken[urn] = UnitError("refused")
    first = house.run()
    assert first.exit_code == 3
    assert (first.published[0].written, first.published[0].failed) == (1, 1)
    house.catalog.broken.clear()
    second = house.run()
    assert second.exit_code == 0
    assert second.published[0].planned == {"create": 1}
    assert urn in house.catalog.records


def test_a_cancelled_run_leaves_everything_as_it_was(house):
    house.put(table("orders", *ORDERS))
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        house.run(cancelled=stop)
    assert house.head() == {}
    assert list((house.folder / ".lumos" / "runs").iterdir()) == []
    assert house.run().first


def test_two_runs_at_once(house):
    house.put(table("orders", *ORDERS))
    store = lumos_core.validate(house.folder / "lumos.yaml").store.build()
    with store.lock(), pytest.raises(LockedError):
        house.run()
    store.close()
    assert house.run().exit_code == 0


def test_the_first_source_wins_and_sets_are_united(house):
    other = WORLDS[f"{house.folder}/other"] = World()
    house.put(table("orders", *ORDERS, owners=[Owner("urn:lumos:group:a")], description=Description(source="one")))
    twin = table("orders", ("id", "string"), owners=[Owner("urn:lumos:group:b")])
    other.records = {twin.urn: twin}
    house.write(
        sources=[
            {"type": f"{REFERENCE}:MemorySource", "name": "one", "world": f"{house.folder}/source"},
            {"type": f"{REFERENCE}:MemorySource", "name": "two", "world": f"{house.folder}/other"},
        ]
    )
    result = house.run()
    value = house.head()[twin.urn].value
    assert [(field.path, field.type) for field in value.fields] == [("id", "int64"), ("email", "string")]
    assert [owner.owner for owner in value.owners] == ["urn:lumos:group:a", "urn:lumos:group:b"]
    assert [notice.code for notice in result.warnings] == ["merge-conflict"]


def test_enrichers_and_their_failure(house):
    house.put(table("orders", *ORDERS))
    house.write(enrich=[{"type": f"{REFERENCE}:OwnerEnricher", "group": "shop"}])
    house.run()
    urn = urns.dataset("memory", "orders")
    assert [owner.owner for owner in house.head()[urn].value.owners] == ["urn:lumos:group:shop"]
    (house.folder / "broken_enricher.py").write_text(BROKEN)
    house.write(enrich=[{"type": "broken_enricher:Broken"}])
    result = house.run()
    assert result.exit_code == 3
    assert house.head()[urn].value.owners, "what a broken enricher writes is not captured, never removed"


LEAVING = """
from lumos_core.plugin_api import Config, CostModel

class LeavingConfig(Config):
    "No options."

class Leaving(CostModel[LeavingConfig]):
    "Ends the program in the middle of its prices."

    def price(self, graph, stats, period, ctx):
        raise SystemExit(0)
"""


def test_a_cost_model_that_fails_takes_nothing_from_the_facts(house):
    house.put(table("orders", *ORDERS))
    (house.folder / "leaving_costs.py").write_text(LEAVING)
    house.write(cost={"type": "leaving_costs:Leaving"})
    result = house.run()
    assert result.exit_code == 3
    assert [notice.code for notice in result.failures] == ["cost-failed"]
    assert "sys.exit(0)" in result.failures[0].message
    assert set(house.head()) == {urns.dataset("memory", "orders")}


def test_costs_become_stats(house):
    urn = urns.dataset("memory", "orders")
    profile = Record(f"{urn}#profile@2026-01-15T00:00:00Z", Stats(size_bytes=10**9, row_count=3))
    house.put(table("orders", *ORDERS))
    house.source.records[profile.urn] = profile
    house.write(cost={"type": f"{REFERENCE}:SizeCost", "per_gigabyte": "0.50"})
    result = house.run()
    amounts = {record.urn.partition("#")[2].partition("@")[0]: record.value.amount for record in result.stats}
    assert Decimal(amounts["cost"]) == Decimal("0.5")
    assert len(result.stats) == 2
    again = house.run()
    assert not again.changed


def test_secrets_reach_no_message(house):
    house.put(table("orders", *ORDERS))
    urn = urns.dataset("memory", "orders")
    house.source.broken[urn] = UnitError("cannot reach postgresql://ann:hunter22@db/shop")
    result = house.run()
    assert "hunter22" not in str(result.failures)
    assert "postgresql://ann:***@db/shop" in result.failures[0].message


def test_a_source_that_is_gone_is_not_waited_for_once_per_unit(house):
    """What fails for a reason of its own does not count, and nothing is concluded from what was not tried."""
    tables = [table(f"t{number:02}", ("id", "int64")) for number in range(60)]
    house.put(*tables)
    house.write(executor={"type": "serial"})
    assert house.run().exit_code == 0
    tries = []

    class Gone(dict):
        def __contains__(self, key):
            tries.append(key)
            return True

        def __getitem__(self, key):
            if tries.count(key) == 1 and key == tables[5].urn:
                return UnitError("broken by itself")
            return RetryableError("no answer", after=0.0)

    house.source.broken = Gone()
    result = house.run()
    assert result.exit_code == 3
    assert len(result.failures) == 60
    assert len(set(tries)) == 13
    assert "not tried: 12 units of this source failed and none was read since" in result.failures[-1].message
    assert list(result.changes) == []
    assert len(house.head()) == 60
