"""What is empty, and which elements of two lists are the same one, for all that compares or merges by the schema.

The recursions themselves stay apart, since each answers another question: `model.merge` unites two fragments,
`publish.merge` merges three ways with policies, `publish.base` tells which of two known values arrived,
`publish.shadow` asks a catalog what it would say, and `migration.reconcile` follows two pasts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from .entities import Field
from .shapes import Shape, key_function


def is_empty(value: Any) -> bool:
    """Tell whether a key says nothing: it is absent, or an empty list."""
    return value is None or value == []


def has_required(struct: type[Struct]) -> bool:
    """Tell whether a struct has keys without a default: it cannot be built from parts when one of them is gone."""
    return len(struct.__struct_defaults__) < len(struct.__struct_fields__)


def place(field: Field) -> tuple[str, str]:
    """Return what makes two fields the same one: their part and path."""
    return field.part or "", field.path


def element_key(shape: Shape) -> Callable[[Any], tuple[str, ...]] | None:
    """Return what tells the elements of a list apart; None where a value is taken or left as a whole.

    Set-like lists have keys; fields have their place, though their order means something.
    """
    if shape.form != "list":
        return None
    if shape.inner[0].struct is Field:
        return place
    return None if shape.keys is None else key_function(shape)
