"""Assertions about tables stand on the table's page as test cases, too; the term stays the record."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lumos_catalog_openmetadata.catalog import OpenMetadata
from lumos_catalog_openmetadata.config import OpenMetadataConfig
from lumos_catalog_openmetadata.mapping.cases import MARK, to_test
from lumos_catalog_openmetadata.names import Names
from lumos_testing_openmetadata import OpenMetadataFake, Oracle

from lumos_core.plugin_api import Assertion, Dataset, Description, Field, Lifecycle, Operation, Scope, urns
from lumos_core.testing.context import MemoryContext

ORDERS = urns.dataset("postgres", "shop.public.orders")
TABLE = "postgres.shop.public.orders"
CHECK = urns.plain("assertion", "orders/price")
DATASET = Dataset(name="orders", fields=[Field("id", type="int64"), Field("price", type="int64")])


def between(low: str, high: str, **more: Any) -> Assertion:
    arguments = [("max", high), ("min", low)]
    return Assertion(
        **{"name": "Fair", "about": f"{ORDERS}#price", "operator": "columnValuesToBeBetween", "arguments": arguments}
        | more
    )


class Estate:
    """A fake server, and our catalog on it."""

    def __init__(self, fake: OpenMetadataFake) -> None:
        self.fake = fake
        self.catalog = OpenMetadata(OpenMetadataConfig(server=fake.url, token=fake.bot_token, workers=2))

    def write(self, *records: tuple[str, Any], action: Any = "create", unset: frozenset[str] = frozenset()) -> str:
        batch = [
            Operation(kind=urns.kind(urn), urn=urn, action=action, set=value, unset=unset) for urn, value in records
        ]
        outcomes = list(self.catalog.write(batch, MemoryContext()))
        assert {one.status for one in outcomes} <= {"written", "unchanged"}, outcomes
        return outcomes[0].status

    def cases(self, include: str = "non-deleted") -> list[dict[str, Any]]:
        from lumos_catalog_openmetadata.entities import OTHERS
        from lumos_catalog_openmetadata.server import Server

        type_ = next(one for one in OTHERS if one.name == "testCase")
        with Server(self.catalog.config) as server:
            return list(server.listing(type_, include=include))

    def read(self) -> dict[str, Any]:
        return {record.urn: record.value for record in self.catalog.read(Scope(), MemoryContext())}


@pytest.fixture(params=["1.6", "2.0"])
def estate(request: pytest.FixtureRequest) -> Iterator[Estate]:
    with OpenMetadataFake(request.param) as fake:
        yield Estate(fake)


def test_an_assertion_is_shown_changed_removed_and_restored(estate: Estate) -> None:
    first = between("1", "9", description=Description(manual="Not free"))
    estate.write((CHECK, first), (ORDERS, DATASET))  # the table comes first, whatever the order
    (case,) = estate.cases()
    assert (case["entityLink"], case["displayName"], case["description"]) == (
        f"<#E::table::{TABLE}::columns::price>",
        "Fair",
        "Not free",
    )
    assert case["testDefinition"]["name"] == "columnValuesToBeBetween"
    said = {one["name"]: one["value"] for one in case["parameterValues"]}
    assert said == {"minValue": "1", "maxValue": "9"}
    held = estate.read()
    assert held[CHECK].arguments == first.arguments
    assert not [urn for urn in held if "testCase" in urn or "testSuite" in urn]

    version = case["version"]
    assert estate.write((CHECK, first)) == "unchanged"
    assert estate.cases()[0]["version"] == version

    changed = Assertion(arguments=[("max", "8"), ("min", "2")])
    assert estate.write((CHECK, changed), action="update") == "written"
    (case,) = estate.cases()
    assert {one["name"]: one["value"] for one in case["parameterValues"]} == {"minValue": "2", "maxValue": "8"}

    estate.write((CHECK, Assertion(lifecycle=Lifecycle(removed=True))), action="remove")
    assert estate.cases() == []
    assert len(estate.cases("all")) == 1
    estate.write((CHECK, Assertion()), action="restore", unset=frozenset({"lifecycle"}))
    assert [one["id"] for one in estate.cases()] == [case["id"]]
    moved = Assertion(about=f"{ORDERS}#id")
    estate.write((CHECK, moved), action="update")
    assert [one["entityLink"] for one in estate.cases()] == [f"<#E::table::{TABLE}::columns::id>"]
    estate.write((CHECK, Assertion(operator="vibes")), action="update")
    assert estate.cases() == []
    assert estate.read()[CHECK].operator == "vibes"


def test_what_people_change_in_our_test_case_stays_and_is_told(estate: Estate) -> None:
    from lumos_catalog_openmetadata.server import Server

    estate.write((ORDERS, DATASET), (CHECK, between("1", "9", description=Description(manual="Not free"))))
    (case,) = estate.cases()
    with Server(estate.catalog.config) as server:
        edit = [{"op": "add", "path": "/description", "value": "As agreed with sales"}]
        server.client.patch(f"/dataQuality/testCases/{case['id']}", edit)
    changed = Assertion(arguments=[("max", "8"), ("min", "2")], description=Description(manual="Never free"))
    ctx = MemoryContext()
    operation = Operation(kind="assertion", urn=CHECK, action="update", set=changed)
    assert [one.status for one in estate.catalog.write([operation], ctx)] == ["written"]
    (case,) = estate.cases()
    assert case["description"] == "As agreed with sales"
    assert {one["name"]: one["value"] for one in case["parameterValues"]} == {"minValue": "2", "maxValue": "8"}
    assert "test-case-edited" in str(ctx.warnings)


def test_a_test_case_of_people_is_read_and_left_alone(estate: Estate) -> None:
    from lumos_remote import Bearer, Client

    estate.write((ORDERS, DATASET), (CHECK, between("1", "9")))
    person = Client(estate.fake.url + "/api/v1", auth=Bearer(estate.fake.admin_token))
    suite = {"testSuite": f"{TABLE}.testSuite"} if estate.fake.world.family == 1 else {}
    link = f"<#E::table::{TABLE}::columns::id>"
    body = {"name": "unique", "testDefinition": "columnValuesToBeUnique", "entityLink": link, **suite}
    person.post("/dataQuality/testCases", body)
    foreign = [urn for urn in estate.read() if "testCase" in urn]
    assert len(foreign) == 1
    assert "unique" in foreign[0]
    estate.write((CHECK, Assertion(lifecycle=Lifecycle(removed=True))), action="remove")
    assert [one["name"] for one in estate.cases()] == ["unique"]
    person.close()


def test_a_table_is_removed_and_restored_with_its_test_case(estate: Estate) -> None:
    estate.write((ORDERS, DATASET), (CHECK, between("1", "9")))
    estate.write((ORDERS, Dataset(lifecycle=Lifecycle(removed=True))), action="remove")
    assert estate.read()[ORDERS].lifecycle.removed
    estate.write((ORDERS, Dataset()), (CHECK, Assertion()), action="restore", unset=frozenset({"lifecycle"}))
    assert len(estate.cases()) == 1


def test_hostile_names_cost_nothing_but_the_test_case(estate: Estate) -> None:
    for number, name in enumerate(('a::b"c', "x<y>|z", "dots.in.it", "line\nbreak", "sp ace", "é")):
        table = urns.dataset("postgres", f"shop.public.{name}" if "." not in name else name)
        check = urns.plain("assertion", f"{name}::{number}")
        value = Assertion(about=table, metric="row_count", operator="equals", arguments=[("value", "3")], name=name)
        column = Assertion(about=f"{table}#{name}", operator="not_null", name=name)
        for record in ((table, Dataset(fields=[Field("id")])), (check, value), (f"{check}c", column)):
            estate.write(record)
            assert estate.write(record) == "unchanged"
        held = estate.read()
        assert (held[check].about, held[f"{check}c"].about) == (table, f"{table}#{name}")
    assert len(estate.cases()) >= 3
    assert 500 not in estate.fake.statuses


MAPPED = [
    ("null_count", "equals", [("value", "0")], "columnValuesToBeNotNull", {}),
    ("nullValues", "mustBe", [("value", "0")], "columnValuesToBeNotNull", {}),
    ("nullValues", "mustBe", [("value", "1")], None, {}),
    ("unique_count", "equals", [("value", "row_count")], "columnValuesToBeUnique", {}),
    (None, "accepted_values", [("values", '["a"]')], "columnValuesToBeInSet", {"allowedValues": '["a"]'}),
    (None, "accepted_values", [("values", "a,b")], None, {}),
    (None, "columnValuesToMatchRegex", [("regex", "^a+$")], "columnValuesToMatchRegex", {"regex": "^a+$"}),
    (None, "columnValuesToBeBetween", [("min", "9"), ("max", "1")], None, {}),
    (None, "columnValuesToBeBetween", [("min", "1"), ("strict", "1")], None, {}),
    (None, "columnValuesToBeBetween", [], None, {}),
    (None, "tableRowCountToEqual", [("value", "1")], None, {}),
]


@pytest.mark.parametrize(("metric", "operator", "arguments", "definition", "parameters"), MAPPED)
def test_only_what_a_definition_says_exactly_is_a_test_case(
    metric: Any, operator: Any, arguments: Any, definition: Any, parameters: Any
) -> None:
    value = Assertion(about=f"{ORDERS}#price", metric=metric, operator=operator, arguments=arguments)
    test = to_test(CHECK, value, Names())
    assert (test and test.definition) == definition
    if test is not None:
        assert {one["name"]: one["value"] for one in test.body["parameterValues"]} == parameters
        assert test.name.startswith(MARK)


@pytest.mark.heavy
@pytest.mark.parametrize(("version", "variable"), [("1.6", "LUMOS_OPENMETADATA_15"), ("2.0", "LUMOS_OPENMETADATA_20")])
def test_the_models_of_the_vendor_take_every_test_case(version: str, variable: str) -> None:
    if not os.environ.get(variable):
        pytest.skip(f"{variable} names no interpreter: run `nox -s vendor-openmetadata`")
    with OpenMetadataFake(version) as fake:
        estate = Estate(fake)
        fake.record = True
        estate.write((ORDERS, DATASET), (CHECK, between("1", "9")))
        estate.write((CHECK, between("2", "9")), action="update")
        for number, (metric, operator, arguments, _, _) in enumerate(MAPPED):
            value = Assertion(about=f"{ORDERS}#id", metric=metric, operator=operator, arguments=arguments)
            estate.write((f"{CHECK}{number}", value))
        verdict = Oracle(Path(os.environ[variable])).judge([*fake.recorded, *fake.answers()])
        cases = estate.cases()
    kept = [line for line in verdict.complaints if not (line.startswith("type ") and "-cp: " in line)]
    assert kept == []
    assert len(cases) == 6
