"""Every request of a rich estate, judged by the vendor's own models.

Run by the nox session `vendor-openmetadata`, which names the interpreters of two environments; without them the
estate is published all the same, to a fake that checks requests strictly.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lumos_catalog_openmetadata.catalog import OpenMetadata
from lumos_catalog_openmetadata.config import OpenMetadataConfig
from lumos_testing_openmetadata import OpenMetadataFake, Oracle
from msgspec.structs import replace

from lumos_core.plugin_api import (
    KINDS,
    Asset,
    ColumnEdge,
    Container,
    Dataset,
    Description,
    Entity,
    Field,
    Group,
    Job,
    Key,
    Layout,
    Lifecycle,
    Lineage,
    LineageEdge,
    NativeSchema,
    Operation,
    Owner,
    PartitionField,
    Relation,
    Schedule,
    Scope,
    Stats,
    Tag,
    TagLink,
    Term,
    TermLink,
    User,
    urns,
)
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.samples import samples

VENDORS = (("1.6", "LUMOS_OPENMETADATA_15"), ("2.0", "LUMOS_OPENMETADATA_20"))
ORDERS = urns.dataset("postgres", "shop.public.orders")
RAW = urns.dataset("s3", "lake/raw/orders")
EVENTS = urns.dataset("kafka", "shop.events")
LOAD = urns.located("task", "airflow", "load/orders")
FIELDS = [
    Field("id", type="int64", native_type="bigint", nullable=False, tags=[TagLink("urn:lumos:tag:pii.id")]),
    Field("price", type="decimal(18,2)", native_type="numeric(18,2)"),
    Field("code", type="char(3)", native_type="char(3)", description=Description(manual="ISO")),
    Field("day", type="date"),
    Field("who", type="struct"),
    Field("who.mail", type="varchar(64)", terms=[TermLink("urn:lumos:term:shop.mail")]),
    Field("items", type="list<struct?>"),
    Field("items[].sku", type="string"),
    Field("tags", type="map<string,string?>"),
    Field("empty", type="struct"),
]


def estate() -> Iterator[Operation]:
    """The operations that make it; then those that change it, and take some of it away."""
    fill = [Field("id", type="int64"), Field("day", type="date")]
    made: dict[str, Any] = {
        "urn:lumos:group:shop": Group(name="shop", subtype="department", email="shop@example.org"),
        "urn:lumos:user:Ann": User(
            name="Ann", email="ann@example.org", relations=[Relation(type="member_of", target="urn:lumos:group:shop")]
        ),
        "urn:lumos:classification:pii": Tag(name="pii", exclusive=True),
        "urn:lumos:tag:pii.id": Tag(name="id", disabled=True, parent="urn:lumos:classification:pii"),
        "urn:lumos:glossary:shop": Term(name="shop", owners=[Owner("urn:lumos:user:Ann")]),
        "urn:lumos:term:shop.mail": Term(name="mail", synonyms=["e-mail"]),
        urns.container("s3", "lake"): Container(name="lake", subtype="bucket"),
        RAW: Dataset(name="orders", fields=fill, layout=Layout(format="parquet", location="s3://lake/raw/orders")),
        EVENTS: Dataset(fields=fill, native_schema=[NativeSchema(format="avro", text='{"type":"record"}')]),
        urns.dataset("elasticsearch", "orders"): Dataset(name="orders", fields=fill),
        ORDERS: Dataset(
            name="orders",
            subtype="table",
            fields=FIELDS,
            keys=[Key(type="primary", columns=["id"]), Key(type="unique", columns=["code", "day"])],
            layout=Layout(partition_by=[PartitionField("day", transform="day"), PartitionField("code")]),
            owners=[Owner("urn:lumos:user:Ann"), Owner("urn:lumos:group:shop")],
            domains=["urn:lumos:domain:sales.eu"],
        ),
        urns.located("flow", "airflow", "load"): Job(name="load", schedule=Schedule(cron="0 6 * * *")),
        LOAD: Job(name="orders", tags=[TagLink("urn:lumos:tag:gold")]),
        urns.located("chart", "superset", "7"): Asset(name="Sales"),
        urns.located("dashboard", "superset", "12"): Asset(
            name="Sales", relations=[Relation(type="contains", target=urns.located("chart", "superset", "7"))]
        ),
        urns.located("ml_model", "mlflow", "churn"): Asset(name="churn", fields=fill),
        urns.located("metric", "looker", "revenue"): Asset(name="revenue"),
    }
    for urn, value in made.items():
        yield Operation(kind=urns.kind(urn), urn=urn, action="create", set=value)
    columns = [ColumnEdge(from_=[f"{RAW}#id"], to=["#id"], via=LOAD)]
    lineage = Lineage(upstreams=[LineageEdge(RAW, via=LOAD), LineageEdge(EVENTS)], columns=columns)
    yield Operation(kind="dataset", urn=ORDERS, action="update", set=Dataset(lineage=lineage))
    job = Lineage(upstreams=[LineageEdge(RAW)], downstreams=[LineageEdge(ORDERS)])
    yield Operation(kind="job", urn=LOAD, action="update", set=Job(lineage=job))
    fact = Stats(row_count=3, size_bytes=100, fields=[("who.mail", [("null_count", 1)])])
    yield Operation(kind="stats", urn=f"{ORDERS}#profile@2026-01-15T10:00:00Z", action="create", set=fact)
    fewer = Dataset(fields=[*FIELDS[:3], Field("day", type="timestamp(us)")], description=Description(source="Orders"))
    yield Operation(
        kind="dataset", urn=ORDERS, action="update", set=fewer, unset=frozenset({"keys", "owners", "layout"})
    )
    gone = Dataset(lifecycle=Lifecycle(removed=True))
    yield Operation(kind="dataset", urn=EVENTS, action="remove", set=gone)
    yield Operation(kind="dataset", urn=EVENTS, action="restore", set=Dataset(), unset=frozenset({"lifecycle"}))


def every_aspect() -> Iterator[Operation]:
    """One record for every aspect of every kind."""
    for kind, struct in KINDS.items():
        if issubclass(struct, Entity):
            for record in samples(kind).values():
                yield Operation(kind=kind, urn=record.urn, action="create", set=replace(record.value, captured=[]))


def publish(catalog: OpenMetadata) -> list[str]:
    """Publish all of it; returns what failed."""
    failed = []
    for operations in (estate(), every_aspect()):
        for operation in operations:
            for outcome in catalog.write([operation], MemoryContext()):
                failed += [f"{outcome.urn}: {outcome.reason}"] if outcome.status in ("failed", "conflict") else []
    return failed


@pytest.mark.parametrize("version", [version for version, _ in VENDORS])
def test_a_rich_estate_is_published_and_read(version: str) -> None:
    with OpenMetadataFake(version) as fake:
        catalog = OpenMetadata(OpenMetadataConfig(server=fake.url, token=fake.bot_token))
        assert publish(catalog) == []
        wanted = {operation.urn for operation in (*estate(), *every_aspect())}
        ctx = MemoryContext()
        held = {record.urn: record.value for record in catalog.read(Scope(), ctx)}
        assert wanted <= set(held)
        assert [field.path for field in held[ORDERS].fields] == ["id", "price", "code", "day"]
        assert {edge.urn for edge in held[ORDERS].lineage.upstreams} == {RAW, EVENTS}
        assert not [notice for notice in ctx.warnings if notice.code != "stale-shadow"]
        assert 500 not in fake.statuses


@pytest.mark.heavy
@pytest.mark.parametrize(("version", "variable"), VENDORS)
def test_every_request_parses_with_the_models_of_the_vendor(version: str, variable: str) -> None:
    if not os.environ.get(variable):
        pytest.skip(f"{variable} names no interpreter: run `nox -s vendor-openmetadata`")
    with OpenMetadataFake(version) as fake:
        fake.record = True
        assert publish(OpenMetadata(OpenMetadataConfig(server=fake.url, token=fake.bot_token))) == []
        verdict = Oracle(Path(os.environ[variable])).judge([*fake.recorded, *fake.answers()])
    kept = [line for line in verdict.complaints if not (line.startswith("type ") and "-cp: " in line)]
    assert kept == []
    assert verdict.judged > 300
