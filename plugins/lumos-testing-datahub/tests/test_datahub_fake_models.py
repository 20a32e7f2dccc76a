"""What is a valid URN and a valid aspect."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_testing_datahub import bootstrap, samples
from lumos_testing_datahub.proposals import Engine, Rejected
from lumos_testing_datahub.registry import BadUrn, registry
from lumos_testing_datahub.store import Store

MODELS = registry()
ENGINE = Engine(MODELS, Store())
bootstrap.write(ENGINE)
TABLE = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.orders,PROD)"


@pytest.mark.parametrize(
    "urn, parts",
    [
        (TABLE, ("urn:li:dataPlatform:postgres", "shop.public.orders", "PROD")),
        ("urn:li:corpuser:ada@example.com", ("ada@example.com",)),
        ("urn:li:corpuser:foo:bar", ("foo:bar",)),
        ("urn:li:tag:with%2C comma", ("with%2C comma",)),
        (f"urn:li:schemaField:({TABLE},id)", (TABLE, "id")),
        ("urn:li:dataset:(urn:li:dataPlatform:s3,a%2Cb/ü,DEV)", ("urn:li:dataPlatform:s3", "a%2Cb/ü", "DEV")),
    ],
)
def test_urns_are_taken_apart(urn: str, parts: tuple[str, ...]) -> None:
    assert MODELS.parse(urn).parts == parts


@pytest.mark.parametrize(
    "urn",
    [
        "",
        "orders",
        "urn:li:tag:",
        "urn:xx:tag:a",
        "urn:li:unheardOf:a",
        "urn:li:tag:a(b)",
        "urn:li:tag:a,b",
        "urn:li:tag:a ",
        "urn:li:tag:a␟b",
        "urn:li:tag:" + "x" * 502,
        "urn:li:tag:" + "ü" * 90,
        "urn:li:corpuser:(a,b)",
        "urn:li:dataset:(urn:li:dataPlatform:postgres,a,PRODUCTION)",
        "urn:li:dataset:(postgres,a,PROD)",
        "urn:li:dataset:(urn:li:tag:postgres,a,PROD)",
        "urn:li:dataset:(urn:li:dataPlatform:postgres,a,b,PROD)",
        "urn:li:dataset:(urn:li:dataPlatform:postgres,a(b,PROD)",
        "urn:li:dataset:(urn:li:dataPlatform:postgres,a)b,PROD)",
        "urn:li:dataset:(urn:li:dataPlatform:postgres,,PROD)",
        "urn:li:dataset:(urn:li:dataPlatform:postgres,a,PROD",
    ],
)
def test_bad_urns_are_refused(urn: str) -> None:
    with pytest.raises(BadUrn):
        MODELS.parse(urn)


def test_a_schema_field_may_be_longer_than_other_urns() -> None:
    assert MODELS.parse(f"urn:li:schemaField:({TABLE},{'x' * 600})").entity == "schemaField"


@given(st.sampled_from(sorted(MODELS.entities)), st.integers(0, 1 << 32))
def test_sampled_urns_are_valid_and_imply_a_valid_key(entity: str, seed: int) -> None:
    urn = samples.urn(entity, Random(seed))
    parsed = MODELS.parse(urn)
    assert parsed.entity == entity
    ENGINE.fits(MODELS.entities[entity].key, MODELS.key(parsed))


@given(st.sampled_from(sorted(MODELS.aspects)), st.integers(0, 1 << 32), st.booleans())
def test_sampled_aspects_are_valid(name: str, seed: int, full: bool) -> None:
    ENGINE.fits(name, samples.aspect(name, Random(seed), full))


PAIRS = [(kind, name) for kind, spec in sorted(MODELS.entities.items()) for name in sorted(spec.aspects - {spec.key})]


@given(st.sampled_from(PAIRS), st.integers(0, 1 << 32))
def test_sampled_aspects_of_an_entity_are_stored(pair: tuple[str, str], seed: int) -> None:
    random, engine = Random(seed), Engine(MODELS, Store())
    bootstrap.write(engine)
    entity, name = pair
    urn, value = samples.urn(entity, random), samples.aspect(name, random, full=True)
    for needed in samples.needs(name, value):
        engine.commit([engine.propose(needed[0], needed[1], "UPSERT", needed[2])])
    (result,) = engine.commit([engine.propose(urn, name, "UPSERT", value)])
    assert result.stored is None or json.loads(result.stored.value) == value


@given(st.sampled_from(sorted(MODELS.aspects)), st.integers(0, 1 << 32))
def test_an_unknown_field_is_refused(name: str, seed: int) -> None:
    value = samples.aspect(name, Random(seed), full=True)
    value["nobodyKnowsThis"] = 1
    with pytest.raises(Rejected, match="unrecognized field found but not allowed"):
        ENGINE.fits(name, value)


@given(st.sampled_from(sorted(MODELS.aspects)), st.integers(0, 1 << 32))
def test_a_required_field_must_be_there(name: str, seed: int) -> None:
    value = samples.aspect(name, Random(seed), full=True)
    required = [key for key, field in MODELS.types[MODELS.aspects[name].type][1].items() if field[1]]
    for key in required:
        lacking = copy.deepcopy(value)
        del lacking[key]
        with pytest.raises(Rejected, match=f"/{key} :: field is required but not found"):
            ENGINE.fits(name, lacking)


OF_WRONG_TYPE = [None, 1.5, {"strange": 1}, [[]]]


@given(st.sampled_from(sorted(MODELS.aspects)), st.integers(0, 1 << 32), st.sampled_from(OF_WRONG_TYPE))
def test_a_value_of_the_wrong_type_is_refused(name: str, seed: int, wrong: Any) -> None:
    value = samples.aspect(name, Random(seed), full=True)
    fields = MODELS.types[MODELS.aspects[name].type][1]
    for key in value:
        takes_numbers = fields[key][0] in ("double", "float")
        if takes_numbers and wrong == 1.5:
            continue
        with pytest.raises(Rejected):
            ENGINE.fits(name, {**value, key: wrong})


@pytest.mark.parametrize(
    "aspect, value, where",
    [
        ("ownership", {"owners": [{"owner": "urn:li:tag:a", "type": "NONE"}]}, "/owners/0/owner"),
        ("ownership", {"owners": [{"owner": "urn:li:corpuser:a", "type": "BOSS"}]}, '"BOSS" is not an enum symbol'),
        ("domains", {"domains": ["urn:li:tag:a"]}, "not a valid destination"),
        ("upstreamLineage", {"upstreams": [{"dataset": "urn:li:tag:a", "type": "VIEW"}]}, "/upstreams/0/dataset"),
        ("status", {"removed": "true"}, "/removed :: 'true' cannot be coerced to Boolean"),
        ("datasetProfile", {"timestampMillis": 1 << 63}, "cannot be coerced to Long"),
        ("datasetProfile", {"timestampMillis": True}, "cannot be coerced to Long"),
        ("subTypes", {"typeNames": "Table"}, "is not backed by a DataList"),
        ("datasetProperties", {"customProperties": {"a": 1}}, "/customProperties/a"),
        ("datasetProperties", {"customProperties": [["a", "b"]]}, "is not backed by a DataMap"),
        ("cost", {"costType": "ORG_COST_TYPE", "cost": {"costId": 1.0, "costCode": "a"}}, "is not a union"),
        (
            "structuredProperties",
            {"properties": [{"propertyUrn": "urn:li:structuredProperty:a", "values": ["x"]}]},
            "union",
        ),
        (
            "propertyDefinition",
            {"qualifiedName": "a", "valueType": "urn:li:dataType:datahub.unheard", "entityTypes": []},
            "does not exist",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(aspect: str, value: Any, where: str) -> None:
    with pytest.raises(Rejected) as error:
        ENGINE.fits(aspect, value)
    assert where in error.value.message
    assert error.value.kind == "validation"


def test_unions_name_their_member() -> None:
    ENGINE.fits("cost", {"costType": "ORG_COST_TYPE", "cost": {"costCode": "a"}})
    values = [{"propertyUrn": "urn:li:structuredProperty:a", "values": [{"string": "x"}, {"double": 1}]}]
    ENGINE.fits("structuredProperties", {"properties": values})
    with pytest.raises(Rejected, match="is not a member type of union"):
        ENGINE.fits("structuredProperties", {"properties": [{**values[0], "values": [{"int": 1}]}]})


def test_a_second_judge_is_asked_too() -> None:
    asked = []

    def judge(aspect: str, value: Any) -> None:
        asked.append((aspect, value))
        raise ValueError("no")

    with pytest.raises(Rejected, match="the SDK's class of status refuses it: no"):
        Engine(MODELS, Store(), judge).fits("status", {"removed": True})
    assert asked == [("status", {"removed": True})]
