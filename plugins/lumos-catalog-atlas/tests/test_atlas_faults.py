"""Bad days: what the catalog makes of a server that fails, lies, or is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fake_atlas import FakeAtlas
from lumos_catalog_atlas.catalog import AtlasCatalog
from lumos_catalog_atlas.config import AtlasConfig
from lumos_remote import NotData, Redirected, Unauthorised, Unsupported

from lumos_core.plugin_api import (
    Cancelled,
    CatalogError,
    Dataset,
    Description,
    LumosError,
    Operation,
    Outcome,
    RetryableError,
    Scope,
    Stats,
    TagLink,
    canonical,
    urns,
)
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers.http import Answer

Make = Callable[..., AtlasCatalog]


@pytest.fixture
def make(fake_atlas: FakeAtlas) -> Iterator[Make]:
    made: list[AtlasCatalog] = []

    def build(**options: Any) -> AtlasCatalog:
        given = {"server": fake_atlas.url, "user": "admin", "password": "secret", "retries": 2, "workers": 1, **options}
        made.append(AtlasCatalog(AtlasConfig.model_validate(given, context={})))
        return made[-1]

    yield build
    for catalog in made:
        catalog.close()


def some(count: int = 3, **keys: Any) -> list[Operation]:
    return [
        Operation(kind="dataset", urn=urns.dataset("kit", f"d{number}"), action="create", set=Dataset(name="d", **keys))
        for number in range(count)
    ]


def written(catalog: AtlasCatalog, operations: list[Operation]) -> list[Outcome]:
    return list(catalog.write(operations, MemoryContext()))


def lines(catalog: AtlasCatalog) -> list[bytes]:
    return [canonical(record) for record in catalog.read(Scope(), MemoryContext())]


@pytest.mark.parametrize("fault", ["busy", "broken", "page", "lost", "cut", "closed"])
def test_a_write_survives_what_passes(fake_atlas: FakeAtlas, make: Make, fault: str) -> None:
    catalog = make()
    written(catalog, some(1))
    rule = fake_atlas.faults.when(method="POST", path="/entity/bulk$", times=1)
    {
        "busy": lambda: rule.answer(429, headers={"Retry-After": "0"}),
        "broken": lambda: rule.answer(500, {"errorCode": "ATLAS-500-00-001", "errorMessage": "Failed to store"}),
        "page": lambda: rule.page(502),
        "lost": rule.lose_answer,
        "cut": rule.cut,
        "closed": rule.close,
    }[fault]()
    operations = some(3, description=Description(source="x"), tags=[TagLink("urn:lumos:tag:gold")])
    assert {outcome.status for outcome in written(catalog, operations)} == {"written"}
    assert rule.hits == 1
    assert {outcome.status for outcome in written(make(), operations)} == {"unchanged"}
    alive = [entity for entity in fake_atlas.entities.values() if entity["status"] == "ACTIVE"]
    assert len(alive) == 3, "a request that was sent again made something twice"


@pytest.mark.parametrize("path", ["/search/basic", "/entity/bulk", "/types/typedefs"])
@pytest.mark.parametrize("fault", ["page", "cut", "refused", "busy"])
def test_a_listing_that_fails_is_no_listing(fake_atlas: FakeAtlas, make: Make, path: str, fault: str) -> None:
    catalog = make()
    written(catalog, some())
    rule = fake_atlas.faults.when(path=path)
    {
        "page": lambda: rule.page(500),
        "cut": rule.cut,
        "refused": lambda: rule.answer(403, {"errorMessage": "no"}),
        "busy": lambda: rule.answer(503, headers={"Retry-After": "0"}),
    }[fault]()
    with pytest.raises(LumosError):
        lines(make())
    fake_atlas.faults.clear()
    assert len(lines(make())) >= 3


def test_a_page_that_is_no_page_ends_nothing_early(fake_atlas: FakeAtlas, make: Make) -> None:
    written(make(), some())
    fake_atlas.faults.when(path="/search/basic", after=3, times=1).alter(lambda request, answer: Answer.json({}))
    with pytest.raises(CatalogError, match="not complete"):
        lines(make())


def test_a_refused_record_is_told_and_the_rest_is_written(fake_atlas: FakeAtlas, make: Make) -> None:
    catalog = make()
    operations = some(7)
    body = json.dumps(operations[4].urn, ensure_ascii=False)[1:-1].encode()

    def refuse(request: Any, proceed: Any) -> Answer:
        return Answer.json({"errorMessage": "cannot be"}, 400) if body in request.body else proceed()

    fake_atlas.faults.when(method="POST", path="/entity/bulk$").do("picky", refuse)
    outcomes = written(catalog, operations)
    assert [outcome.status for outcome in outcomes] == ["written"] * 4 + ["failed"] + ["written"] * 2
    assert "cannot be" in outcomes[4].reason


def test_a_server_that_is_gone_is_to_be_tried_again(fake_atlas: FakeAtlas, make: Make) -> None:
    catalog = make(retries=0)
    fake_atlas.faults.when(path="/").close()
    with pytest.raises(RetryableError):
        catalog.check(MemoryContext())
    with pytest.raises(RetryableError):
        written(catalog, some())


def test_what_is_not_atlas_is_refused(fake_atlas: FakeAtlas, make: Make) -> None:
    fake_atlas.version = {"Name": "shop", "Version": "1"}
    with pytest.raises(CatalogError, match="not Apache Atlas"):
        make().check(MemoryContext())
    fake_atlas.version = {"Name": "apache-atlas", "Version": "1.2.0"}
    with pytest.raises(Unsupported):
        make().check(MemoryContext())
    fake_atlas.version = {"Name": "apache-atlas", "Version": "2.3.0-SNAPSHOT"}
    make().check(MemoryContext())
    fake_atlas.faults.when(path="/admin/status").answer(200, {"Status": "PASSIVE"})
    with pytest.raises(CatalogError, match="not ready"):
        make().check(MemoryContext())


def test_a_login_page_is_no_answer(fake_atlas: FakeAtlas, make: Make) -> None:
    rule = fake_atlas.faults.when(path="/admin/version", times=1).redirect("https://login.example/")
    with pytest.raises(Redirected):
        make().check(MemoryContext())
    assert rule.hits == 1
    fake_atlas.faults.when(path="/admin/version", times=1).page(200, "Log in")
    with pytest.raises(NotData):
        make().check(MemoryContext())


def test_a_password_that_ends_in_the_middle_stops_the_batch(fake_atlas: FakeAtlas, make: Make) -> None:
    catalog = make(batch=1)
    fake_atlas.faults.when(method="POST", path="/entity/bulk$", after=1).answer(401)
    with pytest.raises(Unauthorised) as refused:
        written(catalog, some())
    assert "secret" not in str(refused.value)
    fake_atlas.faults.clear()
    assert [outcome.status for outcome in written(make(), some())] == ["unchanged", "written", "written"]


def test_an_entity_that_is_purged_while_reading_is_left_out(fake_atlas: FakeAtlas, make: Make) -> None:
    written(make(), some())
    gone = next(guid for guid, entity in fake_atlas.entities.items() if entity["typeName"] == "lumos_dataset")

    def purge(request: Any, proceed: Any) -> Answer:
        fake_atlas.entities.pop(gone, None)
        return proceed()

    fake_atlas.faults.when(method="GET", path="/entity/bulk", times=1).do("purge", purge)
    assert len(lines(make())) == 2


def test_cancelling_raises(make: Make) -> None:
    ctx = MemoryContext()
    ctx.cancelled = lambda: True
    with pytest.raises(Cancelled):
        list(make().write(some(), ctx))


def test_a_property_that_people_broke_is_told(fake_atlas: FakeAtlas, make: Make) -> None:
    written(make(), some(1, description=Description(source="s")))
    (entity,) = (item for item in fake_atlas.entities.values() if item["typeName"] == "lumos_dataset")
    entity["customAttributes"]["lumos"] = "{broken"
    ctx = MemoryContext()
    (record,) = make().read(Scope(urns=frozenset({some()[0].urn})), ctx)
    assert record.value.description == Description(source="s")
    assert [notice.code for notice in ctx.warnings] == ["stale-shadow"]


@pytest.mark.parametrize(
    ("kind", "urn", "value", "why"),
    [
        ("stats", "urn:lumos:dataset:(kit,x,PROD)#profile@2026-01-15T10:00:00Z", Stats(row_count=1), "no statistics"),
        ("dataset", "urn:lumos:tag:x", Dataset(), "is no dataset"),
        ("dataset", "no urn", Dataset(), "not a URN"),
    ],
)
def test_what_has_no_place_is_refused(make: Make, kind: str, urn: str, value: Any, why: str) -> None:
    (outcome,) = written(make(), [Operation(kind=kind, urn=urn, action="create", set=value)])
    assert outcome.status == "failed" and why in outcome.reason


@pytest.mark.parametrize(
    "options",
    [{"user": "a"}, {"user": "", "password": "x"}, {"token": "t"}, {"proxy": "host"}, {"cluster": "a@b"}],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any]) -> None:
    given = {"server": "http://127.0.0.1:1", "user": "admin", "password": "secret", **options}
    if options == {"user": "a"}:
        del given["password"]
    with pytest.raises(ValueError):
        AtlasConfig.model_validate(given, context={})
