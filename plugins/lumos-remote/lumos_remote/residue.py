"""What a native object holds beyond what we understand: pure functions over JSON objects.

`understood` is what our mapping writes of the record that it read from `native`. Then, for every pair of objects,
`strip(add(understood, subtract(native, understood, rules)), rules) == strip(native, rules)`.

Example:
    ```python
    RULES = Rules(keys={"columns": "name", "children": "name", "tags": ("tagFQN", "source")},
                  drop={"updatedAt", "changeDescription"}, defaults={"deleted": False})
    rest = subtract(native, to_native(from_native(native)), RULES)  # {} when nothing is left
    assert add(to_native(record), rest) == native
    ```

A residue is JSON of the shape of `native`, with only what is more or other there. Members whose names begin with `~`
are ours (native ones that do are written with one more): `~gone`, the members that native has not; and for lists
whose elements have an identity `~by` (members that identify), `~edit` ([identity, residue]), `~new` (elements),
`~gone` and `~order` (identities). Lists without identity are kept whole when they differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from .references import canonical

_BY, _EDIT, _NEW, _GONE, _ORDER = "~by", "~edit", "~new", "~gone", "~order"


class _Nothing:
    """Marks the absence of a value; JSON's null is a value."""


_NOTHING: Final = _Nothing()


class Rules:
    """How native objects of a type are compared.

    A place is the names of members on the way, joined by `.`, without list indices: `columns.tags`. A rule fits every
    place that ends with it, the longest first, so that `children` fits at any depth.

    Args:
        keys: List -> the members that identify its elements; "" for lists of texts that are sets. Lists without a rule,
            with elements that lack a member or with two of one identity are compared whole.
        drop: Members that mean nothing: audit stamps, versions, links to itself.
        defaults: Member -> the value that says as much as its absence.
        nulls: A member that is null is as good as absent.
    """

    def __init__(
        self,
        keys: Mapping[str, str | Sequence[str]] | None = None,
        drop: Iterable[str] = (),
        defaults: Mapping[str, Any] | None = None,
        nulls: bool = False,
    ) -> None:
        self._keys = {
            _split(place): tuple(key.split()) if isinstance(key, str) else tuple(key)
            for place, key in (keys or {}).items()
        }
        self._drop = {_split(place): True for place in drop}
        self._defaults = {_split(place): canonical(value) for place, value in (defaults or {}).items()}
        self._nulls = nulls

    def identity(self, place: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the members that identify the elements of a list; () when they are themselves; None for none."""
        found: tuple[str, ...] | None = _longest(self._keys, place)
        return found

    def dropped(self, place: tuple[str, ...]) -> bool:
        """Tell whether a member means nothing."""
        return bool(self._drop) and _longest(self._drop, place) is not None

    def absent(self, place: tuple[str, ...], value: Any) -> bool:
        """Tell whether a value says as much as its absence."""
        if value is None and self._nulls:
            return True
        default = _longest(self._defaults, place) if self._defaults else None
        return default is not None and canonical(value) == default


_NO_RULES = Rules()


def strip(value: Any, rules: Rules, place: tuple[str, ...] = ()) -> Any:
    """Return a JSON value without what its rules say means nothing."""
    if isinstance(value, Mapping):
        kept = {}
        for name, member in value.items():
            at = (*place, name)
            if not rules.dropped(at):
                inner = strip(member, rules, at)
                if not rules.absent(at, inner):
                    kept[name] = inner
        return kept
    if isinstance(value, list):
        return [strip(element, rules, place) for element in value]
    return value


def subtract(native: Mapping[str, Any], understood: Mapping[str, Any], rules: Rules = _NO_RULES) -> dict[str, Any]:
    """Return what `native` holds beyond `understood`; {} when that is nothing. Neither is changed."""
    left, right = strip(native, rules), strip(understood, rules)
    rest = _object(left, right, (), rules)
    return {} if rest is _NOTHING else rest


def add(understood: Mapping[str, Any], residue: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with what a residue knows beyond it; neither is changed.

    What the residue says of an element that `understood` does not have is left out.
    """
    return _add_object(understood, residue)


def _difference(native: Any, understood: Any, place: tuple[str, ...], rules: Rules) -> Any:
    if understood is _NOTHING:
        return _escape(native)
    if isinstance(native, Mapping) and isinstance(understood, Mapping):
        return _object(native, understood, place, rules)
    if isinstance(native, list) and isinstance(understood, list):
        return _list(native, understood, place, rules)
    return _NOTHING if type(native) is type(understood) and native == understood else _escape(native)


def _object(native: Mapping[str, Any], understood: Mapping[str, Any], place: tuple[str, ...], rules: Rules) -> Any:
    rest: dict[str, Any] = {}
    for name, value in native.items():
        inner = _difference(value, understood.get(name, _NOTHING), (*place, name), rules)
        if inner is not _NOTHING:
            rest[_escaped(name)] = inner
    if gone := sorted(name for name in understood if name not in native):
        rest[_GONE] = gone
    return rest or _NOTHING


def _list(native: list[Any], understood: list[Any], place: tuple[str, ...], rules: Rules) -> Any:
    by = rules.identity(place)
    ours = None if by is None else _indexed(understood, by)
    theirs = None if by is None else _indexed(native, by)
    if by is None or ours is None or theirs is None:
        same = len(native) == len(understood) and all(
            _difference(left, right, place, rules) is _NOTHING for left, right in zip(native, understood, strict=True)
        )
        return _NOTHING if same else _escape(native)
    rest: dict[str, Any] = {}
    edits = []
    for identity, value in theirs.items():
        if identity in ours:
            inner = _difference(value, ours[identity], place, rules)
            if inner is not _NOTHING:
                edits.append([_identity(value, by), inner])
    if edits:
        rest[_EDIT] = edits
    if new := [_escape(value) for identity, value in theirs.items() if identity not in ours]:
        rest[_NEW] = new
    if gone := [_identity(value, by) for identity, value in ours.items() if identity not in theirs]:
        rest[_GONE] = gone
    plain = [identity for identity in ours if identity in theirs] + [key for key in theirs if key not in ours]
    if plain != list(theirs):
        rest[_ORDER] = [_identity(value, by) for value in native]
    return {_BY: list(by), **rest} if rest else _NOTHING


def _add(understood: Any, residue: Any) -> Any:
    if not isinstance(residue, Mapping):
        return _unescape(residue)
    if _BY in residue:
        return _add_list(understood if isinstance(understood, list) else [], residue)
    return _add_object(understood if isinstance(understood, Mapping) else {}, residue)


def _add_object(understood: Mapping[str, Any], residue: Mapping[str, Any]) -> dict[str, Any]:
    gone = residue.get(_GONE, ())
    result = {name: value for name, value in understood.items() if name not in gone}
    for escaped, inner in residue.items():
        if escaped != _GONE:
            name = escaped[1:] if escaped.startswith("~~") else escaped
            result[name] = _add(result.get(name, _NOTHING), inner)
    return result


def _add_list(understood: list[Any], residue: Mapping[str, Any]) -> list[Any]:
    by = tuple(residue[_BY])
    elements = _indexed(understood, by)
    if elements is None:  # it cannot be said which element is meant
        return understood
    for identity in residue.get(_GONE, ()):
        elements.pop(_key(identity), None)
    for identity, inner in residue.get(_EDIT, ()):
        if (key := _key(identity)) in elements:
            elements[key] = _add(elements[key], inner)
    for escaped in residue.get(_NEW, ()):
        value = _unescape(escaped)
        elements.setdefault(_key(_identity(value, by)), value)
    if _ORDER in residue:
        order = {_key(identity): position for position, identity in enumerate(residue[_ORDER])}
        return [elements[key] for key in sorted(elements, key=lambda key: order.get(key, len(order)))]
    return list(elements.values())


def _indexed(elements: list[Any], by: tuple[str, ...]) -> dict[bytes, Any] | None:
    """The elements by identity; None when one has none, or two have the same."""
    found: dict[bytes, Any] = {}
    for element in elements:
        if by and not (isinstance(element, Mapping) and all(name in element for name in by)):
            return None
        key = _key(_identity(element, by))
        if key in found:
            return None
        found[key] = element
    return found


def _identity(element: Any, by: tuple[str, ...]) -> Any:
    return [element[name] for name in by] if by else element


def _key(identity: Any) -> bytes:
    return canonical(identity)


def _escaped(name: str) -> str:
    return f"~{name}" if name.startswith("~") else name


def _escape(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_escaped(name): _escape(member) for name, member in value.items()}
    return [_escape(element) for element in value] if isinstance(value, list) else value


def _unescape(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name[1:] if name.startswith("~~") else name: _unescape(member) for name, member in value.items()}
    return [_unescape(element) for element in value] if isinstance(value, list) else value


def _split(place: str) -> tuple[str, ...]:
    return tuple(place.split("."))


def _longest(rules: Mapping[tuple[str, ...], Any], place: tuple[str, ...]) -> Any:
    """The rule whose place is the longest end of `place`; None for none."""
    for start in range(len(place)):
        found = rules.get(place[start:])
        if found is not None:
            return found
    return None
