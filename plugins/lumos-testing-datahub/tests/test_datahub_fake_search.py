"""Scrolling, filters, the lag of the index, relationships, GraphQL, and faults on demand."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest
from lumos_testing_datahub import DataHubFake

PLATFORM = "urn:li:dataPlatform:postgres"


def table(name: str, env: str = "PROD") -> str:
    return f"urn:li:dataset:({PLATFORM},{name},{env})"


@pytest.fixture
def estate(gms: Any) -> Any:
    for number in range(25):
        gms.write(
            table(f"db.t{number:02}"), status={"removed": number % 5 == 0}, datasetProperties={"name": f"T{number}"}
        )
    gms.write("urn:li:tag:t", tagProperties={"name": "t"})
    return gms


def names(entities: Any) -> list[str]:
    return [entity["urn"].split(",")[1].removeprefix("db.t") for entity in entities]


def test_a_scroll_visits_everything_once(estate: Any) -> None:
    alive = [f"{number:02}" for number in range(25) if number % 5]
    assert names(estate.scroll("count=7", entities=["dataset"])) == alive
    assert names(estate.scroll("count=5", entities=["dataset"])) == alive  # the last page is full, one more is empty
    assert len(list(estate.scroll("count=7&includeSoftDelete=true", entities=["dataset"]))) == 25
    backwards = estate.scroll("count=7", entities=["dataset"], sortCriteria=[{"field": "urn", "order": "DESCENDING"}])
    assert names(backwards) == alive[::-1]
    page = estate("GET", "/openapi/v3/entity/dataset?count=3&aspects=status").body
    assert page["totalCount"] == len(alive)
    assert [set(entity) for entity in page["entities"]] == [{"urn", "status"}] * 3


def test_aspects_of_a_scroll(estate: Any) -> None:
    (first, *_) = estate.scroll(entities=["dataset"])
    assert set(first) == {"urn"}
    (first, *_) = estate.scroll(entities=["dataset"], aspects=[])
    assert {"datasetKey", "status", "datasetProperties"} < set(first)
    (first, *_) = estate.scroll("systemMetadata=true", entities=["dataset"], aspects=["status"])
    assert first["status"]["systemMetadata"]["version"] == "1"
    everything = {entity["urn"].split(":")[2] for entity in estate.scroll("count=50")}
    assert {"dataset", "tag", "dataType", "entityType", "ownershipType", "corpuser", "dataPlatform"} == everything


def test_slices_share_everything(estate: Any) -> None:
    shares = [names(estate.scroll(f"count=3&sliceId={part}&sliceMax=3", entities=["dataset"])) for part in range(3)]
    assert Counter(name for share in shares for name in share) == Counter(names(estate.scroll(entities=["dataset"])))
    assert all(shares)


@pytest.mark.parametrize(
    "criterion, expected",
    [
        ({"field": "name", "values": ["T3", "T4"]}, ["03", "04"]),
        ({"field": "name", "values": ["t3"], "condition": "IEQUAL"}, ["03"]),
        ({"field": "urn", "values": ["db.t2"], "condition": "CONTAIN"}, ["21", "22", "23", "24"]),
        ({"field": "name", "values": ["T2"], "condition": "START_WITH"}, ["02", "21", "22", "23", "24"]),
        ({"field": "urn", "values": ["t13,PROD)"], "condition": "END_WITH"}, ["13"]),
        ({"field": "platform.keyword", "values": ["urn:li:dataPlatform:other"]}, []),
        ({"field": "origin", "values": ["DEV"]}, []),
        ({"field": "owners", "condition": "EXISTS"}, []),
        ({"field": "removed", "values": ["true"]}, []),
        ({"field": "typeNames", "condition": "EXISTS"}, []),
    ],
)
def test_filters(estate: Any, criterion: dict[str, Any], expected: list[str]) -> None:
    found = estate.scroll(entities=["dataset"], filter={"and": [{"criteria": [criterion]}]})
    assert names(found) == expected
    platform = {"field": "platform", "values": [PLATFORM]}
    opposite = {"and": [{"criteria": [platform, {**criterion, "negated": True}]}]}
    assert len(list(estate.scroll(entities=["dataset"], filter=opposite))) == 20 - len(expected)


def test_filters_on_many_aspects(gms: Any) -> None:
    gms.write(
        table("db.a"),
        datasetProperties={"name": "a", "customProperties": {"env": "x"}},
        globalTags={"tags": [{"tag": "urn:li:tag:t"}]},
        ownership={"owners": [{"owner": "urn:li:corpuser:u", "type": "NONE"}]},
        domains={"domains": ["urn:li:domain:d"]},
        container={"container": "urn:li:container:c"},
        browsePathsV2={"path": [{"id": "urn:li:container:c", "urn": "urn:li:container:c"}]},
        subTypes={"typeNames": ["Table"]},
        dataPlatformInstance={"platform": PLATFORM, "instance": f"urn:li:dataPlatformInstance:({PLATFORM},i)"},
    )
    job = "urn:li:dataJob:(urn:li:dataFlow:(airflow,dag,DEV),task)"
    gms.write(job, status={"removed": False})
    gms.write("urn:li:container:c", containerProperties={"name": "c", "env": "DEV"})
    for field, value in {
        "tags": "urn:li:tag:t",
        "owners": "urn:li:corpuser:u",
        "domains": "urn:li:domain:d",
        "container": "urn:li:container:c",
        "browsePathV2": "urn:li:container:c",
        "typeNames": "Table",
        "customProperties": "env=x",
        "platformInstance": f"urn:li:dataPlatformInstance:({PLATFORM},i)",
        "_entityType": "dataset",
    }.items():
        found = gms.scroll(filter={"and": [{"criteria": [{"field": field, "values": [value]}]}]})
        assert [entity["urn"] for entity in found] == [table("db.a")], field
    found = gms.scroll(filter={"and": [{"criteria": [{"field": "env", "values": ["DEV"]}]}]})
    assert [entity["urn"] for entity in found] == ["urn:li:container:c", job]


def test_words_are_looked_for_in_urns_and_names(estate: Any) -> None:
    assert names(estate.scroll("query=T13", entities=["dataset"])) == ["13"]
    assert names(estate.scroll("query=db+t24", entities=["dataset"])) == ["24"]


@pytest.mark.parametrize(
    "arguments, body",
    [
        ("count=x", {}),
        ("scrollId=x", {}),
        ("scrollId=" + quote("eyJhIjoxfQ=="), {}),
        ("sort=name", {}),
        ("includeSoftDelete=maybe", {}),
        ("", {"entities": ["unheardOf"]}),
        ("", {"filter": {"and": [{"criteria": [{"field": "unheardOf", "values": ["x"]}]}]}}),
        ("", {"filter": {"and": [{"criteria": [{"values": ["x"]}]}]}}),
        ("", {"filter": {"and": [{"criteria": [{"field": "urn", "values": ["x"], "condition": "NEAR"}]}]}}),
    ],
)
def test_what_a_scroll_refuses(estate: Any, arguments: str, body: Any) -> None:
    assert estate("POST", f"/openapi/v3/entity/scroll?{arguments}", body).status == 400


def test_the_index_may_lag_by_requests_or_time(connect: Any) -> None:
    now = [1_000.0]
    with DataHubFake(index_requests=2, index_seconds=10.0, clock=lambda: now[0]) as fake:
        gms = connect(fake)
        gms.write(table("a"), status={"removed": False})
        assert gms.read(table("a")).status == 200  # reading one entity does not lag
        assert list(gms.scroll(entities=["dataset"])) == []
        now[0] += 11
        assert len(list(gms.scroll(entities=["dataset"]))) == 1
        gms.write(table("a"), status={"removed": True})
        gms.write(table("b"), status={"removed": False})
        assert [entity["urn"] for entity in gms.scroll(entities=["dataset"])] == [table("a")]
        item = {"urn": table("c"), "status": {"value": {}, "headers": {"X-DataHub-Sync-Index-Update": "true"}}}
        gms("POST", "/openapi/v3/entity/dataset?async=false", [item])
        assert [entity["urn"] for entity in gms.scroll(entities=["dataset"])] == [table("a"), table("c")]
        gms("DELETE", f"/openapi/v3/entity/dataset/{table('c')}")
        fake.store.refresh(everything=True)
        assert [entity["urn"] for entity in gms.scroll(entities=["dataset"])] == [table("b")]
        gms("DELETE", f"/openapi/v3/entity/dataset/{table('b')}")
        page = gms("POST", "/openapi/v3/entity/scroll", {"entities": ["dataset"], "aspects": []}).body
        assert (page["totalCount"], page["entities"]) == (1, [])  # the index still counts what is gone


def test_a_scroll_that_goes_wrong(estate: Any) -> None:
    alive = names(estate.scroll(entities=["dataset"]))
    estate.fake.drop_page(after=1)
    assert names(estate.scroll("count=5", entities=["dataset"])) == alive[:5] + alive[10:]
    estate.fake.repeat_page(after=2)
    assert names(estate.scroll("count=5", entities=["dataset"])) == alive[:10] + alive[5:]
    assert names(estate.scroll("count=5", entities=["dataset"])) == alive


def test_a_batch_that_is_applied_by_half(gms: Any) -> None:
    items = [{"urn": table(name), "status": {"value": {"removed": False}}} for name in "abcd"]
    rule = gms.fake.half_apply()
    assert gms("POST", "/openapi/v3/entity/dataset?async=false", items).status == 500
    assert [gms.read(table(name)).status for name in "abcd"] == [200, 200, 404, 404]
    assert gms("POST", "/openapi/v3/entity/dataset?async=false", items).status == 200
    assert [gms.read(table(name)).status for name in "abcd"] == [200] * 4
    assert rule.hits == 1


@pytest.fixture
def graph(gms: Any) -> Any:
    gms.write(
        table("down"),
        upstreamLineage={"upstreams": [{"dataset": table("up"), "type": "VIEW"}]},
        ownership={"owners": [{"owner": "urn:li:corpuser:u", "type": "NONE"}]},
    )
    gms.write(table("up"), status={"removed": False})
    job = "urn:li:dataJob:(urn:li:dataFlow:(airflow,dag,PROD),task)"
    gms.write(job, dataJobInputOutput={"inputDatasets": [table("down")], "outputDatasets": [table("out")]})
    return gms


def test_relationships(graph: Any) -> None:
    up, down = quote(table("up")), table("down")
    path = "/openapi/relationships/v1/?relationshipTypes=DownstreamOf"
    found = graph("GET", f"{path}&direction=INCOMING&urn={up}").body
    assert (found["total"], found["entities"]) == (1, [{"relationshipType": "DownstreamOf", "urn": down}])
    assert graph("GET", f"{path}&direction=OUTGOING&urn={up}").body["total"] == 0
    path = "/openapi/v3/relationship/scroll?count=1&relationshipTypes=OwnedBy"
    page = graph("POST", path, {}).body
    (edge,) = page["results"]
    assert edge["source"] == {"urn": down, "entityType": "dataset"}
    assert edge["destination"] == {"urn": "urn:li:corpuser:u", "entityType": "corpuser"}
    assert graph("POST", f"{path}&scrollId={quote(page['scrollId'])}", {}).body == {"scrollId": None, "results": []}
    urn_filter = {"and": [{"criteria": [{"field": "urn", "values": [table("up")]}]}]}
    assert graph("POST", path, {"sourceFilter": urn_filter}).body["results"] == []
    path = "/openapi/v3/relationship/scroll?"
    assert len(graph("POST", path + "destinationTypes=corpuser&sourceTypes=dataset", {}).body["results"]) == 1
    assert graph("POST", path + "scrollId=x", {}).status == 400
    assert graph("POST", path, {"edgeFilter": {}, "sourceFilter": {"and": [{"criteria": [{}]}]}}).status == 400


def test_lineage(graph: Any) -> None:
    def ends(arguments: str = "", **body: Any) -> set[tuple[str, str]]:
        reply = graph("POST", f"/openapi/v3/lineage/scroll?{arguments}", body).body
        return {(edge["upstream"], edge["downstream"]) for edge in reply["results"]}

    job = "urn:li:dataJob:(urn:li:dataFlow:(airflow,dag,PROD),task)"
    above, through, below = (table("up"), table("down")), (table("down"), job), (job, table("out"))
    assert ends() == {above, through, below}
    assert ends(urns=[table("down")]) == {above, through}
    assert ends("direction=UPSTREAM", urns=[table("down")]) == {above}
    assert ends("direction=DOWNSTREAM", urns=[table("down")]) == {through}
    assert ends("relationshipTypes=Produces") == {below}
    graph.write(table("up"), status={"removed": True})
    assert ends() == {through, below}
    assert ends("includeSoftDelete=true") == {above, through, below}


def test_the_questions_of_graphql_that_the_sdk_asks(estate: Any) -> None:
    def ask(query: str, **variables: Any) -> Any:
        return estate("POST", "/api/graphql", {"query": query, "variables": variables}).body

    query = "query scroll($types: [EntityType!]) { scrollAcrossEntities(input: {types: $types}) { nextScrollId } }"
    removed = [{"and": [{"field": "removed", "values": ["true"], "condition": "EQUAL"}]}]
    page = ask(query, types=["DATASET"], batchSize=3, orFilters=removed)["data"]["scrollAcrossEntities"]
    assert [found["entity"]["urn"] for found in page["searchResults"]] == [
        table(f"db.t{n}") for n in ("00", "05", "10")
    ]
    page = ask(query, types=["DATASET"], batchSize=3, orFilters=removed, scrollId=page["nextScrollId"])
    assert len(page["data"]["scrollAcrossEntities"]["searchResults"]) == 2
    assert "No value found for name 'SHIP'" in str(ask(query, types=["SHIP"])["errors"])
    platform = {"schemaName": "s", "platform": PLATFORM, "version": 0, "hash": ""}
    platform["platformSchema"] = {"com.linkedin.schema.OtherSchema": {"rawSchema": ""}}
    type_ = {"type": {"com.linkedin.schema.StringType": {}}}
    field = {"fieldPath": "a", "nativeDataType": "text", "type": type_}
    estate.write(table("db.t01"), schemaMetadata={**platform, "fields": [field]})
    wide = query.replace("nextScrollId", "nextScrollId searchResults { entity { ... on Dataset { schemaMetadata } } }")
    found = ask(wide, types=["DATASET"], includeSoftDeleted=False)["data"]["scrollAcrossEntities"]["searchResults"]
    assert found[0]["entity"]["schemaMetadata"] == {"fields": [{"fieldPath": "a", "nativeDataType": "text"}]}
    assert found[1]["entity"]["schemaMetadata"] is None
    created = ask("mutation($tag: CreateTagInput!) { createTag(input: $tag) }", tag={"name": "N", "id": "n"})
    assert created["data"] == {"createTag": "urn:li:tag:n"}
    assert "already exists" in str(ask("mutation($tag: CreateTagInput!) { createTag(input: $tag) }", tag={"id": "n"}))
    estate.write(table("db.t01"), globalTags={"tags": [{"tag": "urn:li:tag:n"}]})
    gone = f'mutation {{ removeTag(input: {{ tagUrn: "urn:li:tag:n", resourceUrn: "{table("db.t01")}" }}) }}'
    assert ask(gone)["data"] == {"removeTag": True}
    assert estate.read(table("db.t01")).body["globalTags"]["value"] == {"tags": []}
    names_ = ask("query t($name: String!) { __type(name: $name) { inputFields { name } } }", name="SearchFlags")
    assert {"name": "skipCache"} in names_["data"]["__type"]["inputFields"]
    assert ask("query t($name: String!) { __type(name: $name) { name } }", name="Other")["data"] == {"__type": None}
    assert "this fake answers" in str(ask("query { me { corpUser } }")["errors"])
