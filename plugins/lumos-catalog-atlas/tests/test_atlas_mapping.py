"""Identity and mapping as laws, without any server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_catalog_atlas import mapping, models, names, tagdefs
from lumos_catalog_atlas.held import split, text_of
from lumos_catalog_atlas.marks import from_marks, to_marks
from lumos_catalog_atlas.wire import Paper, flow_id

from lumos_core.plugin_api import KINDS, AnyRecord, Entity, TagLink, canonical, decode, shadow, urns
from lumos_core.testing.samples import samples
from lumos_core.testing.strategies import records, urns_of

ENTITIES = [kind for kind, value in KINDS.items() if issubclass(value, Entity)]
WRITTEN = [kind for kind in ENTITIES if kind != "tag"]
C = "primary"
HOSTILE = ["a b", "dot.ted", 'q"uote', "läng/ü", "a::b", "new\nline", "x@y", "@", "%41", "x" * 300, "🦉", "-", "9", "_"]


@given(st.sampled_from(WRITTEN).flatmap(urns_of))
def test_what_lumos_writes_is_read_under_the_same_urn_or_refused(urn: str) -> None:
    id_ = names.native_id(urn, C)
    meets = names.urn_of(*id_, C, urns.parse(urn).type)
    assert meets == urn or names.native_id(meets, C) == id_
    if "@" not in urn:  # else it is a name that Atlas has given
        assert not any(ord(character) < 32 for character in id_.qualified)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    ("type_", "platform"),
    [
        ("dataset", "hive"),
        ("dataset", "postgres"),
        ("dataset", "kafka"),
        ("dataset", "s3"),
        ("container", "s3"),
        ("dataset", "file"),
        ("container", "hive"),
        ("service", "oracle"),
        ("dashboard", "superset"),
        ("task", "airflow"),
    ],
)
def test_hostile_names_lead_back(name: str, type_: str, platform: str) -> None:
    for env, instance in (("PROD", ""), ("DEV", ""), ("PROD", "eu:1")):
        urn = urns.located(type_, platform, name, env, instance=instance)
        assert names.urn_of(*names.native_id(urn, C), C) == urn


@given(
    st.sampled_from([*models.URN_TYPES, *models.GLOSSARY_TYPES, "falcon_feed", "x_y"]), st.text(min_size=1, max_size=20)
)
def test_what_others_wrote_leads_back(type_: str, qualified: str) -> None:
    urn = names.urn_of(type_, qualified, C)
    assert urns.parse(urn)
    assert names.urn_of(*names.native_id(urn, C), C, urns.parse(urn).type) == urn


@pytest.mark.parametrize(
    ("type_", "qualified", "urn"),
    [
        ("hive_table", "sales.orders@primary", "urn:lumos:dataset:(hive,sales.orders,PROD)"),
        ("hive_table", "sales.orders@other", "urn:lumos:dataset:(atlas.hive_table,sales.orders@other,PROD)"),
        ("hive_db", "sales@primary", "urn:lumos:container:(hive,sales,PROD)"),
        ("kafka_topic", "clicks.v1@primary", "urn:lumos:dataset:(kafka,clicks.v1,PROD)"),
        ("aws_s3_v2_object", "s3://lake/raw/a.csv@primary", "urn:lumos:dataset:(s3,lake/raw/a.csv,PROD)"),
        ("rdbms_table", "orders@primary", "urn:lumos:dataset:(atlas.rdbms_table,orders@primary,PROD)"),
        ("AtlasGlossaryTerm", "order@shop", "urn:lumos:term:order@shop"),
        ("AtlasGlossary", "shop", "urn:lumos:glossary:shop@atlas"),
    ],
)
def test_conventions_of_hooks_are_followed(type_: str, qualified: str, urn: str) -> None:
    assert names.urn_of(type_, qualified, C) == urn
    assert names.native_id(urn, C) == (type_, qualified)


@given(st.sampled_from(["tag", "classification"]), st.text(min_size=1, max_size=12) | st.sampled_from(HOSTILE))
def test_names_of_tags_lead_back_and_are_names_for_atlas(type_: str, name: str) -> None:
    urn = urns.plain(type_, name)
    native = names.tag_type(urn)
    assert names.tag_urn(native) == urn
    assert native[0].isascii() and native[0].isalpha()
    assert all(character.isascii() and (character.isalnum() or character in " _.") for character in native)


@pytest.mark.parametrize("kind", WRITTEN)
def test_every_aspect_survives(kind: str) -> None:
    for record in samples(kind).values():
        survives(record)


@settings(max_examples=150)
@given(st.sampled_from(WRITTEN).flatmap(records))
def test_any_record_survives(record: AnyRecord) -> None:
    id_ = names.native_id(record.urn, C)
    if names.urn_of(*id_, C, urns.parse(record.urn).type) == record.urn:
        survives(record)


def survives(record: AnyRecord) -> None:
    line = canonical(record)
    plain = decode(line)
    plain.value.captured = []
    line = canonical(plain)
    project = mapping.projection(C)
    text = shadow.keep(decode(line), project)
    assert canonical(mapping.project(project(decode(line)), C)) == canonical(project(decode(line))), "not idempotent"
    back = shadow.recall(project(decode(line)), text, project)
    assert not back.stale
    assert canonical(back.record) == line


@given(records("tag"))
def test_any_tag_survives(record: AnyRecord) -> None:
    record.value.captured = []
    line = canonical(record)
    text = shadow.keep(decode(line), tagdefs.project)
    back = shadow.recall(tagdefs.project(decode(line)), text, tagdefs.project)
    assert (canonical(back.record), back.stale) == (line, ())


@given(st.text(max_size=50), st.integers(0, 7))
def test_a_property_is_split_and_joined(text: str, length: int) -> None:
    parts = split(text, length)
    assert text_of({**parts, "team": "x"}) == text
    assert all(len(part) <= length for part in parts.values()) or not length


def test_labels_are_tags_and_what_propagated_is_not_written() -> None:
    links = [
        TagLink("urn:lumos:tag:label/nice"),
        TagLink("urn:lumos:tag:label/not%20nice"),
        TagLink("urn:lumos:tag:pii", layer="propagated"),
        TagLink("urn:lumos:tag:gold", value="1", until="2027-01-15T10:30:00Z", propagate=True, attributes=[("a", "b")]),
    ]
    marks, labels = to_marks(links)
    assert labels == ["nice"]
    assert {mark.type for mark in marks} == {"lumos.tag label_2f_not_20_nice", "gold"}
    back = {link.tag: link for link in from_marks(marks, labels)}
    gold = back["urn:lumos:tag:gold"]
    assert (gold.value, gold.until, gold.propagate, gold.attributes) == ("1", links[3].until, True, [("a", "b")])
    assert "urn:lumos:tag:label/nice" in back


def test_columns_of_official_models_are_their_own() -> None:
    hive = mapping.to_native(samples("dataset")["fields"], C)
    assert {column.id.type for column in hive.columns} == {"lumos_field"}
    record: Any = samples("dataset")["fields"]
    record.urn = urns.dataset("hive", "sales.orders")
    native = mapping.to_native(record, C)
    assert native.id == ("hive_table", "sales.orders@primary")
    assert native.columns[0].id == ("hive_column", "sales.orders.id@primary")
    assert native.columns[1].attributes["position"] == 1


def test_lineage_has_a_place_per_edge_and_placeholders_are_unique() -> None:
    native = mapping.to_native(samples("dataset")["lineage.columns"], C)
    places = {flow_id(flow, "urn:lumos:dataset:(kit,x,PROD)", C) for flow in native.flows}
    paper = Paper({}, lambda urn: None)
    assert len({paper.place(place) for place in places}) == len(native.flows) == 2
