"""What only some things have: code, people's data, definitions of properties, assertions and contracts."""

from __future__ import annotations

from typing import Any

from lumos_core.plugin_api import (
    Assertion,
    Asset,
    Code,
    Contract,
    Dataset,
    Entity,
    Group,
    Job,
    Native,
    Property,
    User,
    urns,
)

from .. import names as identity
from ..escaping import name_of
from ..native import Draft, View

_VALUE_TYPES = {"string": "string", "number": "decimal", "date": "date", "urn": "ref", "rich_text": "markdown"}
_NATIVE_VALUE_TYPES = {ours: f"urn:li:dataType:datahub.{native}" for native, ours in _VALUE_TYPES.items()}
_NUMBERS = ("int", "uint", "float", "decimal", "double")
_APPLIES = (
    "dataset",
    "schemaField",
    "container",
    "dataFlow",
    "dataJob",
    "chart",
    "dashboard",
    "mlModel",
    "mlModelGroup",
    "mlFeature",
    "mlFeatureTable",
    "mlPrimaryKey",
    "application",
    "glossaryNode",
    "glossaryTerm",
    "domain",
    "dataProduct",
    "corpuser",
    "corpGroup",
)
_CHART_QUERIES = frozenset(("LOOKML", "SQL"))
_CUSTOM = "CUSTOM"
_TABULAR = (Dataset, Job, Asset)


def read(view: View, value: Entity) -> None:
    """Read what only some things have."""
    if isinstance(value, _TABULAR):
        value.code = _code(view)
    elif isinstance(value, User):
        value.email, value.title = view.info.get("email"), view.info.get("title")
        value.active = view.info.get("active")
    elif isinstance(value, Group):
        value.email = view.info.get("email")
        if view.entity == "role":
            value.subtype = view.info.get("type") or None
    elif isinstance(value, Property):
        _read_property(view, value)
    elif isinstance(value, Assertion):
        _read_assertion(view, value)
    elif isinstance(value, Contract):
        _read_contract(view, value)


def write(value: Entity, draft: Draft) -> None:
    """Write what only some things have."""
    if isinstance(value, _TABULAR):
        _write_code(value, draft)
    elif isinstance(value, User):
        _members(draft, email=value.email, title=value.title, active=value.active)
    elif isinstance(value, Group):
        role = draft.entity == "role"
        _members(draft, type=value.subtype) if role else _members(draft, email=value.email)
    elif isinstance(value, Property):
        _write_property(value, draft)
    elif isinstance(value, Assertion):
        _write_assertion(value, draft)
    elif isinstance(value, Contract):
        _write_contract(value, draft)


def _members(draft: Draft, **members: Any) -> None:
    draft.info.update({name: held for name, held in members.items() if held is not None})


def _code(view: View) -> list[Code]:
    shown = view.aspect("viewProperties")
    if shown:
        return [Code(role="definition", language=shown["viewLanguage"].lower() or None, text=shown["viewLogic"])]
    if query := view.aspect("chartQuery"):
        return [Code(role="query", language=query["type"].lower(), text=query["rawQuery"])]
    if view.entity == "query":
        statement = view.info.get("statement") or {}
        text = statement.get("value")
        return [Code(role="statement", language=_language(statement), text=text)] if text else []
    found = [held.get("queryStatement") or {} for held in view.aspect("dataTransformLogic").get("transforms", ())]
    return [Code(role="definition", language=_language(held), text=held.get("value", "")) for held in found]


def _language(statement: Any) -> str | None:
    return "sql" if statement.get("language", "SQL") == "SQL" else None


def _statement(code: Code) -> dict[str, str]:
    return {"value": code.text, "language": "SQL" if code.language == "sql" else "UNKNOWN"}


def _write_code(value: Dataset | Job | Asset, draft: Draft) -> None:
    codes, entity = value.code, draft.entity
    if not codes:
        return
    first = codes[0]
    if entity == "dataset" and draft.has("viewProperties"):
        draft.aspects["viewProperties"] = {
            "materialized": value.subtype == "materialized_view",
            "viewLogic": first.text,
            "viewLanguage": (first.language or "").upper(),
        }
    elif entity == "chart" and (first.language or "").upper() in _CHART_QUERIES and draft.has("chartQuery"):
        draft.aspects["chartQuery"] = {"rawQuery": first.text, "type": (first.language or "").upper()}
    elif entity == "query":
        draft.info["statement"] = _statement(first)
    elif entity == "dataJob" and draft.has("dataTransformLogic"):
        draft.aspects["dataTransformLogic"] = {"transforms": [{"queryStatement": _statement(code)} for code in codes]}


def _read_property(view: View, value: Property) -> None:
    info = view.info
    if not info:
        return
    name = info["valueType"].rpartition(".")[2]
    value.type = _VALUE_TYPES.get(name, name)
    if info.get("cardinality") == "MULTIPLE":  # SINGLE is what DataHub takes for granted
        value.multiple = True
    allowed = [held.get("value", {}) for held in info.get("allowedValues", ())]
    value.allowed = [held["string"] for held in allowed if "string" in held]
    applies = [urn.rpartition(".")[2] for urn in info.get("entityTypes", ())]
    if tuple(applies) != _APPLIES:
        value.applies_to = [identity.TYPES.get(entity, entity) for entity in applies]


def _write_property(value: Property, draft: Draft) -> None:
    info = draft.info
    type_ = value.type or "string"
    known = _NATIVE_VALUE_TYPES.get(type_)
    number = "urn:li:dataType:datahub.number" if type_.startswith(_NUMBERS) else "urn:li:dataType:datahub.string"
    info["qualifiedName"] = name_of(identity.split(draft.urn).parts[0])
    info["valueType"] = known or number
    if value.multiple is not None:
        info["cardinality"] = "MULTIPLE" if value.multiple else "SINGLE"
    if value.allowed:
        info["allowedValues"] = [{"value": {"string": text}} for text in value.allowed]
    wanted = [identity.ENTITIES.get(name, name) for name in value.applies_to]
    applies = [entity for entity in dict.fromkeys(wanted) if entity in _APPLIES] or _APPLIES
    info["entityTypes"] = [f"urn:li:entityType:datahub.{entity}" for entity in applies]


def _read_assertion(view: View, value: Assertion) -> None:
    info = view.info
    kind = info.get("type", _CUSTOM)
    inner = next((held for name, held in info.items() if name.endswith("Assertion") and isinstance(held, dict)), {})
    if kind != _CUSTOM:
        value.subtype = kind.lower()
    native = next(iter(inner.get("fields") or ()), None) or inner.get("field") or inner.get("entity")
    value.about = view.ref(native or inner.get("dataset") or info.get("entityUrn"))
    if kind == _CUSTOM and inner:
        value.metric = inner.get("type") or None
        value.operator = inner.get("nativeType")
        value.arguments = list(inner.get("nativeParameters", {}).items())
        if inner.get("logic"):
            value.code = [Code(text=inner["logic"])]


def _write_assertion(value: Assertion, draft: Draft) -> None:
    info = draft.info
    subtype = (value.subtype or "").upper()
    info["type"] = subtype if subtype in ("DATASET", "FRESHNESS", "VOLUME", "SQL", "FIELD", "DATA_SCHEMA") else _CUSTOM
    host = draft.native(urns.host(value.about)) if value.about else None
    if host is not None:
        info["entityUrn"] = host
    if info["type"] != _CUSTOM or host is None or identity.entity_of(host) != "dataset":
        return
    inner: dict[str, Any] = {"type": value.metric or "", "entity": host}
    if "#" in (value.about or "") and (native := draft.native(value.about, "schemaField")):
        inner["fields"] = [native]
    if value.operator is not None:
        inner["nativeType"] = value.operator
    if value.arguments:
        inner["nativeParameters"] = dict(value.arguments)
    if value.code and value.code[0].text:
        inner["logic"] = value.code[0].text
    info["customAssertion"] = inner


def _read_contract(view: View, value: Contract) -> None:
    info = view.info
    value.about = view.ref(info.get("entity"))
    value.assertions = view.refs([held.get("assertion") for held in info.get("dataQuality", ())])
    if text := info.get("rawContract"):
        value.native = Native(format="yaml", text=text)


def _write_contract(value: Contract, draft: Draft) -> None:
    host = draft.native(urns.host(value.about), "dataset") if value.about else None
    if host is None:
        return
    info = draft.info
    info["entity"] = host
    if found := draft.natives(value.assertions, "assertion"):
        info["dataQuality"] = [{"assertion": urn} for urn in found]
    if value.native is not None:
        info["rawContract"] = value.native.text
