"""The OpenAPI side: reading, writing, conditions, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lumos_testing_datahub import DataHubFake

TABLE = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.orders,PROD)"
VIEW = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.sales,PROD)"


def test_a_new_entity_gets_the_aspects_that_the_server_makes(gms: Any) -> None:
    reply = gms.write(TABLE, datasetProperties={"name": "orders"})
    assert reply.status == 200
    assert reply.body[0]["datasetProperties"]["value"] == {"name": "orders"}
    found = gms.read(TABLE).body
    assert found.pop("urn") == TABLE
    assert {name: aspect["value"] for name, aspect in found.items()} == {
        "datasetProperties": {"name": "orders"},
        "datasetKey": {"platform": "urn:li:dataPlatform:postgres", "name": "shop.public.orders", "origin": "PROD"},
        "browsePathsV2": {"path": [{"id": "shop"}, {"id": "public"}]},
        "dataPlatformInstance": {"platform": "urn:li:dataPlatform:postgres"},
    }


@pytest.mark.parametrize(
    "urn, path, platform",
    [
        ("urn:li:dataset:(urn:li:dataPlatform:s3,lake/raw/a.csv,PROD)", [{"id": "lake"}, {"id": "raw"}], "s3"),
        ("urn:li:dataset:(urn:li:dataPlatform:kafka,topic,PROD)", [{"id": "Default"}], "kafka"),
        ("urn:li:chart:(looker,a)", [{"id": "Default"}], "looker"),
        ("urn:li:dataFlow:(airflow,dag,PROD)", [{"id": "Default"}], "airflow"),
        (
            "urn:li:dataJob:(urn:li:dataFlow:(airflow,dag,PROD),task)",
            [{"id": "urn:li:dataFlow:(airflow,dag,PROD)", "urn": "urn:li:dataFlow:(airflow,dag,PROD)"}],
            "airflow",
        ),
    ],
)
def test_default_paths_and_platforms(gms: Any, urn: str, path: Any, platform: str) -> None:
    gms.write(urn, status={"removed": False})
    found = gms.read(urn).body
    assert found["browsePathsV2"]["value"]["path"] == path
    assert found["dataPlatformInstance"]["value"] == {"platform": f"urn:li:dataPlatform:{platform}"}


def test_defaults_do_not_overwrite_what_comes_along(gms: Any) -> None:
    gms.write(TABLE, browsePathsV2={"path": [{"id": "mine"}]})
    assert gms.read(TABLE).body["browsePathsV2"]["value"] == {"path": [{"id": "mine"}]}


def test_versions_count_changes_only(gms: Any) -> None:
    def version() -> tuple[str, int]:
        found = gms.read(TABLE, "systemMetadata=true&aspects=status").body["status"]
        assert found["auditStamp"]["actor"] == "urn:li:corpuser:datahub"
        return found["systemMetadata"]["version"], found["systemMetadata"]["aspectCreated"]["time"]

    gms.write(TABLE, status={"removed": False})
    first = version()
    gms.write(TABLE, status={"removed": False})
    assert version() == first
    gms.write(TABLE, status={"removed": True})
    assert version() == ("2", first[1])
    assert gms("GET", f"/openapi/v3/entity/dataset/{TABLE}/status?version=1").body == {"value": {"removed": False}}
    assert gms("GET", f"/openapi/v3/entity/dataset/{TABLE}/status").body == {"value": {"removed": True}}
    assert gms("GET", f"/openapi/v3/entity/dataset/{TABLE}/ownership").status == 404


def conditional(gms: Any, value: Any, **headers: str) -> int:
    item = {"urn": TABLE, "datasetProperties": {"value": value, "headers": headers}}
    reply = gms("POST", "/openapi/v3/entity/dataset?async=false", [item])
    if reply.status == 412:
        assert reply.body["error"] == "Validation Error"
    return reply.status


def test_conditional_writes(gms: Any) -> None:
    assert conditional(gms, {"name": "a"}, **{"If-Version-Match": "1"}) == 412
    assert gms.read(TABLE).status == 404
    assert conditional(gms, {"name": "a"}, **{"If-Version-Match": "-1"}) == 200
    assert conditional(gms, {"name": "b"}, **{"If-Version-Match": "-1"}) == 412
    assert conditional(gms, {"name": "b"}, **{"If-Version-Match": "1"}) == 200
    assert conditional(gms, {"name": "c"}, **{"If-Version-Match": "1"}) == 412
    assert conditional(gms, {"name": "c"}, **{"If-Unmodified-Since": "2000-01-01T00:00:00Z"}) == 412
    assert conditional(gms, {"name": "c"}, **{"If-Modified-Since": "2000-01-01T00:00:00Z"}) == 200
    assert conditional(gms, {"name": "c"}, **{"If-Modified-Since": "yesterday"}) == 400
    assert gms.read(TABLE).body["datasetProperties"]["value"] == {"name": "c"}


def test_a_refused_batch_leaves_nothing(gms: Any) -> None:
    gms.write(TABLE, status={"removed": False})
    items = [
        {"urn": VIEW, "status": {"value": {"removed": False}}},
        {"urn": TABLE, "status": {"value": {"removed": True}}},
        {"urn": TABLE, "datasetProperties": {"value": {}, "headers": {"If-Version-Match": "7"}}},
    ]
    assert gms("POST", "/openapi/v3/entity/dataset?async=false", items).status == 412
    assert gms.read(VIEW).status == 404
    found = gms.read(TABLE, "systemMetadata=true").body
    assert "datasetProperties" not in found
    assert found["status"]["value"] == {"removed": False}
    assert found["status"]["systemMetadata"]["version"] == "1"


def test_a_refused_batch_leaves_no_event_either(gms: Any) -> None:
    event = {"urn": TABLE, "datasetProfile": {"value": {"timestampMillis": 1}}}
    refused = {"urn": VIEW, "status": {"value": {}, "headers": {"If-Version-Match": "7"}}}
    assert gms("POST", "/openapi/v3/entity/dataset?async=false", [event, refused]).status == 412
    assert gms.read(TABLE).status == 404
    assert gms("POST", "/openapi/v3/entity/dataset?async=false", [event]).status == 200
    assert set(gms.read(TABLE).body) > {"datasetProfile", "datasetKey"}


def test_an_asynchronous_write_is_accepted_and_its_fate_is_in_the_trace(gms: Any) -> None:
    gms.write(TABLE, datasetProperties={"name": "a"})
    item = {"urn": TABLE, "datasetProperties": {"value": {"name": "b"}, "headers": {"If-Version-Match": "9"}}}
    reply = gms("POST", "/openapi/v3/entity/dataset", [item])
    assert reply.status == 202
    assert gms.read(TABLE).body["datasetProperties"]["value"] == {"name": "a"}
    trace = reply.headers["traceparent"].split("-")[1]
    told = gms("POST", f"/openapi/v1/trace/write/{trace}", {TABLE: ["datasetProperties"]}).body
    assert told[TABLE]["datasetProperties"]["success"] is False
    good = gms(
        "POST", "/openapi/v3/entity/dataset?async=true", [{"urn": TABLE, "status": {"value": {"removed": False}}}]
    )
    trace = good.headers["traceparent"].split("-")[1]
    told = gms("POST", f"/openapi/v1/trace/write/{trace}", {TABLE: ["status"]}).body
    assert told[TABLE]["status"]["primaryStorage"] == {"writeStatus": "ACTIVE_STATE"}


@pytest.mark.parametrize(
    "path, body, status, says",
    [
        ("dataset", b"{", 400, "JSON parse error"),
        ("dataset", {"urn": TABLE}, 400, "JSON parse error"),
        ("dataset", [{"status": {"value": {}}}], 400, "Missing `urn` field"),
        ("dataset", [{"urn": "urn:li:dataset:x", "status": {"value": {}}}], 400, "same length"),
        ("dataset", [{"urn": 7, "status": {"value": {}}}], 400, "Urn"),
        ("dataset", [{"urn": "urn:li:tag:x", "status": {"value": {}}}], 400, "is no dataset"),
        ("unheardOf", [], 400, "Failed to find entity with name unheardOf"),
        ("dataset", [{"urn": TABLE, "tagProperties": {"value": {"name": "x"}}}], 400, "Unknown aspect tagProperties"),
        ("dataset", [{"urn": TABLE, "unheardOf": {"value": {}}}], 400, "Unknown aspect unheardOf"),
        ("dataset", [{"urn": TABLE, "status": {"removed": True}}], 400, "status has no `value`"),
        ("dataset", [{"urn": TABLE, "status": {"value": {}, "more": 1}}], 400, "unknown keys"),
        ("dataset", [{"urn": TABLE, "status": {"value": {"gone": True}}}], 400, "unrecognized field"),
        ("dataset", [{"urn": TABLE, "status": {"value": {}, "headers": {"a": 1}}}], 400, "map of strings"),
        ("dataset", [{"urn": TABLE, "status": {"value": {}, "systemMetadata": {"a": 1}}}], 400, "SystemMetadata"),
    ],
)
def test_refusals(gms: Any, path: str, body: Any, status: int, says: str) -> None:
    reply = gms("POST", f"/openapi/v3/entity/{path}?async=false", body)
    assert reply.status == status
    assert says in json.dumps(reply.body, ensure_ascii=False)
    assert gms.read(TABLE).status == 404


def test_batches_have_limits(gms: Any) -> None:
    urns = [f"urn:li:corpuser:u{number}" for number in range(201)]
    items = [{"urn": urn, "status": {"value": {"removed": False}}} for urn in urns]
    assert gms("POST", "/openapi/v3/entity/corpuser?async=false", items).status == 400
    assert gms("POST", "/openapi/v3/entity/corpuser?async=false", items[:200]).status == 200
    assert gms.write(TABLE, datasetProperties={"description": "x" * 16_000_000}).status == 413
    assert gms.write(TABLE, datasetProperties={"description": "x" * 10_000_000}).status == 200


def test_reading_many(gms: Any) -> None:
    gms.write(TABLE, status={"removed": False}, datasetProperties={"name": "a"})
    gms.write(TABLE, datasetProperties={"name": "b"})
    gms.write("urn:li:tag:t", tagProperties={"name": "t"})
    wanted = [{"urn": TABLE, "status": {}, "ownership": {}}, {"urn": VIEW}]
    assert gms("POST", "/openapi/v3/entity/dataset/batchGet", wanted).body == [
        {"urn": TABLE, "status": {"value": {"removed": False}}}
    ]
    old = [{"urn": TABLE, "datasetProperties": {"headers": {"If-Version-Match": "1"}}}]
    (found,) = gms("POST", "/openapi/v3/entity/dataset/batchGet?systemMetadata=true", old).body
    assert found["datasetProperties"]["value"] == {"name": "a"}
    mixed = {"dataset": [{"urn": TABLE, "status": {}}], "tag": [{"urn": "urn:li:tag:t", "tagProperties": {}}]}
    found = gms("POST", "/openapi/v3/entity/generic/batchGet", mixed).body
    assert found["tag"] == [{"urn": "urn:li:tag:t", "tagProperties": {"value": {"name": "t"}}}]
    assert gms("POST", "/openapi/v3/entity/dataset/batchGet", [{}]).status == 400


def test_writing_many_types_at_once(gms: Any) -> None:
    body = {
        "tag": [{"urn": "urn:li:tag:t", "tagProperties": {"value": {"name": "t"}}}],
        "corpuser": [{"urn": "urn:li:corpuser:u", "corpUserInfo": {"value": {"active": True}}}],
    }
    assert gms("POST", "/openapi/v3/entity/generic?async=false", body).status == 200
    assert gms.read("urn:li:corpuser:u").body["corpUserInfo"]["value"] == {"active": True}
    assert gms("POST", "/openapi/v3/entity/generic?async=false", {"tag": 1}).status == 400


def test_deleting(gms: Any) -> None:
    gms.write(TABLE, status={"removed": False}, datasetProperties={"name": "a"})
    path = f"/openapi/v3/entity/dataset/{TABLE}"
    assert gms("DELETE", f"{path}/datasetProperties").status == 200
    assert "datasetProperties" not in gms.read(TABLE).body
    assert gms("DELETE", f"{path}?clear=true").status == 200
    assert set(gms.read(TABLE).body) == {"urn", "datasetKey"}
    assert gms("HEAD", path).status == 204
    assert gms("HEAD", f"{path}/ownership").status == 404
    assert gms("DELETE", path).status == 200
    assert gms.read(TABLE).status == 404
    assert gms("HEAD", path).status == 404


def test_one_aspect_is_created_only_once(gms: Any) -> None:
    path = f"/openapi/v3/entity/dataset/{TABLE}/status"
    assert gms("POST", path, {"value": {"removed": False}}).status == 200
    assert gms("POST", path, {"value": {"removed": True}}).status == 400
    dropped = gms("POST", path, {"value": {"removed": True}, "headers": {"If-None-Match": "*"}})
    assert dropped.status == 200
    assert gms.read(TABLE).body["status"]["value"] == {"removed": False}
    assert gms("POST", f"{path}?createIfEntityNotExists=true", {"value": {"removed": True}}).status == 400
    assert gms("POST", f"{path}?createIfNotExists=false", {"value": {"removed": True}}).status == 200
    assert gms.read(TABLE).body["status"]["value"] == {"removed": True}


def test_names_with_slashes_and_other_letters(gms: Any) -> None:
    urn = "urn:li:dataset:(urn:li:dataPlatform:s3,a/b ü/status,PROD)"
    assert gms.write(urn, status={"removed": False}).status == 200
    assert gms.read(urn).body["status"]["value"] == {"removed": False}
    assert gms("GET", "/openapi/v3/entity/dataset/" + urn.replace(" ", "%20").replace("ü", "%C3%BC")).status == 200


def test_token_rights_and_unknown_paths(connect: Any) -> None:
    with DataHubFake(token="secret") as fake:
        gms = connect(fake)
        assert gms("GET", "/config").body["noCode"] == "true"
        assert gms("GET", "/health").status == 200
        for token in ("", "wrong"):
            reply = gms("GET", "/openapi/v3/entity/dataset", token=token)
            assert reply.status == 401
            assert "Unauthorized to perform this action." in reply.body
        assert gms("GET", "/openapi/v3/entity/dataset", token="secret").status == 200
        fake.forbidden.add("tag")
        tag = [{"urn": "urn:li:tag:t", "tagProperties": {"value": {"name": "t"}}}]
        assert gms("POST", "/openapi/v3/entity/tag?async=false", tag, token="secret").status == 403
        assert gms("GET", "/openapi/v3/entity/dataset", token="secret").status == 200
        assert gms("GET", "/entitiesV2/urn:li:tag:t", token="secret").status == 403
        assert gms("GET", "/nowhere", token="secret").status == 404
        assert gms("PUT", "/config", token="secret").status == 405


def test_the_registry_can_be_asked(gms: Any) -> None:
    reply = gms("GET", "/openapi/v1/registry/models/entity/specifications?start=0&count=500").body
    (dataset,) = [entity for entity in reply["elements"] if entity["name"] == "dataset"]
    assert reply["total"] == len(reply["elements"])
    names = {
        spec["aspectAnnotation"]["name"]: spec["aspectAnnotation"]["timeseries"] for spec in dataset["aspectSpecs"]
    }
    assert dataset["keyAspectName"] == "datasetKey"
    assert names["datasetProfile"] is True
    assert names["status"] is False
