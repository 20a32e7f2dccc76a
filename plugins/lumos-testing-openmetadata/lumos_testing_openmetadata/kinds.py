"""The kinds of entities, as data: where they live, what creates them, what they inherit and what is shown of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from .schema import Field, fields

USUALLY_HIDDEN = frozenset(
    (
        *("owners", "tags", "extension", "domain", "domains", "dataProducts", "followers", "children", "experts"),
        *("reviewers", "votes", "lifeCycle", "certification"),
    )
)
"""Fields that no answer holds unless `fields=` asks for them."""
_OWN = "id fullyQualifiedName version updatedAt updatedBy href changeDescription"


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of entity.

    Attributes:
        name: As references name it.
        route: Below `/api/v1`.
        create: The fields of the request that creates it.
        also: Fields that it has besides, derived or set in other ways.
        parent: The fields of the request that name its parent, the nearest first.
        inherits: Fields copied from the parent.
        hidden: Fields that are shown only when asked for, besides those of every kind.
        dropped: Fields of the request that the entity does not have.
        infix: Part of the fully qualified name between the parent's and its own.
        soft: It can be soft-deleted.
        renames: A PATCH may rename it.
        defaults: Values of fields that the request leaves out.
    """

    name: str
    route: str
    create: str
    also: str = ""
    parent: tuple[str, ...] = ()
    inherits: str = ""
    hidden: str = ""
    dropped: str = ""
    infix: str = ""
    soft: bool = True
    renames: bool = False
    defaults: dict[str, object] = field(default_factory=dict)

    def form(self, family: int) -> dict[str, Field]:
        """The fields of a create request."""
        return _form(self.create, family)

    def fields(self, family: int) -> dict[str, Field]:
        """Every field that the entity may have, which are also those that `fields=` may name."""
        return _fields(self, family)

    def references(self, family: int) -> dict[str, Field]:
        """The fields that point to other entities."""
        return _references(self.create, self.also, family)

    def secret(self) -> frozenset[str]:
        """Fields that are shown only when asked for."""
        return _secret(self.hidden, self.create)


@cache
def _form(text: str, family: int) -> dict[str, Field]:
    return fields(text, family)


@cache
def _fields(kind: Kind, family: int) -> dict[str, Field]:
    own = f"{_OWN} deleted:bool" if kind.soft else _OWN
    known = {**_form(f"{own} {kind.also}", family), **_form(kind.create, family)}
    return {name: found for name, found in known.items() if name not in kind.dropped.split()}


@cache
def _references(create: str, also: str, family: int) -> dict[str, Field]:
    known = {**fields(also, family), **fields(create, family)}
    return {name: found for name, found in known.items() if found.target}


@cache
def _secret(hidden: str, create: str) -> frozenset[str]:
    required = {found.name for found in fields(create, 1).values() if found.required}
    return (USUALLY_HIDDEN | set(hidden.split())) - required


def _load() -> Iterator[Kind]:
    """Read `kinds.model` of this package."""
    macros: dict[str, str] = {}
    text = (files(__package__) / "kinds.model").read_text(encoding="utf-8")
    text = re.sub(r"\n    +", " ", re.sub(r"^#.*\n", "", text, flags=re.M))
    for block in text.split("\n\n"):
        kept = []
        for line in block.splitlines():
            line = re.sub(r" \$(\w+)", lambda found: f" {macros[found[1]]}", line)
            name, equals, value = line.partition(" = ")
            if equals and name.startswith("$"):
                macros[name[1:]] = value
            elif line:
                kept.append(line)
        if kept:
            yield _read(kept[0], dict(line.strip().split(": ", 1) for line in kept[1:]))


def _read(head: str, said: dict[str, str]) -> Kind:
    name, route = head.split()
    flags = said.get("flags", "").split()
    values = (part.split("=", 1) for part in said.get("defaults", "").split())
    return Kind(
        name,
        route,
        said["create"],
        said.get("also", ""),
        parent=tuple(said.get("parent", "").split()),
        inherits=said.get("inherits", ""),
        hidden=said.get("hidden", ""),
        dropped=said.get("dropped", ""),
        infix=said.get("infix", ""),
        soft="hard-delete-only" not in flags,
        renames="renames" in flags,
        defaults={key: json.loads(value) for key, value in values},
    )


KINDS: tuple[Kind, ...] = tuple(_load())
"""Every kind that the fake knows."""
BY_NAME = {kind.name: kind for kind in KINDS}
"""Kinds by their names."""


def extensible() -> list[str]:
    """The kinds that take custom properties."""
    return [kind.name for kind in KINDS if "extension" in kind.fields(2)]
