"""All rules, by id."""

from __future__ import annotations

from . import documentation, governance, keys, layout, lifecycle, lineage, ownership, schema, values
from .rule import Rule

AREAS = (schema, values, keys, layout, lineage, ownership, governance, documentation, lifecycle)
"""The tables, in the order in which they are read."""

RULES: dict[str, Rule] = {rule.id: rule for table in AREAS for rule in table.RULES}
"""Id -> rule."""

__all__ = ["AREAS", "RULES", "Rule"]
