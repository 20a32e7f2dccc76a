"""Bad days: nothing lost, nothing invented, every record accounted for, no secret shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lumos_catalog_openmetadata.catalog import OpenMetadata
from lumos_catalog_openmetadata.config import OpenMetadataConfig
from lumos_remote import NotData, Redirected, Unauthorised, Unsupported
from lumos_testing_openmetadata import OpenMetadataFake

from lumos_core.plugin_api import (
    CatalogError,
    Dataset,
    Description,
    Field,
    Group,
    LumosError,
    Operation,
    Owner,
    RetryableError,
    Scope,
    TagLink,
    urns,
)
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.servers.http import Answer

SOON = {"Retry-After": "0"}
TABLES = r"/api/v1/tables\b"


@pytest.fixture
def fake(request: pytest.FixtureRequest) -> Iterator[OpenMetadataFake]:
    """A server of 2.0; of both families in tests that `both` marks."""
    with OpenMetadataFake(getattr(request, "param", "2.0")) as made:
        yield made


both = pytest.mark.parametrize("fake", ["1.6", "2.0"], indirect=True)


def build(fake: OpenMetadataFake, **more: Any) -> OpenMetadata:
    options: dict[str, Any] = {"server": fake.url, "token": fake.bot_token, "workers": 2, "retries": 2, **more}
    return OpenMetadata(OpenMetadataConfig(**options))


def urn(name: str) -> str:
    return urns.dataset("postgres", f"shop.public.{name}")


def create(name: str, **keys: Any) -> Operation:
    value = Dataset(name=name, fields=[Field("id", type="int64", native_type="bigint")], **keys)
    return Operation(kind="dataset", urn=urn(name), action="create", set=value)


def update(name: str, *unset: str, **keys: Any) -> Operation:
    return Operation(kind="dataset", urn=urn(name), action="update", set=Dataset(**keys), unset=frozenset(unset))


def write(catalog: OpenMetadata, *operations: Operation) -> list[str]:
    outcomes = list(catalog.write(operations, MemoryContext()))
    assert [outcome.urn for outcome in outcomes] == [operation.urn for operation in operations]
    return [outcome.status for outcome in outcomes]


def reasons(catalog: OpenMetadata, *operations: Operation) -> str:
    return " ".join(outcome.reason for outcome in catalog.write(operations, MemoryContext()))


def read(catalog: OpenMetadata, ctx: MemoryContext | None = None) -> dict[str, Any]:
    records = catalog.read(Scope(platform="postgres"), ctx or MemoryContext())
    return {record.urn: record.value for record in records}


Fault = Callable[[Any], Any]
PASSING: dict[str, Fault] = {
    "429": lambda rule: rule.answer(429, headers=SOON),
    "503": lambda rule: rule.answer(503, headers=SOON),
    "502 page": lambda rule: rule.page(502),
    "closed": lambda rule: rule.close(),
    "answer lost": lambda rule: rule.lose_answer(),
    "cut": lambda rule: rule.cut(),
    "409": lambda rule: rule.answer(409),
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again(fake: OpenMetadataFake, fault: str) -> None:
    catalog = build(fake)
    PASSING[fault](fake.faults.when(method="POST", path=TABLES, times=1))
    # Of an attempt whose answer was lost, the next one finds that nothing is left to do.
    done = write(catalog, create("orders", description=Description(source="Orders")))
    assert done == (["unchanged"] if fault in ("answer lost", "cut", "409") else ["written"]) or done == ["written"]
    assert read(catalog)[urn("orders")].description == Description(source="Orders")


@both
def test_chaos_ends_in_the_same_state(fake: OpenMetadataFake) -> None:
    catalog = build(fake, retries=8)
    fake.faults.chaos(1, 0.05)
    batch = [create(f"t{number}", description=Description(source=f"no. {number}")) for number in range(20)]
    for _ in range(10):
        try:
            outcomes = list(catalog.write(batch, MemoryContext()))
        except RetryableError:
            continue
        if all(outcome.status in ("written", "unchanged") for outcome in outcomes):
            break
    fake.faults.clear()
    held = read(catalog)
    assert {urn(f"t{number}"): f"no. {number}" for number in range(20)} == {
        name: value.description.source for name, value in held.items()
    }


@both
def test_a_500_is_not_retried_and_fails_one_record(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    body = {"code": 500, "errorType": "UNHANDLED_SERVER_EXCEPTION", "message": "no"}
    rule = fake.faults.when(method="POST", path=TABLES + "$", times=1).answer(500, body)
    assert sorted(write(catalog, create("orders"), create("customers"))) == ["failed", "written"]
    assert rule.hits == 1
    assert len(read(catalog)) == 1


@pytest.mark.parametrize("status", [403, 404, 413, 422])
def test_what_is_refused_fails_alone_with_its_reason(fake: OpenMetadataFake, status: int) -> None:
    catalog = build(fake)
    fake.faults.when(method="POST", path=TABLES, times=1).answer(status, {"code": status, "message": "because of it"})
    outcomes = list(catalog.write([create("orders"), create("customers")], MemoryContext()))
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    assert len(failed) == 1
    assert "because of it" in failed[0].reason


def test_a_wrong_token_stops_and_is_not_shown(fake: OpenMetadataFake) -> None:
    secret = "eyJhbGciOi.eyJzdWIiOiJ.not-a-token-of-anyone"
    catalog = build(fake, token=secret)
    with pytest.raises(Unauthorised) as error:
        catalog.check(MemoryContext())
    with pytest.raises(Unauthorised) as other:
        list(catalog.write([create("orders")], MemoryContext()))
    assert secret not in f"{error.value!s} {error.value!r} {other.value!s}"


def test_a_token_that_ends_in_the_middle_stops(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    fake.faults.when(method="POST", path=TABLES, after=1).answer(401)
    with pytest.raises(Unauthorised):
        list(catalog.write([create(f"t{number}") for number in range(5)], MemoryContext()))
    fake.faults.clear()
    assert set(write(catalog, *(create(f"t{number}") for number in range(5)))) <= {"written", "unchanged"}
    assert len(read(catalog)) == 5


@both
def test_a_person_logs_in_and_again_when_the_token_ends(fake: OpenMetadataFake) -> None:
    fake.person("ann", password="a good password", roles=("DataSteward",), admin=True)
    options = {"server": fake.url, "email": "ann@example.com", "password": "a good password", "workers": 1}
    catalog = OpenMetadata(OpenMetadataConfig(**options))
    catalog.check(MemoryContext())
    fake.faults.when(method="POST", path=TABLES, times=1).answer(401)
    assert write(catalog, create("orders")) == ["written"]
    assert fake.calls["POST /api/v1/users/login"] >= 3
    wrong = OpenMetadata(OpenMetadataConfig(**{**options, "password": "a wrong one"}))
    with pytest.raises(Unauthorised) as error:
        wrong.check(MemoryContext())
    assert "a wrong one" not in str(error.value)


@pytest.mark.parametrize("said", ["1.5.9", "3.0", "nightly", ""])
def test_other_versions_are_refused(fake: OpenMetadataFake, said: str) -> None:
    fake.faults.when(path="/system/version").answer(200, {"version": said})
    for use in (lambda: build(fake).check(MemoryContext()), lambda: list(build(fake).read(Scope(), MemoryContext()))):
        with pytest.raises(Unsupported, match=r"1\.6"):
            use()
    with pytest.raises(Unsupported):
        list(build(fake).write([create("orders")], MemoryContext()))


def test_a_login_page_and_a_proxy_page_are_told(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    fake.faults.when(path=TABLES, times=1).redirect("https://login.example/?token=abcdef1234567890")
    with pytest.raises(Redirected) as error:
        read(catalog)
    assert "abcdef1234567890" not in str(error.value)
    fake.faults.clear()
    fake.faults.when(path=TABLES).page(200, "Sign in")
    with pytest.raises(NotData, match="Sign in"):
        read(catalog)


def _page_that(change: Callable[[dict[str, Any]], None]) -> Callable[[Any, Answer], Answer]:
    def altered(request: Any, answer: Answer) -> Answer:
        page = json.loads(answer.body)
        change(page)
        return Answer.json(page, answer.status)

    return altered


BROKEN: dict[str, Callable[[dict[str, Any]], None]] = {
    "an entity twice": lambda page: page["data"].append(page["data"][0]),
    "one is missing": lambda page: page["data"].pop(),
    "no rows": lambda page: page.pop("data"),
    "the last page too early": lambda page: page["paging"].pop("after", None),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_listing_that_is_not_complete_raises(fake: OpenMetadataFake, how: str) -> None:
    catalog = build(fake, page_size=3)
    write(catalog, *(create(f"t{number}") for number in range(8)))
    fake.faults.when(method="GET", path=TABLES + r"\?limit", times=1).alter(_page_that(BROKEN[how]))
    with pytest.raises(CatalogError, match="not complete"):
        read(catalog)


def test_a_page_that_comes_again_and_again_raises(fake: OpenMetadataFake) -> None:
    catalog = build(fake, page_size=3)
    write(catalog, *(create(f"t{number}") for number in range(8)))
    cursor = "eyJuYW1lIjoidDIiLCJpZCI6IjAifQ=="
    fake.faults.when(method="GET", path=TABLES + r"\?limit").alter(
        _page_that(lambda page: page["paging"].update(after=cursor))
    )
    with pytest.raises(CatalogError, match="not complete"):
        read(catalog)


def test_two_urns_that_meet_are_told_and_the_second_is_refused(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    assert write(catalog, create("orders")) == ["written"]
    twin = urns.dataset("postgres", "shop.public.orders", instance="postgres")
    other = Operation(kind="dataset", urn=twin, action="create", set=Dataset(name="orders"))
    outcome = next(iter(catalog.write([other], MemoryContext())))
    assert outcome.status == "failed"
    assert "two URNs meet" in outcome.reason
    assert set(read(catalog)) == {urn("orders")}


@both
def test_a_name_that_is_too_long_is_kept(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    names = ["x" * 300, "x" * 300 + "y", "a::b", 'q"', "dot.ted"]
    assert set(write(catalog, *(create(name) for name in names))) == {"written"}
    assert {value.name for value in read(catalog).values()} == set(names)


def test_ten_megabytes_of_description_arrive(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    text = "läng " * 2_000_000
    assert write(catalog, create("orders", description=Description(manual=text))) == ["written"]
    assert read(catalog)[urn("orders")].description.manual == text


def test_what_people_changed_meanwhile_is_not_overwritten(fake: OpenMetadataFake) -> None:
    """2.x tells by `If-Match` that somebody was faster; then everything is read again."""
    catalog = build(fake)
    write(catalog, create("orders", description=Description(source="Orders")))
    rule = fake.faults.when(method="PATCH", path=TABLES, times=1).answer(412)
    assert write(catalog, update("orders", owners=[Owner(urns.plain("group", "shop"))])) == ["written"]
    assert rule.hits == 1


def test_somebody_who_never_stops_is_a_conflict(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    write(catalog, create("orders"))
    fake.faults.when(method="PATCH", path=TABLES).answer(412)
    assert write(catalog, update("orders", description=Description(source="x"))) == ["conflict"]


@both
def test_what_the_server_ignores_is_failed(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    write(catalog, create("orders"))

    def ignored(request: Any, answer: Answer) -> Answer:
        entity = json.loads(answer.body)
        entity.pop("description", None)
        return Answer.json(entity, answer.status)

    fake.faults.when(path=TABLES).alter(ignored)
    told = reasons(catalog, update("orders", description=Description(source="Orders")))
    assert "did not store `description`" in told


def test_unknown_operations_fail_with_a_reason(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    wrong = [
        Operation(kind="group", urn=urn("x"), action="create", set=Group(name="x")),
        Operation(kind="nothing", urn=urn("x"), action="create"),
        Operation(kind="dataset", urn="nonsense", action="create", set=Dataset(name="x")),
    ]
    outcomes = list(catalog.write(wrong, MemoryContext()))
    assert [outcome.status for outcome in outcomes] == ["failed"] * 3
    assert all(outcome.reason for outcome in outcomes)


def test_a_parent_that_goes_meanwhile_is_made_again(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    fake.faults.when(method="POST", path=TABLES, times=1).answer(
        404, {"code": 404, "message": "databaseSchema not found"}
    )
    assert write(catalog, create("orders")) == ["failed"]
    assert write(catalog, create("orders")) == ["written"]


def test_unreachable_is_retryable() -> None:
    catalog = OpenMetadata(OpenMetadataConfig(server="http://127.0.0.1:9", token="x" * 20, retries=0))
    with pytest.raises(RetryableError):
        list(catalog.write([create("orders")], MemoryContext()))


@both
def test_tags_that_exclude_each_other_are_told(fake: OpenMetadataFake) -> None:
    catalog = build(fake)
    both = [TagLink("urn:lumos:tag:Tier.Tier1"), TagLink("urn:lumos:tag:Tier.Tier2")]
    outcome = next(iter(catalog.write([create("orders", tags=both)], MemoryContext())))
    assert outcome.status == "failed"
    assert "utually exclusive" in outcome.reason


def test_cancelling_stops_writing(fake: OpenMetadataFake) -> None:
    ctx = MemoryContext()
    ctx.cancelled = lambda: True
    with pytest.raises(LumosError):
        list(build(fake).write([create("orders")], ctx))


@pytest.mark.parametrize(
    "options",
    [
        {"token": "x", "email": "a@b.c", "password": "y"},
        {"email": "a@b.c"},
        {},
        {"token": "x", "services": {"postgres": "a", "mysql": "a"}},
        {"token": "x", "proxy": "nonsense"},
    ],
)
def test_contradictions_in_the_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"token|password|service|proxy"):
        OpenMetadataConfig(server="http://localhost:8585", **options)


@pytest.mark.parametrize("end", ["", "/", "/api", "/api/v1"])
def test_any_address_of_the_server_will_do(fake: OpenMetadataFake, end: str) -> None:
    catalog = build(fake, server=fake.url + end)
    catalog.check(MemoryContext())
    assert catalog.target == fake.url
