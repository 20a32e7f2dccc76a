"""JSON patches whose arrays are addressed by keys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_testing_datahub.patching import BadPatch, apply

TABLE = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.orders,PROD)"
SOURCE = "attribution␟source"


def op(kind: str, path: str, value: Any = None) -> dict[str, Any]:
    return {"op": kind, "path": path, **({} if value is None else {"value": value})}


def test_elements_are_found_by_their_key() -> None:
    tags = {"tags": [{"tag": "urn:li:tag:a"}, {"tag": "urn:li:tag:b"}]}
    assert apply("globalTags", tags, [op("remove", "/tags/urn:li:tag:a")]) == {"tags": [{"tag": "urn:li:tag:b"}]}
    changed = {"tag": "urn:li:tag:b", "context": "x"}
    assert apply("globalTags", tags, [op("add", "/tags/urn:li:tag:b", changed)])["tags"] == [tags["tags"][0], changed]
    assert apply("globalTags", None, [op("add", "/tags/urn:li:tag:b", changed)]) == {"tags": [changed]}
    assert tags == {"tags": [{"tag": "urn:li:tag:a"}, {"tag": "urn:li:tag:b"}]}


@given(
    st.lists(st.sampled_from("abcd")), st.lists(st.tuples(st.sampled_from(["add", "remove"]), st.sampled_from("abcd")))
)
def test_adding_and_removing_is_that_of_sets(first: list[str], changes: list[tuple[str, str]]) -> None:
    value = {"tags": [{"tag": f"urn:li:tag:{name}"} for name in dict.fromkeys(first)]}
    expected = set(first)
    patch = []
    for kind, name in changes:
        patch.append(op(kind, f"/tags/urn:li:tag:{name}", {"tag": f"urn:li:tag:{name}"}))
        expected = expected | {name} if kind == "add" else expected - {name}
    found = [tag["tag"].rpartition(":")[2] for tag in apply("globalTags", value, patch)["tags"]]
    assert sorted(found) == sorted(expected)


def test_keys_come_with_the_patch() -> None:
    plain, marked = {"tag": "urn:li:tag:a"}, {"tag": "urn:li:tag:a", "attribution": {"source": "urn:li:corpuser:u"}}
    value = {"tags": [plain, marked]}
    keys = {"tags": [SOURCE, "tag"]}

    def patched(path: str) -> Any:
        return apply("globalTags", value, {"arrayPrimaryKeys": keys, "patch": [op("remove", path)]})["tags"]

    assert patched("/tags//urn:li:tag:a") == [marked]
    assert patched("/tags/urn:li:corpuser:u/urn:li:tag:a") == [plain]
    assert patched("/tags/*/urn:li:tag:a") == []
    assert patched("/tags/urn:li:corpuser:u") == [plain]


def test_nested_arrays_are_made_on_the_way() -> None:
    path = "/editableSchemaFieldInfo/a~1b/globalTags/tags/urn:li:tag:x"
    value = apply("editableSchemaMetadata", None, [op("add", path, {"tag": "urn:li:tag:x"})])
    assert value == {
        "editableSchemaFieldInfo": [{"fieldPath": "a/b", "globalTags": {"tags": [{"tag": "urn:li:tag:x"}]}}]
    }
    assert apply("editableSchemaMetadata", value, [op("remove", path)])["editableSchemaFieldInfo"][0]["globalTags"] == {
        "tags": []
    }
    gone = "/editableSchemaFieldInfo/other/globalTags/tags/urn:li:tag:x"
    assert apply("editableSchemaMetadata", value, [op("remove", gone)]) == value


def test_maps_and_plain_members() -> None:
    value = {"customProperties": {"a": "1"}, "name": "n"}
    patch = [
        op("add", "/customProperties/b~0~1", "2"),
        op("remove", "/customProperties/a"),
        op("remove", "/customProperties/none"),
        op("replace", "/name", "m"),
        op("test", "/name", "m"),
        op("add", "/description", "d"),
    ]
    expected = {"customProperties": {"b~/": "2"}, "name": "m", "description": "d"}
    assert apply("datasetProperties", value, patch) == expected


def test_column_lineage_has_a_path_of_four() -> None:
    field = "urn:li:schemaField:({},{})".format
    path = f"/fineGrainedLineages/IDENTITY/{field(TABLE, 'a')}/NONE/"
    one = apply(
        "upstreamLineage", None, [op("add", path + field(TABLE, name), {"confidenceScore": 0.5}) for name in "xy"]
    )
    (lineage,) = one["fineGrainedLineages"]
    assert lineage["upstreams"] == [field(TABLE, "x"), field(TABLE, "y")]
    assert (lineage["downstreams"], lineage["transformOperation"]) == ([field(TABLE, "a")], "IDENTITY")
    left = apply("upstreamLineage", one, [op("remove", path + field(TABLE, name)) for name in "xyz"])
    assert left["fineGrainedLineages"] == []
    other = f"/fineGrainedLineages/NONE/{field(TABLE, 'a')}/urn:li:query:q/{field(TABLE, 'x')}"
    (lineage,) = apply("upstreamLineage", None, [op("add", other, {})])["fineGrainedLineages"]
    assert lineage["query"] == "urn:li:query:q"
    with pytest.raises(BadPatch):
        apply("upstreamLineage", one, [op("replace", path + "x", {})])


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"patch": "x"},
        ["x"],
        [{"op": "add"}],
        [op("move", "/name", "x")],
        [op("add", "name", "x")],
        [op("replace", "/name", "x")],
        [op("test", "/name", "x")],
        [op("replace", "/tags/urn:li:tag:none", {"tag": "urn:li:tag:none"})],
        [op("test", "/tags/urn:li:tag:a", {"tag": "urn:li:tag:other"})],
    ],
)
def test_what_cannot_be_applied_is_told(patch: Any) -> None:
    with pytest.raises(BadPatch):
        apply("globalTags", {"tags": [{"tag": "urn:li:tag:a"}]}, patch)
    with pytest.raises(BadPatch):
        apply("datasetProperties", {"tags": [], "description": "text"}, [op("add", "/description/a/b", "x")])


def test_patches_over_http(gms: Any) -> None:
    tag = {"patch": [op("add", "/tags/urn:li:tag:a", {"tag": "urn:li:tag:a"})]}
    item = {"urn": TABLE, "globalTags": {"value": tag}}
    assert gms("PATCH", "/openapi/v3/entity/dataset?async=false", [item]).status == 200
    assert gms("PATCH", "/openapi/v3/entity/dataset", [item]).status == 202
    assert (
        gms.propose(TABLE, "globalTags", [op("add", "/tags/urn:li:tag:b", {"tag": "urn:li:tag:b"})], "PATCH").status
        == 200
    )
    tags = [{"tag": "urn:li:tag:a"}, {"tag": "urn:li:tag:b"}]
    assert gms.read(TABLE).body["globalTags"]["value"] == {"tags": tags}
    assert gms("PATCH", "/openapi/v3/entity/dataset", [{"urn": TABLE, "globalTags": {"value": []}}]).status == 400
    assert gms.propose(TABLE, "globalTags", [op("add", "/tags/x", {"tag": "x"})], "PATCH").status == 422
    assert gms.propose(TABLE, "globalTags", [op("move", "/tags/x")], "PATCH").status == 400
    assert gms.propose(TABLE, "glossaryTerms", [op("add", "/unheardOf", 1)], "PATCH").status == 422
