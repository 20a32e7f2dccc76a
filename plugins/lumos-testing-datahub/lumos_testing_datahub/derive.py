"""Derive `registry.json` from the schemas that an installed `acryl-datahub` ships, or check that it is still equal.

    python -m lumos_testing_datahub.derive           # writes registry.json anew
    python -m lumos_testing_datahub.derive --check   # ends with 1 when it would differ

The SDK's avro schemas are what DataHub's build makes of its own models. Kept of them is what decides whether a
proposal is valid: entities with their aspects and key fields; aspects; records with fields, types and whether they may
be absent; enums; which strings are URNs, of which entities; relationships. Documentation and annotations of the search
are not kept.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("registry.json")
_AVRO, _WIRE = "com.linkedin.pegasus2avro.", "com.linkedin."
_PRIMITIVES = ("string", "int", "long", "float", "double", "boolean", "bytes", "null")
_TYPED = {
    "CorpuserUrn": "corpuser",
    "CorpGroupUrn": "corpGroup",
    "MLModelUrn": "mlModel",
    "MLFeatureUrn": "mlFeature",
    "DatasetFieldUrn": "datasetField",
}


class Deriver:
    """Walks avro schemas and keeps what it finds.

    Attributes:
        types: Compact schemas by full name.
        aspects: Aspects by name.
        entities: Entity types by name.
    """

    def __init__(self) -> None:
        self.types: dict[str, Any] = {}
        self.aspects: dict[str, Any] = {}
        self.entities: dict[str, Any] = {}

    def walk(self, schema: Any, namespace: str = "") -> Any:
        """Return the compact form of a schema: a name of a primitive, or a list of its kind and parts."""
        if isinstance(schema, str):
            if schema in _PRIMITIVES:
                return schema
            return ["ref", _wire(schema if "." in schema else f"{namespace}.{schema}")]
        if isinstance(schema, list):
            members = [member for member in schema if member != "null"]
            if len(members) == 1 and len(schema) == 2:  # optional; without null it is a union of one member
                return self.walk(members[0], namespace)
            walked = [self.walk(member, namespace) for member in members]
            return ["union", {(part if isinstance(part, str) else part[1]): part for part in walked}]
        kind = schema["type"]
        if kind == "array":
            return ["array", self.walk(schema["items"], namespace)]
        if kind == "map":
            return ["map", self.walk(schema["values"], namespace)]
        if kind == "record":
            return self._record(schema, namespace)
        if kind == "enum":
            name = _wire(f"{schema.get('namespace') or namespace}.{schema['name']}")
            self.types[name] = ["enum", schema["symbols"]]
            return ["ref", name]
        if kind == "fixed":
            return "bytes"
        return self.walk(kind, namespace)

    def _record(self, schema: Any, namespace: str) -> Any:
        namespace = schema.get("namespace") or namespace
        name = _wire(f"{namespace}.{schema['name']}")
        self.types[name] = None  # may refer to itself
        fields: dict[str, Any] = {}
        for field in schema["fields"]:
            part = self.walk(field["type"], namespace)
            if "Urn" in field:
                part = _as_urn(part, field)
            may_be_absent = "default" in field or (isinstance(field["type"], list) and "null" in field["type"])
            fields[field["name"]] = [part, 0 if may_be_absent else 1]
            marks: dict[str, Any] = {}
            if (field.get("UrnValidation") or {}).get("exist"):
                marks["exists"] = True
            if "Relationship" in field:
                marks["to"] = _relationships(field["Relationship"])
            if marks:
                fields[field["name"]].append(marks)
        discriminated = fields.pop("fieldDiscriminator", None)
        self.types[name] = ["one_of" if discriminated else "record", fields]
        if "Aspect" in schema:
            self._aspect(schema["Aspect"], name, fields)
        return ["ref", name]

    def _aspect(self, aspect: Any, name: str, fields: dict[str, Any]) -> None:
        self.aspects[aspect["name"]] = {"type": name, "timeseries": aspect.get("type") == "timeseries"}
        if "schemaVersion" in aspect:
            self.aspects[aspect["name"]]["schema_version"] = aspect["schemaVersion"]
        if "keyForEntity" in aspect:
            self.entities[aspect["keyForEntity"]] = {
                "key": aspect["name"],
                "parts": list(fields),
                "aspects": sorted({aspect["name"], *aspect["entityAspects"]}),
            }


def _wire(name: str) -> str:
    """The name that a type has in JSON."""
    return _WIRE + name[len(_AVRO) :] if name.startswith(_AVRO) else name


def _as_urn(part: Any, field: Any) -> Any:
    """Put the kind `urn`, with the entities that it may name, in place of the string in a type."""
    if isinstance(part, list) and part[0] in ("array", "map"):
        return [part[0], _as_urn(part[1], field)]
    if part != "string":
        return part
    allowed = set((field.get("UrnValidation") or {}).get("entityTypes") or [])
    typed = field["Urn"]
    if not allowed and typed != "Urn":
        allowed = {_TYPED.get(typed) or typed[0].lower() + typed[1:-3]}
    return ["urn", sorted(allowed)]


def _relationships(annotation: dict[str, Any]) -> list[Any]:
    """Path below the field, name, entity types of the destination, and `up` or `down` where it is lineage."""
    paths = {"": annotation} if "name" in annotation else annotation
    found = []
    for path, spec in paths.items():
        direction = ("up" if spec.get("isUpstream", True) else "down") if spec.get("isLineage") else ""
        found.append([path, spec["name"], sorted(spec["entityTypes"]), direction])
    return found


def derive() -> dict[str, Any]:
    """Read the schemas of the installed SDK, without importing it.

    Raises:
        ModuleNotFoundError: `acryl-datahub` is not installed.
    """
    spec = importlib.util.find_spec("datahub")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("acryl-datahub is not installed: pip install 'acryl-datahub[datahub-rest]'")
    path = Path(next(iter(spec.submodule_search_locations)), "metadata", "schema.avsc")
    deriver = Deriver()
    for schema in json.loads(path.read_text(encoding="utf-8")):
        if isinstance(schema, dict):
            deriver.walk(schema)
    for entity in deriver.entities.values():  # the SDK lists aspects that it has no schema of
        entity["aspects"] = [name for name in entity["aspects"] if name in deriver.aspects]
    used = _reachable(deriver)
    return {
        "source": f"acryl-datahub {importlib.metadata.version('acryl-datahub')}",
        "license": "Apache-2.0; derived from the schemas of acryl-datahub, see NOTICE",
        "entities": dict(sorted(deriver.entities.items())),
        "aspects": dict(sorted(deriver.aspects.items())),
        "types": {name: deriver.types[name] for name in sorted(used)},
    }


def _reachable(deriver: Deriver) -> set[str]:
    """Names of the types that an aspect uses, and those of a proposal and its system metadata."""
    roots = [aspect["type"] for aspect in deriver.aspects.values()]
    waiting = [*roots, "com.linkedin.mxe.MetadataChangeProposal", "com.linkedin.mxe.SystemMetadata"]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        pending = [deriver.types[name][1]]
        while pending:
            part = pending.pop()
            if isinstance(part, dict):
                pending += part.values()
            elif isinstance(part, list):
                if len(part) == 2 and part[0] == "ref":
                    waiting.append(part[1])
                else:
                    pending += part
    return found


def text(registry: dict[str, Any]) -> str:
    """The file's text: one line for each entity, aspect and type, so that a new version is reviewed line by line."""
    lines = ["{", f' "source": {json.dumps(registry["source"])},', f' "license": {json.dumps(registry["license"])},']
    for part in ("entities", "aspects", "types"):
        items = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in registry[part].items()]
        lines += [f' "{part}": {{', ",\n".join(items), " }" if part == "types" else " },"]
    return "\n".join([*lines, "}", ""])


def main(arguments: list[str] | None = None) -> int:
    """Write or check; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lumos_testing_datahub.derive", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, ignoring the version of the SDK")
    given = parser.parse_args(arguments)
    derived = derive()
    if not given.check:
        TARGET.write_text(text(derived), encoding="utf-8")
        print(f"{TARGET}: {derived['source']}")
        return 0
    kept = json.loads(TARGET.read_text(encoding="utf-8"))
    differing = [
        f"{part} {name}"
        for part in ("entities", "aspects", "types")
        for name in sorted({*kept[part], *derived[part]})
        if kept[part].get(name) != derived[part].get(name)
    ]
    print("\n".join(differing) or f"equal: {kept['source']}, installed {derived['source']}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
