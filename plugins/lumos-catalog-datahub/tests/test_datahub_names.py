from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_catalog_datahub.escaping import name_of, part
from lumos_catalog_datahub.names import ENTITIES, FABRICS, Names, entity_of
from lumos_testing_datahub.registry import registry

from lumos_core.plugin_api import urns

NAMES = Names(["eu", "eu.west"])
HOSTILE = st.text(max_size=30) | st.sampled_from(
    [
        *("a,b", "(x)", "a::b", ' "q" ', "%28", "%2528", "50%", "a%20b", "läng/ü", "🦉", "x" * 300, "ü" * 300),
        *("urn:li:x:y", "lumos:tag:::x", "lumos:dataset:p:PROD:x", "\u241f", "eu.shop", "a\nb", "ends ", "%E2%90%A0"),
        *("a/b", "\udcff.csv"),
    ]
)
LOCATED = sorted({"metric", "report", *ENTITIES} - {"user", "tag"})
PLAIN = [
    type_ for type_ in ENTITIES if urns.kind(f"urn:lumos:{type_}:x") not in ("dataset", "container", "job", "asset")
]


@given(HOSTILE, st.booleans())
def test_an_escaped_name_is_read_back(name: str, alone: bool) -> None:
    text = part(name, alone)
    assert name_of(text) == name
    assert text and not set("(),") & set(text) and not (alone and text[-1].isspace())
    text.encode()


@given(st.sampled_from(LOCATED), HOSTILE, HOSTILE, HOSTILE | st.sampled_from(sorted(FABRICS)), st.booleans())
def test_every_urn_has_a_valid_native_one(type_: str, platform: str, name: str, env: str, instance: bool) -> None:
    urn = urns.located(type_, platform, name, env, instance="eu" if instance else "")
    native = NAMES.native(urn)
    parsed = registry().parse(native)
    assert parsed.entity == ENTITIES.get(type_, "dataset")
    back = NAMES.lumos(native)
    assert urns.kind(back) == urns.kind(urn) or "lumos~" in native


@given(st.sampled_from(PLAIN), HOSTILE.filter(bool))
def test_what_has_no_place_is_read_back(type_: str, name: str) -> None:
    urn = urns.plain(type_, name)
    native = NAMES.native(urn)
    registry().parse(native)
    assert NAMES.lumos(native) == urn or "lumos~" in native


@given(
    st.sampled_from(["dataset", "flow", "task", "container", "chart", "report", "ml_model", "service", "query"]),
    st.sampled_from(["postgres", "file", "s3", "a b"]),
    HOSTILE.filter(lambda name: len(name) < 100 and not name.startswith("eu.")),
    st.sampled_from(["PROD", "DEV", "staging", "läng"]),
)
def test_short_names_are_read_back(type_: str, platform: str, name: str, env: str) -> None:
    urn = urns.located(type_, platform, name, env)
    native = NAMES.native(urn)
    assert NAMES.lumos(native) == urn or "lumos~" in native


@given(st.sampled_from(["dataset", "flow", "chart", "service", "ml_model"]), st.text("abc.", min_size=1, max_size=9))
def test_a_known_instance_is_read_back(type_: str, name: str) -> None:
    urn = urns.located(type_, "postgres", name, instance="eu.west")
    assert NAMES.lumos(NAMES.native(urn)) == urn
    assert f"eu.west.{name}" in NAMES.native(urn)


NATIVE = [
    "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.orders,PROD)",
    "urn:li:dataset:(urn:li:dataPlatform:s3,lake/raw/a%20b %28x%29,DEV)",
    "urn:li:dataset:(urn:li:dataPlatform:postgres,eu.shop.orders,PROD)",
    "urn:li:dataJob:(urn:li:dataFlow:(airflow,load/shop,prod),orders/x)",
    "urn:li:dataFlow:(airflow,load_shop,prod)",
    "urn:li:container:3f2a9b",
    "urn:li:chart:(superset,7)",
    "urn:li:dashboard:(looker,dashboards.12)",
    "urn:li:mlModel:(urn:li:dataPlatform:mlflow,churn,PROD)",
    "urn:li:mlFeature:(users,age)",
    "urn:li:mlFeatureTable:(urn:li:dataPlatform:feast,users)",
    "urn:li:dataPlatformInstance:(urn:li:dataPlatform:postgres,eu)",
    "urn:li:glossaryTerm:shop.Order",
    "urn:li:glossaryNode:shop",
    "urn:li:tag:a,b",
    "urn:li:corpuser:ann@example.org",
    "urn:li:corpGroup:check out",
    "urn:li:ownershipType:__system__technical_owner",
    "urn:li:structuredProperty:io.acme.retention",
    "urn:li:query:9f",
    "urn:li:test:x",
    "urn:li:dataProcessInstance:run-1",
    "urn:li:schemaFieldless:(a,b)",
]


@pytest.mark.parametrize("native", NATIVE)
def test_native_urns_are_written_back_as_they_were(native: str) -> None:
    urn = NAMES.lumos(native)
    urns.parse(urn)
    assert NAMES.native(urn) == native
    assert entity_of(native) == native.split(":")[2]


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="(),\u241f"), min_size=1, max_size=20).filter(
        str.strip
    )
)
def test_native_names_are_written_back_as_they_were(name: str) -> None:
    for native in (f"urn:li:dataset:(urn:li:dataPlatform:x,{name},PROD)", f"urn:li:tag:{name.strip()}"):
        if name_of(name) == name and part(name) == name:
            assert NAMES.native(NAMES.lumos(native)) == native


@given(st.lists(st.tuples(st.sampled_from(LOCATED), HOSTILE, HOSTILE), min_size=2, max_size=2, unique=True))
def test_two_records_do_not_meet(pair: list[tuple[str, str, str]]) -> None:
    names = Names()
    one, two = (urns.located(type_, platform, name) for type_, platform, name in pair)
    if one != two:
        assert names.native(one) != names.native(two)
