from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from lumos_core.history import api, versions
from lumos_core.model import urns
from lumos_core.model.change import Change
from lumos_core.model.elements import (
    ColumnEdge,
    Deprecated,
    Description,
    Key,
    Layout,
    Lifecycle,
    Lineage,
    LineageEdge,
    Link,
    Owner,
    PartitionField,
    TagLink,
)
from lumos_core.model.entities import Container, Dataset, Field, Job, Stats, Tag
from lumos_core.model.record import Record, canonical, digest
from lumos_core.model.scope import Covered, Scope
from lumos_core.testing.memory_store import MemoryStore

ORDERS = urns.dataset("csv", "shop/orders")
CUSTOMERS = urns.dataset("csv", "shop/customers")
DAILY = urns.dataset("parquet", "mart/daily orders")
LOAD = urns.located("task", "airflow", "load%2Forders")
RUNS = ["20260115T103000Z-1f3a", "20260115T190000Z-2b4c", "20260117T103000Z-3d5e", "20260118T080000Z-4f6a"]

DIFFER = """
from lumos_core.plugin_api import Change, Config, Differ

class NamesConfig(Config):
    pass

class Names(Differ[NamesConfig]):
    def diff(self, pairs, ctx):
        for before, after, captured in pairs:
            assert "record" in captured
            if before is None:
                yield Change(rule="added", urn=after.urn, severity="non-breaking", bump="minor", kind=after.kind)
            elif after is None:
                down = tuple(ctx.graph.downstream(before.urn))
                yield Change(rule="removed", urn=before.urn, severity="breaking", bump="major", kind=before.kind,
                             impact=down, impact_count=len(down), message="It is gone.", fix="bring it back")
            else:
                known = ctx.get(before.urn)
                assert known == before
                yield Change(rule="changed", urn=after.urn, severity="risky", bump="patch", kind=after.kind,
                             before=str(len(before.value.fields)), after=str(len(after.value.fields)))
"""


def orders(*fields: str, **more: Any) -> bytes:
    value = Dataset(
        name="orders",
        subtype="table",
        captured=["description", "fields", "fields.tags", "keys", "layout", "lifecycle", "lineage", "owners", "tags"],
        fields=[Field(path=path, type="int64", nullable=False) for path in fields],
        **more,
    )
    return canonical(Record(ORDERS, value))


def full_orders() -> bytes:
    return orders(
        "id",
        "customer",
        description=Description(source="One row per order", manual="Orders of [the] shop"),
        owners=[Owner(owner=urns.plain("group", "checkout"), type=urns.plain("ownership_type", "steward"))],
        keys=[Key(type="primary", columns=["id"]), Key(type="foreign", columns=["customer"], references=[CUSTOMERS])],
        layout=Layout(format="csv", location="shop/orders", partition_by=[PartitionField(path="customer")]),
        lifecycle=Lifecycle(deprecated=Deprecated(at="2026-02-01T00:00:00Z", note="use daily")),
        links=[Link(url="https://wiki/orders", label="Wiki")],
        lineage=Lineage(
            upstreams=[LineageEdge(urn=CUSTOMERS)],
            columns=[ColumnEdge(from_=[f"{CUSTOMERS}#id"], to=["#customer"])],
        ),
    )


def other_lines() -> list[bytes]:
    customers = Dataset(
        name="customers",
        captured=["fields", "tags", "owners"],
        fields=[Field(path="id", type="int64", tags=[TagLink(tag=urns.plain("tag", "pii"))])],
        tags=[TagLink(tag=urns.plain("tag", "pii"), layer="automated")],
    )
    daily = Dataset(
        name="daily orders",
        captured=["lineage"],
        lineage=Lineage(upstreams=[LineageEdge(urn=ORDERS, via=LOAD)]),
    )
    return [
        canonical(Record(CUSTOMERS, customers)),
        canonical(Record(DAILY, daily)),
        canonical(Record(LOAD, Job(name="load"))),
        canonical(Record(urns.container("csv", "shop"), Container(name="shop", subtype="folder"))),
        canonical(Record(urns.plain("tag", "pii"), Tag(name="pii"))),
        canonical(Record(f"{ORDERS}#profile@2026-01-15T10:30:00Z", Stats(row_count=1200, size_bytes=8192))),
    ]


def coverage(*platforms: str) -> list[Any]:
    scopes = [Covered(Scope(platform=platform), frozenset({"record", "fields"})) for platform in platforms]
    return msgspec.to_builtins(scopes, order="sorted")


@pytest.fixture
def store() -> MemoryStore:
    """Four runs: first state; a field added; nothing; `customers` removed."""
    made = MemoryStore()
    seen = coverage("csv", "parquet", "airflow")
    first = versions.next_version(None, [], digest=digest(orders("id")), release="S-1", run=RUNS[0], by="ann")
    assert first is not None
    change = Change(
        rule="field-added", urn=ORDERS, path="customer", severity="non-breaking", bump="minor", message="It came."
    )
    second = versions.next_version(first, [change], digest=digest(full_orders()), release="S-2", run=RUNS[1])
    assert second is not None
    kept = [
        canonical(versions.version_record(ORDERS, "2026-01-15T10:30:00Z", first)),
        canonical(versions.version_record(ORDERS, "2026-01-15T19:00:00Z", second)),
    ]
    made.put(
        orders("id"),
        *other_lines(),
        kept[0],
        run=RUNS[0],
        at="2026-01-15T10:30:00Z",
        release="S-1",
        coverage=seen,
        counts={"dataset": 3},
    )
    made.put(
        full_orders(),
        kept[1],
        remove=[("stats", versions.version_urn(ORDERS, "2026-01-15T10:30:00Z"))],
        run=RUNS[1],
        at="2026-01-15T19:00:00Z",
        release="S-2",
        coverage=seen,
        severities={"non-breaking": 1},
    )
    made.put(run=RUNS[2], at="2026-01-17T10:30:00Z", release="", coverage=seen)
    made.put(
        remove=[("dataset", CUSTOMERS)],
        run=RUNS[3],
        at="2026-01-18T08:00:00Z",
        release="S-3",
        coverage=seen,
        severities={"breaking": 1},
    )
    made.put(orders("id"), ref="published/local", run=RUNS[0])
    return made


@pytest.fixture
def pipeline(store: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder whose pipeline has this store and a differ that tells names only."""
    from lumos_core.config.types import ComponentSpec

    (tmp_path / "names_differ.py").write_text(DIFFER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)
    monkeypatch.setattr(api, "store_spec", lambda pipeline: SimpleNamespace(build=lambda: store, config=None))
    spec = ComponentSpec("differ", "names_differ:Names", base=tmp_path)
    monkeypatch.setattr(api, "_differ_spec", lambda pipeline: spec)
