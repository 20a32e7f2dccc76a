from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lumos_core.errors import StoreError, UsageError
from lumos_core.history import api, query
from lumos_core.history.portrait import portrait
from lumos_core.model import urns
from lumos_core.model.scope import Covered, Scope
from lumos_core.snapshot.writer import SnapshotWriter
from lumos_core.testing.memory_store import MemoryStore

ORDERS = urns.dataset("csv", "shop/orders")
CUSTOMERS = urns.dataset("csv", "shop/customers")
FIRST = "20260115T103000Z-1f3a"
DAILY = urns.dataset("parquet", "mart/daily orders")


def write(path: Path, store: MemoryStore, ref: str, *covered: Covered) -> str:
    with SnapshotWriter(path, []) as writer:
        for line in store.lines(ref):
            if not line.startswith(b'{"kind":"stats"'):
                writer.add_line(line)
        writer.close(covered)
    return str(path)


@pytest.mark.usefixtures("pipeline")
class TestWithAPipeline:
    def test_diff_of_two_states(self) -> None:
        result = api.diff("S-1", "head")
        assert [(change.severity, change.rule, change.urn) for change in result.changes] == [
            ("breaking", "removed", CUSTOMERS),
            ("risky", "changed", ORDERS),
        ]
        assert list(result.changes) == list(result.changes)
        assert result.severities == {"breaking": 1, "risky": 1}
        assert next(iter(result.changes)).impact == (ORDERS,)
        assert (result.mode, result.exit_code, result.changed) == ("diff", 0, True)
        assert result.counts["dataset"] == 2
        assert result.fields == 2
        assert len(list(result.records)) == len(result.records) == sum(result.counts.values())
        assert len(list(result.stats)) == len(result.stats) == 2
        assert "S-1" in result.pipeline

    def test_diff_of_a_state_with_itself(self) -> None:
        result = api.diff("head~1", "2026-01-17", fail_on="informational")
        assert (len(result.changes), result.changed, result.exit_code) == (0, False, 0)
        assert result.gate.passed

    @pytest.mark.parametrize(("fail_on", "code"), [("breaking", 1), ("informational", 1), ("", 0)])
    def test_a_gate_is_asked_for(self, fail_on: str, code: int) -> None:
        result = api.diff("S-2", "S-3", fail_on=fail_on)
        assert result.exit_code == code
        assert result.gate.passed == (code == 0)

    def test_what_is_no_severity(self) -> None:
        with pytest.raises(UsageError, match=r"(?i)one of breaking"):
            api.diff("S-2", "S-3", fail_on="bad")

    def test_files_remove_only_what_they_saw_whole(self, store: MemoryStore, tmp_path: Path) -> None:
        csv = Covered(Scope(platform="csv"), frozenset({"record"}))
        before = write(tmp_path / "before.lumos.jsonl", store, FIRST, csv)
        whole = write(tmp_path / "whole.lumos.jsonl", store, "head", csv)
        part = write(tmp_path / "part.lumos.jsonl.zst", store, "head")
        assert [change.rule for change in api.diff(before, whole).changes] == ["removed", "changed"]
        assert [change.rule for change in api.diff(before, part).changes] == ["changed"]
        assert [change.rule for change in api.diff(before, "head").changes] == ["removed", "changed"]
        assert [change.rule for change in api.diff(part, "S-1").changes] == ["changed", "added"]

    def test_the_history_of_everything(self) -> None:
        found = api.log()
        assert [moment.entry.meta["release"] for moment in found] == ["S-3", "", "S-2", "S-1"]
        assert [moment.entry.meta["release"] for moment in api.log(as_of="2026-01-17")] == ["", "S-2", "S-1"]
        assert len(api.log(limit=2)) == 2
        assert [moment.entry.ref for moment in api.log(as_of="published/local")] == ["published/local"]

    @pytest.mark.parametrize("name", [ORDERS, "shop/orders", "orders", f"{ORDERS}#customer"])
    def test_the_history_of_a_dataset(self, name: str) -> None:
        second, first = api.log(name)
        assert second.version is not None
        assert first.version is not None
        assert (first.version.schema, second.version.schema) == ("1.0.0", "1.1.0")
        assert second.version.previous == first.version.digest == first.entry.digest
        assert [finding.rule for finding in second.version.findings] == ["field-added"]
        assert [moment.version.schema for moment in api.log(name, as_of="S-1") if moment.version] == ["1.0.0"]

    def test_the_history_of_what_is_gone(self) -> None:
        for name in (CUSTOMERS, "shop/customers", "customers"):
            assert [moment.entry.digest == "" for moment in api.log(name)] == [True, False]
        assert len(api.log("customers", as_of="S-2")) == 1
        with pytest.raises(UsageError, match="there is no custom"):
            api.log("custom")

    def test_a_file_has_no_history(self, store: MemoryStore, tmp_path: Path) -> None:
        path = write(tmp_path / "s.lumos.jsonl", store, "head")
        with pytest.raises(UsageError, match="a snapshot file has no history"):
            api.log(as_of=path)

    def test_views(self, store: MemoryStore, tmp_path: Path) -> None:
        with api.view("S-1") as then, api.view() as now:
            assert query.stats(then).kinds["dataset"] == 3
            assert query.stats(now).kinds["dataset"] == 2
        with api.view(write(tmp_path / "s.lumos.jsonl", store, FIRST)) as then:
            assert query.stats(then).kinds["dataset"] == 3


def test_nothing_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    empty = MemoryStore()
    monkeypatch.setattr(empty, "close", lambda: closed.append(True))
    monkeypatch.setattr(api, "store_spec", lambda pipeline: SimpleNamespace(build=lambda: empty, config=None))
    with pytest.raises(StoreError, match=r"(?i)run `lumos run`"):
        api.open_store()
    assert closed == [True]


def test_finds_by_name(store: MemoryStore) -> None:
    view = api.resolve(store, "S-1")
    for text in (ORDERS, "shop/orders", "orders"):
        assert query.find(view, text).urn == ORDERS
    assert query.find(view, "daily orders").urn == DAILY
    assert query.find(view, "load").urn == "urn:lumos:task:(airflow,load%252Forders,PROD)"
    assert query.find(view, "pii").urn == "urn:lumos:tag:pii"
    assert query.find(view, "shop").kind == "container"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ordrs", "did you mean orders"),
        ("shop/order", "did you mean shop/orders"),
        ("urn:lumos:dataset:(csv,shop/ordes,PROD)", "did you mean shop/orders"),
        (f"{ORDERS}#custmer", "did you mean customer"),
        ("urn:lumos:nonsense", "not a URN"),
        ("zzzz", "`lumos list` shows everything"),
    ],
)
def test_what_is_not_found_is_guessed(store: MemoryStore, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"(?i){says}"):
        query.find(api.resolve(store, "head"), text)


def test_a_name_of_several_things(store: MemoryStore) -> None:
    twin = urns.dataset("parquet", "old/orders")
    line = b'{"kind":"dataset","urn":"%b","value":{"name":"orders"}}' % twin.encode()
    store.put(line, run="x", at="2026-02-01T00:00:00Z")
    with pytest.raises(UsageError, match=r"(?i)2 things are called orders.*give the URN"):
        query.find(api.resolve(store, "head"), "orders")


def test_lists(store: MemoryStore) -> None:
    view = api.resolve(store, "S-1")

    def listed(**wanted: str) -> list[str]:
        return [record.urn for record in query.records(view, **wanted)]

    assert listed(kind="dataset") == [CUSTOMERS, ORDERS, DAILY]
    assert listed(kind="dataset", platform="csv") == [CUSTOMERS, ORDERS]
    assert listed(prefix="shop/o") == [ORDERS]
    assert listed(prefix="mart/daily o") == [DAILY]
    assert listed(prefix="urn:lumos:tag:") == ["urn:lumos:tag:pii"]
    assert len(listed()) == 6
    assert len(listed(kind="stats")) == 2
    with pytest.raises(UsageError, match=r"(?i)did you mean dataset"):
        listed(kind="datasets")


def test_counts(store: MemoryStore) -> None:
    counted = query.stats(api.resolve(store, "S-2"))
    assert counted.kinds == {"container": 1, "dataset": 3, "job": 1, "tag": 1}
    assert counted.platforms == {"csv": 2, "parquet": 1}
    assert counted.subtypes == {"dataset": 2, "table": 1}
    assert (counted.fields, counted.edges, counted.stats) == (3, 2, 2)
    assert (counted.documented, counted.owned, counted.tagged) == (1, 1, 1)


def test_column_lineage(store: MemoryStore) -> None:
    view = api.resolve(store, "S-2")
    edge = (f"{CUSTOMERS}#id", f"{ORDERS}#customer")
    assert list(query.column_edges(view, ORDERS)) == [edge]
    assert list(query.column_edges(view, CUSTOMERS)) == [edge]
    assert list(query.column_edges(view, DAILY)) == []


def test_a_portrait_tells_none_from_unknown(store: MemoryStore) -> None:
    found = portrait(api.resolve(store, "S-2"), "orders")
    facts = dict(found.facts())
    assert facts["tags"] == []
    assert facts["terms"] == ["unknown"]
    assert facts["owners"] == ["checkout, steward"]
    assert facts["description"] == ["Orders of [the] shop  (manual)", "One row per order  (source)"]
    assert facts["upstream"] == ["shop/customers"]
    assert facts["downstream"] == ["mart/daily orders"]
    assert facts["profile"] == ["1,200 rows, 8,192 bytes"]
    assert facts["keys"] == ["foreign (customer) -> shop/customers", "primary (id)"]
    assert facts["lifecycle"] == ["deprecated since 2026-02-01T00:00:00Z use daily"]
    assert "terms" in found.unknown
    assert "terms" not in facts["also unknown"][0]
    assert "schedule" in facts["also unknown"][0]
    assert "coverage" not in facts
    assert found.version is not None
    assert found.version.schema == "1.1.0"
    assert found.roles("customer") == "foreign, partition"
    alone = portrait(api.resolve(store, "S-2"), f"{ORDERS}#id")
    assert [field.path for field in alone.fields] == ["id"]
    unseen = portrait(api.resolve(store, "published/local"), "orders")
    assert "coverage" in dict(unseen.facts())
