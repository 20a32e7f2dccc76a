"""References inside of native JSON, wherever they stand: marked, taken out, put in again, and made native.

A reference is first marked by a `Ref`, so that two objects of different servers compare by what they mean. What is
stored has `null` in its place, and `[JSON pointer, URN]` beside the body, where the kernel rewrites it.

Example:
    ```python
    def find(place, value):  # the vendor's own schema knows where references stand
        return to_urn(value) if place[-1:] == ("owner",) else None

    marked = mark({"owner": "urn:li:corpuser:ada"}, find)  # {"owner": Ref("urn:lumos:user:ada")}
    body, refs = take_out(marked)  # {"owner": None}, [("/owner", "urn:lumos:user:ada")]
    native, missing = resolve(put_in(body, refs)[0], from_urn)
    ```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

Place = tuple[str | int, ...]
"""The members and indices on the way to a value."""

Find = Callable[[Place, Any], "str | None"]
"""Tells which URN a value of a native object stands for, a text or a whole object; None for no reference."""

Back = Callable[[str], Any]
"""Gives the native value for a URN; None when there is none."""


class Ref:
    """A reference in the place of a native value; equal when it means the same.

    Args:
        urn: What is referred to.
        native: The native value; None when it is not known.
    """

    __slots__ = ("native", "urn")

    def __init__(self, urn: str, native: Any = None) -> None:
        self.urn = urn
        self.native = native

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and other.urn == self.urn

    def __hash__(self) -> int:
        return hash(self.urn)

    def __repr__(self) -> str:
        return f"Ref({self.urn!r})"


def canonical(value: Any) -> bytes:
    """Return the one spelling of a JSON value that may hold marked references."""
    return _ENCODER.encode(value)


def _encoded(value: Any) -> Any:
    if isinstance(value, Ref):
        return {"~ref": value.urn}
    raise NotImplementedError(f"not JSON: {type(value).__name__}")


_ENCODER = msgspec.json.Encoder(order="sorted", enc_hook=_encoded)


def mark(value: Any, find: Find | None) -> Any:
    """Return a native value with a `Ref` in the place of each reference; `value` is not changed.

    Args:
        value: A JSON value.
        find: Asked for every value but null, from the outside in, and not for what is inside of a reference.
    """
    if find is None:
        return value

    def visit(place: Place, value: Any) -> Any:
        if value is not None and (urn := find(place, value)) is not None:
            return Ref(urn, value)
        if isinstance(value, Mapping):
            return {name: visit((*place, name), member) for name, member in value.items()}
        if isinstance(value, list):
            return [visit((*place, index), element) for index, element in enumerate(value)]
        return value

    return visit((), value)


def take_out(value: Any) -> tuple[Any, list[tuple[str, str]]]:
    """Return a marked value with `null` for each `Ref`, and their pointers and URNs, sorted."""
    refs: list[tuple[str, str]] = []

    def visit(where: str, value: Any) -> Any:
        if isinstance(value, Ref):
            refs.append((where, value.urn))
            return None
        if isinstance(value, Mapping):
            return {name: visit(f"{where}/{_part(name)}", member) for name, member in value.items()}
        if isinstance(value, list):
            return [visit(f"{where}/{index}", element) for index, element in enumerate(value)]
        return value

    return visit("", value), sorted(refs)


def put_in(body: Any, refs: Iterable[tuple[str, str]]) -> tuple[Any, list[str]]:
    """Return a body with a `Ref` at each pointer, and the URNs whose pointer leads to no null."""
    wanted = dict(refs)

    def visit(where: str, value: Any) -> Any:
        if value is None and where in wanted:
            return Ref(wanted.pop(where))
        if isinstance(value, Mapping):
            return {name: visit(f"{where}/{_part(name)}", member) for name, member in value.items()}
        if isinstance(value, list):
            return [visit(f"{where}/{index}", element) for index, element in enumerate(value)]
        return value

    return (visit("", body) if wanted else body), sorted(wanted.values())


def resolve(value: Any, back: Back | None) -> tuple[Any, list[str]]:
    """Return a marked value with native ones for its references, and the URNs for which there is none.

    A member or element whose reference is missing is left out: vendors refuse a null there.
    """
    missing: list[str] = []

    def visit(value: Any) -> Any:
        if isinstance(value, Ref):
            found = value.native
            if found is None and back is not None:
                found = back(value.urn)
            if found is None:
                missing.append(value.urn)
                return value
            return found
        if isinstance(value, Mapping):
            pairs = [(name, visit(member)) for name, member in value.items()]
            return {name: member for name, member in pairs if not isinstance(member, Ref)}
        if isinstance(value, list):
            return [element for element in map(visit, value) if not isinstance(element, Ref)]
        return value

    whole = visit(value)
    return (None if isinstance(whole, Ref) else whole), sorted(set(missing))


def _part(name: str) -> str:
    """A member's name in a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
