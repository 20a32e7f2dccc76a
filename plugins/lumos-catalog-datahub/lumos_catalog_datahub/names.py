"""Identity, both ways, as pure functions of the URN alone.

| Lumos | DataHub |
|---|---|
| `urn:lumos:dataset:(postgres,shop.orders,PROD)` | `urn:li:dataset:(urn:li:dataPlatform:postgres,shop.orders,PROD)` |
| `urn:lumos:dataset:(postgres,eu:shop.orders,PROD)` | `...,eu.shop.orders,PROD)`; needs `instances: [eu]` |
| `urn:lumos:task:(airflow,load/orders,PROD)` | `urn:li:dataJob:(urn:li:dataFlow:(airflow,load,PROD),orders)` |
| `urn:lumos:container:(datahub,3f2a,PROD)` | `urn:li:container:3f2a` |
| `urn:lumos:container:(postgres,shop,PROD)` | `urn:li:container:lumos:container:postgres:PROD:shop` |
| `urn:lumos:tag:pii` | `urn:li:tag:pii` |
| `urn:lumos:foreign:(datahub,urn%3Ali%3Atest%3Ax)` | `urn:li:test:x`, and so for all that has no type in Lumos |

What a native id has no place for stands in a name `lumos:TYPE:PLATFORM:ENV:NAME`. A URN that would be longer than
DataHub allows ends in a digest; what it stands for is then kept in the property `lumos`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote_plus

from lumos_core.plugin_api import urns

from .escaping import NOTHING, name_of, part

SYSTEM = "datahub"
"""Name of the vendor, in aliases and as the platform of what has none."""
LONGEST = 512
"""Bytes of a URN, URL-encoded, that DataHub takes."""
FABRICS = frozenset(
    "DEV TEST QA UAT EI PRE STG NON_PROD PROD CORP RVW PRD TST SIT SBX SANDBOX CERT".split()  # noqa: SIM905
)
"""Environments that DataHub knows; others are kept in the name."""

ENTITIES = {
    "dataset": "dataset",
    "container": "container",
    "service": "dataPlatformInstance",
    "flow": "dataFlow",
    "task": "dataJob",
    "process": "dataJob",
    "procedure": "dataJob",
    "query": "query",
    "notebook": "notebook",
    "chart": "chart",
    "dashboard": "dashboard",
    "ml_model": "mlModel",
    "ml_model_group": "mlModelGroup",
    "ml_feature": "mlFeature",
    "ml_feature_table": "mlFeatureTable",
    "ml_primary_key": "mlPrimaryKey",
    "application": "application",
    "glossary": "glossaryNode",
    "category": "glossaryNode",
    "term": "glossaryTerm",
    "classification": "tag",
    "tag": "tag",
    "domain": "domain",
    "data_product": "dataProduct",
    "user": "corpuser",
    "group": "corpGroup",
    "role": "role",
    "property": "structuredProperty",
    "ownership_type": "ownershipType",
    "assertion": "assertion",
    "contract": "dataContract",
}
"""URN type -> entity; a type that is not listed is carried by a dataset."""

TYPES = {entity: type_ for type_, entity in reversed(ENTITIES.items())} | {
    "glossaryNode": "glossary",
    "tag": "tag",
    "dataJob": "task",
}
"""Entity -> the type that its own ids stand for."""

_OF_PLATFORM = frozenset(("dataset", "mlModel", "mlModelGroup"))  # (platform URN, name, fabric)
_OF_TOOL = frozenset(("chart", "dashboard", "notebook", "mlFeature", "mlPrimaryKey"))  # (tool, id)
_UNDER_PLATFORM = frozenset(("mlFeatureTable", "dataPlatformInstance"))  # (platform URN, id)
_PLACED = frozenset(("container", "query", "application"))  # an id alone, of something that has a place
_SYSTEM_OWNERSHIP = frozenset(("technical_owner", "business_owner", "data_steward", "none"))
_WRAPPED = re.compile(r"lumos:([a-z][a-z0-9_]*):([^:]*):([^:]*):(.*)\Z", re.DOTALL)
_SEPARATOR = "%E2%90%9F"  # the one character that DataHub refuses and a URN of Lumos holds as it is
_PLATFORM = "urn:li:dataPlatform:"


class Native(NamedTuple):
    """A native URN that was taken apart."""

    entity: str
    parts: tuple[str, ...]


def split(text: str) -> Native:
    """Take a native URN apart.

    Raises:
        ValueError: It is none.
    """
    pieces = text.split(":", 3)
    if len(pieces) != 4 or pieces[:2] != ["urn", "li"] or not pieces[2] or not pieces[3]:
        raise ValueError(f"not a URN of DataHub: {text[:100]!r}")
    entity, key = pieces[2:]
    if not key.startswith("(") or not key.endswith(")"):
        return Native(entity, (key,))
    parts, depth, start = [], 0, 1
    for at, char in enumerate(key):
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0 and at != len(key) - 1:
                raise ValueError(f"not a URN of DataHub: {text[:100]!r}")
        elif char == "," and depth == 1:
            parts.append(key[start:at])
            start = at + 1
    parts.append(key[start:-1])
    return Native(entity, tuple(parts))


def entity_of(native: str) -> str:
    """Return the entity type of a native URN; empty when it is none."""
    pieces = native.split(":", 3)
    return pieces[2] if len(pieces) == 4 and pieces[0] == "urn" and pieces[1] == "li" else ""


def platform_of(urn: str) -> str:
    """Return the native URN of the platform of a Lumos URN; empty when it has none of its own."""
    parsed = urns.parse(urns.host(urn))
    platform = urns.decode(parsed.platform)
    return "" if platform in ("", SYSTEM) else _PLATFORM + _platform(platform)


def field(host: str, path: str) -> str:
    """Return the native URN of a field, from the native URN of what holds it and its native path."""
    return f"urn:li:schemaField:({host},{part(path)})"


class Names:
    """The mapping between URNs, for a set of known platform instances.

    Args:
        instances: Names of platform instances: `eu` makes a native `eu.shop.orders` the name `eu:shop.orders`.
    """

    def __init__(self, instances: Iterable[str] = ()) -> None:
        self._instances = tuple(sorted(instances, key=len, reverse=True))
        self.native = lru_cache(maxsize=100_000)(self._native)
        self.lumos = lru_cache(maxsize=100_000)(self._lumos)

    def _native(self, urn: str) -> str:
        """Return the native URN of a record.

        Args:
            urn: Of a record, without a fragment.

        Raises:
            ValueError: It is no URN of Lumos, or of a foreign thing of another system.
        """
        parsed = urns.parse(urn)
        if parsed.type == "foreign":
            if parsed.platform != SYSTEM:
                raise ValueError(f"{urn} is a thing of another system")
            return urns.decode(parsed.name)
        found = self._natural(parsed) or self._wrapped(parsed)
        if len(quote_plus(found, safe="*")) > LONGEST:
            found = self._wrapped(parsed, hashlib.sha256(urn.encode()).hexdigest()[:32])
        return found

    def _natural(self, parsed: urns.Urn) -> str:
        """The native URN where the native id says it all; empty where it does not."""
        entity = ENTITIES.get(parsed.type, "")
        if TYPES.get(entity) != parsed.type or _WRAPPED.match(urns.decode(parsed.name)):
            return ""
        located = bool(parsed.platform or parsed.env)
        if entity in _OF_PLATFORM:
            if parsed.platform and parsed.name and parsed.env in FABRICS:
                return self._of_platform(entity, parsed, self._dotted(parsed.name))
            return ""
        if entity == "dataFlow" and parsed.platform and parsed.name and parsed.env:
            return _flow(parsed, self._dotted(parsed.name))
        if entity == "dataJob":
            flow, slash, task = parsed.name.partition("/")
            if flow and slash and task and "/" not in task and parsed.platform and parsed.env:
                flow_name = self._dotted(flow.replace("%2F", "/"))
                return f"urn:li:dataJob:({_flow(parsed, flow_name)},{part(urns.decode(task))})"
            return ""
        if parsed.env != "PROD" and (entity in _OF_TOOL or entity in _UNDER_PLATFORM or entity in _PLACED):
            return ""
        if entity in _OF_TOOL and parsed.platform and parsed.name:
            return f"urn:li:{entity}:({part(urns.decode(parsed.platform))},{part(self._dotted(parsed.name))})"
        if entity in _UNDER_PLATFORM and parsed.platform and parsed.name:
            platform = _platform(urns.decode(parsed.platform))
            return f"urn:li:{entity}:({_PLATFORM}{platform},{part(self._dotted(parsed.name))})"
        if entity in _PLACED and parsed.platform == SYSTEM and parsed.name and ":" not in parsed.name:
            return f"urn:li:{entity}:{part(urns.decode(parsed.name), alone=True)}"
        if located or not parsed.name or entity in (*_OF_TOOL, *_UNDER_PLATFORM, *_PLACED, "dataFlow"):
            return ""
        name = urns.decode(parsed.name)
        if entity == "ownershipType" and name in _SYSTEM_OWNERSHIP:
            return f"urn:li:ownershipType:__system__{name}"
        if entity == "structuredProperty" and " " in name:
            return ""
        return f"urn:li:{entity}:{part(name, alone=True)}"

    def _wrapped(self, parsed: urns.Urn, digest: str = "") -> str:
        """The native URN whose name says type, platform, environment and name; or stands for them by a digest."""
        entity = ENTITIES.get(parsed.type, "dataset")
        inside = f"lumos:{parsed.type}:{parsed.platform}:{parsed.env}:{parsed.name}".replace("\u241f", _SEPARATOR)
        if inside[-1].isspace():
            inside += NOTHING
        if digest:
            readable = re.sub(r"[^A-Za-z0-9._-]+", "_", urns.decode(parsed.name))[-40:]
            inside = f"lumos~{digest}~{readable}"
        platform = _platform(urns.decode(parsed.platform)[: 20 if digest else None] or "lumos")
        if entity in _OF_PLATFORM:
            fabric = parsed.env if parsed.env in FABRICS else "PROD"
            return f"urn:li:{entity}:({_PLATFORM}{platform},{inside},{fabric})"
        if entity == "dataFlow":
            return f"urn:li:dataFlow:({platform},{inside},PROD)"
        if entity == "dataJob":
            return f"urn:li:dataJob:(urn:li:dataFlow:({platform},lumos,PROD),{inside})"
        if entity in _OF_TOOL:
            return f"urn:li:{entity}:({platform},{inside})"
        if entity in _UNDER_PLATFORM:
            return f"urn:li:{entity}:({_PLATFORM}{platform},{inside})"
        return f"urn:li:{entity}:{inside}"

    def _of_platform(self, entity: str, parsed: urns.Urn, name: str) -> str:
        return f"urn:li:{entity}:({_PLATFORM}{_platform(urns.decode(parsed.platform))},{part(name)},{parsed.env})"

    def _dotted(self, name: str) -> str:
        """A name of Lumos as DataHub writes it: `eu:shop` is `eu.shop`."""
        instance, colon, rest = name.partition(":")
        return f"{urns.decode(instance)}.{urns.decode(rest)}" if colon else urns.decode(name)

    def _lumos(self, native: str) -> str:
        """Return the Lumos URN that a native URN stands for.

        Raises:
            ValueError: It is no URN of DataHub.
        """
        found = split(native)
        entity, parts = found
        if entity == "schemaField" and len(parts) == 2:
            raise ValueError(f"{native} is a field, not a record")
        made = self._read(entity, parts)
        if made is not None and self.native(made) == native:
            return made
        return f"urn:lumos:foreign:({SYSTEM},{urns.encode(native)})"

    def _read(self, entity: str, parts: tuple[str, ...]) -> str | None:
        if entity == "dataJob" and len(parts) == 2:
            return self._task(parts)
        if entity in _OF_PLATFORM and len(parts) == 3 and parts[0].startswith(_PLATFORM):
            return self._located(entity, parts[0].removeprefix(_PLATFORM), parts[1], parts[2])
        if entity == "dataFlow" and len(parts) == 3:
            return self._located(entity, *parts)
        if entity in _OF_TOOL and len(parts) == 2:
            return self._located(entity, parts[0], parts[1], "PROD")
        if entity in _UNDER_PLATFORM and len(parts) == 2 and parts[0].startswith(_PLATFORM):
            return self._located(entity, parts[0].removeprefix(_PLATFORM), parts[1], "PROD")
        if entity not in TYPES or len(parts) != 1 or entity in _OF_PLATFORM or entity in _OF_TOOL:
            return None
        if wrapped := _unwrapped(entity, parts[0]):
            return wrapped
        name = name_of(parts[0])
        if entity in _PLACED:
            return urns.located(TYPES[entity], SYSTEM, name)
        if entity == "ownershipType" and name.removeprefix("__system__") in _SYSTEM_OWNERSHIP:
            name = name.removeprefix("__system__")
        return urns.plain(TYPES[entity], name) if name else None

    def _located(self, entity: str, platform: str, name: str, env: str) -> str:
        if wrapped := _unwrapped(entity, name):
            return wrapped
        return urns.located(TYPES[entity], name_of(platform), "", name_of(env)).replace(
            ",,", f",{self._with_instance(name_of(name))},", 1
        )

    def _with_instance(self, name: str) -> str:
        for instance in self._instances:
            if name.startswith(instance + ".") and len(name) > len(instance) + 1:
                return f"{urns.encode(instance)}:{urns.encode(name[len(instance) + 1 :])}"
        return urns.encode(name)

    def _task(self, parts: tuple[str, ...]) -> str | None:
        flow = split(parts[0])
        if flow.entity != "dataFlow" or len(flow.parts) != 3:
            return None
        if wrapped := _unwrapped("dataJob", parts[1]):
            return wrapped
        platform, flow_id, env = flow.parts
        flow_name = self._with_instance(name_of(flow_id)).replace("/", "%2F")
        task = urns.encode(name_of(parts[1])).replace("/", "%2F")
        return f"urn:lumos:task:({urns.encode(name_of(platform))},{flow_name}/{task},{urns.encode(name_of(env))})"


def _platform(name: str) -> str:
    """The id of a platform: a URN inside of a URN, so that it may neither hold a comma nor end in a blank."""
    return part(name, alone=True)


def _flow(parsed: urns.Urn, name: str) -> str:
    platform, cluster = part(urns.decode(parsed.platform)), part(urns.decode(parsed.env))
    return f"urn:li:dataFlow:({platform},{part(name)},{cluster})"


def _unwrapped(entity: str, name: str) -> str:
    """The URN that a wrapped name says; empty when it is none of ours."""
    match = _WRAPPED.match(name.replace(NOTHING, "").replace(_SEPARATOR, "\u241f"))
    if match is None:
        return ""
    type_, platform, env, rest = match.groups()
    if ENTITIES.get(type_, "dataset") != entity:
        return ""
    located = f"urn:lumos:{type_}:({platform},{rest},{env})"
    for urn in (located,) if platform or env else (f"urn:lumos:{type_}:{rest}", located):
        try:
            urns.parse(urn)
        except ValueError:
            continue
        return urn
    return ""
