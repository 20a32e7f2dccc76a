"""What is empty, and which elements are the same one."""

from __future__ import annotations

import pytest

from lumos_core.model.comparing import element_key, has_required, is_empty, place
from lumos_core.model.elements import Description, Owner
from lumos_core.model.entities import Dataset, Field
from lumos_core.model.shapes import Shape, shapes

KEYS = dict(shapes(Dataset))


@pytest.mark.parametrize(("value", "empty"), [(None, True), ([], True), ("", False), (False, False), ([0], False)])
def test_only_what_is_absent_or_an_empty_list_says_nothing(value, empty):
    assert is_empty(value) is empty


def test_elements_of_sets_are_known_by_their_keys_and_fields_by_their_place():
    owner = Owner("urn:lumos:user:ann", type="urn:lumos:ownership_type:steward")
    assert element_key(KEYS["owners"])(owner)[:1] == ("urn:lumos:user:ann",)
    assert element_key(KEYS["fields"])(Field("id", part="key")) == ("key", "id")
    assert place(Field("id")) != place(Field("id", part="key"))


@pytest.mark.parametrize(
    "shape", [KEYS["name"], KEYS["description"], KEYS["lifecycle"], Shape("list", inner=(Shape("leaf"),))]
)
def test_what_has_no_elements_or_a_mere_order_is_taken_as_a_whole(shape):
    assert element_key(shape) is None


def test_a_struct_with_a_key_without_default_cannot_be_built_from_parts():
    assert has_required(Owner)
    assert not has_required(Description)
