"""The stream as a whole: renamed datasets, reach downstream, cancellation, records of other kinds."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from lumos_differ_semantic import renames
from lumos_differ_semantic.config import SemanticConfig
from lumos_differ_semantic.differ import SemanticDiffer

from lumos_core.plugin_api import (
    Change,
    Dataset,
    Field,
    Foreign,
    Job,
    Layout,
    Lineage,
    LineageEdge,
    Pair,
    Record,
    Stats,
    aspects,
    urns,
)
from lumos_core.testing.context import MemoryContext

ALL = sorted(aspects.of_kind("dataset"))
GONE = frozenset({"record"})


def dataset(at: str, *paths: str, platform: str = "file", **keys: Any) -> Record[Any]:
    fields = [Field(path=path, type="string") for path in paths]
    return Record(urns.dataset(platform, at), Dataset(captured=ALL, fields=fields, **keys))


def run(*pairs: Pair, ctx: MemoryContext | None = None, **config: Any) -> list[Change]:
    return list(SemanticDiffer(SemanticConfig.model_validate(config)).diff(iter(pairs), ctx or MemoryContext()))


def removed(record: Record[Any]) -> Pair:
    return Pair(record, None, GONE)


def added(record: Record[Any]) -> Pair:
    return Pair(None, record, GONE)


def test_a_renamed_dataset_replaces_remove_and_add_and_is_compared_within() -> None:
    old = dataset("orders", "a", "b", layout=Layout(location="s3://x"))
    new = dataset("sales", "a", layout=Layout(location="s3://x"))
    found = run(removed(old), added(new))
    assert [(c.rule, c.path, c.urn) for c in found] == [
        ("dataset-renamed", "", new.urn),
        ("field-removed", "b", new.urn),
    ]
    assert (found[0].before, found[0].after) == (old.urn, new.urn)
    assert found[0].message == "Dataset `orders` was renamed to `sales`"
    assert found[0].severity == "breaking"


def test_a_rename_says_nothing_of_names_and_aliases() -> None:
    old = dataset("orders", name="orders", parent="urn:lumos:container:(file,a,PROD)", aliases=[("unity", "1")])
    new = dataset(
        "sales", name="sales", parent="urn:lumos:container:(file,b,PROD)", aliases=[("unity", "1"), ("x", "y")]
    )
    assert [c.rule for c in run(removed(old), added(new))] == ["dataset-renamed"]


def test_a_shared_location_identifies_nobody() -> None:
    layout = Layout(location="s3://shared")
    pairs = [
        removed(dataset("a", layout=layout)),
        removed(dataset("b", layout=layout)),
        added(dataset("c", layout=layout)),
    ]
    assert sorted(c.rule for c in run(*pairs)) == ["dataset-added", "dataset-removed", "dataset-removed"]


def test_the_former_urn_weighs_more_than_the_location() -> None:
    layout = Layout(location="s3://x")
    old = dataset("orders", layout=layout)
    other = dataset("legacy", layout=Layout(location="s3://y"))
    new = dataset("sales", layout=Layout(location="s3://y"), aliases=[("lumos", old.urn)])
    found = {(c.rule, c.before or c.after) for c in run(removed(other), removed(old), added(new))}
    assert found == {("dataset-renamed", old.urn), ("location-changed", "s3://x"), ("dataset-removed", other.urn)}


@pytest.mark.parametrize("size", [1, 3, 50])
def test_renames_are_found_whatever_the_slices(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renames, "_SLICE", size)
    monkeypatch.setattr(renames, "_IN_MEMORY", 512)
    olds = [dataset(f"t{i}", "a", layout=Layout(location=f"s3://{i}")) for i in range(40)]
    news = [dataset(f"t{i}", "a", platform="s3", layout=Layout(location=f"s3://{i}")) for i in range(40)]
    found = run(*map(removed, olds), *map(added, news))
    assert {(c.rule, c.before, c.after) for c in found} == {
        ("dataset-renamed", old.urn, new.urn) for old, new in zip(olds, news, strict=True)
    }


def test_waiting_datasets_stay_flat() -> None:
    def pairs(count: int) -> Iterator[Pair]:
        for i in range(count):
            yield removed(dataset(f"t{i}", *"abcdefgh", layout=Layout(location=f"s3://{i}")))

    def peak(count: int) -> int:
        gc.collect()
        tracemalloc.start()
        told = sum(1 for _ in SemanticDiffer(SemanticConfig()).diff(pairs(count), MemoryContext()))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert told == count
        return top

    renames_in_memory = renames._IN_MEMORY
    renames._IN_MEMORY = 4096
    try:
        peak(50)
        small, large = peak(200), peak(1000)
    finally:
        renames._IN_MEMORY = renames_in_memory
    # 8 bytes a record and 16 a sign, of which there are three; the URN cache of the kernel takes the rest.
    assert (large - small) / 800 < 1_500


def chain(*names: str) -> list[Record[Any]]:
    made = [dataset(names[0], "a")]
    for above, name in pairwise(names):
        upstream = LineageEdge(urn=urns.dataset("file", above))
        made.append(dataset(name, "a", lineage=Lineage(upstreams=[upstream])))
    return made


def test_impact_lists_what_is_downstream_nearest_first() -> None:
    records = chain("orders", "b", "c", "d")
    before = dataset("orders", "a", "gone")
    (change,) = run(Pair(before, records[0], frozenset({"record", *ALL})), ctx=MemoryContext(records), impact_limit=2)
    assert change.impact == (records[1].urn, records[2].urn)
    assert change.impact_count == 3


def test_harmless_changes_list_no_impact() -> None:
    records = chain("orders", "b")
    after = dataset("orders", "a", "new")
    (change,) = run(Pair(records[0], after, frozenset({"record", *ALL})), ctx=MemoryContext(records))
    assert (change.rule, change.impact, change.impact_count) == ("field-added-nullable", (), 0)


def test_a_removed_dataset_that_many_read_is_escalated() -> None:
    records = chain("orders", "b", "c")
    found = run(removed(records[0]), ctx=MemoryContext(records), impact_threshold=2)
    assert [c.rule for c in found] == ["dataset-removed", "downstream-impact-over-threshold"]
    assert {c.impact_count for c in found} == {2}
    assert [c.rule for c in run(removed(records[0]), ctx=MemoryContext(records), impact_threshold=None)] == [
        "dataset-removed"
    ]


def test_a_renamed_dataset_reaches_what_reads_its_old_name() -> None:
    records = chain("orders", "b")
    layout = Layout(location="s3://x")
    new = dataset("sales", "a", layout=layout)
    old = dataset("orders", "a", layout=layout)
    (change,) = run(removed(old), added(new), ctx=MemoryContext([*records, new]))
    assert (change.rule, change.impact) == ("dataset-renamed", (records[1].urn,))


def test_stats_are_never_judged_and_foreign_parts_only_named() -> None:
    stats = Record("urn:lumos:dataset:(file,a,PROD)#profile@2026-01-01T00:00:00Z", Stats(row_count=1))
    foreign = Record("urn:lumos:foreign:(atlas,1)", Foreign(body="{}"))
    other = Record(foreign.urn, Foreign(body="[]"))
    found = run(Pair(foreign, other, GONE), added(stats))
    assert [(c.rule, c.severity) for c in found] == [("attribute-changed", "informational")]


def test_waiting_datasets_are_told_before_the_next_kind() -> None:
    job = Record(urns.located("task", "airflow", "load"), Job())
    found = run(removed(dataset("a")), added(job))
    assert [(c.kind, c.rule) for c in found] == [("dataset", "dataset-removed"), ("job", "record-added")]
    assert found[1].message == "Job `load` was added"


def test_a_cancelled_run_stops() -> None:
    ctx = MemoryContext()
    ctx.cancelled = lambda: True
    assert run(removed(dataset("a")), ctx=ctx) == []


def test_a_waiver_survives_another_wording() -> None:
    before, after = dataset("a", "x", "y"), dataset("a", "x")
    (one,) = run(Pair(before, after, frozenset({"record", *ALL})))
    (two,) = run(Pair(before, after, frozenset({"record", *ALL})), policy="consumer")
    assert one.fingerprint == two.fingerprint
    assert one.why != two.why
