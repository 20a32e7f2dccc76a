"""The vendor's own client, classes and command against the fake; run by the nox session `vendor-datahub`."""

from __future__ import annotations

import copy
import importlib.util
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from lumos_testing_datahub import DataHubFake, bootstrap, derive, samples
from lumos_testing_datahub.proposals import Engine, Rejected
from lumos_testing_datahub.registry import BadUrn, registry
from lumos_testing_datahub.store import Store

HERE = importlib.util.find_spec("datahub") is not None
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(not HERE, reason="acryl-datahub is not installed here: nox -s vendor-datahub"),
]

TABLE = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.orders,PROD)"
VIEW = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.sales,PROD)"
MODELS = registry()
SEEDS = range(4)
OFFLINE = {"DATAHUB_TELEMETRY_ENABLED": "false"}


@pytest.fixture(scope="module", autouse=True)
def offline() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in OFFLINE.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def oracle() -> Callable[[str, Any], None]:
    from lumos_testing_datahub.oracle import sdk

    return sdk()


@pytest.fixture(params=["RESTLI", "OPENAPI"])
def graph(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The vendor's client, by each of its protocols, talking to a fake that asks the vendor's classes too."""
    from datahub.ingestion.graph.client import DatahubClientConfig, DataHubGraph
    from lumos_testing_datahub.oracle import sdk

    with DataHubFake(token="secret", oracle=sdk()) as fake:
        config = DatahubClientConfig(
            server=fake.url, token="secret", openapi_ingestion=request.param == "OPENAPI", retry_max_times=0
        )
        client = DataHubGraph(config)
        client.test_connection()
        client.fake = fake
        yield client
        client.close()


def engine() -> Engine:
    made = Engine(MODELS, Store())
    bootstrap.write(made)
    return made


def home_of(aspect: str) -> str:
    """An entity type that has an aspect."""
    return next((name for name, entity in MODELS.entities.items() if aspect in entity.aspects), "")


def test_the_registry_is_that_of_the_installed_sdk(capsys: pytest.CaptureFixture[str]) -> None:
    assert derive.main(["--check"]) == 0, capsys.readouterr().out
    assert MODELS.source == derive.derive()["source"]


def test_the_registry_agrees_with_the_sdks_classes() -> None:
    from datahub.emitter.aspect import TIMESERIES_ASPECT_MAP
    from datahub.metadata.schema_classes import ASPECT_NAME_MAP, KEY_ASPECTS
    from datahub.utilities.urns._urn_base import URN_TYPES

    assert set(MODELS.entities) == set(KEY_ASPECTS)
    assert set(MODELS.aspects) == set(ASPECT_NAME_MAP)
    assert {name for name, aspect in MODELS.aspects.items() if aspect.timeseries} == set(TIMESERIES_ASPECT_MAP)
    for name, key in KEY_ASPECTS.items():
        assert MODELS.entities[name].key == key.ASPECT_NAME
        listed = set(key.ASPECT_INFO["entityAspects"]) & set(ASPECT_NAME_MAP)
        assert MODELS.entities[name].aspects == {*listed, key.ASPECT_NAME}
        if name in URN_TYPES:
            assert len(MODELS.entities[name].parts) == URN_TYPES[name]._URN_PARTS


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sdks_classes_take_every_sample(oracle: Callable[[str, Any], None], seed: int) -> None:
    for name in MODELS.aspects:
        oracle(name, samples.aspect(name, Random(seed), full=seed == 0))


def mutated(value: Any, random: Random) -> Any:
    """The value with one thing wrong somewhere."""
    value = copy.deepcopy(value)
    places: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        found = waiting.pop()
        for key, member in found.items() if isinstance(found, dict) else enumerate(found):
            places.append((found, key))
            if isinstance(member, (dict, list)):
                waiting.append(member)
    if not places:
        return {"unheardOf": 1}
    where, key = random.choice(places)
    kind = random.choice(["drop", "type", "enum"])
    if kind == "drop" and isinstance(where, dict):
        del where[key]
    elif kind == "enum" and isinstance(where[key], str):
        where[key] = "NO_SUCH_SYMBOL"
    else:
        where[key] = random.choice([{"a": {}}, [[]], 7, True, "x"])
    return value


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_sdks_classes_refuse_the_fake_refuses(oracle: Callable[[str, Any], None], seed: int) -> None:
    judge, verdicts, missed = engine(), Counter[tuple[bool, bool]](), []
    for name in MODELS.aspects:
        random = Random(f"{name} {seed}")
        for _ in range(12):
            value = mutated(samples.aspect(name, random), random)
            theirs = ours = False
            try:
                oracle(name, value)
            except ValueError:
                theirs = True
            try:
                judge.fits(name, value)
            except Rejected:
                ours = True
            verdicts[theirs, ours] += 1
            if theirs and not ours:
                missed.append((name, value))
    assert missed == []
    assert verdicts[True, True] > 500
    print(
        f"refused by both {verdicts[True, True]}, by the fake alone {verdicts[False, True]}, "
        f"by none {verdicts[False, False]}"
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_urns_that_the_sdk_refuses_the_fake_refuses(seed: int) -> None:
    from datahub.metadata.urns import Urn
    from datahub.utilities.urns.error import InvalidUrnError

    for name in MODELS.entities:
        random = Random(f"{name} {seed}")
        urn = samples.urn(name, random)
        assert str(Urn.from_string(urn)) == urn
        for _ in range(20):
            at = random.randrange(len(urn))
            bad = urn[:at] + random.choice(["", "(", ")", ",", ":", " ", "␟"]) + urn[at + 1 :]
            try:
                Urn.from_string(bad)
            except InvalidUrnError:
                with pytest.raises(BadUrn):
                    MODELS.parse(bad)


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_whatever_the_sdk_emits_is_taken_and_read_back(graph: Any, seed: int) -> None:
    from datahub.emitter.mcp import MetadataChangeProposalWrapper
    from datahub.emitter.serialization_helper import post_json_transform
    from datahub.metadata.schema_classes import ASPECT_NAME_MAP

    written = 0
    for name, class_ in ASPECT_NAME_MAP.items():
        entity = home_of(name)
        if not entity:
            continue
        random = Random(f"{name} {seed}")
        urn = samples.urn(entity, random)
        value = samples.aspect(name, random, full=seed == 0)
        for needed, of, definition in samples.needs(name, value):
            graph.fake.engine.commit([graph.fake.engine.propose(needed, of, "UPSERT", definition)])
        aspect = class_.from_obj(post_json_transform(value))
        graph.emit(MetadataChangeProposalWrapper(entityUrn=urn, aspect=aspect))
        written += 1
        if name == MODELS.entities[entity].key:
            continue
        if MODELS.aspects[name].timeseries:
            (read,) = graph.get_timeseries_values(urn, class_, {})
        else:
            read = graph.get_aspect(urn, class_)
        assert read == aspect, name
    assert written > 250


def test_reading_as_the_sdk_does(graph: Any) -> None:
    from datahub.emitter.mcp import MetadataChangeProposalWrapper as Proposal
    from datahub.emitter.rest_emitter import EmitMode
    from datahub.metadata import schema_classes as models

    tags = models.GlobalTagsClass(tags=[models.TagAssociationClass(tag="urn:li:tag:pii")])
    upstream = models.UpstreamClass(dataset=TABLE, type="TRANSFORMED")
    proposals = [
        Proposal(entityUrn=TABLE, aspect=models.DatasetPropertiesClass(name="orders", customProperties={"a": "ü"})),
        Proposal(entityUrn=TABLE, aspect=tags),
        Proposal(entityUrn=VIEW, aspect=models.UpstreamLineageClass(upstreams=[upstream])),
    ]
    graph.emit_mcps(proposals)
    for mode in EmitMode:
        graph.emit_mcp(Proposal(entityUrn=TABLE, aspect=models.StatusClass(removed=False)), emit_mode=mode)
    assert graph.exists(TABLE)
    assert not graph.exists(TABLE.replace("orders", "none"))
    assert graph.get_tags(TABLE) == tags
    names = {"datasetKey", "datasetProperties", "globalTags", "status", "browsePathsV2", "dataPlatformInstance"}
    assert set(graph.get_entity_semityped(TABLE)) == names
    assert len(graph.get_entity_as_mcps(TABLE, ["globalTags"])) == 2
    assert set(graph.get_entities("dataset", [TABLE, VIEW], with_system_metadata=True)) == {TABLE, VIEW}
    page = graph.scroll_entities(entity_names=["dataset"], aspects=[], count=1, with_system_metadata=True)
    assert (list(page.entities), page.total_count) == ([TABLE], 2)
    page = graph.scroll_entities(entity_names=["dataset"], count=1, scroll_id=page.scroll_id)
    assert list(page.entities) == [VIEW]
    wanted = [{"and": [{"field": "tags", "values": ["urn:li:tag:pii"], "condition": "EQUAL"}]}]
    assert list(graph.scroll_entities(filter=wanted).entities) == [TABLE]
    assert list(graph.get_urns_by_filter(entity_types=["dataset"], platform="postgres", env="PROD")) == [TABLE, VIEW]
    assert graph.list_all_entity_urns("dataset", 0, 10) == [TABLE, VIEW]
    (related,) = graph.get_related_entities(TABLE, ["DownstreamOf"], graph.RelationshipDirection.INCOMING)
    assert related.urn == VIEW
    (edge,) = graph.scroll_lineage(urns=[TABLE]).relationships
    assert (edge.upstream_urn, edge.downstream_urn) == (TABLE, VIEW)
    assert graph.get_entity_aspect_specs().supports("dataset", "datasetProfile")
    graph.soft_delete_entity(TABLE)
    assert list(graph.scroll_entities(entity_names=["dataset"]).entities) == [VIEW]
    assert graph.delete_references_to_urn("urn:li:tag:pii")[0] == 1
    assert graph.hard_delete_entity(TABLE)[0] > 0
    assert not graph.exists(TABLE)


def test_patches_of_the_sdks_builders(graph: Any) -> None:
    from datahub.metadata import schema_classes as models
    from datahub.specific.dataset import DatasetPatchBuilder

    owner = models.OwnerClass("urn:li:corpuser:ada", "DATAOWNER")
    field = f"urn:li:schemaField:({TABLE},id)"
    column = models.FineGrainedLineageClass(
        "FIELD_SET", "FIELD", upstreams=[f"urn:li:schemaField:({VIEW},id)"], downstreams=[field]
    )
    for _ in range(2):  # the second time changes nothing
        builder = DatasetPatchBuilder(TABLE)
        builder.set_description("d").add_custom_property("a", "b").add_tag(models.TagAssociationClass("urn:li:tag:a"))
        builder.add_term(models.GlossaryTermAssociationClass("urn:li:glossaryTerm:t")).add_owner(owner)
        builder.add_upstream_lineage(models.UpstreamClass(VIEW, "VIEW")).add_fine_grained_lineage(column)
        builder.for_field("id").add_tag(models.TagAssociationClass("urn:li:tag:f"))
        for proposal in builder.build():
            graph.emit(proposal)
    properties = graph.get_dataset_properties(TABLE)
    assert (properties.description, properties.customProperties) == ("d", {"a": "b"})
    assert [tag.tag for tag in graph.get_tags(TABLE).tags] == ["urn:li:tag:a"]
    assert [owner.owner for owner in graph.get_ownership(TABLE).owners] == ["urn:li:corpuser:ada"]
    lineage = graph.get_aspect(TABLE, models.UpstreamLineageClass)
    assert [upstream.dataset for upstream in lineage.upstreams] == [VIEW]
    assert [(one.upstreams, one.downstreams) for one in lineage.fineGrainedLineages] == [
        (column.upstreams, column.downstreams)
    ]
    for proposal in DatasetPatchBuilder(TABLE).remove_tag("urn:li:tag:a").remove_owner("urn:li:corpuser:ada").build():
        graph.emit(proposal)
    assert graph.get_tags(TABLE).tags == []
    assert graph.get_ownership(TABLE).owners == []


def test_the_sdks_entities() -> None:
    """Its newer client: whole entities, read, changed and written back."""
    from datahub.emitter.mcp_builder import DatabaseKey
    from datahub.sdk.container import Container
    from datahub.sdk.dataset import Dataset
    from datahub.sdk.main_client import DataHubClient
    from datahub.sdk.tag import Tag
    from lumos_testing_datahub.oracle import sdk

    with DataHubFake(token="secret", oracle=sdk()) as fake:
        client = DataHubClient(server=fake.url, token="secret")
        database = Container(DatabaseKey(platform="postgres", database="shop"), display_name="shop", subtype="Database")
        client.entities.upsert(database)
        client.entities.upsert(Tag(name="pii", display_name="PII"))
        client.entities.upsert(Dataset(platform="postgres", name="shop.public.raw", schema=[("id", "bigint")]))
        raw = TABLE.replace("orders", "raw")
        table = Dataset(
            platform="postgres",
            name="shop.public.orders",
            description="one row per order",
            schema=[("id", "bigint", "the id"), ("name", "text")],
            tags=["urn:li:tag:pii"],
            owners=["urn:li:corpuser:ada"],
            domain="urn:li:domain:sales",
            links=["https://wiki"],
            parent_container=database,
            upstreams=[raw],
        )
        client.entities.create(table)
        read = client.entities.get(table.urn)
        assert [field.field_path for field in read.schema] == ["id", "name"]
        assert str(read.parent_container) == str(database.urn)
        read.set_description("changed")
        read["id"].add_tag("urn:li:tag:pii")
        client.entities.update(read)
        client.lineage.add_lineage(upstream=raw, downstream=TABLE, column_lineage={"id": ["id"]})
        held = fake.store.entities[TABLE]
        assert held.value("editableDatasetProperties")["description"] == "changed"
        assert held.value("upstreamLineage")["fineGrainedLineages"]
        assert {str(urn) for urn in client.search.get_urns()} >= {TABLE, raw, str(database.urn)}
        client.entities.delete(TABLE)
        assert fake.store.entities[TABLE].removed
