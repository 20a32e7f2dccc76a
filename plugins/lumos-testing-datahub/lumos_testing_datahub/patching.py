"""JSON patches as GMS applies them: arrays are addressed by the values of key fields, not by position.

A path like `/tags/urn:li:tag:a` names the element of `tags` whose `tag` it is. The key fields come with the patch
(`arrayPrimaryKeys`; `␟` separates the names of nested fields), or are those of the server's own templates. Fewer
values than fields name all elements that fit; `*` fits any value. `add` replaces, `remove` of nothing is no error.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

SEPARATOR = "␟"
ANY = "*"

KEYS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "globalTags": {"tags": ["tag"]},
    "glossaryTerms": {"terms": ["urn"]},
    "ownership": {"owners": ["owner", "type"]},
    "upstreamLineage": {"upstreams": ["dataset"]},
    "dataJobInputOutput": {
        "inputDatasetEdges": ["destinationUrn"],
        "outputDatasetEdges": ["destinationUrn"],
        "inputDatajobEdges": ["destinationUrn"],
        "inputDatasetFields": [""],
        "outputDatasetFields": [""],
    },
    "structuredProperties": {"properties": ["propertyUrn"]},
    "editableSchemaMetadata": {"editableSchemaFieldInfo": ["fieldPath"], "tags": ["tag"], "terms": ["urn"]},
    "dashboardInfo": {
        "chartEdges": ["destinationUrn"],
        "datasetEdges": ["destinationUrn"],
        "dashboards": ["destinationUrn"],
        "charts": [""],
        "datasets": [""],
    },
    "chartInfo": {"inputEdges": ["destinationUrn"]},
    "dataProductProperties": {"assets": ["destinationUrn"]},
    "domains": {"domains": [""], "domainAssociations": ["domain"]},
    "institutionalMemory": {"elements": ["url"]},
    "siblings": {"siblings": [""]},
    "documentation": {"documentations": [f"attribution{SEPARATOR}source"]},
    "propertyDefinition": {"entityTypes": [""], "allowedValues": [f"value{SEPARATOR}string"]},
    "formInfo": {"prompts": ["id"]},
}
"""Key fields of arrays by aspect and array, of the server's templates; "" is the element itself."""

_STAMP = {"time": 0, "actor": "urn:li:corpuser:unknown"}
EMPTY: Mapping[str, Mapping[str, Any]] = {
    "glossaryTerms": {"terms": [], "auditStamp": _STAMP},
    "globalTags": {"tags": []},
    "ownership": {"owners": []},
    "upstreamLineage": {"upstreams": []},
    "dataJobInputOutput": {"inputDatasets": [], "outputDatasets": []},
    "structuredProperties": {"properties": []},
    "editableSchemaMetadata": {"editableSchemaFieldInfo": []},
    "institutionalMemory": {"elements": []},
    "documentation": {"documentations": []},
    "domains": {"domains": []},
    "siblings": {"siblings": [], "primary": False},
}
"""What a patch of an absent aspect starts from, where an empty object does not do."""


class BadPatch(ValueError):
    """A patch cannot be applied; the message says why."""


def apply(aspect: str, value: Any, patch: Any) -> Any:
    """Return what a patch makes of a value.

    Args:
        aspect: Name of the aspect.
        value: Its present value; None for an absent one. Not changed.
        patch: A list of operations, or an object with `patch` and `arrayPrimaryKeys`.

    Raises:
        BadPatch: It is malformed, or names what is not there.
    """
    keys: dict[str, Sequence[str]] = dict(KEYS.get(aspect, {}))
    operations = patch
    if isinstance(patch, dict):
        operations = patch.get("patch")
        keys.update(patch.get("arrayPrimaryKeys") or {})
    if not isinstance(operations, list):
        raise BadPatch("Missing `patch` field.")
    result = copy.deepcopy(value if value is not None else dict(EMPTY.get(aspect, {})))
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise BadPatch(f"not an operation: {operation!r}")
        kind, path = operation.get("op"), operation["path"]
        if kind not in ("add", "replace", "remove", "test"):
            raise BadPatch(f"The patch operation '{kind}' is not one of add, remove, replace, test")
        if not path.startswith("/"):
            raise BadPatch(f"The JSON pointer '{path}' does not start with '/'")
        steps = [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
        if steps[0] == "fineGrainedLineages" and len(steps) > 1:
            _fine_grained(result, kind, steps[1:], operation.get("value"))
        else:
            _operate(result, kind, steps, operation.get("value"), keys)
    return result


def _operate(value: Any, kind: str, steps: list[str], new: Any, keys: Mapping[str, Sequence[str]]) -> None:
    name, rest = steps[0], steps[1:]
    if not isinstance(value, dict):
        raise BadPatch(f"The path '/{'/'.join(steps)}' leads through what is no object")
    if not rest:
        _member(value, kind, name, new)
        return
    fields = keys.get(name)
    if fields is None:
        if name not in value:
            if kind == "remove":
                return
            value[name] = {}
        _operate(value[name], kind, rest, new, keys)
        return
    elements = value.setdefault(name, [])
    wanted, inside = rest[: len(fields)], rest[len(fields) :]
    found = [at for at, element in enumerate(elements) if _fits(element, fields, wanted)]
    if inside:
        if not found:
            if kind == "remove":
                return
            elements.append(_made(fields, wanted))
            found = [len(elements) - 1]
        for at in found:
            _operate(elements[at], kind, inside, new, keys)
    elif kind == "remove":
        value[name] = [element for at, element in enumerate(elements) if at not in found]
    elif kind == "test":
        if not found or any(elements[at] != new for at in found):
            raise BadPatch(f"The value of '/{'/'.join(steps)}' is not the one to be tested")
    elif found:
        elements[found[0]] = new
    elif kind == "replace":
        raise BadPatch(f"Non-existing name/value pair in the object for key {'/'.join(wanted)}")
    else:
        elements.append(new)


def _member(value: dict[str, Any], kind: str, name: str, new: Any) -> None:
    if kind == "remove":
        value.pop(name, None)
    elif kind == "test":
        if value.get(name) != new:
            raise BadPatch(f"The value of '/{name}' is not the one to be tested")
    elif kind == "replace" and name not in value:
        raise BadPatch(f"Non-existing name/value pair in the object for key {name}")
    else:
        value[name] = new


def _fits(element: Any, fields: Sequence[str], wanted: Sequence[str]) -> bool:
    # Fewer values than fields: the rest may be anything.
    return all(given in (ANY, _value(element, field)) for field, given in zip(fields, wanted, strict=False))


def _value(element: Any, field: str) -> str:
    """The value of a key field, as a step of a path spells it; "" when it is absent."""
    if field == "":
        return str(element)
    for name in field.split(SEPARATOR):
        element = element.get(name) if isinstance(element, dict) else None
    return "" if element is None else str(element)


def _made(fields: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
    element: dict[str, Any] = {}
    for field, given in zip(fields, wanted, strict=False):
        *outer, last = field.split(SEPARATOR)
        inner = element
        for name in outer:
            inner = inner.setdefault(name, {})
        if given not in ("", ANY):
            inner[last] = given
    return element


def _fine_grained(value: dict[str, Any], kind: str, steps: list[str], new: Any) -> None:
    """`/fineGrainedLineages/OPERATION/DOWNSTREAM/QUERY/UPSTREAM`: one element for each of the first three."""
    if len(steps) != 4 or kind not in ("add", "remove"):
        raise BadPatch("fineGrainedLineages takes add and remove of OPERATION/DOWNSTREAM/QUERY/UPSTREAM")
    operation, downstream, query, upstream = steps
    lineages = value.setdefault("fineGrainedLineages", [])
    for lineage in lineages:
        if (
            lineage.get("transformOperation", "NONE") == operation
            and lineage.get("downstreams") == [downstream]
            and lineage.get("query", "NONE") == query
        ):
            break
    else:
        if kind == "remove":
            return
        lineage = {"upstreamType": "FIELD_SET", "downstreamType": "FIELD", "upstreams": [], "confidenceScore": 1.0}
        lineage["downstreams"] = [downstream]
        if operation != "NONE":
            lineage["transformOperation"] = operation
        if query != "NONE":
            lineage["query"] = query
        lineages.append(lineage)
    upstreams = [found for found in lineage.get("upstreams", []) if found != upstream]
    if kind == "add":
        upstreams.append(upstream)
        lineage["confidenceScore"] = (new or {}).get("confidenceScore", 1.0)
    lineage["upstreams"] = upstreams
    if not upstreams:
        lineages.remove(lineage)
