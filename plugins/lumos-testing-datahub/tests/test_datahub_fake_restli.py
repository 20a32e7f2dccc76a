"""The Rest.li side: proposals, series, deleting, and reading as the SDK does."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

TABLE = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.orders,PROD)"
VIEW = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.sales,PROD)"


def test_a_proposal_is_read_back_in_every_way(gms: Any) -> None:
    assert gms.propose(TABLE, "datasetProperties", {"name": "ö"}, systemMetadata={"runId": "r"}).body == {
        "value": "success"
    }
    reply = gms("GET", f"/aspects/{quote(TABLE, safe='')}?aspect=datasetProperties&version=0").body
    assert reply == {"aspect": {"com.linkedin.dataset.DatasetProperties": {"name": "ö"}}, "version": 0}
    aspect = gms("GET", f"/entitiesV2/{quote(TABLE, safe='')}?aspects=List(datasetProperties)").body["aspects"]
    assert set(aspect) == {"datasetProperties", "datasetKey"}
    assert aspect["datasetProperties"]["value"] == {"name": "ö"}
    assert aspect["datasetProperties"]["systemMetadata"]["runId"] == "r"
    ids = ",".join(quote(urn, safe="") for urn in (TABLE, VIEW))
    found = gms("GET", f"/entitiesV2?ids=List({ids})").body["results"]
    assert set(found) == {TABLE, VIEW}
    assert set(found[VIEW]["aspects"]) == {"datasetKey"}  # it does not exist, and this is how that looks
    assert gms("GET", f"/aspects/{quote(VIEW, safe='')}?aspect=datasetKey").status == 404
    assert gms("GET", f"/entitiesV2/{quote(TABLE, safe='')}?aspects=List(unheardOf)").status == 400
    assert gms("GET", f"/entitiesV2/{quote(TABLE, safe='')}?aspects=unheardOf").status == 400


def test_older_versions(gms: Any) -> None:
    for name in "abc":
        gms.propose(TABLE, "datasetProperties", {"name": name})
    path = f"/aspects/{quote(TABLE, safe='')}?aspect=datasetProperties&version="
    values = [gms("GET", f"{path}{version}").body for version in (0, 1, 2, 3)]
    names = [value["aspect"]["com.linkedin.dataset.DatasetProperties"]["name"] for value in values]
    assert names == ["c", "a", "b", "c"]
    assert gms("GET", f"{path}9").status == 404


def test_a_batch(gms: Any) -> None:
    def proposal(urn: str, aspect: str, value: Any) -> dict[str, Any]:
        content = {"contentType": "application/json", "value": json.dumps(value)}
        return {
            "entityType": "dataset",
            "entityUrn": urn,
            "changeType": "UPSERT",
            "aspectName": aspect,
            "aspect": content,
        }

    good = [proposal(TABLE, "status", {"removed": False}), proposal(VIEW, "status", {"removed": False})]
    bad = proposal(TABLE, "status", {"removed": "no"})
    path = "/aspects?action=ingestProposalBatch"
    assert gms("POST", path, {"proposals": [*good, bad], "async": "false"}).status == 422
    assert gms.read(VIEW).status == 404
    reply = gms("POST", path, {"proposals": good, "async": "true"})
    assert (reply.status, reply.body) == (200, {"value": "success"})
    assert gms.read(VIEW).status == 200
    assert gms("POST", path, {"proposals": good * 101}).status == 400
    assert gms("POST", path, {}).status == 400
    assert gms("POST", path, {"proposals": good, "async": True}).status == 400


@pytest.mark.parametrize(
    "changed, status, says",
    [
        ({"entityType": "unheardOf"}, 400, "Failed to find entity with name unheardOf"),
        ({"entityType": "tag"}, 422, "URN entity type does not match MCP entity type. dataset != tag"),
        ({"entityUrn": "urn:li:dataset:x"}, 400, "urn"),
        ({"changeType": "UPDATE"}, 400, "ChangeType UPDATE not in"),
        ({"changeType": "MERGE"}, 400, '"MERGE" is not an enum symbol'),
        ({"aspectName": "unheardOf"}, 422, "Unknown aspect unheardOf for entity dataset"),
        ({"aspectName": "tagProperties"}, 422, "Unknown aspect tagProperties for entity dataset"),
        ({"aspect": {"contentType": "text/plain", "value": "{}"}}, 400, "Unexpected content type"),
        ({"aspect": {"contentType": "application/json", "value": "{"}}, 400, "Could not deserialize"),
        ({"aspect": {"contentType": "application/json", "value": {}}}, 400, "cannot be coerced to ByteString"),
        ({"aspect": {"contentType": "application/json", "value": '{"gone": true}'}}, 422, "unrecognized field"),
        ({"aspect": None}, 400, "is not backed by a DataMap"),
        ({"unheardOf": 1}, 400, "unrecognized field"),
        ({"systemMetadata": {"runId": 7}}, 400, "/systemMetadata/runId"),
        ({"headers": {"If-Version-Match": "4"}}, 422, "Expected version 4, actual version -1"),
    ],
)
def test_refusals(gms: Any, changed: dict[str, Any], status: int, says: str) -> None:
    content = {"contentType": "application/json", "value": '{"removed": true}'}
    proposal = {"entityType": "dataset", "entityUrn": TABLE, "changeType": "UPSERT", "aspectName": "status"}
    reply = gms("POST", "/aspects?action=ingestProposal", {"proposal": {**proposal, "aspect": content, **changed}})
    assert reply.status == reply.body["status"] == status
    assert says in reply.body["message"]
    assert reply.body["exceptionClass"] == "com.linkedin.restli.server.RestLiServiceException"
    assert gms.read(TABLE).status == 404


def test_a_key_in_place_of_a_urn(gms: Any) -> None:
    key = {"platform": "urn:li:dataPlatform:postgres", "name": "shop.public.orders", "origin": "PROD"}
    proposal = {
        "entityType": "dataset",
        "entityKeyAspect": {"contentType": "application/json", "value": json.dumps(key)},
        "changeType": "UPSERT",
        "aspectName": "status",
        "aspect": {"contentType": "application/json", "value": '{"removed":false}'},
    }
    assert gms("POST", "/aspects/?action=ingestProposal", {"proposal": proposal}).status == 200
    assert gms.read(TABLE).status == 200
    del proposal["entityKeyAspect"]
    assert gms("POST", "/aspects?action=ingestProposal", {"proposal": proposal}).status == 400


def test_create_and_delete_by_proposal(gms: Any) -> None:
    assert gms.propose(TABLE, "status", {"removed": False}, "CREATE_ENTITY").status == 200
    assert gms.propose(TABLE, "datasetProperties", {"name": "a"}, "CREATE_ENTITY").status == 422
    assert gms.propose(TABLE, "datasetProperties", {"name": "a"}, "CREATE").status == 200
    assert gms.propose(TABLE, "datasetProperties", {"name": "b"}, "CREATE").status == 422
    dropped = gms.propose(TABLE, "datasetProperties", {"name": "b"}, "CREATE", headers={"If-None-Match": "*"})
    assert dropped.status == 200
    assert gms.read(TABLE).body["datasetProperties"]["value"] == {"name": "a"}
    assert gms.propose(TABLE, "datasetProperties", None, "DELETE").status == 200
    assert "datasetProperties" not in gms.read(TABLE).body
    assert gms.propose(TABLE, "datasetKey", None, "DELETE").status == 200
    assert gms.read(TABLE).status == 404


def test_the_key_aspect_is_made_from_the_urn(gms: Any) -> None:
    key = {"platform": "urn:li:dataPlatform:kafka", "name": "other", "origin": "DEV"}
    assert gms.propose(TABLE, "datasetKey", key).status == 200
    assert gms.read(TABLE).body["datasetKey"]["value"]["name"] == "shop.public.orders"


def test_snapshots_of_the_first_years(gms: Any) -> None:
    aspects = [
        {"com.linkedin.common.Status": {"removed": False}},
        {"com.linkedin.dataset.DatasetProperties": {"name": "a"}},
    ]
    snapshot = {"com.linkedin.metadata.snapshot.DatasetSnapshot": {"urn": TABLE, "aspects": aspects}}
    path = "/entities?action=ingest"
    assert gms("POST", path, {"entity": {"value": snapshot}, "systemMetadata": {"runId": "r"}}).status == 200
    assert gms.read(TABLE).body["datasetProperties"]["value"] == {"name": "a"}
    aspects.append({"com.linkedin.Unheard": {}})
    assert gms("POST", path, {"entity": {"value": snapshot}}).status == 422
    assert gms("POST", path, {"entity": {}}).status == 400


def test_events_in_time(gms: Any) -> None:
    for at, rows in ((3_000, 30), (1_000, 10), (2_000, 20), (2_000, 21)):
        assert gms.propose(TABLE, "datasetProfile", {"timestampMillis": at, "rowCount": rows}).status == 200

    def rows(**more: Any) -> list[int]:
        answer = gms.act(
            "aspects", "getTimeseriesAspectValues", urn=TABLE, entity="dataset", aspect="datasetProfile", **more
        )
        return [json.loads(value["aspect"]["value"])["rowCount"] for value in answer["values"]]

    assert rows() == [30, 21, 10]
    assert rows(limit=2) == [30, 21]
    assert rows(latestValue=True) == [30]
    assert rows(startTimeMillis=1_500, endTimeMillis=2_500) == [21]
    assert rows(filter={"or": [{"and": [{"field": "rowCount", "value": "10", "condition": "EQUAL"}]}]}) == [10]
    assert gms.read(TABLE, "aspects=datasetProfile").body["datasetProfile"]["value"]["rowCount"] == 30
    assert gms.propose(TABLE, "datasetProfile", {"timestampMillis": 1}, "CREATE").status == 400
    assert gms.propose(TABLE, "datasetProfile", {"rowCount": 1}).status == 422
    deleted = gms.act("entities", "delete", urn=TABLE, aspectName="datasetProfile", startTimeMillis=2_000)
    assert deleted == {"urn": TABLE, "rows": 0, "timeseriesRows": 2}
    assert rows() == [10]
    body = {"urn": TABLE, "entity": "dataset", "aspect": "status"}
    assert gms("POST", "/aspects?action=getTimeseriesAspectValues", body).status == 400


def test_deleting_for_good_and_what_names_it(gms: Any) -> None:
    gms.write(TABLE, status={"removed": False}, globalTags={"tags": [{"tag": "urn:li:tag:a"}, {"tag": "urn:li:tag:b"}]})
    gms.write(VIEW, container={"container": "urn:li:container:c"})
    assert gms.act("entities", "exists", urn=TABLE) is True
    dry = gms.act("entities", "deleteReferences", urn="urn:li:tag:a", dryRun=True)
    assert (dry["total"], dry["relatedAspects"][0]["aspect"]) == (1, "globalTags")
    assert gms.act("entities", "deleteReferences", urn="urn:li:tag:a")["total"] == 1
    assert gms.act("entities", "deleteReferences", urn="urn:li:container:c")["total"] == 1
    assert gms.read(TABLE).body["globalTags"]["value"] == {"tags": [{"tag": "urn:li:tag:b"}]}
    assert "container" not in gms.read(VIEW).body
    assert gms.act("entities", "delete", urn=TABLE)["rows"] == 6  # globalTags in two versions
    assert gms.act("entities", "exists", urn=TABLE) is False
    assert gms.act("entities", "delete", urn=TABLE)["rows"] == 0
    assert gms("POST", "/entities?action=delete", {"urn": VIEW, "aspectName": "tagProperties"}).status == 400


def test_counts_lists_and_search(gms: Any) -> None:
    gms.write(TABLE, status={"removed": False}, datasetProperties={"name": "Orders"})
    gms.write(VIEW, status={"removed": False})
    assert gms.act("aspects", "getCount", aspect="status") == 2
    assert gms.act("aspects", "getCount", aspect="status", urnLike="%orders%") == 1
    listed = gms.act("entities", "listUrns", entity="dataset", start=1, count=5)
    assert (listed["total"], listed["entities"]) == (2, [VIEW])
    found = gms.act("entities", "search", entity="dataset", input="*", start=0, count=1)
    assert (found["numEntities"], [hit["entity"] for hit in found["entities"]]) == (2, [TABLE])
    name = {"or": [{"and": [{"field": "name", "values": ["Orders"], "condition": "EQUAL"}]}]}
    found = gms.act("entities", "search", entity="dataset", input="*", start=0, count=9, filter=name)
    assert [hit["entity"] for hit in found["entities"]] == [TABLE]
    unknown = {"or": [{"and": [{"field": "unheardOf", "values": ["x"]}]}]}
    body = {"entity": "dataset", "input": "*", "filter": unknown}
    assert gms("POST", "/entities?action=search", body).status == 400
    assert gms("POST", "/entities?action=search", {"entity": "dataset"}).status == 400
    assert gms("POST", "/entities?action=unheardOf", {}).status == 400
    assert gms("POST", "/entities?action=search", {"entity": "unheardOf", "input": "*"}).status == 400
