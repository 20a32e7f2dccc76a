"""One rich value for every aspect of every kind, made from the schema, so that no aspect is listed by hand.

What `strategies` gives at random, this gives once and always the same: for tests against servers, where a hundred
random records are too many.

Example:
    ```python
    from lumos_core.testing.samples import sample

    record = sample("dataset", "owners")  # one dataset with owners, every part of an owner filled in
    ```
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from ..model import urns
from ..model.aspects import of_kind
from ..model.elements import ColumnEdge, Lineage, LineageEdge
from ..model.entities import KINDS, Entity, Field
from ..model.record import AnyRecord, Record, canonical, decode

_TYPE_OF_KIND = {kind: kind for kind in KINDS} | {"asset": "dashboard", "job": "task"}
_TEXT = 'läng/ü 🦉 "quoted" <b>'
_UPSTREAM = urns.dataset("kit", "upstream")
_REFS = {
    "about": _UPSTREAM,
    "applies_to": "dataset",
    "assertions": urns.plain("assertion", "unique"),
    "by": urns.plain("user", "ann"),
    "domains": urns.plain("domain", "sales"),
    "element": urns.field(_UPSTREAM, "id"),
    "from_": _UPSTREAM,
    "owner": urns.plain("group", "checkout"),
    "product": urns.plain("data_product", "orders"),
    "property": urns.plain("property", "retention"),
    "references": urns.field(_UPSTREAM, "id"),
    "tag": urns.plain("tag", "gold"),
    "term": urns.plain("term", "order"),
    "to": urns.plain("group", "checkout"),
    "type": urns.plain("ownership_type", "steward"),
    "via": urns.located("task", "kit", "nightly/load"),
    "query": urns.located("query", "kit", "load"),
}
"""What a reference under a key leads to, so that samples are as a real system would have them."""

_WORDS = {
    "color": "#AA3355",
    "confidence": "0.9",
    "cron": "0 6 * * *",
    "direction": "desc",
    "email": "ann@example.org",
    "format": "parquet",
    "grain": "day",
    "language": "sql",
    "layer": "manual",
    "privilege": "select",
    "role": "definition",
    "state": "confirmed",
    "status": "deprecated",
    "time_zone": "Europe/Berlin",
    "transform": "day",
    "type": "primary",
    "url": "https://example.org/a?b=c",
    "version": "1.2.0",
}
"""What a text under a key says, where not anything goes."""

_ROLES: dict[str, Callable[[str], Any]] = {
    "ref": lambda key: _REFS.get(key, _UPSTREAM),
    "path": lambda key: "id",
    "markdown": lambda key: f"Of the *shop*, `{_TEXT}`, [a link](https://example.org/a?b=c)",
    "time": lambda key: "2026-01-15T10:30:00Z",
    "count": lambda key: 12_345,
}
_LEAVES: dict[Any, Any] = {bool: True, int: 7}


def urn_of(kind: str, name: str, platform: str = "kit") -> str:
    """Return a URN for a record of a kind."""
    type_ = _TYPE_OF_KIND[kind]
    if kind in ("dataset", "container", "job", "asset"):
        return urns.located(type_, platform, name)
    return urns.plain(type_, name)


def sample(kind: str, aspect: str, name: str = "", platform: str = "kit") -> AnyRecord:
    """Return a record with one aspect filled in, captured, and in its canonical form.

    Args:
        kind: Of the record.
        aspect: One of `aspects.of_kind(kind)`, not `record`.
        name: Of the record; the aspect's by default.
        platform: Of the record, where it is located.

    Raises:
        ValueError: When a record of this kind cannot have the aspect.
    """
    if aspect not in of_kind(kind):
        raise ValueError(f"a {kind} has no {aspect}")
    title = name or aspect.replace(".", "_")
    struct = KINDS[kind]
    assert issubclass(struct, Entity)
    value = struct(name=title)
    captured = {aspect}
    if aspect == "lineage.columns":
        captured.add("lineage")
        value.lineage = Lineage(
            upstreams=[LineageEdge(_UPSTREAM)],
            columns=[ColumnEdge(from_=[urns.field(_UPSTREAM, "id")], to=["#id"], type="transform")],
        )
    elif aspect == "lineage":
        value.lineage = Lineage(upstreams=[replace(_filled(LineageEdge), urn=_UPSTREAM)])
    elif aspect == "fields":
        setattr(value, "fields", _fields())  # noqa: B010 - only some kinds have fields
    elif aspect.startswith("fields."):
        captured.add("fields")
        setattr(value, "fields", [_with(_fields()[0], aspect.removeprefix("fields."))])  # noqa: B010
    else:
        value = _with(value, aspect)
    value.captured = sorted(captured)
    return decode(canonical(Record(urn_of(kind, title, platform), value, kind)))


def samples(kind: str) -> dict[str, AnyRecord]:
    """Return aspect -> record with it, for every aspect of a kind."""
    return {aspect: sample(kind, aspect) for aspect in sorted(of_kind(kind))}


def _fields() -> list[Field]:
    return [
        Field("id", type="int64", native_type="BIGINT", nullable=False),
        Field("address", type="struct", nullable=True),
        Field("address.zip", type="varchar(10)", native_type="VARCHAR(10)", nullable=True),
        Field("total", type="decimal(18,2)", native_type="NUMERIC(18,2)", nullable=True),
    ]


def _with(value: Any, key: str) -> Any:
    hint = typing.get_type_hints(type(value), include_extras=True)[key]
    if key == "type":  # of a property: what its values are
        return replace(value, **{key: "string"})
    return replace(value, **{key: _value(hint, key)})


@cache
def _filled(struct: type[Struct]) -> Any:
    """Return a struct with every part filled in."""
    hints = typing.get_type_hints(struct, include_extras=True)
    keys = [key for key in struct.__struct_fields__ if key not in ("extra", "removed")]
    return struct(**{key: _value(hints[key], key) for key in keys})


def _value(hint: Any, key: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is Annotated:
        inner, *metas = typing.get_args(hint)
        roles = [(getattr(meta, "extra", None) or {}).get("role") for meta in metas]
        role = next((role for role in roles if role in _ROLES), None)
        return _ROLES[role](key) if role else _value(inner, key)
    if origin in (typing.Union, types.UnionType):
        return _value(next(part for part in typing.get_args(hint) if part is not type(None)), key)
    if origin is list:
        return [_value(typing.get_args(hint)[0], key)]
    if origin is tuple:
        return tuple(_value(part, key) for part in typing.get_args(hint))
    if origin is Literal:
        return typing.get_args(hint)[0]
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _filled(hint)
    return _WORDS.get(key, _TEXT) if hint is str else _LEAVES[hint]
