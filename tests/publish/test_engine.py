"""The engine: in which order it writes, what it looks at, what it remembers, and when it gives up."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lumos_core.errors import CatalogError
from lumos_core.model.aspects import ASPECTS, RECORD
from lumos_core.model.elements import Deprecated, LineageEdge, TagLink
from lumos_core.model.record import line_key
from lumos_core.plugin_api import (
    Catalog,
    Container,
    Dataset,
    Description,
    Field,
    Foreign,
    Lifecycle,
    Lineage,
    Operation,
    Outcome,
    Record,
    Stats,
    Support,
    Tag,
    Term,
    User,
    canonical,
    decode,
    urns,
)
from lumos_core.publish.apply import DEAD
from lumos_core.publish.engine import Engine
from lumos_core.publish.guard import GuardConfig
from lumos_core.publish.ledger import StoreLedger
from lumos_core.publish.order import Trees
from lumos_core.publish.steps import Step
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.memory_store import MemoryStore

ORDERS, ITEMS = urns.dataset("memory", "orders"), urns.dataset("memory", "items")
ALL = Support(read=True, write=True, lossless=True)


class Shelf(Catalog):
    """Holds records; refuses what it is told to."""

    capabilities = dict.fromkeys(ASPECTS - {RECORD}, ALL)
    foreign = True
    stats = frozenset({"profile"})

    def __init__(self):
        super().__init__(None)
        self.records, self.batches, self.refused, self.reads, self.error = {}, [], {}, [], None

    def read(self, scope, ctx):
        self.reads.append(scope)
        for record in sorted(self.records.values(), key=lambda one: (one.kind, one.urn.encode())):
            if scope.matches(record.urn):
                yield decode(canonical(record))

    def write(self, batch, ctx):
        self.batches.append([operation.urn for operation in batch])
        if self.error is not None:
            raise self.error
        for operation in batch:
            if operation.urn in self.refused:
                yield Outcome(operation.urn, self.refused[operation.urn], "refused")
                continue
            if operation.kind == "foreign" and operation.action == "remove":
                del self.records[operation.urn]
            else:
                held = self.records.get(operation.urn)
                self.records[operation.urn] = decode(canonical(operation.apply(held)))
            yield Outcome(operation.urn, "written")


class Desk:
    """A catalog, what is remembered of it, and what is true."""

    def __init__(self, folder, catalog=None, guard=None):
        self.catalog, self.store, self.truth = catalog or Shelf(), MemoryStore(), {}
        self.folder, self.guard = folder, guard

    def put(self, *records):
        for record in records:
            if hasattr(record.value, "captured") and not record.value.captured:
                record.value.captured = ["description", "fields", "lineage", "tags", "lifecycle"]
            self.truth[record.urn] = record

    def lines(self):
        return iter(sorted((canonical(record) for record in self.truth.values()), key=line_key))

    def engine(self):
        ledger = StoreLedger(self.store, "shelf", {"run": "r1"})
        return Engine(self.catalog, MemoryContext(), ledger, folder=self.folder, guard=self.guard, retries=0)

    def run(self, *, full=False):
        self.catalog.batches = []
        engine = self.engine()
        plan = engine.plan(self.lines, full=full)
        return plan, {operation.urn: outcome for operation, outcome in engine.apply(plan)}

    @property
    def written(self):
        return [urn for batch in self.catalog.batches for urn in batch]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def estate():
    """A record of many kinds, all hanging together, in no order."""
    db, schema = urns.container("memory", "a-db"), urns.container("memory", "a-db.0")
    return [
        Record(ORDERS, Dataset(name="orders", parent=schema)),
        Record(schema, Container(name="0", parent=db)),
        Record(f"{ORDERS}#profile@2026-01-15T00:00:00Z", Stats(row_count=1)),
        Record(f"{ORDERS}#memory/raw", Foreign(body="{}")),
        Record(db, Container(name="a-db")),
        Record("urn:lumos:tag:pii.email", Tag(name="email", parent="urn:lumos:tag:pii")),
        Record("urn:lumos:tag:pii", Tag(name="pii")),
        Record("urn:lumos:user:ada", User(name="ada")),
    ]


ORDER = [
    "urn:lumos:user:ada",
    "urn:lumos:tag:pii",
    "urn:lumos:tag:pii.email",
    urns.container("memory", "a-db"),
    urns.container("memory", "a-db.0"),
    ORDERS,
    f"{ORDERS}#memory/raw",
    f"{ORDERS}#profile@2026-01-15T00:00:00Z",
]


def test_what_others_need_comes_first_and_removals_come_last_in_reverse(desk):
    desk.put(*estate())
    desk.run()
    assert desk.written == ORDER
    assert all(len(batch) == 1 for batch in desk.catalog.batches), "a parent and its child are never in one batch"
    kept = {urn: record for urn, record in desk.truth.items() if urn == ORDER[0]}
    desk.truth = {**kept, ITEMS: Record(ITEMS, Dataset(name="items", captured=["fields"]))}
    desk.run()
    assert desk.written == [ITEMS, *reversed(ORDER[1:6])]
    assert desk.catalog.records[f"{ORDERS}#memory/raw"].value.body == "{}", "it stays with its host"


def test_a_cycle_of_parents_does_not_hang(desk):
    one, other = "urn:lumos:term:one", "urn:lumos:term:other"
    desk.put(Record(one, Term(name="one", parent=other)), Record(other, Term(name="other", parent=one)))
    desk.run()
    assert sorted(desk.written) == [one, other]
    trees = Trees()
    for number in range(5000):
        trees.add(f"u{number}", "tag", f"u{number + 1}", "tag")
    step = Step(kind="tag", urn="u0", action="create")
    assert trees.order(step) == trees.order(step)
    assert trees.depth("u4999") == 1


class Later(Shelf):
    """Wants lineage last."""

    deferred = frozenset({"lineage"})


def with_lineage(urn, upstream):
    value = Dataset(name=urn, lineage=Lineage(upstreams=[LineageEdge(urn=upstream)]))
    return Record(urn, value)


def test_deferred_keys_are_written_when_all_records_exist_with_one_outcome_each(tmp_path):
    desk = Desk(tmp_path, Later())
    desk.put(with_lineage(ORDERS, ITEMS), with_lineage(ITEMS, ORDERS))
    _, outcomes = desk.run()
    assert desk.catalog.batches == [[ITEMS, ORDERS], [ITEMS, ORDERS]]
    assert {urn: outcome.status for urn, outcome in outcomes.items()} == {ITEMS: "written", ORDERS: "written"}
    assert desk.catalog.records[ORDERS].value.lineage.upstreams[0].urn == ITEMS
    desk.truth[ORDERS].value.lineage = None
    desk.run()
    assert desk.catalog.batches == [[ORDERS]], "where nothing else changes there is one wave only"
    assert desk.catalog.records[ORDERS].value.lineage is None


def test_a_record_that_failed_is_not_tried_in_the_second_wave(tmp_path):
    desk = Desk(tmp_path, Later())
    desk.put(with_lineage(ORDERS, ITEMS), with_lineage(ITEMS, ORDERS))
    desk.catalog.refused[ORDERS] = "failed"
    _, outcomes = desk.run()
    assert desk.catalog.batches == [[ITEMS, ORDERS], [ITEMS]]
    assert (outcomes[ORDERS].status, outcomes[ITEMS].status) == ("failed", "written")
    desk.catalog.refused.clear()
    desk.run()
    assert desk.catalog.batches == [[ORDERS], [ORDERS]]


def test_what_lies_in_a_record_that_could_not_be_made_is_told_so(desk):
    desk.put(*estate())
    desk.catalog.refused[ORDER[3]] = "failed"
    _, outcomes = desk.run()
    failed = {urn: outcome.reason for urn, outcome in outcomes.items() if outcome.status == "failed"}
    assert list(failed) == ORDER[3:]
    assert failed[ORDERS] == f"its parent {ORDER[4]} could not be made: refused"
    assert not set(ORDER[4:]) & set(desk.written)
    desk.catalog.refused.clear()
    desk.run()
    assert desk.written == ORDER[3:]
    assert desk.run()[0].counts == {}


def test_what_was_not_written_stays_in_doubt_though_the_source_goes_back(desk):
    desk.put(Record(ORDERS, Dataset(name="orders", description=Description(source="one"))))
    desk.run()
    first = desk.truth[ORDERS]
    desk.put(Record(ORDERS, Dataset(name="orders", description=Description(source="two"))))
    desk.catalog.refused[ORDERS] = "conflict"
    desk.run()
    # It was written after all, and nobody was told.
    desk.catalog.records[ORDERS].value.description = Description(source="two")
    desk.catalog.refused.clear()
    desk.put(first)
    desk.run()
    assert desk.catalog.records[ORDERS].value.description.source == "one"
    assert list(desk.store.lines("publishing/shelf")) == []


def test_a_run_with_nothing_to_publish_commits_nothing_and_reads_a_sample(desk):
    desk.put(*estate())
    desk.run()
    commits, desk.catalog.reads = len(desk.store._commits), []
    plan, _ = desk.run()
    assert (plan.counts, len(plan.steps), len(desk.store._commits)) == ({}, 0, commits)
    assert [len(scope.urns) for scope in desk.catalog.reads] == [5]


def test_only_what_is_touched_is_committed(desk):
    desk.put(*estate())
    desk.run()
    desk.put(Record(ITEMS, Dataset(name="items")))
    rows = []
    commit = desk.store.commit
    desk.store.commit = lambda ref, expect, changed, meta: commit(ref, expect, kept(rows, changed), meta)
    desk.run()
    assert {row[1] for row in rows} == {ITEMS}


def kept(rows, changed):
    for row in changed:
        rows.append(row)
        yield row


def test_a_catalog_that_lost_everything_is_filled_anew(desk):
    desk.put(*estate())
    desk.run()
    desk.catalog.records.clear()
    plan, _ = desk.run()
    assert plan.lost
    assert sorted(desk.catalog.records) == sorted(ORDER)
    assert not desk.run()[0].lost


def test_full_mends_what_was_altered_or_taken_away_and_leaves_what_people_wrote(desk):
    fields = [Field("id", type="int64")]
    desk.put(
        Record(ORDERS, Dataset(name="orders", fields=fields, tags=[TagLink("urn:lumos:tag:pii")])),
        Record(ITEMS, Dataset(name="items")),
        *estate()[2:4],
    )
    desk.run()
    del desk.catalog.records[ITEMS]
    value = desk.catalog.records[ORDERS].value
    value.fields[0].type, value.tags, value.description = "string", [], Description(manual="typed")
    assert desk.run()[0].counts == {}, "nothing that is published has changed"
    plan, _ = desk.run(full=True)
    assert plan.counts == {"create": 1, "update": 1, "keep": 1}
    assert desk.catalog.records[ORDERS].value.fields[0].type == "int64"
    assert desk.catalog.records[ORDERS].value.tags == []
    assert desk.catalog.records[ORDERS].value.description.manual == "typed"
    assert ITEMS in desk.catalog.records
    (why,) = [one.reasons for one in plan.operations if one.urn == ORDERS]
    assert why == (("fields", "is not so in the catalog any more"),)


def test_a_foreign_record_that_somebody_took_away_or_changed_is_left_alone(desk):
    raw, other = f"{ORDERS}#memory/raw", f"{ITEMS}#memory/raw"
    desk.put(Record(ORDERS, Dataset(name="o")), Record(ITEMS, Dataset(name="i")))
    desk.put(Record(raw, Foreign(body="1")), Record(other, Foreign(body="1")))
    desk.run()
    del desk.catalog.records[raw]
    desk.catalog.records[other].value.body = "typed"
    desk.put(Record(raw, Foreign(body="2")), Record(other, Foreign(body="2")))
    plan, _ = desk.run()
    assert sorted(urn for urn, _, _ in plan.conflicts) == sorted([raw, other])
    assert raw not in desk.catalog.records
    assert desk.catalog.records[other].value.body == "typed"
    del desk.truth[other]
    assert desk.run()[0].counts == {"keep": 1}
    desk.truth.pop(raw)
    desk.run()
    assert other in desk.catalog.records


def test_a_foreign_record_that_is_gone_from_the_source_is_taken_away(desk):
    raw = f"{ORDERS}#memory/raw"
    desk.put(Record(ORDERS, Dataset(name="o")), Record(raw, Foreign(body="1")))
    desk.run()
    del desk.truth[raw]
    plan, _ = desk.run()
    assert plan.counts == {"remove": 1}
    assert plan.removed == 0, "the guard counts what people see"
    assert list(desk.catalog.records) == [ORDERS]


def test_what_the_catalog_does_not_take_is_passed_over(tmp_path):
    class Plain(Shelf):
        foreign, stats = False, frozenset()

    desk = Desk(tmp_path, Plain())
    desk.put(*estate())
    desk.run()
    assert desk.written == ORDER[:6]
    assert desk.run()[0].counts == {}


def test_facts_are_given_once_and_never_taken_back(desk):
    desk.put(*estate())
    desk.run()
    fact = ORDER[-1]
    del desk.truth[fact]
    desk.put(Record(fact.replace("15T", "16T"), Stats(row_count=2)))
    plan, _ = desk.run()
    assert plan.counts == {"facts": 1}
    assert {fact, fact.replace("15T", "16T")} <= set(desk.catalog.records)


def test_a_restored_record_keeps_what_people_wrote_and_said_of_its_end(desk):
    ended = Lifecycle(deprecated=Deprecated(note="use items"))
    desk.put(Record(ORDERS, Dataset(name="orders", tags=[TagLink("urn:lumos:tag:old")])))
    desk.run()
    orders = desk.truth.pop(ORDERS)
    desk.catalog.records[ORDERS].value.lifecycle = ended
    desk.run()
    assert desk.catalog.records[ORDERS].value.lifecycle.removed
    orders.value.tags = []
    desk.put(orders)
    plan, _ = desk.run()
    assert plan.counts == {"restore": 1}
    assert desk.catalog.records[ORDERS].value.lifecycle == ended
    assert desk.catalog.records[ORDERS].value.tags == [], "what the source gave before is known to be the source's"
    assert desk.run()[0].counts == {}


def test_what_is_read_and_expected_stands_in_the_plan(desk):
    desk.put(Record(ORDERS, Dataset(name="orders", description=Description(source="one"))))
    desk.run()
    desk.put(Record(ORDERS, Dataset(name="orders", description=Description(source="two"))))
    (operation,) = desk.engine().plan(desk.lines).operations
    assert operation.held == Dataset(description=Description(source="one"))
    assert len(operation.expect) == 64


def test_the_guard_is_asked_when_planning_and_when_applying(tmp_path):
    desk = Desk(tmp_path, guard=GuardConfig.model_validate({}))
    desk.put(*(Record(urns.dataset("memory", f"t{number}"), Dataset(name="t")) for number in range(9)))
    desk.run()
    desk.truth.clear()
    engine = desk.engine()
    plan = engine.plan(desk.lines)
    assert (plan.removed, plan.known) == (9, 9)
    assert "would be removed" in plan.blocked
    for text in (plan.blocked, ""):
        plan.blocked = text
        with pytest.raises(CatalogError, match="would be removed"):
            list(engine.apply(plan))
    assert all(record.value.lifecycle is None for record in desk.catalog.records.values())


def test_a_catalog_that_is_down_is_not_asked_for_ever(desk, monkeypatch):
    monkeypatch.setattr("lumos_core.publish.apply.time", SimpleNamespace(sleep=lambda seconds: None))
    desk.put(*(record for record in estate() if record.kind in ("user", "tag", "container")))
    desk.put(Record("urn:lumos:domain:sales", decode(b'{"kind":"domain","urn":"urn:lumos:domain:s","value":{}}').value))
    desk.catalog.error = CatalogError("down")
    _, outcomes = desk.run()
    assert len(desk.catalog.batches) == DEAD
    assert {outcome.status for outcome in outcomes.values()} == {"failed"}
    assert any("not tried" in outcome.reason for outcome in outcomes.values())


def test_a_catalog_that_cannot_be_read_is_given_what_changed(tmp_path):
    class Mute(Shelf):
        capabilities = {aspect: Support(write=True) for aspect in ASPECTS - {RECORD}}

        def read(self, scope, ctx):
            raise NotImplementedError

    desk = Desk(tmp_path, Mute())
    desk.put(Record(ORDERS, Dataset(name="orders", description=Description(source="one"))))
    desk.run()
    assert desk.run()[0].counts == {}
    desk.put(Record(ORDERS, Dataset(name="orders", description=Description(source="two"))))
    desk.run()
    assert desk.catalog.records[ORDERS].value.description.source == "two"
    desk.truth.clear()
    desk.run()
    assert desk.catalog.records[ORDERS].value.lifecycle.removed


def test_what_only_the_catalog_is_given_is_no_reason_to_write_again(desk):
    desk.put(Record(ORDERS, Dataset(name="orders")))

    def dress(record):
        record.value.properties = [("cloud_version", "1")]
        record.value.captured = sorted({*record.value.captured, "properties"})
        return record

    engine = desk.engine()
    list(engine.apply(engine.plan(desk.lines, dress=dress)))
    assert desk.catalog.records[ORDERS].value.properties == [("cloud_version", "1")]
    assert engine.plan(desk.lines, dress=dress).counts == {}
    assert engine.plan(desk.lines, dress=dress, full=True).counts == {"keep": 1}


def test_an_operation_says_what_it_is_whatever_it_holds():
    operation = Operation(kind="foreign", urn=f"{ORDERS}#memory/raw", action="remove")
    assert Step.of(operation).operation == operation
    assert Step.of(operation).parent == ORDERS


class Mute(Shelf):
    """Does all that it is asked, and tells nothing of it."""

    mute = False

    def write(self, batch, ctx):
        for outcome in super().write(batch, ctx):
            if not self.mute:
                yield outcome


def test_what_arrived_unheard_in_a_record_of_peoples_is_taken_back_though_it_was_gone_meanwhile(tmp_path):
    desk = Desk(tmp_path, Mute())
    people = Description(source="typed long ago")
    desk.catalog.records[ORDERS] = Record(ORDERS, Dataset(name="orders", description=people))
    desk.put(Record(ORDERS, Dataset(fields=[Field("id", description=Description(source="the key"))])))
    desk.catalog.mute = True
    desk.run()
    desk.catalog.mute = False
    desk.truth.clear()
    desk.run()
    assert desk.catalog.records[ORDERS].value.lifecycle is None, "it was never ours to remove"
    desk.put(Record(ORDERS, Dataset(fields=[Field("id")])))
    desk.run()
    held = desk.catalog.records[ORDERS].value
    assert [field.description for field in held.fields] == [None], "nobody but the source wrote it"
    assert held.description == people
