"""Types of Delta to canonical ones: every type of an algebra, whose way back is written here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_format_delta.schema import Schema
from lumos_format_delta.types import leaf, type_of

from lumos_core.plugin_api import paths, types

LEAVES = {
    "string": "string",
    "long": "int64",
    "integer": "int32",
    "short": "int16",
    "byte": "int8",
    "float": "float32",
    "double": "float64",
    "boolean": "bool",
    "binary": "bytes",
    "date": "date",
    "timestamp": "timestamptz(us)",
    "timestamp_ntz": "timestamp(us)",
    "variant": "variant",
    "void": "unknown",
    "interval year to month": "interval(year-month)",
    "interval day to second": "interval(day-time)",
    "decimal(38,18)": "decimal(38,18)",
    "varchar(7)": "varchar(7)",
    "char(7)": "char(7)",
    "string collate UTF8_LCASE": "string collate 'UTF8_LCASE'",
    "geometry(SRID:0)": "geometry('SRID:0')",
    "geography(OGC:CRS84, SPHERICAL)": "geography('OGC:CRS84',spherical)",
}
BACK = {canonical: name for name, canonical in LEAVES.items()}


@pytest.mark.parametrize("name", LEAVES)
def test_leaves(name):
    assert types.render(leaf(name).type) == LEAVES[name]


@pytest.mark.parametrize(
    "name, canonical",
    [
        ("decimal", "decimal(10,0)"),
        ("decimal( 5 , 2 )", "decimal(5,2)"),
        ("decimal(99,2)", "opaque('decimal(99,2)')"),
        ("decimal(2,5)", "opaque('decimal(2,5)')"),
        ("geometry", "geometry"),
        ("geography", "geography"),
        ("geography(OGC:CRS84, WARPED)", "opaque('geography(OGC:CRS84, WARPED)')"),
        ("quaternion", "opaque('quaternion')"),
        ({"type": "udt", "class": "x", "sqlType": "double"}, "float64"),
    ],
)
def test_what_is_odd_and_what_is_not_known(name, canonical):
    assert types.render(type_of(name).type) == canonical


canonical_types = st.recursive(
    st.sampled_from(sorted(BACK)).map(types.parse)
    | st.integers(1, 38).flatmap(lambda p: st.builds(types.Decimal, st.just(p), st.integers(0, p))),
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


def spark(type: types.Type) -> Any:
    """Write a canonical type as Delta's schemas have it."""
    if isinstance(type, types.List):
        return {"type": "array", "elementType": spark(type.element), "containsNull": type.nullable}
    if isinstance(type, types.Map):
        value = {"valueType": spark(type.value), "valueContainsNull": type.nullable}
        return {"type": "map", "keyType": spark(type.key), **value}
    if isinstance(type, types.Struct):
        members = [
            {"name": m.name, "type": spark(m.type), "nullable": m.nullable, "metadata": {}} for m in type.members or ()
        ]
        return {"type": "struct", "fields": members}
    if isinstance(type, types.Decimal):
        return f"decimal({type.precision},{type.scale})"
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
def test_every_type_comes_back(type, name, nullable):
    column = {"name": name, "type": spark(type), "nullable": nullable, "metadata": {}}
    schema = Schema(json.dumps({"type": "struct", "fields": [column]}), mapped=False)
    place = paths.quote(name)
    expected = [(place, types.render(bare(type)), nullable), *rows(type, place)]
    assert [(field.path, field.type, field.nullable) for field in schema.fields] == expected


@given(st.text(max_size=30))
def test_no_name_of_a_type_is_lost(name):
    typed = leaf(name)
    assert typed.native and typed.type if name else True
    assert types.parse(types.render(typed.type)) == typed.type
