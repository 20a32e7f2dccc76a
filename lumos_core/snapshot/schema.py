"""The JSON Schema of the format, made from the structs that read and write it.

`x-lumos` says what JSON Schema cannot: `ref`, `path` and `markdown` places, and `set` arrays with the keys that they
are unique and sorted by (`x-lumos-key`; none: by the element itself).
"""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

from ..model.entities import KINDS
from .document import PLURALS, ROOT
from .frame import FORMAT, Declared, Header, SourceInfo, Trailer

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def snapshot_schema() -> dict[str, Any]:
    """Return the schema: any line of the line form, or a whole document."""
    structs: list[Any] = [*KINDS.values(), Header, Trailer, Declared, SourceInfo]
    _, definitions = msgspec.json.schema_components(structs, ref_template="#/$defs/{name}")
    for definition in definitions.values():
        if "description" in definition:  # of a docstring; Python before 3.13 keeps its indentation
            definition["description"] = cleandoc(definition["description"])
    for struct in KINDS.values():
        definitions[struct.__name__].pop("additionalProperties", None)  # a document has the URN among the keys
    lines = {f"{kind}_line": _line(kind, struct.__name__) for kind, struct in KINDS.items()}
    definitions["Trailer"]["properties"]["kind"] = {"const": "~end"}
    definitions["Header"]["required"] = ["exported_at", "format", "sources"]
    definitions["Header"]["properties"]["format"] = {"const": FORMAT}
    schema = {
        "$schema": _DIALECT,
        "title": "Lumos Snapshot",
        "description": "One line of NAME.lumos.jsonl, or a snapshot in its document form.",
        "oneOf": [
            {"$ref": "#/$defs/Header"},
            *({"$ref": f"#/$defs/{name}"} for name in lines),
            {"$ref": "#/$defs/Trailer"},
            {"$ref": "#/$defs/document"},
        ],
        "$defs": {**dict(sorted({**definitions, **lines}.items())), "document": _document()},
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema))
    return plain


def _line(kind: str, struct: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "kind": {"const": kind},
            "urn": {"type": "string", "pattern": "^urn:lumos:"},
            "value": {"$ref": f"#/$defs/{struct}", "unevaluatedProperties": False},
        },
        "required": ["kind", "urn", "value"],
        "additionalProperties": False,
    }


def _document() -> dict[str, Any]:
    lists = {}
    for kind, plural in PLURALS.items():
        lists[plural] = {
            "type": "array",
            "items": {
                "$ref": f"#/$defs/{KINDS[kind].__name__}",
                "properties": {"urn": {"type": "string", "pattern": "^urn:lumos:"}},
                "required": ["urn"],
                "unevaluatedProperties": False,
            },
        }
    body = {
        "format": {"const": FORMAT},
        "exported_at": {"type": "string", "format": "date-time"},
        "sources": {"type": "array", "items": {"$ref": "#/$defs/SourceInfo"}},
        "coverage": {"type": "array", "items": {"$ref": "#/$defs/Declared"}},
    }
    return {
        "type": "object",
        "properties": {
            ROOT: {
                "type": "object",
                "properties": {**body, **lists},
                "required": ["format", "exported_at"],
                "additionalProperties": False,
            }
        },
        "required": [ROOT],
        "additionalProperties": False,
    }
