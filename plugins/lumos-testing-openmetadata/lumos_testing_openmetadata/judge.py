"""Run by the interpreter of the vendor's environment: reads `[what, value]` lines, prints what does not parse, as JSON.

It imports nothing of this distribution, which that environment need not have.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

ROOT = "metadata.generated.schema"
ENTITIES = {
    **{f"{word}Service": f"entity.services.{word}Service" for word in ("database", "storage", "messaging", "pipeline")},
    **{f"{word}Service": f"entity.services.{word}Service" for word in ("dashboard", "search", "metadata", "api")},
    "mlmodelService": "entity.services.mlmodelService:MlModelService",
    **{word: f"entity.data.{word}" for word in ("database", "databaseSchema", "table", "storedProcedure", "container")},
    **{word: f"entity.data.{word}" for word in ("topic", "pipeline", "dashboard", "chart", "dashboardDataModel")},
    **{word: f"entity.data.{word}" for word in ("searchIndex", "metric", "query", "glossary", "glossaryTerm")},
    "mlmodel": "entity.data.mlmodel:MlModel",
    "apiCollection": "entity.data.apiCollection:APICollection",
    "apiEndpoint": "entity.data.apiEndpoint:APIEndpoint",
    **{word: f"entity.classification.{word}" for word in ("classification", "tag")},
    **{word: f"entity.teams.{word}" for word in ("user", "team", "role", "persona")},
    "policy": "entity.policies.policy",
    **{word: f"entity.domains.{word}" for word in ("domain", "dataProduct")},
    **{word: f"tests.{word}" for word in ("testDefinition", "testSuite", "testCase")},
    "bot": "entity.bot",
    "type": "entity.type",
    "testConnectionDefinition": "entity.services.connections.testConnectionDefinition",
}
CREATES = {
    **{name: "services" for name in ENTITIES if name.endswith("Service")},
    **{name: "data" for name, where in ENTITIES.items() if where.startswith("entity.data.")},
    **dict.fromkeys(("classification", "tag"), "classification"),
    **dict.fromkeys(("user", "team", "role", "persona"), "teams"),
    **dict.fromkeys(("policy",), "policies"),
    **dict.fromkeys(("domain", "dataProduct"), "domains"),
    **dict.fromkeys(("testDefinition", "testSuite", "testCase"), "tests"),
}
SPELLINGS = {
    "mlmodel": "MlModel",
    "mlmodelService": "MlModelService",
    "apiCollection": "APICollection",
    "apiEndpoint": "APIEndpoint",
}
OTHERS = {
    "lineage": "api.lineage.addLineage:AddLineageRequest",
    "tableProfile": "api.data.createTableProfile:CreateTableProfileRequest",
    "customProperty": "api.data.createCustomProperty:CreateCustomPropertyRequest",
    "testCaseResult": "tests.basic:TestCaseResult",
    "pipelineStatus": "entity.data.pipeline:PipelineStatus",
    "entityLineage": "type.entityLineage:EntityLineage",
    "bulkResult": "type.bulkOperationResult:BulkOperationResult",
    "changeDescription": "type.entityHistory:ChangeDescription",
}
UNCHECKED = ("restore", "login", "deleteStale")


def path(what: str) -> str:
    """Where the model for a record is."""
    if what in OTHERS:
        return OTHERS[what]
    verb, _, name = what.rpartition(" ")
    spelled = SPELLINGS.get(name, name[:1].upper() + name[1:])
    if verb:
        return f"api.{CREATES[name]}.create{spelled}:Create{spelled}Request"
    module, _, model = ENTITIES[name].partition(":")
    return f"{module}:{model or spelled}"


def model(what: str, cache: dict[str, Any]) -> Any:
    """The model for a record; None when this version of the vendor's package has none."""
    if what not in cache:
        module, _, name = path(what).partition(":")
        try:
            cache[what] = getattr(importlib.import_module(f"{ROOT}.{module}"), name)
        except (ModuleNotFoundError, AttributeError):
            cache[what] = None
    return cache[what]


def main() -> None:
    """Judge all lines."""
    importlib.import_module(ROOT)  # where it is missing, nothing would be judged
    cache: dict[str, Any] = {}
    wrong: list[str] = []
    unjudged: set[str] = set()
    judged = 0
    for line in sys.stdin.buffer:
        what, value = json.loads(line)
        if what in UNCHECKED:
            continue
        bulk = what.startswith("bulk ")
        for item in value if bulk else [value]:
            found = model(f"create {what[5:]}" if bulk else what, cache)
            if found is None:
                unjudged.add(what)
                continue
            judged += 1
            try:
                found.model_validate(item)
            except Exception as error:
                wrong.append(f"{what} {item.get('fullyQualifiedName') or item.get('name')}: {error}")
    print(json.dumps({"judged": judged, "complaints": wrong, "unjudged": sorted(unjudged)}))


if __name__ == "__main__":
    main()
