"""The descriptor by which a manifest offers a component: strings only, resolved when a pipeline names it."""

from __future__ import annotations

from typing import NamedTuple


class Component(NamedTuple):
    """How a manifest offers a component.

    Attributes:
        name: The name in YAML (`type: postgres`).
        target: `module:Class` of the component.
        config: `module:Class` of its pydantic configuration.
        summary: One line for `lumos plugins`.
        since: The plugin's version that first offered it.
    """

    name: str
    target: str
    config: str
    summary: str = ""
    since: str = ""
