"""Rules beyond the schemas: structured properties, their definitions, paths of fields."""

from __future__ import annotations

from typing import Any

import pytest

TABLE = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.orders,PROD)"
PROPERTY = "urn:li:structuredProperty:io.shop.level"


def definition(kind: str = "string", **more: Any) -> dict[str, Any]:
    types = ["urn:li:entityType:datahub.dataset"]
    return {
        "qualifiedName": "io.shop.level",
        "valueType": f"urn:li:dataType:datahub.{kind}",
        "entityTypes": types,
        **more,
    }


def assigned(*values: Any) -> dict[str, Any]:
    given = [{"double": value} if isinstance(value, float) else {"string": value} for value in values]
    return {"properties": [{"propertyUrn": PROPERTY, "values": given}]}


@pytest.mark.parametrize(
    "defined, good, bad, says",
    [
        (definition(), ["x"], [1.0], "should be a string"),
        (definition(), ["x"], ["x", "y"], "has cardinality 1"),
        (definition(cardinality="MULTIPLE"), ["x", "y"], ["x", 1.0], "should be a string"),
        (definition("number"), [1.0], ["1"], "should be a number"),
        (definition("date"), ["2026-01-31"], ["2026-01-32"], "should be a date"),
        (definition("date"), ["2026-01-31"], ["20260131"], "should be a date"),
        (definition("urn"), [TABLE], ["orders"], "should be an urn"),
        (
            definition("urn", typeQualifier={"allowedTypes": ["urn:li:entityType:datahub.corpuser"]}),
            ["urn:li:corpuser:u"],
            [TABLE],
            "should be an urn of one of",
        ),
        (definition(allowedValues=[{"value": {"string": "a"}}]), ["a"], ["b"], "should be one of"),
    ],
)
def test_values_must_fit_the_definition(gms: Any, defined: Any, good: Any, bad: Any, says: str) -> None:
    assert gms.write(TABLE, structuredProperties=assigned(*good)).status == 400  # not defined
    assert gms.write(PROPERTY, propertyDefinition=defined).status == 200
    assert gms.write(TABLE, structuredProperties=assigned(*good)).status == 200
    reply = gms.write(TABLE, structuredProperties=assigned(*bad))
    assert reply.status == 400
    assert says in reply.body["message"]


def test_a_definition_in_the_same_batch_comes_too_late(gms: Any) -> None:
    body = {
        "structuredProperty": [{"urn": PROPERTY, "propertyDefinition": {"value": definition()}}],
        "dataset": [{"urn": TABLE, "structuredProperties": {"value": assigned("x")}}],
    }
    reply = gms("POST", "/openapi/v3/entity/generic?async=false", body)
    assert reply.status == 400
    assert "Unexpected null value found" in reply.body["message"]
    assert gms.read(PROPERTY).status == 404


def test_a_property_stands_once_and_is_alive(gms: Any) -> None:
    gms.write(PROPERTY, propertyDefinition=definition())
    twice = {"properties": assigned("x")["properties"] * 2}
    assert "has multiple entries" in gms.write(TABLE, structuredProperties=twice).body["message"]
    gms.write(PROPERTY, status={"removed": True})
    assert "soft deleted" in gms.write(TABLE, structuredProperties=assigned("x")).body["message"]
    assert "soft deleted" in gms.write(PROPERTY, propertyDefinition=definition()).body["message"]


def test_only_structured_properties_are_assigned(gms: Any) -> None:
    value = {"properties": [{"propertyUrn": "urn:li:tag:a", "values": []}]}
    assert "Expected: structuredProperty" in gms.write(TABLE, structuredProperties=value).body["message"]


def test_immutable_values_stay(gms: Any) -> None:
    gms.write(PROPERTY, propertyDefinition=definition(immutable=True))
    for _ in range(2):
        assert gms.write(TABLE, structuredProperties=assigned("x")).status == 200
    assert "Cannot mutate" in gms.write(TABLE, structuredProperties=assigned("y")).body["message"]
    assert "Cannot delete" in gms.write(TABLE, structuredProperties={"properties": []}).body["message"]
    patch = [{"op": "remove", "path": f"/properties/{PROPERTY}"}]
    assert "Cannot delete" in gms.propose(TABLE, "structuredProperties", patch, "PATCH").body["message"]


@pytest.mark.parametrize(
    "before, after, says",
    [
        ({}, {"qualifiedName": "io.shop.other"}, "Cannot change the fully qualified name"),
        ({}, {"valueType": "urn:li:dataType:datahub.number"}, "Value type cannot be changed"),
        ({"cardinality": "MULTIPLE"}, {"cardinality": "SINGLE"}, "cardinality cannot be changed"),
        ({}, {"allowedValues": [{"value": {"string": "a"}}]}, "Cannot restrict values"),
        (
            {"allowedValues": [{"value": {"string": "a"}}]},
            {"allowedValues": [{"value": {"string": "b"}}]},
            "Cannot restrict values",
        ),
        ({}, {"version": "1"}, "Must be 14 numerical digits"),
        ({}, {"qualifiedName": "with blank"}, "cannot have spaces"),
    ],
)
def test_definitions_change_compatibly(gms: Any, before: Any, after: Any, says: str) -> None:
    assert gms.write(PROPERTY, propertyDefinition=definition(**before)).status == 200
    reply = gms.write(PROPERTY, propertyDefinition=definition(**{**before, **after}))
    assert reply.status == 400
    assert says in reply.body["message"]


def test_a_new_version_of_a_definition_may_break(gms: Any) -> None:
    gms.write(PROPERTY, propertyDefinition=definition(version="20260101000000"))
    assert gms.write(PROPERTY, propertyDefinition=definition("number", version="20260102000000")).status == 200


def test_paths_of_fields_are_unique(gms: Any) -> None:
    for paths, status in ((["a", "b"], 200), (["a", "a"], 400), ([""], 400)):
        fields = [{"fieldPath": path} for path in paths]
        reply = gms.write(TABLE, editableSchemaMetadata={"editableSchemaFieldInfo": fields})
        assert reply.status == status
