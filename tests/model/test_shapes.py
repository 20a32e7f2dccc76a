"""What keys mean is declared once, and everything derived from it agrees."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given

from lumos_core.model import aspects
from lumos_core.model.elements import Description, Key, Lineage, TagLink
from lumos_core.model.entities import FREE_KEYS, KINDS, Dataset, Entity, Field, Stats
from lumos_core.model.graph import Graph
from lumos_core.model.record import AnyRecord, Record
from lumos_core.model.shapes import (
    Markdown,
    Pairs,
    Path,
    Ref,
    Refs,
    encoded_names,
    key_function,
    set_by,
    shape_of,
    shapes,
)
from lumos_core.testing.strategies import record_lists, records


class Inner(msgspec.Struct):
    name: str
    to: Ref | None = None


@pytest.mark.parametrize(
    "hint, form, role, keys",
    [
        (str, "leaf", "", None),
        (int | None, "leaf", "", None),
        (Literal["a", "b"], "leaf", "", None),
        (Ref, "leaf", "ref", None),
        (Ref | None, "leaf", "ref", None),
        (Markdown | None, "leaf", "markdown", None),
        (Refs, "list", "", ()),
        (Pairs, "list", "", ("0",)),
        (list[Path], "list", "", None),
        (Annotated[list[Inner], set_by("name", "to")], "list", "", ("name", "to")),
        (Inner | None, "struct", "", None),
        (list[bool | int | str | Inner], "list", "", None),
        (tuple[str, Ref], "tuple", "", None),
    ],
)
def test_a_hint_has_a_shape(hint: object, form: str, role: str, keys: tuple[str, ...] | None) -> None:
    shape = shape_of(hint)
    assert (shape.form, shape.role, shape.keys) == (form, role, keys)


def test_shapes_look_into_what_they_hold() -> None:
    assert shape_of(list[bool | int | str | Inner]).inner[0].form == "union"
    assert shape_of(tuple[str, Ref]).inner[1].role == "ref"
    assert shape_of(str).plain and not shape_of(Ref).plain
    assert key_function(shape_of(Annotated[list[Inner], set_by("name", "to")]))(Inner("a")) == ("a", "")
    assert key_function(shape_of(Pairs))(("k", "v")) == ("k",)


@pytest.mark.parametrize("struct", [*KINDS.values(), Field, Lineage, TagLink, Key])
def test_every_set_is_sorted_by_keys_that_exist(struct: type[msgspec.Struct]) -> None:
    for _, shape in shapes(struct):
        if shape.keys and shape.inner[0].struct is not None:
            assert set(shape.keys) <= set(encoded_names(shape.inner[0].struct).values())
    assert list(dict(shapes(struct))) == list(struct.__struct_fields__)


def test_keys_as_they_are_written() -> None:
    assert encoded_names(TagLink)["from_"] == "from"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_aspects_are_the_keys_of_the_entities(kind: str) -> None:
    struct = KINDS[kind]
    found = aspects.of_kind(kind)
    if not issubclass(struct, Entity):
        assert found == frozenset()
        return
    assert {a for a in found if "." not in a} == set(struct.__struct_fields__) - FREE_KEYS
    assert ("fields.tags" in found) == ("fields" in struct.__struct_fields__)
    assert found <= aspects.ASPECTS and aspects.RECORD in aspects.ASPECTS


@given(records())
def test_present_aspects_are_aspects(record: AnyRecord) -> None:
    if isinstance(record.value, Entity):
        assert aspects.present(record.value) <= aspects.of_kind(record.kind)
        assert aspects.present(record.value) <= set(record.value.captured)
        bare = type(record.value)(captured=["owners"], name="a")
        assert aspects.present(bare) == frozenset()


def test_present_looks_into_fields_and_lineage() -> None:
    value = Dataset(fields=[Field("a", description=Description(source="x"))])
    assert aspects.present(value) == {"fields", "fields.description"}
    assert not hasattr(Stats(), "captured")


@given(record_lists())
def test_the_graph_holds_every_edge_that_was_reported(found: list[AnyRecord]) -> None:
    graph, expected = Graph(), set()
    for record in found:
        graph.add(record)
        lineage = getattr(record.value, "lineage", None)
        for edge in lineage.upstreams if lineage else ():
            expected.add((edge.urn.split("#")[0], record.urn, edge.via))
        for edge in lineage.downstreams if lineage else ():
            expected.add((record.urn, edge.urn.split("#")[0], edge.via))
    assert set(graph.edges()) == expected
    for source, target, _ in expected:
        assert target in graph.downstream(source) and source in graph.upstream(target)


def test_reach_is_nearest_first_and_survives_cycles() -> None:
    graph = Graph()
    for source, target in ["ab", "bc", "ca", "bd"]:
        graph.connect(f"{source}#x", target, None)
    assert graph.reach("a") == {"b": 1, "c": 2, "d": 2}
    assert graph.reach("d", down=False) == {"b": 1, "a": 2, "c": 3}
    assert graph.reach("a", depth=1) == {"b": 1}
    assert graph.reach("unknown") == {} and len(graph) == 4
    assert set(graph.nodes()) == set("abcd")
    assert Record("urn:lumos:tag:a", KINDS["tag"]()).kind == "tag"
