"""What people do in OpenMetadata stays, and what Lumos wrote is still known beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from lumos_catalog_openmetadata.catalog import OpenMetadata
from lumos_catalog_openmetadata.config import OpenMetadataConfig
from lumos_remote import Bearer, Client, Missing, segments
from lumos_testing_openmetadata import OpenMetadataFake

from lumos_core.plugin_api import (
    AnyRecord,
    Container,
    Dataset,
    Description,
    Field,
    Foreign,
    Job,
    Lifecycle,
    Lineage,
    LineageEdge,
    Operation,
    Owner,
    Scope,
    Stats,
    StructuredValue,
    TagLink,
    urns,
)
from lumos_core.testing.context import MemoryContext

ORDERS = urns.dataset("postgres", "shop.public.orders")
RAW = urns.dataset("postgres", "shop.public.raw")
SCHEMA = urns.container("postgres", "shop.public")
TABLE = "postgres.shop.public.orders"


class Estate:
    """A fake server, our catalog on it, and a person who works there by hand."""

    def __init__(self, fake: OpenMetadataFake) -> None:
        self.fake = fake
        self.catalog = OpenMetadata(OpenMetadataConfig(server=fake.url, token=fake.bot_token, workers=2))
        self.person = Client(fake.url + "/api/v1", auth=Bearer(fake.admin_token))

    def write(self, urn: str, value: Any = None, *unset: str, action: Any = "create", kind: str = "") -> str:
        kind = kind or urns.kind(urn)
        operation = Operation(kind=kind, urn=urn, action=action, set=value, unset=frozenset(unset))
        outcome = next(iter(self.catalog.write([operation], MemoryContext())))
        assert outcome.status != "failed", outcome.reason
        return outcome.status

    def read(self, urn: str, ctx: MemoryContext | None = None) -> list[AnyRecord]:
        return list(self.catalog.read(Scope(urns=frozenset({urn})), ctx or MemoryContext()))

    def value(self, urn: str, ctx: MemoryContext | None = None) -> Any:
        return next(record.value for record in self.read(urn, ctx) if record.urn == urn)

    def get(self, route: str, fqn: str, fields: str = "") -> Any:
        query = {"fields": fields or None, "include": "all"}
        return self.person.get(f"/{route}{segments('name', fqn)}", query).value

    def patch(self, route: str, fqn: str, *operations: dict[str, Any]) -> None:
        self.person.patch(f"/{route}/{self.get(route, fqn)['id']}", list(operations))


@pytest.fixture(params=["1.6", "2.0"])
def estate(request: pytest.FixtureRequest) -> Iterator[Estate]:
    with OpenMetadataFake(request.param) as fake:
        made = Estate(fake)
        yield made
        made.person.close()


def orders(**keys: Any) -> Dataset:
    fields = [Field("id", type="int64", native_type="bigint"), Field("mail", type="string", native_type="text")]
    return Dataset(name="orders", fields=fields, **keys)


def test_a_description_that_people_wrote_wins_and_is_told(estate: Estate) -> None:
    estate.write(ORDERS, orders(description=Description(source="Orders")))
    estate.patch("tables", TABLE, {"op": "add", "path": "/description", "value": "Orders of the shop"})
    ctx = MemoryContext()
    assert estate.value(ORDERS, ctx).description.shown == "Orders of the shop"
    assert [notice.code for notice in ctx.warnings] == ["stale-shadow"]


def test_people_and_lumos_find_the_same_in_the_index(estate: Estate) -> None:
    tagged = orders(description=Description(source="All of\nthem"), tags=[TagLink("urn:lumos:tag:pii.email")])
    estate.write(ORDERS, tagged)
    estate.write(RAW, Dataset(name="raw"))
    (hit,) = estate.catalog.search("name:orders", 5)
    assert (hit.urn, hit.name, hit.kind, hit.snippet) == (ORDERS, "orders", "dataset", "All of them")
    assert ("tag", "pii.email") in hit.facets
    assert len(list(estate.catalog.search("*", 1))) == 1
    assert all(hit.urn in (ORDERS, RAW) for hit in estate.catalog.search("shop", 100)), "what only holds others"
    estate.fake.faults.when(path="/search/query", times=1).answer(400, {"code": 400, "message": "cannot parse"})
    assert [hit.urn for hit in estate.catalog.search("orders")] == [ORDERS], "not as a query: as words"
    estate.fake.lag = 3600
    assert not list(estate.catalog.search("orders")), "the index does not know yet"
    estate.fake.lag = 0
    estate.write(ORDERS, None, action="remove")
    assert not list(estate.catalog.search("orders"))


def test_our_own_description_can_be_corrected(estate: Estate) -> None:
    """A bot's PUT would silently ignore it."""
    estate.write(ORDERS, orders(description=Description(source="Oders")))
    estate.write(ORDERS, Dataset(description=Description(source="Orders")), action="update")
    assert estate.get("tables", TABLE)["description"] == "Orders"
    estate.write(ORDERS, Dataset(), "description", action="update")
    assert "description" not in estate.get("tables", TABLE)


def test_tags_of_people_and_of_the_source_stand_side_by_side(estate: Estate) -> None:
    estate.write(ORDERS, orders(tags=[TagLink("urn:lumos:tag:pii.email", reason="a pattern")]))
    label = {"tagFQN": "PII.Sensitive", "source": "Classification", "labelType": "Manual", "state": "Confirmed"}
    estate.patch("tables", TABLE, {"op": "add", "path": "/tags/-", "value": label})
    tags = estate.value(ORDERS).tags
    assert TagLink("urn:lumos:tag:pii.email", reason="a pattern") in tags
    assert TagLink("urn:lumos:tag:PII.Sensitive", layer="manual") in tags
    estate.write(ORDERS, Dataset(tags=[tag for tag in tags if tag.layer == "manual"]), action="update")
    assert [tag["tagFQN"] for tag in estate.get("tables", TABLE, "tags")["tags"]] == ["PII.Sensitive"]


def test_what_we_do_not_know_is_left_alone_and_carried(estate: Estate) -> None:
    estate.write(ORDERS, orders(description=Description(source="Orders")))
    types = estate.person
    table, text = (types.get(f"/metadata/types/name/{name}").value["id"] for name in ("table", "string"))
    body = {"name": "cost", "description": "Cost", "propertyType": {"id": text, "type": "type"}}
    types.put(f"/metadata/types/{table}", body)
    constraint = {"constraintType": "SORT_KEY", "columns": ["id"]}
    estate.patch(
        "tables",
        TABLE,
        {"op": "add", "path": "/extension/cost", "value": "high"},
        {"op": "add", "path": "/retentionPeriod", "value": "P30D"},
        {"op": "add", "path": "/tableConstraints", "value": [constraint]},
        {"op": "add", "path": "/columns/0/displayName", "value": "The id"},
    )
    added = [*orders().fields, Field("total", type="decimal(18,2)", native_type="numeric(18,2)")]
    estate.write(ORDERS, Dataset(fields=added, description=Description(source="All orders")), action="update")
    held = estate.get("tables", TABLE, "extension,tableConstraints,columns")
    assert held["extension"]["cost"] == "high"
    assert held["retentionPeriod"] == "P30D"
    assert held["tableConstraints"] == [constraint]
    assert [column["name"] for column in held["columns"]] == ["id", "mail", "total"]
    foreign = [record for record in estate.read(ORDERS) if record.kind == "foreign"]
    assert [record.urn for record in foreign] == [f"{ORDERS}#openmetadata/table"]
    assert foreign[0].value.body == '{"retentionPeriod":"P30D"}'
    assert estate.value(ORDERS).structured == [
        StructuredValue(property="urn:lumos:property:cost", values=["high"], layer="manual")
    ]


def test_typed_properties_are_custom_properties_of_their_own(estate: Estate) -> None:
    def said(name: str, *values: Any) -> StructuredValue:
        return StructuredValue(property=urns.plain("property", name), values=list(values))

    kept = [said("cost_center", 7), said("lumos", "x"), said("regions", "eu", "us"), said("secret", True)]
    wanted = sorted([said("retention", 30), said("tier", "gold"), *kept], key=lambda one: one.property)
    estate.write(ORDERS, orders(structured=wanted))
    extension = estate.get("tables", TABLE, "extension")["extension"]
    assert {key: value for key, value in extension.items() if key != "lumos"} == {"retention": 30, "tier": "gold"}
    types = estate.person.get("/metadata/types/name/table", {"fields": "customProperties"}).value["customProperties"]
    assert {one["name"]: one["propertyType"]["name"] for one in types} == {
        "lumos": "string",
        "retention": "integer",
        "tier": "string",
    }
    assert estate.value(ORDERS).structured == wanted
    assert estate.write(ORDERS, orders(structured=wanted), action="update") == "unchanged"
    # A property has one type; what does not fit is kept beside it.
    estate.write(RAW, Dataset(name="raw", structured=[said("retention", "long")]))
    assert "retention" not in estate.get("tables", "postgres.shop.public.raw", "extension")["extension"]
    assert estate.value(RAW).structured == [said("retention", "long")]
    # A person's edit stands, and our own change reaches the page.
    estate.patch("tables", TABLE, {"op": "add", "path": "/extension/tier", "value": "silver"})
    found = {one.property: one.values for one in estate.value(ORDERS).structured}
    assert found["urn:lumos:property:tier"] == ["silver"]
    estate.write(ORDERS, Dataset(structured=[said("retention", 60)]), action="update")
    extension = estate.get("tables", TABLE, "extension")["extension"]
    assert extension["retention"] == 60
    assert "tier" not in extension
    estate.write(ORDERS, Dataset(), "structured", action="update")
    assert not estate.value(ORDERS).structured


def test_what_was_carried_is_written_back_unless_it_is_stale(estate: Estate) -> None:
    estate.write(ORDERS, orders())
    estate.patch("tables", TABLE, {"op": "add", "path": "/retentionPeriod", "value": "P30D"})
    carried = next(record for record in estate.read(ORDERS) if record.kind == "foreign")
    estate.patch("tables", TABLE, {"op": "remove", "path": "/retentionPeriod"})
    assert estate.write(carried.urn, carried.value, kind="foreign") == "written"
    assert estate.get("tables", TABLE)["retentionPeriod"] == "P30D"
    assert estate.write(carried.urn, carried.value, kind="foreign") == "unchanged"
    estate.write(ORDERS, Dataset(description=Description(source="another state")), action="update")
    assert estate.write(carried.urn, carried.value, kind="foreign") == "conflict"


def test_things_of_people_are_read_with_urns_of_their_own(estate: Estate) -> None:
    put = estate.person.put
    put("/services/databaseServices", {"name": "sample", "serviceType": "BigQuery"})
    put("/databases", {"name": "eco", "service": "sample"})
    put("/databaseSchemas", {"name": "shopify", "database": "sample.eco"})
    columns = [{"name": "a.b", "dataType": "ARRAY", "arrayDataType": "INT"}, {"name": "n", "dataType": "NUMERIC"}]
    put("/tables", {"name": "dim.address", "databaseSchema": "sample.eco.shopify", "columns": columns})
    urn = "urn:lumos:dataset:(bigquery,sample:eco.shopify.%22dim.address%22,PROD)"
    held = {record.urn: record.value for record in estate.catalog.read(Scope(platform="bigquery"), MemoryContext())}
    assert set(held) == {
        urn,
        "urn:lumos:container:(bigquery,sample:eco,PROD)",
        "urn:lumos:container:(bigquery,sample:eco.shopify,PROD)",
        "urn:lumos:service:(bigquery,sample,PROD)",
    }
    assert [field.path for field in held[urn].fields] == ["`a.b`", "n"]
    assert held[urn].parent == "urn:lumos:container:(bigquery,sample:eco.shopify,PROD)"
    assert estate.value(urn).name == "dim.address"


def test_what_only_holds_others_is_hidden_until_somebody_speaks_of_it(estate: Estate) -> None:
    estate.write(ORDERS, orders(tags=[TagLink("urn:lumos:tag:pii.email")], owners=[Owner("urn:lumos:group:shop")]))
    ours = Scope(platform="postgres")
    assert [record.urn for record in estate.catalog.read(ours, MemoryContext())] == [ORDERS]
    assert estate.read("urn:lumos:tag:pii.email") == estate.read("urn:lumos:group:shop") == []
    estate.patch("databaseSchemas", "postgres.shop.public", {"op": "add", "path": "/description", "value": "Ours"})
    assert estate.value(SCHEMA).description == Description(manual="Ours")
    estate.write(urns.container("postgres", "shop"), Container(name="shop", subtype="database"))
    assert estate.value(urns.container("postgres", "shop")).subtype == "database"


def test_users_are_never_invented(estate: Estate) -> None:
    owners = [Owner("urn:lumos:user:nobody")]
    estate.write(ORDERS, orders(owners=owners))
    assert estate.value(ORDERS).owners == owners
    with pytest.raises(Missing):
        estate.get("users", "nobody")
    assert estate.get("tables", TABLE, "owners")["owners"] == []


def test_a_parent_that_comes_back_leaves_its_children_deleted(estate: Estate) -> None:
    gone = Lifecycle(removed=True)
    for urn, value in ((SCHEMA, Container(name="public")), (ORDERS, orders()), (RAW, Dataset(name="raw"))):
        estate.write(urn, value)
    estate.write(ORDERS, Dataset(lifecycle=gone), action="remove")
    refused = Operation(kind="container", urn=SCHEMA, action="remove", set=Container(lifecycle=gone))
    outcome = next(iter(estate.catalog.write([refused], MemoryContext())))
    assert outcome.status == "failed"
    assert "raw" in outcome.reason
    estate.write(RAW, Dataset(lifecycle=gone), action="remove")
    assert estate.write(SCHEMA, Container(lifecycle=gone), action="remove") == "written"
    assert estate.value(SCHEMA).lifecycle == gone
    assert estate.write(SCHEMA, Container(), "lifecycle", action="restore") == "written"
    assert estate.value(SCHEMA).lifecycle is None
    assert estate.value(ORDERS).lifecycle == gone
    assert estate.write(ORDERS, Dataset(), "lifecycle", action="restore") == "written"
    assert estate.value(ORDERS).lifecycle is None
    assert estate.value(RAW).lifecycle == gone


def test_a_deleted_record_is_changed_and_stays_deleted(estate: Estate) -> None:
    gone = Lifecycle(removed=True)
    estate.write(ORDERS, orders())
    estate.write(ORDERS, Dataset(lifecycle=gone), action="remove")
    assert estate.write(ORDERS, Dataset(description=Description(source="Gone")), action="update") == "written"
    held = estate.value(ORDERS)
    assert (held.lifecycle, held.description) == (gone, Description(source="Gone"))


def _edge(estate: Estate, start: str, end: str, details: dict[str, Any]) -> None:
    ids = [estate.get("tables", fqn)["id"] for fqn in (start, end)]
    ends = [{"id": one, "type": "table"} for one in ids]
    edge = {"fromEntity": ends[0], "toEntity": ends[1], "lineageDetails": details}
    estate.person.put("/lineage", {"edge": edge})


def test_lineage_of_people_stays_beside_ours(estate: Estate) -> None:
    copy, raw = "postgres.shop.public.copy", "postgres.shop.public.raw"
    field = [Field("id", type="int64", native_type="bigint"), Field("mail", type="string", native_type="text")]
    estate.write(RAW, Dataset(name="raw", fields=field))
    estate.write(ORDERS, orders())
    estate.write(urns.dataset("postgres", "shop.public.copy"), Dataset(name="copy", fields=field))
    ours = Lineage(upstreams=[LineageEdge(RAW, type="transformed")])
    estate.write(ORDERS, Dataset(lineage=ours), action="update")
    assert estate.value(ORDERS).lineage == ours
    _edge(estate, copy, TABLE, {"sqlQuery": "select 1", "source": "Manual"})
    ctx = MemoryContext()
    held = estate.value(ORDERS, ctx).lineage
    assert {edge.urn: (edge.type, edge.layer) for edge in held.upstreams} == {
        RAW: ("transformed", None),
        urns.dataset("postgres", "shop.public.copy"): (None, "manual"),
    }
    estate.write(
        ORDERS, Dataset(lineage=Lineage(upstreams=[e for e in held.upstreams if e.urn != RAW])), action="update"
    )
    answer = estate.person.get(f"/lineage/table/{estate.get('tables', TABLE)['id']}", {"upstreamDepth": 1}).value
    assert [node["fullyQualifiedName"] for node in answer["nodes"]] == [copy]
    assert answer["upstreamEdges"][0]["lineageDetails"]["sqlQuery"] == "select 1"
    assert raw not in str(answer)


def test_an_edge_that_two_records_report_goes_with_the_last(estate: Estate) -> None:
    estate.write(RAW, Dataset(name="raw", fields=[Field("id", type="int64")]))
    estate.write(ORDERS, orders())
    task = urns.located("task", "airflow", "load/orders")
    other = urns.located("task", "airflow", "load/again")
    reported = Lineage(upstreams=[LineageEdge(RAW)], downstreams=[LineageEdge(ORDERS)])
    for urn in (task, other):
        estate.write(urn, Job(name=urn.rpartition("/")[2], lineage=reported))
    assert estate.value(task).lineage == estate.value(other).lineage == reported
    assert estate.value(ORDERS).lineage is None
    estate.write(task, Job(), "lineage", action="update")
    assert estate.value(task).lineage is None
    assert estate.value(other).lineage == reported
    estate.write(other, Job(), "lineage", action="update")
    assert len(estate.fake.world.edges.at(estate.get("pipelines", "airflow.load")["id"])) == 0


def test_tasks_of_one_pipeline_are_written_one_after_the_other(estate: Estate) -> None:
    urns_ = [urns.located("task", "airflow", f"load/t{number}") for number in range(12)]
    batch = [Operation(kind="job", urn=urn, action="create", set=Job(name=urn[-8:])) for urn in urns_]
    assert {outcome.status for outcome in estate.catalog.write(batch, MemoryContext())} == {"written"}
    assert len(estate.get("pipelines", "airflow.load", "tasks")["tasks"]) == 12
    assert {urn for urn in urns_ if estate.read(urn)} == set(urns_)


def test_a_profile_is_native_and_what_it_cannot_hold_is_kept(estate: Estate) -> None:
    estate.write(ORDERS, orders())
    fact = f"{ORDERS}#profile@2026-01-15T10:00:00Z"
    estate.write(fact, Stats(row_count=7, fields=[("mail", [("null_count", 2)])]), kind="stats")
    latest = estate.person.get(f"/tables/{TABLE}/tableProfile/latest").value
    assert latest["profile"]["rowCount"] == 7
    odd = Stats(row_count=8, fields=[("mail", [("mean_length", 2)])], properties=[("sample", "10 %")])
    estate.write(fact, odd, kind="stats")
    assert [record.value for record in estate.read(ORDERS) if record.kind == "stats"] == [odd]
    newer = f"{ORDERS}#profile@2026-02-15T10:00:00Z"
    estate.write(newer, Stats(row_count=9), kind="stats")
    assert [record.urn for record in estate.read(ORDERS) if record.kind == "stats"] == [newer]


def test_facts_and_foreign_need_their_record(estate: Estate) -> None:
    operation = Operation(
        kind="stats", urn=f"{ORDERS}#profile@2026-01-15T10:00:00Z", action="create", set=Stats(row_count=1)
    )
    outcome = next(iter(estate.catalog.write([operation], MemoryContext())))
    assert outcome.status == "failed"
    assert "rite that record first" in outcome.reason


def test_what_belongs_to_no_record_is_kept_in_a_term(estate: Estate) -> None:
    urn = "urn:lumos:foreign:(datahub,policy/x)"
    value = Foreign(body='{"a":1}')
    assert estate.write(urn, value, kind="foreign") == "written"
    assert estate.write(urn, value, kind="foreign") == "unchanged"
    assert [record.value for record in estate.read(urn)] == [value]
    everything = {record.urn: record.value for record in estate.catalog.read(Scope(), MemoryContext())}
    assert everything[urn] == value
    assert not any(name.startswith("urn:lumos:term:") for name in everything)
    assert estate.write(urn, Foreign(body='{"a":2}'), action="update", kind="foreign") == "written"
    assert estate.write(urn, action="remove", kind="foreign") == "written"
    assert estate.read(urn) == []
    assert estate.write(urn, value, kind="foreign") == "written"
    assert [record.value for record in estate.read(urn)] == [value]


def test_things_that_are_no_records_are_read_as_they_are(estate: Estate) -> None:
    estate.write(ORDERS, orders())
    code = {"language": "SQL", "code": "select 1"}
    body = {"name": "load", "databaseSchema": "postgres.shop.public", "storedProcedureCode": code}
    estate.person.put("/storedProcedures", body)
    found = [record for record in estate.catalog.read(Scope(), MemoryContext()) if record.kind == "foreign"]
    urn = "urn:lumos:foreign:(openmetadata,storedProcedure/postgres.shop.public.load)"
    assert urn in {record.urn for record in found}
    assert "select 1" in next(record.value.body for record in found if record.urn == urn)
