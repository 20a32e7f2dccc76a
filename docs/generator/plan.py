"""The JSON Schema of a saved plan."""

from __future__ import annotations

import json
from typing import Any

from lumos_core.publish.saved import FORMAT, Saved, SavedCatalog
from lumos_core.publish.steps import Step

from .result import attributes_of

TEXT, WHOLE = {"type": "string"}, {"type": "integer", "minimum": 0}
_STATE = {"type": "string", "description": "Id of a state of the store; empty when there is none."}
_DIGEST = {"type": "string", "pattern": "^([0-9a-f]{64})?$"}


def plan_schema() -> str:
    """Return the JSON Schema of what `lumos plan --out` writes."""
    line = {
        "type": ["object", "null"],
        "properties": {"kind": TEXT, "urn": TEXT, "value": {"type": "object"}},
        "required": ["kind", "urn", "value"],
        "additionalProperties": False,
        "description": "A line of a snapshot.",
    }
    pairs = {"type": "array", "items": {"type": "array", "prefixItems": [TEXT, TEXT], "minItems": 2, "maxItems": 2}}
    told = dict(attributes_of(Step))
    step = {
        "type": "object",
        "properties": {
            "action": {"enum": ["create", "update", "remove", "restore", "keep"], "description": told["action"]},
            "base": {"$ref": "#/$defs/line", "description": told["base"]},
            "doubtful": {"const": True, "description": told["doubtful"]},
            "expect": {**_DIGEST, "description": told["expect"]},
            "held": {"$ref": "#/$defs/line", "description": told["held"]},
            "kind": {**TEXT, "description": told["kind"]},
            "line": {"$ref": "#/$defs/line", "description": told["line"]},
            "parent": {**TEXT, "description": told["parent"]},
            "reasons": {**pairs, "description": told["reasons"]},
            "rebased": {"const": True, "description": told["rebased"]},
            "set": {"$ref": "#/$defs/line", "description": told["set"]},
            "stage": {**WHOLE, "description": told["stage"]},
            "unset": {"type": "array", "items": TEXT, "description": told["unset"]},
            "urn": {**TEXT, "description": told["urn"]},
        },
        "required": ["action", "kind", "urn"],
        "additionalProperties": False,
        "description": _summary(Step),
    }
    triple = {"type": "array", "prefixItems": [TEXT, TEXT, TEXT], "minItems": 3, "maxItems": 3}
    catalog = _closed(
        SavedCatalog,
        catalog=TEXT,
        target=TEXT,
        published=_STATE,
        publishing=_STATE,
        counts={"type": "object", "additionalProperties": WHOLE},
        conflicts={"type": "array", "items": triple},
        removed=WHOLE,
        known=WHOLE,
        blocked=TEXT,
        operations=WHOLE,
        steps={"type": "array", "items": {"$ref": "#/$defs/step"}, "description": "In the order of application."},
    )
    whole = _closed(
        Saved,
        format={"const": FORMAT},
        pipeline=TEXT,
        run=TEXT,
        made={**TEXT, "format": "date-time"},
        head=_STATE,
        catalogs={"type": "array", "items": catalog, "description": "In the order of the pipeline."},
        sha256={"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "Digest of every byte before it."},
    )
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A saved plan of Lumos",
        "description": "What `lumos plan --out FILE` writes and `lumos apply FILE` carries out.",
        **whole,
        "$defs": {"line": line, "step": step},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _closed(model: type, **properties: dict[str, Any]) -> dict[str, Any]:
    told = dict(attributes_of(model))
    described = {
        key: {"description": told[key], **value} if key in told else value for key, value in properties.items()
    }
    return {
        "type": "object",
        "properties": described,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _summary(model: type) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]
