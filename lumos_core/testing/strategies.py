"""Hypothesis strategies for records, made from the schema, so that every key of every kind is covered.

Example:
    ```python
    from hypothesis import given
    from lumos_core.plugin_api import canonical, decode
    from lumos_core.testing.strategies import records

    @given(records("dataset"))
    def test_my_adapter_keeps_datasets(record):
        ...
    ```
"""

from __future__ import annotations

import types
import typing
from functools import cache
from typing import Annotated, Any, Literal

from hypothesis import strategies as st
from msgspec import Struct

from ..model import aspects, paths, urns
from ..model.entities import KINDS, Entity, Field
from ..model.record import MAX_INTEGER, AnyRecord, Record

NAMES = st.text(min_size=1, max_size=8) | st.sampled_from(["orders", "Ünïcödé", "a b", "a.b", "x:y", "50%", '"q"'])
"""Native names, hostile ones included."""

TEXTS = (st.text(max_size=12) | st.just("no")).filter(lambda text: "urn:lumos:" not in text)
"""Plain texts, in which no URN stands."""

TYPE_TEXTS = ("bool", "int64", "decimal(18,2)", "varchar(64)", "timestamp(us)", "struct", "list<int64?>")
"""Some canonical type texts."""

TIMES = st.times().map(lambda time: f"2026-01-15T{time:%H:%M:%S}Z")
"""RFC 3339 times in UTC."""

_ASSET_TYPES = ["chart", "dashboard", "ml_model", "metric", "api", "document"]


@cache
def field_paths() -> st.SearchStrategy[str]:
    """Return field paths of up to three names."""
    segment = st.builds(paths.Segment, st.just("name"), NAMES)
    return st.lists(segment, min_size=1, max_size=3).map(paths.join)


@cache
def urns_of(kind: str) -> st.SearchStrategy[str]:
    """Return URNs that name a record of this kind; those of `foreign` and `stats` carry their part."""
    if kind == "foreign":
        hosted = st.builds(lambda host, name: f"{host}#datahub/{urns.encode(name)}", _hosts(), NAMES)
        return hosted | st.builds(lambda name: f"urn:lumos:foreign:(atlas,{urns.encode(name)})", NAMES)
    if kind == "stats":
        part = st.sampled_from(["#profile@", "#usage@", "#run/7@"])
        return st.builds(lambda host, part, time: host + part + time, _hosts(), part, TIMES)
    names = [name for name, of in urns.KIND_OF_TYPE.items() if of == kind]
    types_ = st.sampled_from(names or _ASSET_TYPES)
    if kind in ("dataset", "container", "job", "asset"):
        platform, env = st.sampled_from(["postgres", "file", "s3"]), st.sampled_from(["PROD", "DEV"])
        return st.builds(urns.located, types_, platform, NAMES, env)
    return st.builds(urns.plain, types_, NAMES)


@cache
def refs() -> st.SearchStrategy[str]:
    """Return references: URNs of records, of fields, and `#path`."""
    part = st.builds("{}#{}".format, urns_of("dataset"), field_paths())
    return _hosts() | part | field_paths().map("#{}".format)


@cache
def markdowns() -> st.SearchStrategy[str]:
    """Return markdown texts, some with references as link targets."""
    forms = st.sampled_from(["see [it]({}).", "![]( {} 'title')", "a\n[1]: {}\nb", "- [x]({}) and [y](https://z)"])
    angled = _hosts().filter(lambda urn: not {"<", ">"} & set(urn))
    linked = st.builds(str.format, forms, _hosts()) | st.builds("see <{}>, [it](<{}>)".format, angled, angled)
    return TEXTS | st.lists(linked, min_size=1, max_size=3).map(" ".join)


@cache
def _hosts() -> st.SearchStrategy[str]:
    return st.one_of(urns_of("dataset"), urns_of("job"), urns_of("user"), urns_of("term"))


@cache
def values(struct: type[Struct]) -> st.SearchStrategy[Any]:
    """Return instances of a struct of the model, with any of its keys; not yet normalised."""
    hints = typing.get_type_hints(struct, include_extras=True)
    names = struct.__struct_fields__
    required = names[: len(names) - len(struct.__struct_defaults__)]
    optional = [name for name in names if name not in required and name != "captured"]
    parts = {name: _of_hint(hints[name]) for name in names}
    choice = st.lists(st.sampled_from(optional), unique=True, max_size=4) if optional else st.just([])

    @st.composite
    def build(draw: st.DrawFn) -> Any:
        return struct(**{name: draw(parts[name]) for name in (*required, *draw(choice))})

    return build()


@cache
def records(kind: str | None = None) -> st.SearchStrategy[AnyRecord]:
    """Return records of one kind, or of any; `captured` names every key that has a value."""
    if kind is None:
        return st.one_of([records(kind) for kind in sorted(KINDS)])

    urns_, values_ = urns_of(kind), values(KINDS[kind])
    more = st.lists(st.sampled_from(sorted(aspects.of_kind(kind)) or [""]), max_size=2)

    @st.composite
    def build(draw: st.DrawFn) -> AnyRecord:
        value = draw(values_)
        if isinstance(value, Entity):
            if hasattr(value, "fields"):
                value.fields = list({(field.part, field.path): field for field in value.fields}.values())
            value.captured = [*aspects.present(value), *draw(more)]
        return Record(draw(urns_), value, kind)

    return build()


def record_lists(kind: str | None = None, max_size: int = 8) -> st.SearchStrategy[list[AnyRecord]]:
    """Return records with distinct (kind, URN), in any order."""
    return st.lists(records(kind), max_size=max_size, unique_by=lambda record: (record.kind, record.urn))


def _of_hint(hint: Any) -> st.SearchStrategy[Any]:
    """Return values for a type annotation; what it means is read from its `Meta`."""
    origin = typing.get_origin(hint)
    if origin is Annotated:
        hint, *metas = typing.get_args(hint)
        for meta in metas:
            role = (getattr(meta, "extra", None) or {}).get("role")
            if role in _ROLES:
                return _ROLES[role]()
        return _of_hint(hint)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([_of_hint(arg) for arg in typing.get_args(hint) if arg is not type(None)])
    if origin is list:
        return st.lists(_of_hint(typing.get_args(hint)[0]), max_size=3)
    if origin is tuple:
        return st.tuples(*map(_of_hint, typing.get_args(hint)))
    if origin is Literal:
        return st.sampled_from(typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Struct):
        return st.deferred(lambda: values(hint)).map(_typed) if hint is Field else st.deferred(lambda: values(hint))
    return _LEAVES[hint]


def _typed(field: Field) -> Field:
    if field.type != "unknown":
        field.type = TYPE_TEXTS[len(field.type) % len(TYPE_TEXTS)]
    return field


_LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    bool: st.booleans(),
    int: st.integers(-MAX_INTEGER, MAX_INTEGER),
}
_ROLES: dict[str, typing.Callable[[], st.SearchStrategy[Any]]] = {
    "ref": refs,
    "path": field_paths,
    "markdown": markdowns,
    "time": lambda: TIMES,
    "count": lambda: st.integers(-(2**62), 2**62),
}
