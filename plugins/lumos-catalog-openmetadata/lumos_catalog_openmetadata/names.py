"""Identity: which entity of OpenMetadata is a URN's, and which URN is an entity's; pure functions both ways.

| URN | entity |
|---|---|
| `dataset` of a database, or of an unknown platform | table `service.database.schema.table` |
| `dataset` of a storage | container `service.bucket."rest/of/the/path"` |
| `dataset` of a message broker, of a search engine | topic, searchIndex |
| `container` | database, databaseSchema; of a storage: container |
| `service` | the service |
| `flow`; `task` | pipeline; a task in it |
| `process`, `query`, `procedure`, `notebook` | pipeline `service."notebook/name"` |
| `chart`, `dashboard`, `ml_model`, `metric` | the same |
| other assets | container `service.type.name` of a storage service |
| `classification`, `tag`; `glossary`, `category`, `term` | classification, tag; glossary, glossaryTerm |
| `domain`, `data_product`, `user` | the same |
| `group`, `role` | team |
| `property`, `ownership_type`, `assertion`, `contract` | glossaryTerm `Lumos.kind.name` |
| `foreign` of another vendor | glossaryTerm `Lumos.foreign.system:id` |

A service is called like the instance, else like the platform, with `#ENV` behind it where that is not `PROD`. What is
missing above a table is called `default`. Tags and terms without anything above them are below `Lumos`.

Two URNs may meet at one entity: then only one of them can be written. The URN of a record that Lumos wrote is known
from the property `lumos` where the entity's own name gives another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from lumos_core.plugin_api import urns

from . import fqn, platforms

LUMOS = "Lumos"
"""Classification, glossary and domain of what has none."""

DEFAULT = "default"
"""Database or schema of what has none."""

FOREIGN = "foreign"
"""Term of the glossary `Lumos` below which things of other vendors are kept that belong to no record."""

DEFINITIONS = ("assertion", "contract", "ownership_type", "property")
"""Kinds that are kept as terms of the glossary `Lumos`."""

PIPELINES = ("notebook", "procedure", "process", "query")
"""URN types that are pipelines named after their type."""

_ENV = re.compile(r"(.+)#([^#\s]*)\Z", re.S)
_SERVED = {
    "database": "database",
    "databaseSchema": "database",
    "table": "database",
    "container": "storage",
    "topic": "messaging",
    "searchIndex": "search",
    "pipeline": "pipeline",
    "dashboard": "dashboard",
    "chart": "dashboard",
    "mlmodel": "mlmodel",
}
"""Entity type -> category of the service that it belongs to."""

_ASSETS = {"chart": "chart", "dashboard": "dashboard", "ml_model": "mlmodel"}
_SINGLE = {"classification": "classification", "glossary": "glossary", "data_product": "dataProduct"}
_ROOTED = {"tag": "tag", "term": "glossaryTerm", "category": "glossaryTerm"}


class Place(NamedTuple):
    """An entity, or a member of one.

    Attributes:
        type: Entity type.
        fqn: Fully qualified name.
        member: Name of the task in a pipeline; empty for the entity itself.
    """

    type: str
    fqn: str
    member: str = ""

    @property
    def parts(self) -> list[str]:
        """The parts of the name."""
        return fqn.split(self.fqn)

    @property
    def host(self) -> Place:
        """The entity."""
        return Place(self.type, self.fqn)


def is_foreign(place: Place) -> bool:
    """Tell whether an entity only keeps a thing of another vendor that belongs to no record."""
    return place.type == "glossaryTerm" and place.parts[:2] == [LUMOS, FOREIGN] and len(place.parts) == 3


class Names:
    """The two ways between URNs and entities.

    Args:
        family: 1 for OpenMetadata up to 1.12, 2 from 1.13.
        services: `platform` or `platform:instance` -> name of the service.
        known: (entity type, name) of services -> their `serviceType`; those that URNs lead to are added.
    """

    def __init__(
        self,
        family: int = 2,
        services: Mapping[str, str] | None = None,
        known: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self.family = family
        self.known = dict(known or {})
        self._services = dict(services or {})
        self._configured = {name: key for key, name in self._services.items()}

    def place(self, urn: str) -> Place:
        """Return the entity of a record.

        Raises:
            ValueError: It is not the URN of a record that OpenMetadata can hold.
        """
        parsed = urns.parse(urns.host(urn))
        if parsed.type == "foreign":
            system, id_ = urns.decode(parsed.platform), urns.decode(parsed.name)
            if system == "openmetadata":
                raise ValueError(f"{urn} is a thing of OpenMetadata that is read and never written")
            return Place("glossaryTerm", fqn.join([LUMOS, FOREIGN, fqn.encode(f"{system}:{id_}")]))
        if parsed.platform or parsed.env:
            return self._located(parsed)
        name = urns.decode(parsed.name)
        if parsed.type in _SINGLE:
            return Place(_SINGLE[parsed.type], fqn.join([fqn.encode(name)]))
        if parsed.type in _ROOTED:
            parts = [fqn.encode(part) for part in _split(name)]
            return Place(_ROOTED[parsed.type], fqn.join(parts if len(parts) > 1 else [LUMOS, *parts]))
        if parsed.type == "domain":
            return Place("domain", fqn.join(fqn.encode(part) for part in _split(name)))
        if parsed.type == "user":
            return Place("user", fqn.join([fqn.encode(name.lower())]))
        if parsed.kind == "group":
            return Place("team", fqn.join([fqn.encode(name)]))
        if parsed.type in DEFINITIONS:
            return Place("glossaryTerm", fqn.join([LUMOS, parsed.type, fqn.encode(name)]))
        raise ValueError(f"OpenMetadata has no place for {urn}")

    def urn(self, place: Place) -> str:
        """Return the URN that an entity's own name gives.

        Raises:
            ValueError: There is none for this type of entity.
        """
        parts = [fqn.decode(part) for part in place.parts]
        if place.type in _SERVED:
            return self._served(place, parts)
        if place.type in platforms.BY_SERVICE:
            category = platforms.BY_SERVICE[place.type]
            platform, service, env = self._service(category, place.parts[0])
            prefix = "" if category == platforms.root(platform) else f"{category}/"
            return urns.located("service", platform, f"{prefix}{service}", env)
        if place.type == "metric":
            platform, mark, name = parts[0].partition(":")
            return urns.located("metric", platform if mark else "openmetadata", name if mark else parts[0])
        for type_, entity in _SINGLE.items():
            if entity == place.type:
                return urns.plain(type_, parts[0])
        if is_foreign(place):
            system, _, id_ = parts[2].partition(":")
            return f"urn:lumos:foreign:({urns.encode(system)},{urns.encode(id_)})"
        if place.type == "glossaryTerm" and len(parts) == 3 and parts[0] == LUMOS and parts[1] in DEFINITIONS:
            return urns.plain(parts[1], parts[2])
        if place.type in ("tag", "glossaryTerm"):
            below = parts[1:] if len(parts) == 2 and parts[0] == LUMOS else parts
            return urns.plain("tag" if place.type == "tag" else "term", _join(below))
        if place.type == "domain":
            return urns.plain("domain", _join(parts))
        if place.type in ("user", "team"):
            return urns.plain("user" if place.type == "user" else "group", parts[0])
        raise ValueError(f"OpenMetadata's {place.type} is no record")

    def service_type(self, place: Place) -> str:
        """Return the `serviceType` of a service."""
        found = self.known.get((place.type, place.parts[0]), "")
        return found or platforms.CATEGORIES[platforms.BY_SERVICE[place.type]].custom

    def _located(self, parsed: urns.Urn) -> Place:
        platform, env = urns.decode(parsed.platform), urns.decode(parsed.env)
        head, mark, tail = parsed.name.partition(":")
        instance, name = (urns.decode(head), urns.decode(tail)) if mark else ("", urns.decode(head))
        type_ = parsed.type
        if type_ == "service":
            category, name = _category(name, platform)
            return Place(platforms.CATEGORIES[category].service, self._named(category, platform, name, env))
        if type_ == "metric":
            full = f"{instance}:{name}" if instance else name
            return Place("metric", fqn.join([fqn.encode(full if platform == "openmetadata" else f"{platform}:{full}")]))
        entity, below = _below(type_, platform, name)
        service = self._named(_SERVED[entity], platform, instance or platform, env)
        if type_ == "task":
            flow, _, task = name.partition("/")
            flow, task = (urns.decode(part) for part in (flow, task))
            return Place("pipeline", f"{service}.{fqn.join([fqn.encode(flow)])}", fqn.encode(task))
        return Place(entity, f"{service}.{fqn.join(map(fqn.encode, below))}")

    def _named(self, category: str, platform: str, instance: str, env: str) -> str:
        """Return the quoted name of a service, and remember of which type it is."""
        name = self._services.get(platform if instance == platform else f"{platform}:{instance}") or instance
        service = fqn.encode(name if env == "PROD" else f"{name}#{env}")
        entity = platforms.CATEGORIES[category].service
        self.known.setdefault((entity, service), platforms.service_type(category, platform, self.family))
        return fqn.quote(service)

    def _service(self, category: str, part: str) -> tuple[str, str, str]:
        """Return platform, instance and environment of a service."""
        name, env = fqn.decode(part), "PROD"
        if found := _ENV.match(name):
            name, env = found.groups()
        if name in self._configured:
            platform, _, instance = self._configured[name].partition(":")
            return platform, instance or platform, env
        type_ = self.known.get((platforms.CATEGORIES[category].service, part), "")
        return platforms.platform_of(category, type_, name), name, env

    def _served(self, place: Place, parts: list[str]) -> str:
        platform, service, env = self._service(_SERVED[place.type], place.parts[0])
        instance = "" if service == platform else service
        type_, name = _above(place.type, platform, parts[1:])
        if place.member:
            type_ = "task"
            name = "/".join(part.replace("/", "%2F") for part in (name, fqn.decode(place.member)))
        return urns.located(type_, platform, name, env, instance=instance)


def _category(name: str, platform: str) -> tuple[str, str]:
    """Split the name of a service that is not of its platform's first category."""
    category, mark, rest = name.partition("/")
    if mark and category in platforms.CATEGORIES and category != platforms.root(platform):
        return category, rest
    return platforms.root(platform), name


def _below(type_: str, platform: str, name: str) -> tuple[str, list[str]]:
    """Return the entity type, and the parts of the name below the service."""
    if type_ in _ASSETS:
        return _ASSETS[type_], [name]
    if type_ in ("flow", "task"):
        return "pipeline", [name]
    if type_ in PIPELINES:
        return "pipeline", [f"{type_}/{name}"]
    if type_ not in ("dataset", "container"):
        return "container", [type_, name]
    home = platforms.home(platform)
    if home == "storage":
        top, mark, rest = name.partition("/")
        return "container", [top, *rest.split("//")] if mark else [top]
    if type_ == "dataset" and home != "database":
        return "topic" if home == "messaging" else "searchIndex", [name]
    parts = _split(name)
    if type_ == "dataset":
        return "table", _table(parts, platforms.levels(platform))
    return _database(parts, platforms.levels(platform))


def _table(parts: list[str], levels: int) -> list[str]:
    if len(parts) == 1:
        return [DEFAULT, DEFAULT, *parts]
    if len(parts) == 2:
        return [DEFAULT, *parts] if levels == 1 else [parts[0], DEFAULT, parts[1]]
    return [parts[0], parts[1], parts[2] if len(parts) == 3 else _join(parts[2:])]


def _database(parts: list[str], levels: int) -> tuple[str, list[str]]:
    if levels == 1 and len(parts) == 1:
        return "databaseSchema", [DEFAULT, *parts]
    if len(parts) == 1 or (levels == 1 and parts[1:] == ["*"]):
        return "database", parts[:1]
    return "databaseSchema", [parts[0], parts[1] if len(parts) == 2 else _join(parts[1:])]


def _above(entity: str, platform: str, parts: list[str]) -> tuple[str, str]:
    """Return URN type and native name of what is below a service: the inverse of `_below`."""
    if entity == "container":
        return "container" if len(parts) == 1 else "dataset", "/".join([parts[0], "//".join(parts[1:])][: len(parts)])
    levels = platforms.levels(platform)
    if entity == "table":
        database, schema, name = parts
        if database == schema == DEFAULT:
            return "dataset", _join([name])
        if (database if levels == 1 else schema) == DEFAULT:
            return "dataset", _join([schema if levels == 1 else database, name])
        return "dataset", _join(parts)
    if entity == "databaseSchema":
        return "container", _join(parts[1:] if levels == 1 and parts[0] == DEFAULT else parts)
    if entity == "database":
        return "container", _join([*parts, "*"] if levels == 1 else parts)
    if entity == "pipeline":
        type_, mark, rest = parts[0].partition("/")
        return (type_, rest) if mark and type_ in PIPELINES else ("flow", parts[0])
    return {"chart": "chart", "dashboard": "dashboard", "mlmodel": "ml_model"}.get(entity, "dataset"), parts[0]


def _split(name: str) -> list[str]:
    """Return the parts of a dotted name; quotes count only where they are needed and well-formed."""
    try:
        parts = fqn.split(name)
    except ValueError:
        return name.split(".")
    return parts if fqn.join(parts) == name else name.split(".")


def _join(parts: list[str]) -> str:
    return fqn.join(parts)
