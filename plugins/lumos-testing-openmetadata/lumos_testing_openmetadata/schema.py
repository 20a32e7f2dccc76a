"""What a request may hold: a small language for fields and their types, and the check of values against it.

A field is `name`, `name!` (required), with `@1` or `@2` for one version family alone, and `:type`:

- `text` (when no type is given), `name`, `int`, `number`, `bool`, `uuid`, `map`, `any`;
- `fqn(kind)`, `id(kind)`, `ref(kind|kind)`: an entity, by its fully qualified name, its id, or a reference;
- the name of a structure or an enumeration; `[type]` is a list.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from .errors import bad, unhandled
from .fqn import check_name

_FIELD = re.compile(r"(?P<name>\w+)(?P<required>!?)(?:@(?P<family>[12]))?(?::(?P<type>\S+))?\Z")
_TARGET = re.compile(r"(fqn|id|ref)\(([\w|]*)\)\Z")
_SCALARS: dict[str, tuple[type, ...]] = {"text": (str,), "int": (int,), "number": (int, float), "bool": (bool,)}


class Field(NamedTuple):
    """A field of a structure.

    Attributes:
        name: Its name.
        type: Its type, as written.
        required: A request without it is refused.
    """

    name: str
    type: str
    required: bool

    @property
    def many(self) -> bool:
        """Whether it is a list."""
        return self.type.startswith("[")

    @property
    def target(self) -> tuple[str, tuple[str, ...]] | None:
        """How it names entities (`fqn`, `id` or `ref`) and of which kinds; None when it does not."""
        found = _TARGET.match(self.type.strip("[]"))
        return (found[1], tuple(filter(None, found[2].split("|")))) if found else None


def fields(text: str, family: int) -> dict[str, Field]:
    """Read a list of fields as one version family has them."""
    made = {}
    for token in text.split():
        found = _FIELD.match(token)
        assert found, token
        if found["family"] in (None, str(family)):
            made[found["name"]] = Field(found["name"], found["type"] or "text", bool(found["required"]))
    return made


@dataclass(frozen=True)
class Schema:
    """The structures and enumerations of one version family.

    Attributes:
        family: 1 or 2.
        structures: Fields by the name of the structure.
        enums: Allowed values by the name of the enumeration.
    """

    family: int
    structures: Mapping[str, Mapping[str, Field]]
    enums: Mapping[str, frozenset[str]]
    _checks: dict[str, Callable[[Any, str], None]] = field(default_factory=dict)
    _required: dict[int, list[str]] = field(default_factory=dict)

    def check(self, body: Any, known: Mapping[str, Field], where: str) -> None:
        """Refuse a body that has an unknown field, lacks a required one, or holds a value of another type.

        Raises:
            Refusal: 400, as the server answers; 500 for a malformed id.
        """
        if not isinstance(body, dict):
            raise bad(f"Cannot deserialize value of type `{where}`")
        for name, value in body.items():
            found = known.get(name)
            if found is None:
                raise bad(f'Unrecognized field "{name}" (class {where}), not marked as ignorable')
            if value is not None:
                self._check(found.type)(value, f"{where}.{name}")
        required = self._required.get(id(known))  # the tables of fields are made once, and stay
        if required is None:
            required = self._required[id(known)] = [name for name, found in known.items() if found.required]
        if missing := [f"{name} must not be null" for name in required if body.get(name) is None]:
            raise bad(f"[{', '.join(missing)}]")

    def value(self, value: Any, kind: str, where: str) -> None:
        """Refuse a value that is not of a type."""
        self._check(kind)(value, where)

    def _check(self, kind: str) -> Callable[[Any, str], None]:
        found = self._checks.get(kind)
        if found is None:
            found = self._checks[kind] = self._make(kind)
        return found

    def _make(self, kind: str) -> Callable[[Any, str], None]:
        if kind.startswith("["):
            inner = kind[1:-1]

            def check_list(value: Any, where: str) -> None:
                if not isinstance(value, list):
                    raise bad(f"Cannot deserialize value of type `java.util.ArrayList` at {where}")
                one = self._check(inner)
                for item in value:
                    one(item, where)

            return check_list
        if kind in self.structures:
            known = self.structures[kind]
            return lambda value, where: self.check(value, known, where)
        if kind in self.enums:
            return lambda value, where: self._check_enum(value, kind, where)
        target = _TARGET.match(kind)
        if target:
            kind = {"fqn": "text", "id": "uuid", "ref": "EntityReference"}[target[1]]
            if kind in self.structures:
                return self._make(kind)
        return _CHECKS.get(kind) or _scalar(kind)

    def _check_enum(self, value: Any, kind: str, where: str) -> None:
        if not isinstance(value, str) or value not in self.enums[kind]:
            raise bad(
                f"Cannot deserialize value of type `{kind}` from {value!r}: not one of the values accepted, at {where}"
            )


def _scalar(kind: str) -> Callable[[Any, str], None]:
    allowed = _SCALARS[kind]

    def check(value: Any, where: str) -> None:
        if not isinstance(value, allowed) or (isinstance(value, bool) and kind != "bool"):
            raise bad(f"Cannot deserialize value of type `{kind}` from {value!r} at {where}")

    return check


def check_uuid(value: Any, where: str = "") -> None:
    """Refuse what is no id; the server does so with 500."""
    try:
        uuid.UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise unhandled(f"Invalid UUID string: {value}") from None


def _check_name(value: Any, where: str) -> None:
    _scalar("text")(value, where)
    check_name(value)


def _check_map(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise bad(f"Cannot deserialize value of type `java.util.LinkedHashMap` at {where}")


_CHECKS: dict[str, Callable[[Any, str], None]] = {
    "uuid": check_uuid,
    "name": _check_name,
    "map": _check_map,
    "any": lambda value, where: None,
}


@lru_cache(maxsize=2)
def load(family: int) -> Schema:
    """Read `types.model` of this package for a version family."""
    structures: dict[str, Mapping[str, Field]] = {}
    enums: dict[str, frozenset[str]] = {}
    text = (files(__package__) / "types.model").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.M)
    for entry in re.sub(r"\n +", " ", text).splitlines():
        head, _, body = entry.partition(":")
        word, _, name = head.strip().partition(" ")
        if word == "enum":
            tokens = (token.partition("@") for token in body.split())
            enums[name] = frozenset(value.replace("~", " ") for value, _, only in tokens if only in ("", str(family)))
        elif word:
            structures[word] = fields(body, family)
    return Schema(family, structures, enums)
