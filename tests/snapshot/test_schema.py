"""The published schema says what the code does."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings

from lumos_core.model.entities import KINDS
from lumos_core.model.record import AnyRecord, canonical
from lumos_core.model.shapes import encoded_names, shapes
from lumos_core.snapshot.api import write_snapshot
from lumos_core.snapshot.schema import snapshot_schema
from lumos_core.testing.strategies import record_lists

SCHEMA = snapshot_schema()


def line_validator(name: str) -> Any:
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


def test_it_is_a_valid_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@settings(deadline=None, max_examples=60)
@given(record_lists(max_size=4))
def test_every_line_and_document_fits(tmp_path_factory: pytest.TempPathFactory, records: list[AnyRecord]) -> None:
    for record in records:
        line_validator(f"{record.kind}_line").validate(msgspec.json.decode(canonical(record)))
    folder = tmp_path_factory.mktemp("schema")
    info = write_snapshot(folder / "a.lumos.jsonl", records)
    header, *_, trailer = map(json.loads, info.path.read_text(encoding="utf-8").split("\n")[:-1])
    line_validator("Header").validate(header)
    line_validator("Trailer").validate(trailer)
    write_snapshot(folder / "a.json", records)
    line_validator("document").validate(json.loads((folder / "a.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "tag", "urn": "urn:lumos:tag:a", "value": {"widget": 1}},
        {"kind": "tag", "urn": "urn:lumos:tag:a", "value": {"name": 1}},
        {"kind": "tag", "urn": "urn:lumos:tag:a"},
        {"kind": "tag", "urn": "tag", "value": {}},
        {"kind": "widget", "urn": "urn:lumos:tag:a", "value": {}},
    ],
)
def test_what_is_no_line_does_not_fit(line: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(line)


def test_declarations_are_published() -> None:
    """What shapes say of references and sets stands in the schema, key for key."""
    declared = 0
    for struct in KINDS.values():
        properties = SCHEMA["$defs"][struct.__name__]["properties"]
        names = encoded_names(struct)
        for attribute, shape in shapes(struct):
            text = json.dumps(properties[names[attribute]])
            if shape.role in ("ref", "path", "markdown"):
                assert f'"x-lumos": "{shape.role}"' in text
                declared += 1
            if shape.keys is not None:
                assert '"x-lumos": "set"' in text and f'"x-lumos-key": {json.dumps(list(shape.keys))}' in text
                declared += 1
    assert declared > 100
