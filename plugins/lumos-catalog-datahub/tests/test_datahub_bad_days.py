"""Bad days: nothing lost, nothing invented, every record accounted for, no secret shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lumos_catalog_datahub.catalog import DataHubCatalog
from lumos_catalog_datahub.config import DataHubConfig
from lumos_catalog_datahub.names import Names
from lumos_catalog_datahub.server import V3
from lumos_catalog_datahub.settings import settings
from lumos_remote import NotData, Redirected, Unauthorised, Unsupported
from lumos_testing_datahub import DataHubFake

from lumos_core.plugin_api import (
    AnyRecord,
    Cancelled,
    CatalogError,
    ConfigError,
    Dataset,
    Description,
    Field,
    LumosError,
    Operation,
    Owner,
    Property,
    RetryableError,
    Scope,
    StructuredValue,
    Tag,
    TagLink,
    urns,
)
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers.http import Answer

SOON = {"Retry-After": "0"}
SECRET = "a-token-that-nobody-may-see"
WRITES = rf"{V3}/dataset\?"
NAMES = Names()


@pytest.fixture
def fake() -> Iterator[DataHubFake]:
    with DataHubFake(token=SECRET, boot=False) as made:
        yield made


def build(fake: DataHubFake, **more: Any) -> DataHubCatalog:
    options: dict[str, Any] = {"server": fake.url, "token": SECRET, "workers": 2, "retries": 2, **more}
    return DataHubCatalog(DataHubConfig(**options))


def urn(name: str) -> str:
    return urns.dataset("postgres", f"shop.public.{name}")


def native(name: str) -> str:
    return NAMES.native(urn(name))


def create(name: str, **keys: Any) -> Operation:
    value = Dataset(name=name, fields=[Field("id", type="int64", native_type="bigint")], **keys)
    return Operation(kind="dataset", urn=urn(name), action="create", set=value)


def update(name: str, /, *unset: str, **keys: Any) -> Operation:
    return Operation(kind="dataset", urn=urn(name), action="update", set=Dataset(**keys), unset=frozenset(unset))


def write(catalog: DataHubCatalog, *operations: Operation, ctx: MemoryContext | None = None) -> list[str]:
    outcomes = list(catalog.write(operations, ctx or MemoryContext()))
    assert [outcome.urn for outcome in outcomes] == [operation.urn for operation in operations]
    assert all(outcome.reason for outcome in outcomes if outcome.status in ("failed", "conflict"))
    return [outcome.status for outcome in outcomes]


def read(catalog: DataHubCatalog, ctx: MemoryContext | None = None, scope: Scope | None = None) -> dict[str, AnyRecord]:
    return {record.urn: record for record in catalog.read(scope or Scope(), ctx or MemoryContext())}


def put(fake: DataHubFake, urn_: str, aspect: str, value: Any) -> None:
    """Write as somebody else does."""
    fake.engine.commit([fake.engine.propose(urn_, aspect, "UPSERT", value)])


Fault = Callable[[Any], Any]
PASSING: dict[str, Fault] = {
    "429": lambda rule: rule.answer(429, headers=SOON),
    "429 without a time": lambda rule: rule.answer(429),
    "503": lambda rule: rule.answer(503, headers=SOON),
    "502 page": lambda rule: rule.page(502),
    "closed": lambda rule: rule.close(),
    "answer lost": lambda rule: rule.lose_answer(),
    "cut": lambda rule: rule.cut(),
    "409": lambda rule: rule.answer(409),
    "412": lambda rule: rule.answer(412),
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again(fake: DataHubFake, fault: str) -> None:
    catalog = build(fake)
    PASSING[fault](fake.faults.when(method="POST", path=WRITES, times=1))
    assert write(catalog, create("orders", description=Description(source="Orders")))[0] in ("written", "unchanged")
    assert read(catalog)[urn("orders")].value.description == Description(source="Orders")


@pytest.mark.parametrize("seed", [1, 2])
def test_chaos_ends_in_the_same_state(fake: DataHubFake, seed: int) -> None:
    catalog = build(fake, retries=8, batch=7)
    fake.faults.chaos(seed, 0.05)
    batch = [create(f"t{number}", description=Description(source=f"no. {number}")) for number in range(20)]
    for _ in range(20):
        try:
            statuses = write(catalog, *batch)
        except LumosError:
            continue
        if set(statuses) <= {"written", "unchanged"}:
            break
    fake.faults.clear()
    assert set(write(catalog, *batch)) == {"unchanged"}
    found = {name: one.value.description.source for name, one in read(catalog).items()}
    assert found == {urn(f"t{number}"): f"no. {number}" for number in range(20)}


def test_one_bad_record_does_not_take_the_others_with_it(fake: DataHubFake) -> None:
    catalog = build(fake)

    def refuse(request: Any, proceed: Any) -> Any:
        if b"t13" in request.body:
            return Answer.json({"error": "Validation Error", "message": "t13 is unlucky"}, 400)
        return proceed()

    fake.faults.when(method="POST", path=WRITES).do("refuse", refuse)
    statuses = write(catalog, *(create(f"t{number}") for number in range(20)))
    assert [number for number, status in enumerate(statuses) if status != "written"] == [13]
    assert len(read(catalog)) == 19


@pytest.mark.parametrize("status", [400, 403, 422, 500])
def test_what_is_refused_is_told_with_its_reason(fake: DataHubFake, status: int) -> None:
    catalog = build(fake)
    fake.faults.when(method="POST", path=WRITES).answer(status, b'{"message": "not on a Sunday"}')
    (outcome,) = catalog.write([create("orders")], MemoryContext())
    assert outcome.status == "failed"
    assert str(status) in outcome.reason
    assert SECRET not in outcome.reason


def test_batches_that_are_too_large_are_halved(fake: DataHubFake) -> None:
    fake.max_bytes = 6000
    catalog = build(fake)
    statuses = write(catalog, *(create(f"t{number}") for number in range(40)))
    assert set(statuses) == {"written"}
    assert len(read(catalog)) == 40


def test_ten_megabytes_of_description(fake: DataHubFake) -> None:
    catalog = build(fake)
    text = "ü" * 5_000_000
    assert (
        write(catalog, create("orders", description=Description(source=text)), create("customers")) == ["written"] * 2
    )
    assert read(catalog)[urn("orders")].value.description.source == text
    more = Description(source="x" * 17_000_000)
    assert write(catalog, create("logs", description=more), create("items")) == ["failed", "written"]


def test_a_wrong_token_is_explained(fake: DataHubFake) -> None:
    for catalog in (build(fake, token="wrong-token-wrong"), build(fake, token=None)):
        with pytest.raises(CatalogError, match="does not let us in") as caught:
            catalog.check(MemoryContext())
        assert "access token" in caught.value.fix
        assert "wrong-token" not in str(caught.value)
        with pytest.raises(Unauthorised):
            list(catalog.write([create("orders")], MemoryContext()))
        catalog.close()


def test_a_token_that_ends_meanwhile_stops_the_reading(fake: DataHubFake) -> None:
    catalog = build(fake, page_size=5, batch=5)
    write(catalog, *(create(f"t{number}") for number in range(20)))
    fake.faults.when(path="batchGet", after=2).answer(401)
    with pytest.raises(Unauthorised):
        read(catalog)


def test_types_that_we_may_not_read_are_no_listing(fake: DataHubFake) -> None:
    catalog = build(fake)
    write(catalog, create("orders"))
    fake.forbidden = {"dataset"}
    with pytest.raises(CatalogError, match="403"):
        read(catalog)
    assert write(catalog, Operation(kind="tag", urn="urn:lumos:tag:x", action="create", set=Tag(name="x"))) == [
        "written"
    ]


@pytest.mark.parametrize(
    ("version", "fits"), [("v1.7.0.17", True), ("v0.13.3", False), ("v2.0.0", False), ("v0.14.1", True)]
)
def test_versions(version: str, fits: bool) -> None:
    with DataHubFake(version=version) as fake:
        catalog = DataHubCatalog(DataHubConfig(server=fake.url))
        if fits:
            catalog.check(MemoryContext())
        else:
            with pytest.raises(Unsupported, match="DataHub"):
                catalog.check(MemoryContext())


def test_the_address_of_the_pages_is_explained(fake: DataHubFake) -> None:
    fake.faults.when(path="/config").page(200)
    with pytest.raises(CatalogError, match="not a metadata service") as caught:
        build(fake).check(MemoryContext())
    assert "/api/gms" in caught.value.fix
    fake.faults.clear()
    fake.faults.when(path="/config").answer(200, b'{"noCode": "false"}')
    with pytest.raises(CatalogError, match="not a metadata service"):
        build(fake).check(MemoryContext())


def test_a_login_page_is_no_data(fake: DataHubFake) -> None:
    catalog = build(fake)
    fake.faults.when(path="scroll").redirect("https://login.example/?next=x")
    with pytest.raises(Redirected):
        read(catalog)
    fake.faults.clear()
    fake.faults.when(path="scroll").page(200)
    with pytest.raises(NotData):
        read(catalog)


def scrolled(change: Callable[[Any], None]) -> Fault:
    def tamper(request: Any, proceed: Any) -> Any:
        answer = proceed()
        page = json.loads(answer.body)
        change(page)
        return Answer.json(page)

    return lambda rule: rule.do("tamper", tamper)


def test_a_scroll_that_drops_or_repeats_is_no_listing(fake: DataHubFake) -> None:
    catalog = build(fake, page_size=4)
    write(catalog, *(create(f"t{number}") for number in range(10)))
    changes: list[Callable[[Any], Any]] = [
        lambda page: page["entities"].pop(),
        lambda page: page["entities"].append(page["entities"][0]),
        lambda page: page.update(scrollId=None),
        lambda page: page.update(entities=[]),
        lambda page: page.pop("entities"),
    ]
    for change in changes:
        rule = fake.faults.when(path="scroll", after=1, times=1)
        scrolled(change)(rule)
        with pytest.raises(RetryableError, match="not complete"):
            read(catalog)
        fake.faults.clear()
    repeated = fake.faults.when(path="scroll", after=2, times=1)
    first = [urn_ for urn_ in fake.store.entities if "t0" in urn_]
    scrolled(lambda page: page["entities"].append({"urn": first[0]}))(repeated)
    with pytest.raises(RetryableError, match="twice"):
        read(catalog)
    fake.faults.clear()
    assert len(read(catalog)) == 10


def test_slices_give_the_same(fake: DataHubFake) -> None:
    catalog = build(fake)
    write(catalog, *(create(f"t{number}") for number in range(30)))
    assert read(build(fake, slices=3, page_size=4)).keys() == read(catalog).keys()
    assert len(read(catalog)) == 30


def test_what_was_just_written_is_read_though_the_index_lags() -> None:
    with DataHubFake(index_seconds=1000) as fake:
        catalog = DataHubCatalog(DataHubConfig(server=fake.url))
        assert write(catalog, create("orders"), create("customers")) == ["written"] * 2
        held = read(catalog, scope=Scope(platform="postgres"))
        assert {urn("orders"), urn("customers")} <= held.keys()
        other = DataHubCatalog(DataHubConfig(server=fake.url))
        assert read(other, scope=Scope(urns=frozenset({urn("orders")}))).keys() == {urn("orders")}
        assert write(other, create("orders")) == ["unchanged"]


def test_what_others_wrote_stays(fake: DataHubFake) -> None:
    catalog = build(fake)
    write(
        catalog, create("orders", owners=[Owner(urns.plain("group", "shop"))], tags=[TagLink(urns.plain("tag", "a"))])
    )
    held = fake.store.entities[native("orders")]
    owners = held.value("ownership")["owners"]
    mine = {"owner": "urn:li:corpuser:ann", "type": "TECHNICAL_OWNER", "source": {"type": "MANUAL", "url": "http://x"}}
    put(fake, native("orders"), "ownership", {"owners": [*owners, mine], "ownerTypes": {"x": ["urn:li:corpuser:ann"]}})
    put(fake, native("orders"), "editableDatasetProperties", {"description": "typed"})
    put(fake, native("orders"), "embed", {"renderUrl": "https://bi.example"})
    shown = held.value("datasetProperties")
    put(fake, native("orders"), "datasetProperties", {**shown, "qualifiedName": "q", "uri": "pg://x"})
    assert write(catalog, update("orders", description=Description(source="new", manual="typed"), subtype="table")) == [
        "written"
    ]
    value = read(catalog)[urn("orders")].value
    assert len(value.owners) == 2
    assert held.value("ownership")["owners"][1]["source"] == {"type": "MANUAL", "url": "http://x"}
    assert held.value("ownership")["ownerTypes"] == {"x": ["urn:li:corpuser:ann"]}
    assert held.value("embed") == {"renderUrl": "https://bi.example"}
    assert held.value("datasetProperties")["qualifiedName"] == "q"
    assert held.value("datasetProperties")["description"] == "new"
    more = [*value.owners, Owner(urns.plain("group", "finance"))]
    assert write(catalog, update("orders", owners=more)) == ["written"]
    natives = {one["owner"]: one for one in held.value("ownership")["owners"]}
    assert len(natives) == 3
    assert natives["urn:li:corpuser:ann"]["source"]["url"] == "http://x"
    assert write(catalog, update("orders", "owners")) == ["written"]
    assert held.value("ownership")["owners"] == []
    assert held.value("editableDatasetProperties") == {"description": "typed"}


def test_people_editing_a_kept_aspect_win_and_are_told(fake: DataHubFake) -> None:
    catalog = build(fake)
    tags = [TagLink(urns.plain("tag", "pii"), value="email", state="confirmed")]
    write(catalog, create("orders", tags=tags))
    assert read(catalog)[urn("orders")].value.tags == tags
    put(fake, native("orders"), "globalTags", {"tags": [{"tag": "urn:li:tag:pii"}, {"tag": "urn:li:tag:gold"}]})
    ctx = MemoryContext()
    value = read(catalog, ctx)[urn("orders")].value
    assert sorted(tag.tag for tag in value.tags) == ["urn:lumos:tag:gold", "urn:lumos:tag:pii"]
    assert tags[0] in value.tags
    assert [warning.code for warning in ctx.warnings] == ["stale-shadow"]


def test_a_change_between_plan_and_writing_is_a_conflict(fake: DataHubFake) -> None:
    catalog = build(fake)
    write(catalog, create("orders", description=Description(source="one")))
    held = read(catalog)[urn("orders")].value
    put(fake, native("orders"), "editableDatasetProperties", {"description": "typed"})
    late = Operation(
        kind="dataset",
        urn=urn("orders"),
        action="update",
        set=Dataset(description=Description(source="two")),
        held=Dataset(description=held.description),
    )
    assert write(catalog, late) == ["conflict"]
    assert read(catalog)[urn("orders")].value.description == Description(source="one", manual="typed")


def test_a_writer_that_is_faster_is_merged_with(fake: DataHubFake) -> None:
    catalog = build(fake)
    write(catalog, create("orders"))
    raced = []

    def race(request: Any, proceed: Any) -> Any:
        if not raced:
            raced.append(1)
            put(fake, native("orders"), "globalTags", {"tags": [{"tag": "urn:li:tag:gold"}]})
            put(fake, native("orders"), "datasetProperties", {"name": "orders", "qualifiedName": "theirs"})
        return proceed()

    fake.faults.when(method="POST", path=WRITES, times=1).do("race", race)
    assert write(catalog, update("orders", description=Description(source="ours"))) == ["written"]
    value = read(catalog)[urn("orders")].value
    assert [tag.tag for tag in value.tags] == ["urn:lumos:tag:gold"]
    assert fake.store.entities[native("orders")].value("datasetProperties") == {
        "name": "orders",
        "qualifiedName": "theirs",
        "description": "ours",
    }


def test_two_records_cannot_share_an_entity(fake: DataHubFake) -> None:
    one, two = urns.dataset("postgres", "eu.shop"), urns.dataset("postgres", "shop", instance="eu")
    operations = [Operation(kind="dataset", urn=name, action="create", set=Dataset(name="x")) for name in (one, two)]
    assert write(build(fake), *operations) == ["written", "failed"]
    assert write(build(fake), operations[1]) == ["failed"]
    assert "instances" in next(iter(build(fake).write([operations[1]], MemoryContext()))).reason
    known = build(fake, instances=["eu"])
    assert read(known).keys() >= {two}
    assert write(known, operations[1])[0] in ("written", "unchanged")


def test_names_that_datahub_refuses(fake: DataHubFake) -> None:
    names = ["a,b", "(x)", "q(,)␟", "x" * 300, "ü" * 300, "%28", "a\nb", " ", "urn:li:tag:x", "lumos:tag:::x"]
    operations = [create(name) for name in names]
    assert set(write(build(fake), *operations)) == {"written"}
    held = read(build(fake))
    assert {record.value.name for record in held.values()} == set(names)
    assert set(held) == {urn(name) for name in names}
    for name in names:
        assert list(read(build(fake), scope=Scope(urns=frozenset({urn(name)})))) == [urn(name)]


def test_entities_that_we_do_not_understand_are_left_alone_and_told(fake: DataHubFake) -> None:
    put(
        fake,
        "urn:li:dataProcessInstance:run1",
        "dataProcessInstanceProperties",
        {"name": "r", "created": {"time": 1, "actor": "urn:li:corpuser:a"}},
    )
    put(fake, "urn:li:dataHubSecret:s", "dataHubSecretValue", {"name": "s", "value": "hidden"})
    held = read(build(fake))
    assert [record.kind for record in held.values()] == ["foreign"]
    (record,) = held.values()
    assert record.urn == "urn:lumos:foreign:(datahub,urn%3Ali%3AdataProcessInstance%3Arun1)"
    assert '"name":"r"' in record.value.body
    with DataHubFake(boot=False) as other:
        catalog = DataHubCatalog(DataHubConfig(server=other.url))
        assert write(catalog, Operation(kind="foreign", urn=record.urn, action="create", set=record.value)) == [
            "written"
        ]
        assert (
            other.store.entities["urn:li:dataProcessInstance:run1"].value("dataProcessInstanceProperties")["name"]
            == "r"
        )
        assert read(catalog)[record.urn] == record


def test_residue_is_written_back_only_where_it_fits(fake: DataHubFake) -> None:
    catalog = build(fake)
    write(catalog, create("orders"))
    put(fake, native("orders"), "datasetProperties", {"name": "orders", "uri": "pg://shop"})
    held = read(catalog)
    rest = held[f"{urn('orders')}#datahub/datasetProperties"]
    with DataHubFake(boot=False) as other:
        fresh = DataHubCatalog(DataHubConfig(server=other.url))
        operation = Operation(kind="foreign", urn=rest.urn, action="create", set=rest.value)
        assert write(fresh, operation) == ["failed"]  # nothing that it belongs to
        assert write(fresh, create("orders"), operation) == ["written", "written"]
        assert other.store.entities[native("orders")].value("datasetProperties")["uri"] == "pg://shop"
        write(fresh, update("orders", name="ORDERS"))
        assert write(fresh, operation) == ["conflict"]


def test_values_of_properties_that_datahub_refuses_are_kept(fake: DataHubFake) -> None:
    with DataHubFake() as booted:
        catalog = DataHubCatalog(DataHubConfig(server=booted.url))
        keys = urns.plain("property", "retention")
        typed = [StructuredValue(keys, [30])]
        assert write(catalog, create("orders", structured=typed)) == ["written"]
        assert read(catalog)[urn("orders")].value.structured == typed
        assert "structuredProperties" not in booted.store.entities[native("orders")].aspects
        definition = Operation(kind="property", urn=keys, action="create", set=Property(name="Retention", type="int64"))
        assert write(catalog, update("orders", subtype="table"), definition) == ["written"] * 2
        assert "structuredProperties" in booted.store.entities[native("orders")].aspects
        assert read(catalog)[urn("orders")].value.structured == typed


def test_cancelling_ends_between_requests(fake: DataHubFake) -> None:
    catalog = build(fake)
    write(catalog, create("orders"))
    ctx = MemoryContext()
    ctx.cancelled = lambda: True
    fresh = build(fake)
    with pytest.raises(Cancelled):
        list(fresh.read(Scope(), ctx))


def test_settings_are_found_where_the_vendor_looks(tmp_path: Path) -> None:
    home = tmp_path
    plain = DataHubConfig()
    with pytest.raises(ConfigError, match="no server"):
        settings(plain, {}, home)
    (home / ".datahubenv").write_text(f"gms:\n  server: http://file:8080\n  token: {SECRET}\n", encoding="utf-8")
    assert settings(plain, {}, home) == ("http://file:8080", SECRET)
    assert settings(plain, {"DATAHUB_GMS_URL": "http://env:8080"}, home) == ("http://env:8080", "")
    assert settings(DataHubConfig(server="http://other:8080"), {}, home) == ("http://other:8080", "")
    assert settings(DataHubConfig(server="http://file:8080"), {}, home) == ("http://file:8080", SECRET)
    given = DataHubConfig(server="http://given:8080", token="t")
    assert settings(given, {"DATAHUB_GMS_URL": "http://env:8080"}, home) == ("http://given:8080", "t")
    (home / ".datahubenv").write_text(f"gms: [\n token: {SECRET}", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        settings(plain, {}, home)
    assert SECRET not in str(caught.value)
    with pytest.raises(ConfigError, match="DATAHUB_GMS_URL"):
        settings(plain, {"DATAHUB_GMS_URL": "ftp://x"}, home)
