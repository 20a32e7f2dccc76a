"""The few questions of GraphQL that the SDK and its CLI ask; anything else is an error that says so.

There is no GraphQL engine here: a question is known by its root field, and answered in the one shape that is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lumos_core.testing.servers.http import Request, route

from . import search
from .proposals import Rejected
from .service import Service, as_json

_ROOT = re.compile(r"^[^{]*\{\s*(?:\w+\s*:\s*)?(\w+)")
_ARGUMENT = re.compile(r'(\w+)\s*:\s*"((?:[^"\\]|\\.)*)"')
_SPECIAL = {
    "corpuser": "CORP_USER",
    "mlModel": "MLMODEL",
    "mlModelGroup": "MLMODEL_GROUP",
    "mlFeature": "MLFEATURE",
    "mlFeatureTable": "MLFEATURE_TABLE",
    "mlPrimaryKey": "MLPRIMARY_KEY",
}
_SEARCH_FLAGS = ("skipCache", "skipHighlighting", "skipAggregates", "includeSoftDeleted", "fulltext")


class GraphQL(Service):
    """The route of GraphQL."""

    @route("POST", "/api/graphql")
    @route("POST", "/api/v2/graphql")
    def graphql(self, request: Request) -> Any:
        """Answer a question."""
        body = as_json(request, dict)
        query, variables = str(body.get("query", "")), body.get("variables") or {}
        found = _ROOT.search(query)
        name = found[1] if found else ""
        answers: dict[str, Callable[[str, dict[str, Any]], Any]] = {
            "scrollAcrossEntities": self._scroll_graphql,
            "__type": _type,
            "createTag": self._create_tag,
            "removeTag": self._remove_tag,
        }
        if name not in answers:
            why = f"Validation error (FieldUndefined@[{name}]) : this fake answers {', '.join(sorted(answers))} only"
            return {"errors": [{"message": why}], "data": None}
        try:
            return {"data": {name: answers[name](query, variables)}}
        except (Rejected, search.BadQuery) as error:
            return {"errors": [{"message": str(error), "path": [name]}], "data": None}

    def _scroll_graphql(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        types = variables.get("types")
        filters = variables.get("orFilters")
        page = search.scroll(
            self.store,
            types=None if types is None else [self._entity_type(name) for name in types],
            query=variables.get("query", "*"),
            filters=None if filters is None else [part["and"] for part in filters],
            removed=variables.get("includeSoftDeleted") is not False,
            count=variables.get("batchSize", 10),
            scroll_id=variables.get("scrollId"),
        )
        results = []
        for urn in page.urns:
            entity: dict[str, Any] = {"urn": urn}
            if "schemaMetadata" in query:
                entity["schemaMetadata"] = self._schema(urn)
            results.append({"entity": entity, "extraProperties": []})
        return {"nextScrollId": page.scroll_id, "searchResults": results}

    def _schema(self, urn: str) -> Any:
        held = self.store.entities.get(urn)
        value = held.value("schemaMetadata") if held else None
        if value is None:
            return None
        keys = ("fieldPath", "nativeDataType")
        return {"fields": [{key: field[key] for key in keys} for field in value["fields"]]}

    def _entity_type(self, shown: str) -> str:
        for name in self.registry.entities:
            if _shown(name) == shown:
                return name
        raise Rejected("argument", f"Invalid input for enum 'EntityType'. No value found for name '{shown}'")

    def _create_tag(self, query: str, variables: dict[str, Any]) -> str:
        given: dict[str, Any] = next(iter(variables.values()), {})
        urn = f"urn:li:tag:{given.get('id') or given.get('name')}"
        if self.store.exists(urn):
            raise Rejected("argument", "This Tag already exists!")
        value = {"name": given.get("name"), **{key: given[key] for key in ("description",) if given.get(key)}}
        self.engine.commit([self.engine.propose(urn, "tagProperties", "UPSERT", value)])
        return urn

    def _remove_tag(self, query: str, variables: dict[str, Any]) -> bool:
        given = {**dict(_ARGUMENT.findall(query)), **next(iter(variables.values()), {})}
        patch = [{"op": "remove", "path": "/tags/" + given["tagUrn"].replace("~", "~0").replace("/", "~1")}]
        self.engine.commit([self.engine.propose(given["resourceUrn"], "globalTags", "PATCH", patch)])
        return True


def _type(query: str, variables: dict[str, Any]) -> Any:
    if variables.get("name") != "SearchFlags":
        return None
    return {"inputFields": [{"name": name} for name in _SEARCH_FLAGS]}


def _shown(entity: str) -> str:
    """The name of an entity type in the enum `EntityType`."""
    if entity in _SPECIAL:
        return _SPECIAL[entity]
    return re.sub(r"([A-Z])", r"_\1", entity).upper().removeprefix("DATA_HUB_")
