"""Descriptions, names to show, and owners <-> the few texts that Atlas has for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lumos_core.plugin_api import Description, Field, Owner, Text
from lumos_core.plugin_api import Entity as AnyEntity

from .names import called, who

_PEOPLE = ("urn:lumos:user:", "urn:lumos:group:", "urn:lumos:role:")


def manual(text: Description | None, alone: bool = False) -> str | None:
    """Return what people wrote; where there is room for one text only (`alone`), what is shown."""
    if text is None:
        return None
    return (text.shown or None) if alone else text.manual


def source(text: Description | None) -> str | None:
    """Return what the source says."""
    return None if text is None else text.source


def shown(text: Text | None) -> str | None:
    """Return what is shown."""
    return (text.shown or None) if text is not None else None


def from_texts(value: AnyEntity | Field, attributes: Mapping[str, Any]) -> None:
    """Set description and name to show from the attributes of an entity."""
    comment, description = attributes.get("comment"), attributes.get("description")
    if comment is not None or description is not None:
        value.description = Description(source=comment, manual=description)
    if attributes.get("displayName"):
        value.display_name = Text(manual=attributes["displayName"])
    if attributes.get("subtype"):
        value.subtype = attributes["subtype"]


def owner(owners: Sequence[Owner]) -> str | None:
    """Return the text of the attribute `owner`: everyone who answers for it, apart by commas."""
    people = (link.owner for link in owners if link.owner.startswith(_PEOPLE))
    return ", ".join(dict.fromkeys(map(called, people))) or None


def from_owner(text: Any) -> list[Owner]:
    """Return the owners; Atlas knows no types, and cannot tell who named them: they count as people's."""
    names = dict.fromkeys(name.strip() for name in str(text or "").split(","))
    return [Owner(who(name), layer="manual") for name in names if name]
