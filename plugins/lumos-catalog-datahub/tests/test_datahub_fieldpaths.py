from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_catalog_datahub.fieldpaths import Spelling, read, write

from lumos_core.plugin_api import paths
from lumos_core.testing.strategies import NAMES

SEGMENTS = st.one_of(
    st.builds(paths.Segment, st.just("name"), NAMES | st.sampled_from(["a.b", "[version=2.0]", "%5B%5D", "", "[e:]"])),
    st.sampled_from([paths.ELEMENT, paths.MAP_KEY, paths.MAP_VALUE]),
    st.builds(paths.Segment, st.just("branch"), NAMES),
)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=5).map(paths.join)
TYPES = st.sampled_from(["", "struct", "list<struct>", "map<string,struct>", "int64", "list<list<string?>>", "union"])


@given(PATHS, st.sampled_from([None, "key", "value", "header"]), TYPES, st.booleans())
def test_every_path_is_read_back(path: str, part: str | None, type_: str, nested: bool) -> None:
    assert read(write(path, part, lambda _: type_, nested)) == (part, path)


@pytest.mark.parametrize(
    ("native", "place"),
    [
        ("id", (None, "id")),
        ("customer.email", (None, "customer.email")),
        ("[version=2.0].[type=string].id", (None, "id")),
        ("[version=2.0].[type=struct].[type=string].id", (None, "id")),
        ("[version=2.0].[key=True].[type=long].id", ("key", "id")),
        ("[version=2.0].[type=Root].[type=Addr].address.[type=string].zip", (None, "address.zip")),
        ("[version=2.0].[type=Root].[type=array].[type=Item].items.[type=long].id", (None, "items[].id")),
        ("[version=2.0].[type=Root].[type=array].[type=string].tags", (None, "tags")),
        ("[version=2.0].[type=Root].[type=map].[type=Item].m.[type=long].id", (None, "m{value}.id")),
        ("[version=2.0].[type=Root].[type=union].u", (None, "u")),
        ("[version=2.0].[type=Root].[type=union].[type=A].u", (None, "u<A>")),
        ("[version=2.0].[type=Root].[type=union].[type=A].u.[type=long].id", (None, "u<A>.id")),
        ("[version=2.0].[type=com.acme.Root].[type=string].id", (None, "id")),
    ],
)
def test_what_the_vendor_writes_is_understood(native: str, place: tuple[str | None, str]) -> None:
    assert read(native) == place


def test_flat_fields_stay_in_v1_and_nested_ones_say_their_types() -> None:
    assert write("id") == "id"
    types = {"items": "list<struct>", "items[].id": "int64", "m": "map<string,list<int64?>>"}
    assert (
        write("items", None, types.__getitem__, True) == "[version=2.0].[type=struct].[type=array].[type=struct].items"
    )
    assert (
        write("items[].id", None, types.__getitem__)
        == "[version=2.0].[type=struct].[type=array].[type=struct].items.[type=int64].id"
    )
    assert (
        write("m", None, types.__getitem__, True)
        == "[version=2.0].[type=struct].[type=map].[type=array].[type=int64].m"
    )


def test_a_spelling_that_the_catalog_has_is_kept() -> None:
    avro = "[version=2.0].[type=Root].[type=Addr].address.[type=string].zip"
    spelling = Spelling({read(avro): avro})
    assert spelling("address.zip") == spelling.known("address.zip") == avro
    assert spelling("id") == spelling.known("id") == "id"
