"""The JSON Schema of the pipeline file, with the options of every installed plugin, for editors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

from ..contracts.component import COMPONENT_KINDS, ComponentKind
from ..contracts.watch import WatchConfig
from ..environments.environment import NAME
from ..errors import LumosError
from ..loading.registry import Registry
from ..loading.targets import kind_words
from .pipeline import PipelineFile
from .watched import KEY

MARK = "x-lumos-component"
_REFERENCE = {"type": "string", "pattern": r"\$\{"}
_WIDENED = {"integer", "number", "boolean"}

# A component that runs in another environment: its plugin, and so its options, need not be known here.
_ELSEWHERE = {
    "type": "object",
    "required": ["type", "environment"],
    "properties": {
        "type": {"type": "string", "description": "Its type, as its plugin calls it there."},
        "name": {"type": "string", "description": "A label; the type by default."},
        "environment": {
            "anyOf": [{"type": "string", "pattern": NAME}, _REFERENCE],
            "description": "The environment that it runs in, by its name in `environments`.",
        },
    },
}


class _Generator(GenerateJsonSchema):
    """Leaves out defaults that are no JSON (a component as the default of a field), without a warning."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}


def pipeline_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the whole pipeline file.

    Every component is told apart by its `type`; `${VAR}` is allowed wherever a value is. A plugin that cannot be
    loaded is left out.
    """
    registry = Registry.load()
    definitions: dict[str, Any] = {}
    root = _of_model(PipelineFile, "file", definitions)
    root["properties"]["extends"] = {"type": "string", "description": "A file to start from; this one's keys win."}
    definitions[KEY] = _of_model(WatchConfig, KEY, definitions)
    for kind in COMPONENT_KINDS:
        definitions[kind] = _of_kind(registry, kind, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "title": "Lumos pipeline",
        # What is not said here may be said by the file that it extends.
        "required": [],
        "anyOf": [{"required": ["sources"]}, {"required": ["extends"]}],
        "$defs": dict(sorted(definitions.items())),
    }


def config_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of one component's options, by itself; nested components are left open."""
    definitions: dict[str, Any] = {}
    schema = _or_open(model, "options", definitions, nested=False)
    return {**schema, "$defs": definitions} if definitions else schema


def _of_kind(registry: Registry, kind: ComponentKind, definitions: dict[str, Any]) -> dict[str, Any]:
    names: list[str] = []
    bare: list[str] = []
    branches: list[dict[str, Any]] = []
    for spelled, summary in _types(registry, kind):
        key = f"{kind}.{spelled[0]}".replace("/", ".").replace(":", ".")
        try:
            _, model = registry.classes(kind, spelled[0])
        except LumosError:
            continue
        schema = _or_open(model, key, definitions)
        properties = {
            "type": {"enum": spelled, "description": summary},
            "name": {"type": "string", "description": "A label; the type by default."},
            **({KEY: {"$ref": f"#/$defs/{KEY}"}} if kind == "source" else {}),
            **schema.get("properties", {}),
        }
        definitions[key] = {**schema, "properties": properties, "required": ["type", *schema.get("required", [])]}
        names += spelled
        if not schema.get("required"):
            bare += spelled
        condition = {"properties": {"type": {"enum": spelled}}, "required": ["type"]}
        branches.append({"if": condition, "then": {"$ref": f"#/$defs/{key}"}})
    # Code that is not packaged (`module:Class`) and `distribution/name` are right as well.
    other = {"type": "string", "pattern": "[:/]"}
    types = {"anyOf": [{"enum": names}, other]} if names else other
    by_mapping: dict[str, Any] = {"type": "object", "required": ["type"], "properties": {"type": types}}
    if branches:
        by_mapping["allOf"] = branches
    # A type alone will do where no option is required.
    by_name = {"anyOf": [{"enum": bare}, other]} if bare else other
    elsewhere = [_ELSEWHERE] if kind in {"source", "catalog"} else []
    return {"anyOf": [by_name, by_mapping, *elsewhere], "description": f"A {kind_words(kind)}."}


def _types(registry: Registry, kind: ComponentKind) -> Iterator[tuple[list[str], str]]:
    """Every component with the spellings of its `type:`; a name that two offer is spelled with its distribution."""
    kinds: tuple[ComponentKind, ...] = ("source", "catalog") if kind == "source" else (kind,)
    for one in kinds:
        offers = registry.components(one)
        often = Counter(found.component.name for found in offers)
        for found in offers:
            name = found.component.name
            spelled = [*([name] if often[name] == 1 else []), f"{found.distribution}/{name}"]
            yield spelled if one == kind else [f"catalog:{item}" for item in spelled], found.component.summary


def _or_open(model: type[BaseModel], key: str, definitions: dict[str, Any], *, nested: bool = True) -> dict[str, Any]:
    try:
        return _of_model(model, key, definitions, nested=nested)
    except Exception:  # a plugin whose options are no JSON: every one is right then
        return {"type": "object"}


def _of_model(model: type[BaseModel], key: str, definitions: dict[str, Any], *, nested: bool = True) -> dict[str, Any]:
    """The schema of a model, its own definitions moved to ours under a name of their own."""
    schema = model.model_json_schema(ref_template=f"#/$defs/{key}.{{model}}", schema_generator=_Generator)
    for name, inner in schema.pop("$defs", {}).items():
        definitions[f"{key}.{name}"] = _adapted(inner, nested)
    adapted: dict[str, Any] = _adapted(schema, nested)
    return adapted


def _adapted(schema: Any, nested: bool) -> Any:
    if isinstance(schema, list):
        return [_adapted(item, nested) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if MARK in schema:
        kind = schema[MARK]
        told = {key: value for key, value in schema.items() if key not in {MARK, "default"}}
        if nested:
            return {"$ref": f"#/$defs/{kind}", **told}
        return {"anyOf": [{"type": "string"}, {"type": "object"}], "description": f"A {kind_words(kind)}.", **told}
    adapted = {key: _adapted_part(key, value, nested) for key, value in schema.items()}
    narrow = adapted.get("type") in _WIDENED or {"enum", "const", "pattern"} & adapted.keys()
    if narrow and (isinstance(adapted.get("type"), str) or "const" in adapted or "enum" in adapted):
        told = {key: adapted.pop(key) for key in ("description", "title", "default") if key in adapted}
        return {"anyOf": [adapted, _REFERENCE], **told}
    return adapted


def _adapted_part(key: str, value: Any, nested: bool) -> Any:
    if key in {"default", "examples", "const", "enum"}:
        return value
    if key == "properties":  # its keys are names of options, `type` among them
        return {name: _adapted(schema, nested) for name, schema in value.items()}
    return _adapted(value, nested)
