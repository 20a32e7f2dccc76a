"""What Atlas does, and what the catalog makes of it: the same tests on the real server and on the fake."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from lumos_catalog_atlas.catalog import AtlasCatalog
from lumos_catalog_atlas.config import AtlasConfig
from lumos_catalog_atlas.relations import WAYS
from lumos_catalog_atlas.server import Server
from lumos_remote import Forbidden, Missing, Refused, Unauthorised

from lumos_core.plugin_api import (
    AnyRecord,
    Asset,
    ColumnEdge,
    Container,
    Dataset,
    Description,
    Field,
    Foreign,
    Key,
    Lifecycle,
    Lineage,
    LineageEdge,
    Operation,
    Owner,
    Relation,
    Scope,
    Tag,
    TagLink,
    Term,
    TermLink,
    canonical,
    urns,
)
from lumos_core.plugin_api import Job as JobValue
from lumos_core.testing.context import MemoryContext


class At:
    """A catalog on a server, and a person who uses the same server."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.config = AtlasConfig.model_validate(options, context={})
        self.catalog = AtlasCatalog(self.config)
        self.raw = Server(self.config)
        self.real = "retries" in options and options["user"] == "admin" and options["password"] != "secret"
        self.prefix = f"t{uuid4().hex[:8]}"
        self.ctx = MemoryContext()

    def close(self) -> None:
        self.catalog.close()
        self.raw.close()

    def urn(self, name: str, platform: str = "kit") -> str:
        return urns.dataset(platform, f"{self.prefix}.{name}")

    def write(self, urn: str, value: Any, action: Any = "create", unset: Any = ()) -> str:
        operation = Operation(kind=urns.parse(urn).kind, urn=urn, action=action, set=value, unset=frozenset(unset))
        (outcome,) = self.catalog.write([operation], self.ctx)
        return outcome.status + (f": {outcome.reason}" if outcome.reason else "")

    def read(self, urn: str) -> dict[str, AnyRecord]:
        """Kind -> record, as a fresh reader sees it."""
        fresh = AtlasCatalog(self.config)
        try:
            return {record.kind: record for record in fresh.read(Scope(urns=frozenset({urn})), self.ctx)}
        finally:
            fresh.close()

    def value(self, urn: str) -> Any:
        return self.read(urn)[urns.parse(urn).kind].value

    def guid(self, urn: str) -> str:
        return dict(self.value(urn).aliases)["atlas"]

    def entity(self, urn: str) -> dict[str, Any]:
        return self.raw.by_guid([self.guid(urn)])["entities"][0]


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.servers)])
def at(request: pytest.FixtureRequest) -> Iterator[At]:
    made = At(request.getfixturevalue("fake_options" if request.param == "fake" else "real_atlas"))
    yield made
    made.close()


@pytest.fixture
def real(real_atlas: dict[str, Any]) -> Iterator[At]:
    made = At(real_atlas)
    yield made
    made.close()


RICH = {
    "description": Description(source="of the source", manual="typed"),
    "owners": [Owner("urn:lumos:user:ann", type="urn:lumos:ownership_type:steward"), Owner("urn:lumos:group:checkout")],
    "tags": [TagLink("urn:lumos:tag:gold", value="1", state="confirmed"), TagLink("urn:lumos:tag:silver")],
    "properties": [("team", "x"), ("no go", "y")],
    "keys": [Key("primary", columns=["id"], name="pk")],
}


def fields() -> list[Field]:
    return [
        Field("id", type="int64", native_type="bigint", nullable=False, tags=[TagLink("urn:lumos:tag:gold")]),
        Field("name", type="varchar(10)", native_type="varchar", description=Description(source="a", manual="b")),
    ]


# -- what the server does


def test_a_missing_mandatory_attribute_is_a_404_that_is_no_absence(at: At) -> None:
    table = {"typeName": "rdbms_table", "guid": "-1", "attributes": {"qualifiedName": at.prefix, "name": "t"}}
    with pytest.raises(Missing, match="mandatory attribute value missing") as refused:
        at.raw.upsert([table])
    assert refused.value.value["errorCode"] == "ATLAS-404-00-007"
    found = [item for answer in at.raw.by_name("rdbms_table", [at.prefix]) for item in answer.get("entities") or []]
    assert found == []
    urn = urns.located("dataset", "atlas.jms_topic", at.prefix)
    said = at.write(urn, Dataset(name="t"))
    assert said.startswith("failed") and "mandatory attribute value missing in type jms_topic" in said
    assert at.read(urn) == {}


def test_entities_are_absent_on_the_last_page(at: At) -> None:
    for number in range(3):
        at.write(at.urn(f"p{number}"), Dataset(name="p"))
    asked = {"typeName": "lumos_dataset", "limit": 10, "offset": 1_000_000}
    assert "entities" not in at.raw.client.post("/v2/search/basic", asked).value
    page = 50 if at.real else 1
    paged = Server(AtlasConfig.model_validate({**at.options, "page_size": page}, context={}))
    seen = [header["guid"] for header in paged.listed("lumos_dataset")]
    paged.close()
    assert len(seen) == len(set(seen)) >= 3


def test_bulk_ignores_classifications_of_what_is_there(at: At) -> None:
    urn = at.urn("marked")
    at.write(urn, Dataset(name="m", tags=[TagLink("urn:lumos:tag:gold", layer="manual")]))
    entity = at.entity(urn)
    again = {
        "typeName": "lumos_dataset",
        "guid": entity["guid"],
        "attributes": {"qualifiedName": entity["attributes"]["qualifiedName"], "name": "m"},
    }
    at.raw.upsert([{**again, "classifications": []}])
    assert [mark["typeName"] for mark in at.entity(urn)["classifications"]] == ["gold"]
    with pytest.raises(Refused):
        at.raw.classify(entity["guid"], [{"typeName": "gold"}], new=True)


def test_creating_again_after_a_removal_makes_a_new_guid(at: At) -> None:
    urn = at.urn("phoenix")
    at.write(urn, Dataset(name="p", fields=fields(), **RICH))
    before = at.value(urn)
    first = at.guid(urn)
    assert at.write(urn, Dataset(lifecycle=Lifecycle(removed=True)), "remove") == "written"
    assert at.raw.by_guid([first], brief=True)["entities"][0]["status"] == "DELETED"
    gone = at.value(urn)
    assert gone.lifecycle.removed and gone.fields == before.fields and gone.tags == before.tags
    assert at.write(urn, Dataset(lifecycle=Lifecycle(removed=True)), "remove") == "unchanged"
    assert at.write(urn, Dataset(), "restore", ["lifecycle"]) == "written"
    back = at.value(urn)
    guids = [guid for system, guid in back.aliases if system == "atlas"]
    assert len(guids) == 2 and first in guids, "the former guid is not known any more"
    back.aliases = before.aliases
    assert back == before


def test_what_people_delete_is_read_as_removed(at: At) -> None:
    urn = at.urn("thrown")
    at.write(urn, Dataset(name="t", fields=fields(), description=Description(source="x")))
    at.raw.delete([at.guid(urn)])
    gone = at.value(urn)
    assert gone.lifecycle.removed and [field.path for field in gone.fields] == ["id", "name"]
    assert gone.description == Description(source="x")
    assert at.write(urn, Dataset(), "restore", ["lifecycle"]) == "written"
    assert at.value(urn).lifecycle is None and len(at.value(urn).fields) == 2


def test_a_dropped_column_is_gone_also_after_removal(at: At) -> None:
    urn = at.urn("narrow", "postgres")
    at.write(urn, Dataset(name="t", fields=fields()))
    at.write(urn, Dataset(fields=fields()[:1]), "update")
    assert [field.path for field in at.value(urn).fields] == ["id"]
    at.raw.delete([at.guid(urn)])
    assert [field.path for field in at.value(urn).fields] == ["id"]


def test_a_reader_may_not_write(at: At) -> None:
    reader = At({**at.options, "user": "reader"})
    at.catalog.write([], at.ctx)  # the types are there
    urn = at.urn("forbidden")
    said = reader.write(urn, Dataset(name="f"))
    assert said.startswith("failed: this user may not"), said
    with pytest.raises(Forbidden):
        reader.raw.upsert(
            [{"typeName": "lumos_dataset", "guid": "-1", "attributes": {"qualifiedName": "r", "name": "r"}}]
        )
    assert reader.read(urn) == {}
    reader.close()


def test_a_wrong_password_is_no_empty_catalog(at: At) -> None:
    wrong = At({**at.options, "password": "wrong-password"})
    for work in (
        lambda: wrong.catalog.check(wrong.ctx),
        lambda: list(wrong.catalog.read(Scope(), wrong.ctx)),
        lambda: wrong.write(at.urn("x"), Dataset(name="x")),
    ):
        with pytest.raises(Unauthorised) as refused:
            work()
        assert "wrong-password" not in str(refused.value)
    wrong.close()


# -- what the catalog makes of it


def test_edits_of_people_survive_a_publication(at: At) -> None:
    urn = at.urn("edited", "postgres")
    at.write(urn, Dataset(name="o", fields=fields(), **RICH))
    entity = at.entity(urn)
    edit = {"qualifiedName": entity["attributes"]["qualifiedName"], "description": "by bob", "owner": "ann, bob"}
    held = {"db": {"guid": entity["relationshipAttributes"]["db"]["guid"]}}  # mandatory at every update
    change = {"typeName": "rdbms_table", "guid": entity["guid"], "attributes": {**edit, "name": "o"}}
    at.raw.upsert([{**change, "relationshipAttributes": held}])
    at.raw.declassify(entity["guid"], "silver")
    at.raw.label(entity["guid"], ["nice"])
    for _ in range(2):
        value = at.value(urn)
        assert value.description == Description(source="of the source", manual="by bob")
        assert {(link.owner, link.type) for link in value.owners} == {
            ("urn:lumos:user:ann", "urn:lumos:ownership_type:steward"),
            ("urn:lumos:user:bob", None),
        }
        assert [link.tag for link in value.tags] == ["urn:lumos:tag:gold", "urn:lumos:tag:label/nice"]
        assert value.tags[0].state == "confirmed" and value.properties == RICH["properties"][::-1]
        assert value.keys == RICH["keys"]
        at.write(urn, Dataset(subtype="view"), "update")
    assert {notice.code for notice in at.ctx.warnings} == {"stale-shadow"}


def test_only_what_changed_is_written_and_the_second_time_nothing(at: At) -> None:
    urn = at.urn("twice", "hive")
    assert at.write(urn, Dataset(name="o", fields=fields(), **RICH)) == "written"
    assert at.write(urn, Dataset(name="o", fields=fields(), **RICH)) == "unchanged"
    changed = [TagLink("urn:lumos:tag:gold", value="2"), TagLink("urn:lumos:tag:bronze", propagate=True)]
    assert at.write(urn, Dataset(tags=changed), "update") == "written"
    marks = {mark["typeName"]: mark for mark in at.entity(urn)["classifications"]}
    assert set(marks) == {"gold", "bronze"} and marks["gold"]["attributes"]["value"] == "2"
    assert marks["bronze"]["propagate"] is True and marks["gold"]["propagate"] is False


def test_official_models_say_what_they_can(at: At) -> None:
    schema = urns.container("postgres", f"{at.prefix}.s")
    at.write(schema, Container(name="s"))
    urn = at.urn("s.orders", "postgres")
    keys = {key: value for key, value in RICH.items() if key != "tags"}
    at.write(urn, Dataset(name="orders", parent=schema, fields=fields(), **keys))
    entity = at.entity(urn)
    assert entity["typeName"] == "rdbms_table"
    assert entity["relationshipAttributes"]["db"]["guid"] == at.guid(schema)
    said = entity["attributes"]
    assert (said["comment"], said["description"], said["owner"]) == ("of the source", "typed", "ann, group:checkout")
    answer = at.raw.by_guid([entity["guid"]])
    columns = {item["attributes"]["name"]: item for item in answer["referredEntities"].values()}
    assert columns["id"]["attributes"]["data_type"] == "bigint" and columns["id"]["attributes"]["isPrimaryKey"] is True
    assert [mark["typeName"] for mark in columns["id"]["classifications"]] == ["gold"]
    # Atlas would delete the tables along with it: it is only marked.
    assert at.write(schema, Container(lifecycle=Lifecycle(removed=True)), "remove") == "written"
    assert at.value(schema).lifecycle.removed and at.value(urn).lifecycle is None


def test_lineage_is_processes_between_data_sets(at: At) -> None:
    one, two = at.urn("one"), at.urn("two", "kafka")
    for urn in (one, two):
        at.write(urn, Dataset(name=urn, fields=fields()))
    three = at.urn("three", "hive")
    lineage = Lineage(
        upstreams=[LineageEdge(one), LineageEdge(at.urn("nowhere"), type="view")],
        columns=[ColumnEdge(from_=[f"{one}#id"], to=["#id"], expression="id + 1")],
    )
    at.write(three, Dataset(name="three", fields=fields(), lineage=lineage))
    assert canonical_lineage(at.value(three).lineage) == canonical_lineage(lineage)
    answer = at.raw.by_guid([at.guid(three)])
    flows = [item for item in answer["referredEntities"].values() if item["typeName"].endswith("lineage")]
    guids = [item["guid"] for item in flows]
    inputs = {
        end["guid"]
        for item in at.raw.by_guid(guids)["entities"]
        if item["typeName"] == "lumos_lineage"
        for end in item["relationshipAttributes"]["inputs"]
    }
    assert inputs == {at.guid(one)}, "what is here is linked, what is not here is only told"
    job = urns.located("task", "airflow", f"{at.prefix}/load")
    both = Lineage(upstreams=[LineageEdge(one)], downstreams=[LineageEdge(two)])
    at.write(job, JobValue(name="load", lineage=both))
    assert at.value(job).lineage == both
    related = at.entity(job)["relationshipAttributes"]
    assert [end["guid"] for end in related["inputs"]] == [at.guid(one)]
    assert at.write(job, JobValue(), "update", ["lineage"]) == "written"
    assert at.value(job).lineage is None
    assert at.write(three, Dataset(), "update", ["lineage"]) == "written"
    assert at.value(three).lineage is None


def test_lineage_of_a_process_of_others_is_its_inputs_and_outputs(at: At) -> None:
    one, two = at.urn("from"), at.urn("to", "kafka")
    for urn in (one, two):
        at.write(urn, Dataset(name=urn))
    process = urns.located("process", "atlas.Process", f"{at.prefix}@hook")
    at.write(process, JobValue(name="p", lineage=Lineage(upstreams=[LineageEdge(one)], downstreams=[LineageEdge(two)])))
    related = at.entity(process)["relationshipAttributes"]
    assert [end["guid"] for end in related["inputs"]] == [at.guid(one)]
    assert [end["guid"] for end in related["outputs"]] == [at.guid(two)]
    assert at.write(process, JobValue(description=Description(manual="d")), "update") == "written"
    assert [edge.urn for edge in at.value(process).lineage.upstreams] == [one]


def canonical_lineage(lineage: Lineage) -> Lineage:
    lineage.upstreams.sort(key=lambda edge: edge.urn)
    return lineage


def test_the_glossary_is_a_tree_and_terms_are_assigned(at: At) -> None:
    glossary, category, term = (urns.plain(type_, f"{at.prefix}.{type_}") for type_ in ("glossary", "category", "term"))
    described = Description(manual="What is bought")
    operations = [
        Operation(
            kind="term", urn=term, action="create", set=Term(name="Order", parent=category, description=described)
        ),
        Operation(kind="term", urn=category, action="create", set=Term(name="Sales", parent=glossary)),
        Operation(kind="term", urn=glossary, action="create", set=Term(name=f"Shop {at.prefix}")),
    ]
    assert [outcome.status for outcome in at.catalog.write(operations, at.ctx)] == ["written"] * 3
    related = at.entity(term)["relationshipAttributes"]
    assert related["anchor"]["guid"] == at.guid(glossary)
    assert [end["guid"] for end in related["categories"]] == [at.guid(category)]
    assert at.value(term).parent == category and at.value(category).parent == glossary
    urn = at.urn("sold")
    link = TermLink(term, state="confirmed", confidence="0.9")
    nowhere = TermLink(urns.plain("term", f"{at.prefix}.nowhere"))
    at.write(urn, Dataset(name="sold", terms=[link, nowhere], fields=[Field("id", terms=[link])]))
    value = at.value(urn)
    assert value.terms == [nowhere, link] or value.terms == [link, nowhere]
    assert value.fields[0].terms == [link]
    assert [end["guid"] for end in at.entity(urn)["relationshipAttributes"]["meanings"]] == [at.guid(term)]
    at.write(urn, Dataset(), "update", ["terms"])
    assert at.value(urn).terms == [] and at.value(urn).fields[0].terms == [link]


def test_tags_are_types_whose_attributes_grow(at: At) -> None:
    base, urn = urns.plain("tag", f"{at.prefix}base"), urns.plain("tag", f"{at.prefix}-a b")
    at.write(base, Tag(name="base"))
    tag = Tag(
        name="a b", parent=base, description=Description(source="why"), attributes=[("level", "int"), ("x", "odd")]
    )
    assert at.write(urn, tag) == "written"
    assert at.write(urn, tag) == "unchanged"
    value = at.value(urn)
    assert (value.parent, value.attributes, value.description) == (base, tag.attributes, tag.description)
    dataset = at.urn("levelled")
    link = TagLink(urn, attributes=[("level", "3"), ("note", "new")], value="v")
    assert at.write(dataset, Dataset(name="l", tags=[link])) == "written"
    assert at.value(dataset).tags == [link]
    (mark,) = at.entity(dataset)["classifications"]
    assert (mark["attributes"]["level"], mark["attributes"]["note"]) == (3, "new")
    assert at.value(urn).attributes == tag.attributes, "what a link needs is no part of the tag"
    wrong = TagLink(urn, attributes=[("level", "high")])
    assert "takes int" in at.write(at.urn("wrong"), Dataset(name="w", tags=[wrong]))


def test_what_atlas_alone_understands_is_left_and_carried(at: At) -> None:
    name = f"{at.prefix}@elsewhere"
    topic = {"qualifiedName": name, "name": "feed", "topic": "t", "uri": "u"}
    at.raw.upsert([{"typeName": "jms_topic", "guid": "-1", "attributes": topic}])
    urn = urns.located("dataset", "atlas.jms_topic", name)
    found = at.read(urn)
    residue = json.loads(found["foreign"].value.body)["attributes"]
    assert residue == {"topic": "t", "uri": "u"}
    assert at.write(urn, Dataset(description=Description(manual="a feed")), "update") == "written"
    assert json.loads(at.read(urn)["foreign"].value.body)["attributes"] == residue
    assert at.entity(urn)["attributes"]["description"] == "a feed"
    changed = Foreign(body=json.dumps({"attributes": {**residue, "uri": "c"}}))
    operation = Operation(kind="foreign", urn=found["foreign"].urn, action="update", set=changed)
    assert [outcome.status for outcome in at.catalog.write([operation], at.ctx)] == ["written"]
    assert at.entity(urn)["attributes"]["uri"] == "c"
    topic_urn = at.urn("topic", "kafka")
    at.write(topic_urn, Dataset(name="k"))
    own = f"{topic_urn}#atlas/entity"
    put = Operation(kind="foreign", urn=own, action="create", set=Foreign(body='{"attributes":{"partitionCount":3}}'))
    assert [outcome.status for outcome in at.catalog.write([put], at.ctx)] == ["written"]
    assert at.entity(topic_urn)["attributes"]["partitionCount"] == 3
    gone = Operation(kind="foreign", urn=own, action="remove")
    assert [outcome.status for outcome in at.catalog.write([gone], at.ctx)] == ["written"]
    assert "foreign" not in at.read(topic_urn)


def test_what_a_model_wants_to_have_is_no_residue(at: At) -> None:
    service = urns.located("service", "postgres", at.prefix)
    topic, database = urns.dataset("kafka", f"{at.prefix}.t"), urns.container("hive", at.prefix)
    at.write(service, Container(name="main"))
    at.write(topic, Dataset(name="t"))
    at.write(database, Container(name="d"))
    assert at.entity(service)["attributes"]["rdbms_type"] == "postgres"
    for urn in (service, topic, database):
        assert "foreign" not in at.read(urn), "nobody said that but the catalog itself"
    entity = at.entity(topic)
    change = {**entity["attributes"], "uri": "elsewhere"}
    at.raw.upsert([{"typeName": "kafka_topic", "guid": entity["guid"], "attributes": change}])
    assert json.loads(at.read(topic)["foreign"].value.body) == {"attributes": {"uri": "elsewhere"}}


def test_two_that_meet_at_one_place_are_refused(at: At) -> None:
    urn = urns.located("dashboard", "atlas.jms_topic", f"{at.prefix}@x")
    assert "it would be the same as" in at.write(urn, Asset(name="x"))


def test_ten_megabytes_survive(at: At) -> None:
    urn = at.urn("long")
    text = "läng " * 2_000_000
    assert at.write(urn, Dataset(name="l", description=Description(manual=text, source="s"))) == "written"
    assert at.value(urn).description.manual == text
    assert at.write(urn, Dataset(description=Description(manual="short")), "update") == "written"


def test_a_property_can_be_split(at: At) -> None:
    small = At({**at.options, "attribute_length": 40})
    urn = at.urn("split")
    assert small.write(urn, Dataset(name="s", fields=fields(), **RICH)) == "written"
    custom = at.entity(urn)["customAttributes"]
    assert {"lumos", "lumos_1", "lumos_2"} <= set(custom) and all(len(text) <= 40 for text in custom.values())
    assert at.value(urn).keys == RICH["keys"]
    assert small.write(urn, Dataset(name="s", fields=fields()), "update", ["keys", "tags", "owners"]) == "written"
    assert at.value(urn).keys == []
    small.close()


def test_one_bad_record_does_not_take_the_others_along(at: At) -> None:
    good = [at.urn(f"good{number}") for number in range(5)]
    bad = urns.located("dataset", "atlas.jms_topic", f"{at.prefix}@bad")  # `topic` is mandatory
    operations = [Operation(kind="dataset", urn=urn, action="create", set=Dataset(name="g")) for urn in (*good, bad)]
    said = {outcome.urn: outcome for outcome in at.catalog.write(operations, at.ctx)}
    assert {said[urn].status for urn in good} == {"written"}
    assert said[bad].status == "failed" and "mandatory attribute value missing" in said[bad].reason
    assert all(at.read(urn) for urn in good)


# -- on the real server alone


@pytest.mark.servers
def test_concurrent_upserts_of_one_name_are_tried_again(real: At) -> None:
    real.catalog.write([], real.ctx)
    statuses: list[int] = []
    name = f"{real.prefix}@race"
    body = {
        "entities": [{"typeName": "lumos_dataset", "guid": "-1", "attributes": {"qualifiedName": name, "name": "r"}}]
    }

    def once() -> None:
        import urllib3

        with urllib3.PoolManager() as pool:
            headers = urllib3.make_headers(basic_auth=f"{real.options['user']}:{real.options['password']}")
            url = f"{real.options['server']}/api/atlas/v2/entity/bulk"
            statuses.append(pool.request("POST", url, json=body, headers=headers, retries=False).status)

    _together(once)
    assert set(statuses) <= {200, 500} and 200 in statuses
    guids: list[str] = []
    body["entities"][0]["attributes"]["qualifiedName"] = name + "2"  # type: ignore[index]
    _together(lambda: guids.append(real.raw.upsert(body["entities"])["-1"]))
    assert len(guids) == 8, "a 500 was not tried again"
    # Measured: several of them make an entity each. One is found by its name, and the listing gives one record.
    (answer,) = real.raw.by_name("lumos_dataset", [name + "2"])
    assert len(answer["entities"]) == 1
    urn = urns.located("dataset", "atlas.lumos_dataset", name + "2")
    listed = [
        record for record in real.catalog.read(Scope(platform="atlas.lumos_dataset"), real.ctx) if record.urn == urn
    ]
    assert len(listed) == 1


def _together(work: Any) -> None:
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.servers
def test_an_unknown_business_attribute_is_a_204_that_drops(real: At) -> None:
    name = f"bm_{real.prefix}"
    attribute = {"name": "note", "typeName": "string", "isOptional": True, "cardinality": "SINGLE"}
    attribute["options"] = {"applicableEntityTypes": '["DataSet"]', "maxStrLength": "20"}
    real.raw.client.post("/v2/types/typedefs", {"businessMetadataDefs": [{"name": name, "attributeDefs": [attribute]}]})
    urn = real.urn("noted")
    real.write(urn, Dataset(name="n"))
    path = f"/v2/entity/guid/{real.guid(urn)}/businessmetadata"
    assert real.raw.client.post(path, {name: {"note": "kept", "unknown": "dropped"}}).status == 204
    assert real.entity(urn)["businessAttributes"] == {name: {"note": "kept"}}
    with pytest.raises(Missing):
        real.raw.client.post(path, {name: {"note": "x" * 21}})
    assert real.write(urn, Dataset(description=Description(manual="d")), "update") == "written"
    assert real.entity(urn)["businessAttributes"] == {name: {"note": "kept"}}, "it is left alone"
    residue = real.read(urn)["foreign"]
    assert json.loads(residue.value.body) == {"businessAttributes": {name: {"note": "kept"}}}
    wrong = Foreign(body=json.dumps({"businessAttributes": {name: {"note": "kept", "unknown": "x"}}}))
    operation = Operation(kind="foreign", urn=residue.urn, action="update", set=wrong)
    (outcome,) = real.catalog.write([operation], real.ctx)
    assert outcome.status == "failed" and f"{name}.unknown" in outcome.reason, "what was dropped is told"
    real.write(urn, Dataset(lifecycle=Lifecycle(removed=True)), "remove")
    assert real.write(urn, Dataset(), "restore", ["lifecycle"]) == "written"
    assert real.entity(urn)["businessAttributes"] == {name: {"note": "kept"}}, "it survives a removal"


@pytest.mark.servers
def test_what_propagates_is_read_and_not_written(real: At) -> None:
    one, two = real.urn("up"), real.urn("down")
    tag = urns.plain("tag", f"{real.prefix}pii")
    real.write(one, Dataset(name="up", tags=[TagLink(tag, propagate=True)]))
    real.write(two, Dataset(name="down", lineage=Lineage(upstreams=[LineageEdge(one)])))
    (link,) = real.value(two).tags
    assert (link.tag, link.layer, link.from_) == (tag, "propagated", one)
    assert real.write(two, Dataset(description=Description(manual="d")), "update") == "written"
    assert [link.layer for link in real.value(two).tags] == ["propagated"]
    real.write(one, Dataset(), "update", ["tags"])
    assert real.value(two).tags == []


@pytest.mark.servers
def test_a_term_may_be_assigned_twice(real: At) -> None:
    term, urn = urns.plain("term", f"{real.prefix}t"), real.urn("termed")
    real.write(term, Term(name="t"))
    real.write(urn, Dataset(name="x", terms=[TermLink(term)]))
    path = f"/v2/glossary/terms/{real.guid(term)}/assignedEntities"
    assert real.raw.client.post(path, [{"guid": real.guid(urn)}]).status == 204
    assert real.value(urn).terms == [TermLink(term)]


@pytest.mark.servers
def test_the_real_server_is_what_it_says(real: At) -> None:
    assert real.raw.check().startswith("2.")
    assert canonical(real.read(real.urn("none")).get("dataset")) if real.read(real.urn("none")) else True


def test_relations_between_terms_are_relationships(at: At) -> None:
    first, *others = (urns.plain("term", f"{at.prefix}.t{number}") for number in range(len(WAYS) + 1))
    for urn in (first, *others):
        assert at.write(urn, Term(name=urns.name(urn))) == "written"
    relations = [Relation(type, target) for type, target in zip(sorted(WAYS), others, strict=True)]
    assert at.write(first, Term(relations=relations), "update") == "written"
    assert at.value(first).relations == relations
    assert at.write(first, Term(relations=relations), "update") == "unchanged"
    assert at.write(first, Term(relations=relations[3:]), "update") == "written"
    assert at.value(first).relations == relations[3:]
    shown = at.entity(first)["relationshipAttributes"]
    ends = {end["guid"] for way in WAYS.values() for end in shown.get(way.attribute) or [] if _active(end)}
    assert ends == {at.guid(urn) for urn in others[3:]}


def _active(end: dict[str, Any]) -> bool:
    return end["relationshipStatus"] == "ACTIVE"
