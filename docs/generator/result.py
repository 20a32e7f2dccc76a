"""The JSON Schema of the result of a run."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from lumos_core.contracts.reporter import GateResult, Notice, RunResult, StageTiming
from lumos_core.model.change import SEVERITIES, Change
from lumos_core.model.event import ChangeEvent
from lumos_core.model.scope import Covered


def run_result_schema() -> str:
    """Return the JSON Schema of what `lumos run --json` prints."""
    (change, event, covered, gate, notice, timing), parts = msgspec.json.schema_components(
        [Change, ChangeEvent, Covered, GateResult, Notice, StageTiming], ref_template="#/$defs/{name}"
    )
    parts["Change"]["properties"]["fingerprint"] = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
    text, whole, flag = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
    counts = {"type": "object", "additionalProperties": whole}

    def closed(**properties: Any) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": properties,
            "required": sorted(properties),
            "additionalProperties": False,
        }

    def listed(item: Any) -> dict[str, Any]:
        return {"type": "array", "items": item}

    operation = closed(
        action={"enum": ["create", "update", "remove", "restore"]},
        kind=text,
        urn=text,
        set={"type": "object"},
        unset=listed(text),
        reasons={"type": "object", "additionalProperties": text},
        held={"type": ["object", "null"], "description": "What the catalog held of these keys; null: no such record."},
        expect={**text, "description": "Digest of the record that the catalog held; empty when it had none."},
    )
    published = closed(
        catalog=text,
        target=text,
        applied=flag,
        planned=counts,
        written=whole,
        facts=whole,
        failed=whole,
        conflicts=listed({"type": "array", "prefixItems": [text, text, text], "minItems": 3, "maxItems": 3}),
        blocked=text,
        operations=listed(operation),
    )
    described = dict(attributes_of(RunResult))
    schema = closed(
        run={**text, "description": described["run_id"]},
        pipeline={**text, "description": described["pipeline"]},
        mode={"enum": ["run", "dry-run", "plan", "apply", "diff"]},
        verdict={"enum": ["failed", "incomplete", "changed", "unchanged"]},
        exit_code={"enum": [0, 1, 3]},
        started={**text, "description": "RFC 3339, UTC."},
        finished={**text, "description": "RFC 3339, UTC."},
        first={**flag, "description": described["first"]},
        changed={**flag, "description": described["changed"]},
        release={**text, "description": described["release"]},
        counts={**counts, "description": described["counts"]},
        fields={**whole, "description": described["fields"]},
        severities={
            "type": "object",
            "properties": dict.fromkeys(SEVERITIES, whole),
            "additionalProperties": False,
            "description": described["severities"],
        },
        changes={**listed(change), "description": described["changes"]},
        versions={
            **listed(closed(urn=text, schema=text, metadata=text, before={"type": ["string", "null"]})),
            "description": described["versions"],
        },
        events={**listed(event), "description": described["events"]},
        gate=gate,
        published={**listed(published), "description": described["published"]},
        coverage={**listed(covered), "description": described["coverage"]},
        not_captured={
            **listed({"type": "array", "prefixItems": [text, text, whole], "minItems": 3, "maxItems": 3}),
            "description": described["not_captured"],
        },
        warnings=listed(notice),
        failures=listed(notice),
        timings=listed(timing),
        reports={**listed(text), "description": described["reports"]},
        snapshot={**text, "description": described["snapshot"]},
    )
    whole_schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The result of a Lumos run",
        "description": "What `lumos run --json` prints and the reporter `json` writes.",
        **schema,
        "$defs": parts,
    }
    return json.dumps(whole_schema, indent=2, ensure_ascii=False) + "\n"


def attributes_of(value: type) -> Iterator[tuple[str, str]]:
    """Return (attribute, text) of what a docstring says of its attributes."""
    doc = inspect.cleandoc(value.__doc__ or "").partition("Attributes:\n")[2]
    for item in re.split(r"\n(?=\S)", inspect.cleandoc(doc)):
        names, _, text = item.partition(":")
        for name in names.split(","):
            yield name.strip(), " ".join(text.split())
