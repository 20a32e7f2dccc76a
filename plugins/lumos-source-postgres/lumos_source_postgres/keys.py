"""Constraints and indexes as keys."""

from __future__ import annotations

import json
from typing import Any

from lumos_core.plugin_api import Key, paths

from . import rows
from .naming import Names
from .rows import Directory

_TYPES = {"p": "primary", "u": "unique", "f": "foreign", "c": "check", "x": "exclusion"}
_ACTIONS = {"r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}


def keys_of(row: rows.Relation, by_number: dict[int, str], directory: Directory, names: Names) -> list[Key]:
    """Return the constraints of a relation and those of its indexes that no constraint stands on."""
    found = [_constraint(constraint, row, by_number, directory, names) for constraint in row.constraints or ()]
    backing = {constraint.index for constraint in row.constraints or ()}
    for index in row.indexes or ():
        if index.oid not in backing:
            found.append(_index(index, by_number, directory))
    return found


def _constraint(
    constraint: rows.Constraint, row: rows.Relation, by_number: dict[int, str], directory: Directory, names: Names
) -> Key:
    key = Key(
        type=_TYPES[constraint.type],
        name=constraint.name,
        columns=[by_number[number] for number in constraint.columns or () if number in by_number],
        enforced=True,
    )
    if constraint.type == "f":
        target = directory.path(constraint.target)
        if target is not None:
            # `#path` is the only spelling for a field of this same record.
            urn = "" if directory.root(constraint.target) == row.oid else names.dataset(*target)
            key.references = [f"{urn}#{paths.quote(name)}" for name in constraint.target_columns or ()]
    elif constraint.definition is not None:
        key.expression = _expression(constraint.definition) if constraint.type == "c" else constraint.definition
    extra: list[tuple[str, Any]] = [
        ("on_update", _ACTIONS.get(constraint.on_update)),
        ("on_delete", _ACTIONS.get(constraint.on_delete)),
        ("comment", directory.comments.get(constraint.oid)),
        ("validated", None if constraint.validated else False),
    ]
    if constraint.deferrable:
        extra.append(("deferrable", "initially deferred" if constraint.deferred else "initially immediate"))
    key.extra = _extra(extra)
    return key


def _index(index: rows.Index, by_number: dict[int, str], directory: Directory) -> Key:
    columns = [by_number[number] for number in index.columns[: index.key_columns] if number in by_number]
    plain = index.unique and index.definition is None
    return Key(
        type="unique" if plain else "index",
        name=index.name,
        columns=columns,
        expression=index.definition,
        enforced=True if plain else None,
        extra=_extra(
            [("comment", directory.comments.get(index.oid)), ("valid", None if index.valid else False)],
        ),
    )


def _expression(definition: str) -> str:
    """Return what stands inside `CHECK (...)`; what follows it (NO INHERIT, NOT VALID) says nothing of the values."""
    text = definition.removesuffix(" NOT VALID").removesuffix(" NO INHERIT")
    if text.startswith("CHECK (") and text.endswith(")"):
        text = text[len("CHECK (") : -1]
        return text[1:-1] if text.startswith("(") and text.endswith(")") and _one_pair(text) else text
    return text


def _one_pair(text: str) -> bool:
    """Tell whether the first bracket is closed by the last one."""
    depth, quoted = 0, ""
    for place, char in enumerate(text):
        if quoted:
            quoted = "" if char == quoted else quoted
        elif char in "'\"":
            quoted = char
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0 and place < len(text) - 1:
                return False
    return True


def _extra(pairs: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    return sorted(
        (f"postgres/{name}", json.dumps(value, ensure_ascii=False)) for name, value in pairs if value is not None
    )
