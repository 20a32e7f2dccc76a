"""The page that shows every first-party component against every capability."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lumos_core.contracts.catalog import Catalog
from lumos_core.contracts.component import COMPONENT_KINDS, ComponentKind, Support
from lumos_core.contracts.differ import Differ
from lumos_core.contracts.source import Source
from lumos_core.contracts.store import Store
from lumos_core.loading.registry import Registry
from lumos_core.loading.targets import kind_words
from lumos_core.model.aspects import ASPECTS

from .components import FIRST_PARTY
from .words import MADE, table

OPTIONAL: Mapping[ComponentKind, tuple[type[Any], tuple[str, ...]]] = {
    "source": (Source, ("watch", "suggest")),
    "differ": (Differ, ("rules",)),
    "catalog": (Catalog, ("search",)),
    "store": (Store, ("entry", "history", "lock")),
}
"""Kind -> its contract, and the methods of it that a component may leave out."""

ATTRIBUTES: Mapping[ComponentKind, tuple[str, ...]] = {
    "format": ("extensions", "magic", "markers", "positional"),
}
"""Kind -> what a component of it says about itself."""


SIGNS: Mapping[ComponentKind, str] = {
    "source": "`c`: it captures the aspect. A source that takes `formats` captures what the formats know.",
    "enricher": "`w`: it writes the aspect, which is not captured when it fails.",
    "catalog": "`=`: written, and read back equal; `+`: the same, with what the catalog's own pages do not show kept "
    "in the property `lumos` there; `~`: with the loss that is told below; `r`: only read.",
}
"""Kind -> what the signs in its table mean."""


def capabilities() -> str:
    """Return the page of all capabilities of first-party components."""
    parts = [
        "# Capabilities\n",
        MADE,
        "What every first-party component claims. The conformance kit holds each claim against what the component "
        "does: one that does not hold is a failure, and so is one that is missing. `lumos describe KIND NAME` shows "
        "the same for whatever is installed; the options are listed in [components](components.md).\n",
    ]
    offers = {kind: _classes(kind) for kind in COMPONENT_KINDS}
    for kind, words in SIGNS.items():
        parts.append(f"## What {kind_words(kind)}s know\n\n{words} Aspects that stand in no row: none of them.\n")
        columns = {name: _signs(component) for name, component in offers[kind].items()}
        shown = sorted(ASPECTS & {aspect for signs in columns.values() for aspect in signs})
        rows = [(f"`{aspect}`", *(signs.get(aspect, "") for signs in columns.values())) for aspect in shown]
        parts.append(table(("aspect", *(f"`{name}`" for name in columns)), rows))
    parts.append(_losses(offers["catalog"]))
    parts.append("## Optional methods\n")
    parts.append("What a component may leave out, and who has it.\n")
    methods = [
        (f"{kind_words(kind)} `{name}`", f"`{method}`", "yes" if _overrides(component, contract, method) else "")
        for kind, (contract, names) in OPTIONAL.items()
        for name, component in offers[kind].items()
        for method in names
    ]
    parts.append(table(("component", "method", "has it"), methods))
    parts.append("## What formats say\n")
    said = [
        (f"{kind_words(kind)} `{name}`", f"`{attribute}`", _shown(getattr(component, attribute)))
        for kind, names in ATTRIBUTES.items()
        for name, component in offers[kind].items()
        for attribute in names
    ]
    parts.append(table(("component", "attribute", "value"), said))
    plain = [
        (kind_words(kind), ", ".join(f"`{name}`" for name in offers[kind]) or "none is first-party yet")
        for kind in ("reporter", "cost_model")
    ]
    parts.append("## Kinds without capabilities\n")
    parts.append("They do one thing, and the kit proves all of it.\n")
    parts.append(table(("kind", "components"), plain))
    return "\n".join(parts)


def _classes(kind: ComponentKind) -> dict[str, Any]:
    registry = Registry.load()
    found = [offer for offer in registry.components(kind) if offer.distribution in FIRST_PARTY]
    return {
        offer.component.name: registry.classes(kind, f"{offer.distribution}/{offer.component.name}")[0]
        for offer in sorted(found, key=lambda offer: offer.component.name)
    }


def _signs(component: Any) -> dict[str, str]:
    claims = getattr(component, "capabilities", None)
    if isinstance(claims, Mapping):
        return {aspect: _sign(support) for aspect, support in claims.items()}
    if isinstance(claims, (set, frozenset)):
        return dict.fromkeys(claims, "c")
    return dict.fromkeys(getattr(component, "writes", ()), "w")


def _sign(support: Support) -> str:
    if support.write:
        return "~" if not support.lossless else "+" if support.kept else "="
    return "r" if support.read else ""


def _losses(catalogs: Mapping[str, Any]) -> str:
    rows = [
        (f"`{name}`", f"`{aspect}`", support.kept, "; ".join(filter(None, (support.limit, support.note))))
        for name, component in catalogs.items()
        if isinstance(component.capabilities, Mapping)
        for aspect, support in sorted(component.capabilities.items())
        if support.kept or support.limit or support.note
    ]
    return (
        "## What catalogs cannot say, and what they cannot hold\n\n"
        "What a catalog cannot say itself is kept in the property `lumos` of the nearest entity there, and read back; "
        "people do not see it on the catalog's own pages. What cannot be held at all is lost when it is published "
        "there. An aspect that stands in no row is shown and held whole.\n\n"
        + table(("catalog", "aspect", "kept in `lumos`", "lost or limited"), rows)
        + "\n"
        + table(
            ("catalog", "facts it takes (`stats`)", "keeps what other vendors know (`foreign`)", "second wave"),
            [
                (
                    f"`{name}`",
                    ", ".join(sorted(component.stats)),
                    "yes" if component.foreign else "",
                    ", ".join(f"`{key}`" for key in sorted(component.deferred)),
                )
                for name, component in catalogs.items()
            ],
        )
    )


def _overrides(component: Any, contract: type[Any], method: str) -> bool:
    return getattr(component, method) is not getattr(contract, method)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Iterable):
        return ", ".join(f"`{item!r}`" if isinstance(item, bytes) else f"`{item}`" for item in value)
    return str(value)
