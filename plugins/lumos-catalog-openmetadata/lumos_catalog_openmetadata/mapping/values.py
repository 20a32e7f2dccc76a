"""Typed properties, as custom properties of OpenMetadata: those with one text or whole number."""

from __future__ import annotations

import re
from typing import Any

from lumos_core.plugin_api import StructuredValue, urns

from .common import Doc, clean

PROPERTY = "lumos"
"""The custom property that keeps what OpenMetadata cannot say."""

_NAME = re.compile(r"[a-z][A-Za-z0-9]{0,127}\Z")
"""The vendor's rule: camel case, without spaces, underscores and dots."""

_EXACT = 2**53 - 1
_TEXT = frozenset({"string", "markdown"})
_NUMBER = frozenset({"integer", "number"})


def known(extension: Any) -> Doc | None:
    """Return the custom properties that are understood; None for none."""
    found = {name: value for name, value in (extension or {}).items() if _sayable(name, value)}
    return found or None


def _sayable(name: str, value: Any) -> bool:
    if name == PROPERTY or not _NAME.match(name):
        return False
    if isinstance(value, str):
        return bool(value) and clean(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _EXACT


def type_of(value: str | int) -> str:
    """Return the type of property that a value asks for."""
    return "integer" if isinstance(value, int) else "string"


def fits(type_: str, value: str | int) -> bool:
    """Tell whether a property of a type takes a value, and gives it back."""
    return type_ in (_NUMBER if isinstance(value, int) else _TEXT)


def values_to(value: Any, doc: Doc) -> None:
    """Write typed properties that have one value; of several layers the first."""
    found: Doc = {}
    for one in value.structured:
        parsed = urns.parse(one.property) if one.property.startswith("urn:lumos:property:") else None
        if parsed is not None and len(one.values) == 1 and "#" not in one.property:
            name = urns.decode(parsed.name)
            if _sayable(name, one.values[0]):
                found.setdefault(name, one.values[0])
    if found:
        doc["extension"] = found


def values_of(doc: Doc, value: Any) -> None:
    """Read typed properties; who said them is not known, and a person's are protected."""
    value.structured = [
        StructuredValue(property=urns.plain("property", name), values=[said], layer="manual")
        for name, said in sorted(doc.get("extension", {}).items())
    ]
