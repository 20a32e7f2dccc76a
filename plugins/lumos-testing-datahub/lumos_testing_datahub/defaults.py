"""Aspects that the server writes itself when an entity comes into being (`DefaultAspectsUtil` of GMS)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .registry import Registry, Urn, split

_PLATFORM_FIELD = {
    "dataset": "platform",
    "mlModel": "platform",
    "mlModelGroup": "platform",
    "mlFeatureTable": "platform",
    "chart": "dashboardTool",
    "dashboard": "dashboardTool",
    "dataFlow": "orchestrator",
    "dataProcess": "orchestrator",
}


def defaults(registry: Registry, urn: Urn, delimiter: Callable[[str], str]) -> Iterator[tuple[str, Any]]:
    """Yield names and values: the key aspect first, then what the entity type has of the others.

    Args:
        registry: The models.
        urn: Of the new entity.
        delimiter: Tells by the URN of a platform what separates the parts of its names.
    """
    entity = registry.entities[urn.entity]
    key = registry.key(urn)
    yield entity.key, key
    if "browsePathsV2" in entity.aspects:
        yield "browsePathsV2", {"path": _path(urn.entity, key, delimiter)}
    if "dataPlatformInstance" in entity.aspects:
        platform = _platform(urn.entity, key)
        if platform:
            yield "dataPlatformInstance", {"platform": platform}


def _platform(entity: str, key: dict[str, Any]) -> str:
    if entity == "dataJob":
        found = split(key["flow"]).parts[0]
    else:
        found = key.get(_PLATFORM_FIELD.get(entity, ""), "")
    if not found or found.startswith("urn:li:dataPlatform:"):
        return str(found)
    return f"urn:li:dataPlatform:{found}"


def _path(entity: str, key: dict[str, Any], delimiter: Callable[[str], str]) -> list[dict[str, str]]:
    if entity == "dataset":
        folders = [part for part in key["name"].split(delimiter(key["platform"]))[:-1] if part]
        if folders:
            return [{"id": folder} for folder in folders]
    if entity == "dataJob":
        return [{"id": key["flow"], "urn": key["flow"]}]
    return [{"id": "Default"}]
