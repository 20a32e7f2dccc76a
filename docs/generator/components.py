"""The page of all first-party components."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lumos_core.contracts.component import COMPONENT_KINDS
from lumos_core.loading.api import describe
from lumos_core.loading.registry import Registry
from lumos_core.loading.targets import kind_words

from .words import MADE, shown, table

PLUGINS = Path(__file__).parents[2] / "plugins"
FIRST_PARTY = {"lumos-core", *(path.parent.name for path in PLUGINS.glob("*/pyproject.toml"))}


def components() -> str:
    """Return the page of all first-party components."""
    registry = Registry.load()
    parts = [
        "# Components\n",
        MADE,
        "Every component of the first-party plugins, with every option. `lumos describe KIND NAME` shows the same for "
        "whatever is installed, and `lumos plugins` says what is.\n",
    ]
    for kind in COMPONENT_KINDS:
        found = sorted(
            (offer for offer in registry.components(kind) if offer.distribution in FIRST_PARTY),
            key=lambda offer: offer.component.name,
        )
        title = f"{kind_words(kind)}s".capitalize()
        parts.append(f"## {title}\n")
        if not found:
            parts.append("None is first-party yet; the contract is in [the plugin API](plugin-api.md).\n")
        for offer in found:
            parts.append(_component(kind, offer.component.name, offer.distribution))
    return "\n".join(parts)


def _component(kind: str, name: str, distribution: str) -> str:
    data = describe(kind, name)
    parts = [f"### {kind_words(kind)} `{name}`\n", f"{data['summary']}. From `{distribution}`.\n"]
    if data["options"]:
        rows = [
            (
                f"`{option['name']}`",
                option["type"],
                "**required**" if option["required"] else shown(option["default"]),
                option["description"],
            )
            for option in data["options"]
        ]
        parts.append(table(("option", "value", "default", "meaning"), rows))
    else:
        parts.append("It has no options.\n")
    if data["capabilities"]:
        parts.append(_abilities(data["capabilities"]))
    parts.append(f"```yaml\n{_placed(data['example'])}```\n")
    return "\n".join(parts)


def _placed(example: str) -> str:
    """Return an example of YAML in which a format stands in the source that reads it."""
    lines = example.splitlines()
    if not lines[0].startswith("#"):
        return example
    inner = "\n".join(f"    {line}" for line in lines[1:])
    return f"sources:\n  - type: files\n    path: <path>\n{inner}\n"


def _abilities(capabilities: dict[str, dict[str, Any]]) -> str:
    groups: dict[str, list[str]] = {}
    for aspect, support in capabilities.items():
        words = [word for word in ("read", "write", "lossless") if support.get(word)]
        words += [str(support[key]) for key in ("limit", "note") if support.get(key)]
        groups.setdefault(", ".join(words), []).append(f"`{aspect}`")
    return "\n".join(f"Aspects ({words}): {', '.join(names)}.\n" for words, names in groups.items())
