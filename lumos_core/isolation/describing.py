"""Validating, in the worker, an entry whose plugin is installed only there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from ..config.entries import check_entry
from ..config.problems import Loc
from ..config.types import ComponentSpec
from ..contracts.catalog import Catalog
from ..contracts.component import BaseComponent, ComponentKind, Support
from ..contracts.source import Source
from ..contracts.watch import WatchConfig
from ..loading.registry import Registry
from .messages import Describe, Described


def described(request: Describe) -> Described:
    """Return every problem of an entry, or what the run must know of its component."""
    kind: ComponentKind = "catalog" if request.kind == "catalog" else "source"
    registry, base = Registry.load(), Path(request.base)
    spec, problems = check_entry(registry, kind, request.entry, base)
    if spec is None:
        return Described(problems=[problem._asdict() for problem in problems])
    component, _ = registry.classes(kind, spec.type, base)
    return Described(
        secrets=[list(loc) for loc in secret_places(spec.config)],
        name=spec.name,
        capabilities=_supports(component),
        system=str(getattr(component, "system", "")),
        deferred=frozenset(getattr(component, "deferred", ())),
        stats=frozenset(getattr(component, "stats", ())),
        foreign=bool(getattr(component, "foreign", False)),
        searches=issubclass(component, Catalog) and component.search is not Catalog.search,
        shows=issubclass(component, Catalog) and component.native is not Catalog.native,
        watch=_watch(spec.watch),
        tells=issubclass(component, Source) and component.watch is not Source.watch,
    )


def _watch(watch: WatchConfig | None) -> dict[str, Any] | None:
    """What the kernel reads of the block; the component's own options stay with it."""
    return None if watch is None else watch.model_dump(include=set(WatchConfig.model_fields))


def secret_places(value: Any, loc: Loc = ()) -> Iterator[Loc]:
    """Return where the options of a validated configuration hold secrets, nested components included."""
    if isinstance(value, (SecretStr, SecretBytes)):
        yield loc
    elif isinstance(value, ComponentSpec):
        yield from secret_places(value.config, loc)
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from secret_places(getattr(value, name), (*loc, field.alias or name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from secret_places(item, (*loc, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from secret_places(item, (*loc, index))


def _supports(component: type[BaseComponent[Any]]) -> dict[str, Support]:
    capabilities = getattr(component, "capabilities", {})
    if isinstance(capabilities, dict):
        return {str(aspect): support for aspect, support in capabilities.items() if isinstance(support, Support)}
    return {str(aspect): Support(read=True) for aspect in capabilities}
