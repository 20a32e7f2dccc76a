"""Run by the interpreter that has `openmetadata-ingestion`: tells what the vendor's client reads of every table.

Arguments: the URL and the token. Prints a JSON object as its last line; works in 1.5 and 2.0.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from metadata.generated.schema.entity.data.chart import Chart
from metadata.generated.schema.entity.data.dashboard import Dashboard
from metadata.generated.schema.entity.data.databaseSchema import DatabaseSchema
from metadata.generated.schema.entity.data.glossaryTerm import GlossaryTerm
from metadata.generated.schema.entity.data.pipeline import Pipeline
from metadata.generated.schema.entity.data.table import Table
from metadata.generated.schema.entity.domains.domain import Domain
from metadata.generated.schema.entity.services.connections.metadata.openMetadataConnection import OpenMetadataConnection
from metadata.generated.schema.entity.teams.team import Team
from metadata.generated.schema.entity.teams.user import User
from metadata.generated.schema.security.client.openMetadataJWTClientConfig import OpenMetadataJWTClientConfig
from metadata.ingestion.ometa.ometa_api import OpenMetadata


def plain(value: Any) -> Any:
    """Take a value out of the classes that hold one value."""
    value = getattr(value, "root", value)
    return getattr(value, "value", value)


def listed(value: Any) -> list[Any]:
    """A list, whatever class holds it."""
    return list(plain(value) or [])


def labels(value: Any, source: str) -> list[str]:
    """Names of tags, or of terms."""
    return sorted(plain(one.tagFQN) for one in listed(value) if plain(one.source) == source)


def columns(found: Any, above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every column, nested ones too."""
    for column in listed(found):
        path = above + plain(column.name)
        yield (
            path,
            {
                "display": column.dataTypeDisplay,
                "description": plain(column.description),
                "tags": labels(column.tags, "Classification"),
                "terms": labels(column.tags, "Glossary"),
                "required": plain(column.constraint) in ("NOT_NULL", "PRIMARY_KEY"),
            },
        )
        yield from columns(column.children, f"{path}.")


def main(url: str, token: str) -> None:
    """Read everything."""
    security = OpenMetadataJWTClientConfig(jwtToken=token)
    connection = OpenMetadataConnection(hostPort=f"{url}/api", authProvider="openmetadata", securityConfig=security)
    client: Any = OpenMetadata(connection)
    one = "domains" if "domains" in Table.model_fields else "domain"
    tables: dict[str, Any] = {}
    ids: dict[str, str] = {}
    for listing in client.list_all_entities(Table, fields=["tags"], limit=20):
        fqn = plain(listing.fullyQualifiedName)
        table = client.get_by_name(
            entity=Table, fqn=fqn, fields=["owners", "tags", one, "dataProducts", "extension", "tableConstraints"]
        )
        ids[str(plain(table.id))] = fqn
        held = getattr(table, one)
        domains = [held] if one == "domain" and held else listed(held)
        tables[fqn] = {
            "name": plain(table.name),
            "display": table.displayName,
            "description": plain(table.description),
            "schema": table.databaseSchema.name,
            "database": table.database.name,
            "owners": sorted([owner.type, owner.name] for owner in listed(table.owners)),
            "tags": labels(table.tags, "Classification"),
            "terms": labels(table.tags, "Glossary"),
            "domains": sorted(domain.fullyQualifiedName for domain in domains),
            "products": sorted(product.name for product in listed(table.dataProducts)),
            "columns": dict(columns(table.columns)),
            "keys": sorted([plain(key.constraintType), key.columns] for key in table.tableConstraints or []),
        }
    for fqn, told in tables.items():
        seen = client.get_lineage_by_name(entity=Table, fqn=fqn, up_depth=1, down_depth=0) or {}
        edges = [edge for edge in seen.get("upstreamEdges") or [] if ids.get(str(edge["toEntity"])) == fqn]
        told["upstreams"] = sorted(ids[edge["fromEntity"]] for edge in edges if edge["fromEntity"] in ids)
        told["edges"] = sorted(
            [link["fromColumns"], link["toColumn"]]
            for edge in edges
            for link in (edge.get("lineageDetails") or {}).get("columnsLineage") or []
        )
    every = lambda entity, *fields: client.list_all_entities(entity, fields=list(fields) or None)  # noqa: E731
    told = {
        "table": tables,
        "schema": {plain(it.fullyQualifiedName): plain(it.description) for it in every(DatabaseSchema)},
        "user": {plain(it.name): plain(it.email) for it in every(User)},
        "team": {plain(it.name): plain(it.email) for it in every(Team)},
        "domain": {plain(it.fullyQualifiedName): plain(it.description) for it in every(Domain)},
        "term": {plain(it.fullyQualifiedName): plain(it.description) for it in every(GlossaryTerm)},
        "pipeline": {
            plain(it.fullyQualifiedName): [it.scheduleInterval, sorted(task.name for task in it.tasks or [])]
            for it in every(Pipeline, "tasks")
        },
        "dashboard": {
            plain(it.fullyQualifiedName): sorted(chart.name for chart in listed(it.charts))
            for it in every(Dashboard, "charts")
        },
        "chart": sorted(plain(it.fullyQualifiedName) for it in every(Chart)),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:3])
