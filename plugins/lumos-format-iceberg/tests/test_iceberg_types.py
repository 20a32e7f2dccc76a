"""Types of Iceberg to canonical ones: every type of an algebra, whose way back is written here."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_format_iceberg.metadata import SchemaSaid
from lumos_format_iceberg.schema import Schema
from lumos_format_iceberg.types import leaf

from lumos_core.plugin_api import paths, types

LEAVES = {
    "boolean": "bool",
    "int": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "date": "date",
    "time": "time(us)",
    "timestamp": "timestamp(us)",
    "timestamptz": "timestamptz(us)",
    "timestamp_ns": "timestamp(ns)",
    "timestamptz_ns": "timestamptz(ns)",
    "string": "string",
    "uuid": "uuid",
    "fixed[16]": "fixed(16)",
    "binary": "bytes",
    "unknown": "unknown",
    "variant": "variant",
    "decimal(38, 18)": "decimal(38,18)",
    "geometry(srid:4326)": "geometry('srid:4326')",
    "geography(srid:4326, vincenty)": "geography('srid:4326',vincenty)",
}
BACK = {canonical: name for name, canonical in LEAVES.items()}


@pytest.mark.parametrize("name", LEAVES)
def test_leaves(name):
    assert types.render(leaf(name)) == LEAVES[name]


@pytest.mark.parametrize(
    "name, canonical",
    [
        ("decimal(9,2)", "decimal(9,2)"),
        ("decimal(99,2)", "opaque('decimal(99,2)')"),
        ("geometry", "geometry('OGC:CRS84')"),
        ("geography", "geography('OGC:CRS84',spherical)"),
        ("geography(OGC:CRS84)", "geography('OGC:CRS84',spherical)"),
        ("geography(x, warped)", "opaque('geography(x, warped)')"),
        ("quaternion", "opaque('quaternion')"),
    ],
)
def test_defaults_what_is_odd_and_what_is_not_known(name, canonical):
    assert types.render(leaf(name)) == canonical


canonical_types = st.recursive(
    st.sampled_from(sorted(BACK)).map(types.parse)
    | st.integers(1, 38).flatmap(lambda p: st.builds(types.Decimal, st.just(p), st.integers(0, p)))
    | st.builds(types.Bytes, st.integers(1, 999), st.just(True)),
    lambda inner: st.one_of(
        st.builds(types.List, inner, st.booleans()),
        st.builds(types.Map, inner, inner, st.booleans()),
        st.lists(
            st.builds(types.Member, st.text(min_size=1, max_size=4), inner, st.booleans()),
            max_size=3,
            unique_by=lambda member: member.name,
        ).map(lambda members: types.Struct(tuple(members))),
    ),
    max_leaves=8,
)


def iceberg(type: types.Type, ids: Any) -> Any:
    """Write a canonical type as Iceberg's schemas have it."""
    if isinstance(type, types.List):
        said = {"type": "list", "element-id": next(ids), "element-required": not type.nullable}
        return {**said, "element": iceberg(type.element, ids)}
    if isinstance(type, types.Map):
        said = {"type": "map", "key-id": next(ids), "value-id": next(ids), "value-required": not type.nullable}
        return {**said, "key": iceberg(type.key, ids), "value": iceberg(type.value, ids)}
    if isinstance(type, types.Struct):
        members = [
            {"id": next(ids), "name": m.name, "required": not m.nullable, "type": iceberg(m.type, ids)}
            for m in type.members or ()
        ]
        return {"type": "struct", "fields": members}
    if isinstance(type, types.Decimal):
        return f"decimal({type.precision}, {type.scale})"
    if isinstance(type, types.Bytes) and type.fixed:
        return f"fixed[{type.max}]"
    return BACK[types.render(type)]


def rows(type: types.Type, path: str) -> list[tuple[str, str, bool]]:
    """List the members of all structs inside a type, as fields have them."""
    if isinstance(type, types.List):
        return rows(type.element, paths.element(path))
    if isinstance(type, types.Map):
        return rows(type.key, paths.map_key(path)) + rows(type.value, paths.map_value(path))
    found = []
    for member in (type.members or ()) if isinstance(type, types.Struct) else ():
        place = paths.child(path, member.name)
        found += [(place, types.render(bare(member.type)), member.nullable), *rows(member.type, place)]
    return found


def bare(type: types.Type) -> types.Type:
    """Return a type whose structs say nothing of their members."""
    if isinstance(type, types.List):
        return types.List(bare(type.element), type.nullable)
    if isinstance(type, types.Map):
        return types.Map(bare(type.key), bare(type.value), type.nullable)
    return types.Struct() if isinstance(type, types.Struct) else type


@given(canonical_types, st.text(min_size=1, max_size=5), st.booleans())
def test_every_type_comes_back_and_every_id_leads_to_its_place(type, name, nullable):
    ids = count(1)
    column = {"id": next(ids), "name": name, "required": not nullable, "type": iceberg(type, ids)}
    schema = Schema(SchemaSaid(fields=[column]))
    place = paths.quote(name)
    expected = [(place, types.render(bare(type)), nullable), *rows(type, place)]
    assert [(field.path, field.type, field.nullable) for field in schema.fields] == expected
    # Every field, element, key and value has its own id.
    assert sorted(schema.path_of) == list(range(1, next(ids)))
    assert len(set(schema.path_of.values())) == len(schema.path_of)
    assert {field.path: field.id for field in schema.fields}.items() <= {
        path: str(id) for id, path in schema.path_of.items()
    }.items()


@given(st.text(min_size=1, max_size=30))
def test_no_name_of_a_type_is_lost(name):
    assert types.parse(types.render(leaf(name))) == leaf(name)
