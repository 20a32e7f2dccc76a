"""Whether a JSON value is a valid aspect: types, required fields, enums, unions, URNs.

Messages are worded as those of Pegasus, which GMS validates with: `/fields/0/type :: field is required but not found`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from .registry import BadUrn, Registry

Check = Callable[[Any], None]

_REMEMBERED = 10_000
_RANGE = {"int": 1 << 31, "long": 1 << 63}
_NAMES = {"string": "String", "boolean": "Boolean", "int": "Integer", "long": "Long", "bytes": "ByteString"}


class Invalid(ValueError):
    """A value does not fit its schema.

    Args:
        why: What is wrong.
        at: Names and indices that lead to the place, innermost first; added to on the way out.
    """

    def __init__(self, why: str, at: str | int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.at: list[str | int] = [] if at is None else [at]

    def __str__(self) -> str:
        return f"ERROR :: /{'/'.join(map(str, reversed(self.at)))} :: {self.why}\n"


class Checks:
    """Functions that check values, made from a registry as they are needed.

    Args:
        registry: Where the types stand.
        exists: Tells whether an entity exists, for the fields that demand it.
    """

    def __init__(self, registry: Registry, exists: Callable[[str], bool]) -> None:
        self._registry = registry
        self._exists = exists
        self._made: dict[str, Check] = {}

    def check(self, type_name: str, value: Any) -> None:
        """Check a value against a named type.

        Raises:
            Invalid: It does not fit.
        """
        self._named(type_name)(value)

    def _named(self, name: str) -> Check:
        check = self._made.get(name)
        if check is None:
            kind, content = self._registry.types[name]
            # Types may refer to themselves: whoever asks meanwhile gets a function that looks again.
            self._made[name] = lambda value: self._made[name](value)
            makers: dict[str, Callable[[Any], Check]] = {"record": self._record, "one_of": self._one_of, "enum": _enum}
            check = self._made[name] = makers[kind](content)
        return check

    def _of(self, kind: Any, must_exist: bool = False) -> Check:
        if isinstance(kind, str):
            return _PRIMITIVES[kind]
        if kind[0] == "ref":
            return self._named(kind[1])
        if kind[0] == "urn":
            return self._urn(frozenset(kind[1]), must_exist)
        if kind[0] == "union":
            return _union({name: self._of(member) for name, member in kind[1].items()})
        item = self._of(kind[1], must_exist)
        return _array(item) if kind[0] == "array" else _map(item)

    def _record(self, fields: dict[str, Any]) -> Check:
        checks = {name: self._field(*field) for name, field in fields.items()}
        known = checks.keys()
        required = frozenset(name for name, field in fields.items() if field[1])

        def check(value: Any) -> None:
            if type(value) is not dict:
                raise Invalid(f"{_shown(value)} is not backed by a DataMap")
            if not value.keys() <= known:
                raise Invalid("unrecognized field found but not allowed", min(value.keys() - known))
            name = ""
            try:
                for name, item in value.items():
                    checks[name](item)
            except Invalid as error:
                error.at.append(name)
                raise
            if not required <= value.keys():
                raise Invalid("field is required but not found and has no default value", min(required - value.keys()))

        return check

    def _field(self, kind: Any, required: int, marks: Mapping[str, Any] = MappingProxyType({})) -> Check:
        check = self._of(kind, bool(marks.get("exists")))
        relationships = [(path.split("/")[1:], frozenset(types)) for path, _, types, _ in marks.get("to", ())]
        if not relationships:
            return check

        fine: set[tuple[str, frozenset[str]]] = set()

        def related(value: Any) -> None:
            check(value)
            for steps, allowed in relationships:
                for urn in walk(value, steps):
                    if (urn, allowed) in fine:
                        continue
                    try:
                        entity = self._registry.parse(urn).entity
                    except BadUrn:  # a field of plain text; one that is typed a URN was checked above
                        continue
                    if entity not in allowed:
                        raise Invalid(
                            f'"Provided urn {urn}" is invalid: Entity type for urn: {urn} is not a valid destination, '
                            f"which are {sorted(allowed)}"
                        )
                    if len(fine) < _REMEMBERED:
                        fine.add((urn, allowed))

        return related

    def _one_of(self, fields: dict[str, Any]) -> Check:
        """A union whose members have names of their own: an object of one key."""
        return _union({name: self._of(field[0]) for name, field in fields.items()})

    def _urn(self, allowed: frozenset[str], must_exist: bool) -> Check:
        parse, registered = self._registry.parse, self._registry.entities
        foreign = allowed - registered.keys()  # kinds of the first years that are no entities any more

        def check(value: Any) -> None:
            if type(value) is not str:
                raise Invalid(f"{_shown(value)} cannot be coerced to String")
            if foreign and value.startswith(tuple(f"urn:li:{name}:" for name in foreign)):
                return
            try:
                entity = parse(value).entity
            except BadUrn as error:
                raise Invalid(f'"Provided urn {value}" is invalid: {error}') from None
            if allowed and entity not in allowed:
                raise Invalid(f'"Provided urn {value}" is invalid: it is a {entity}, wanted are {sorted(allowed)}')
            if must_exist and not self._exists(value):
                raise Invalid(f"Urn: {value} does not exist.")

        return check


def walk(value: Any, steps: Sequence[str]) -> list[str]:
    """Return the texts at a path, where `*` is every element of an array."""
    level = [value]
    for step in steps:
        if step == "*":
            level = [item for outer in level if type(outer) is list for item in outer]
        else:
            level = [outer[step] for outer in level if type(outer) is dict and step in outer]
    return [text for text in level if type(text) is str]


def _shown(value: Any) -> str:
    return "null" if value is None else repr(value)[:80]


def _coercion(name: str) -> Callable[[Any], Invalid]:
    return lambda value: Invalid(f"{_shown(value)} cannot be coerced to {_NAMES.get(name, name.title())}")


def _exactly(name: str, wanted: type) -> Check:
    refuse = _coercion(name)

    def check(value: Any) -> None:
        if type(value) is not wanted:
            raise refuse(value)

    return check


def _integer(name: str) -> Check:
    refuse, limit = _coercion(name), _RANGE[name]

    def check(value: Any) -> None:
        if type(value) is not int or not -limit <= value < limit:
            raise refuse(value)

    return check


def _number(name: str) -> Check:
    refuse = _coercion(name)

    def check(value: Any) -> None:
        if type(value) is not int and (type(value) is not float or not math.isfinite(value)):
            raise refuse(value)

    return check


def _null(value: Any) -> None:
    if value is not None:
        raise Invalid(f"{_shown(value)} is not null")


_PRIMITIVES: dict[str, Check] = {
    "string": _exactly("string", str),
    "bytes": _exactly("bytes", str),
    "boolean": _exactly("boolean", bool),
    "int": _integer("int"),
    "long": _integer("long"),
    "float": _number("float"),
    "double": _number("double"),
    "null": _null,
}


def _enum(symbols: list[str]) -> Check:
    known = frozenset(symbols)

    def check(value: Any) -> None:
        if type(value) is not str or value not in known:
            raise Invalid(f'"{value}" is not an enum symbol')

    return check


def _array(item: Check) -> Check:
    def check(value: Any) -> None:
        if type(value) is not list:
            raise Invalid(f"{_shown(value)} is not backed by a DataList")
        for at, member in enumerate(value):
            try:
                item(member)
            except Invalid as error:
                error.at.append(at)
                raise

    return check


def _map(item: Check) -> Check:
    def check(value: Any) -> None:
        if type(value) is not dict:
            raise Invalid(f"{_shown(value)} is not backed by a DataMap")
        for key, member in value.items():
            try:
                item(member)
            except Invalid as error:
                error.at.append(key)
                raise

    return check


def _union(members: dict[str, Check]) -> Check:
    def check(value: Any) -> None:
        if type(value) is not dict or len(value) != 1:
            raise Invalid(f"{_shown(value)} is not a union: an object with one key of {sorted(members)}")
        ((name, member),) = value.items()
        known = members.get(name)
        if known is None:
            raise Invalid(f'"{name}" is not a member type of union {sorted(members)}')
        try:
            known(member)
        except Invalid as error:
            error.at.append(name)
            raise

    return check
