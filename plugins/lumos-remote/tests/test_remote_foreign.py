"""Foreign records: what we do not understand travels, and is written back only where it still fits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_remote.foreign import make, parts, restore, urn_of
from lumos_remote.references import Ref, mark, put_in, resolve, take_out
from lumos_remote.residue import Rules

from lumos_core.plugin_api import Foreign, canonical, decode, normalise

HOST = "urn:lumos:dataset:(postgres,shop.orders,PROD)"
RULES = Rules(keys={"owners": "owner"}, drop={"at"})
TEXTS = st.text(max_size=4).filter(lambda text: not text.startswith("id-"))
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | TEXTS | st.sampled_from(["id-1", "id-2"])
NAMES = TEXTS | st.sampled_from(["a/b", "~1"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def find(place: tuple[Any, ...], value: Any) -> str | None:
    return f"urn:lumos:user:{value[3:]}" if isinstance(value, str) and value.startswith("id-") else None


def back(urn: str) -> str:
    return f"id-{urn.rpartition(':')[2]}"


@given(VALUES)
def test_references_are_taken_out_and_put_back(value: Any) -> None:
    body, refs = take_out(mark(value, find))
    assert "id-" not in repr(body)
    marked, astray = put_in(body, refs)
    assert astray == []
    assert resolve(marked, back) == (value, [])
    assert refs == sorted(refs)


@given(st.dictionaries(TEXTS, VALUES, max_size=2), st.dictionaries(TEXTS, VALUES, max_size=2))
def test_a_foreign_record_gives_the_native_object_back(native: dict, understood: dict) -> None:
    record = make(HOST, "datahub", "datasetProperties", native, understood, find=find)
    if record is None:
        assert native == understood
        return
    assert decode(canonical(record)) == normalise(record)
    assert parts(record) == (HOST, "datahub", "datasetProperties")
    assert restore(record, understood, find=find, back=back) == ("datasetProperties", native, False, [])


def test_a_rewritten_reference_is_written_as_what_it_became() -> None:
    native = {"name": "x", "owners": [{"owner": "id-1", "at": 5, "source": "ui"}], "author": "id-1"}
    record = make(HOST, "datahub", "ownership", native, {"name": "x", "owners": [{"owner": "id-1"}]}, rules=RULES,
                  find=find)  # fmt: skip
    assert record is not None
    assert ("/author", "urn:lumos:user:1") in record.value.refs
    assert "id-1" not in record.value.body
    elsewhere = {"name": "x", "owners": [{"owner": "G7"}]}  # another server of the same vendor, with other ids
    written = restore(
        record,
        elsewhere,
        find=lambda place, value: "urn:lumos:user:1" if value == "G7" else None,
        back=lambda urn: "G7",
    )
    assert written.value == {"name": "x", "owners": [{"owner": "G7", "source": "ui"}], "author": "G7"}
    assert not written.stale


def test_a_residue_of_something_else_is_stale() -> None:
    record = make(HOST, "datahub", "datasetProperties", {"name": "x", "uri": "u"}, {"name": "x"})
    assert record is not None
    assert restore(record, {"name": "y"}) == ("datasetProperties", {"name": "y"}, True, [])
    assert restore(record, {"name": "x"}).value == {"name": "x", "uri": "u"}


def test_what_is_not_understood_at_all_is_a_record_of_its_own() -> None:
    native = {"dashboard": {"charts": ["id-1", "id-2"], "at": 3}}
    record = make("", "datahub", "dashboardUsage", native, rules=RULES, find=find, id="urn:li:x(1,2)")
    assert record is not None
    assert parts(record) == ("", "datahub", "urn:li:x(1,2)")
    assert record.value.base is None
    assert restore(record, back=back).value == {"dashboard": {"charts": ["id-1", "id-2"]}}


def test_a_reference_that_the_catalog_does_not_know_is_left_out_and_told() -> None:
    native = {"charts": ["id-1", "id-2"], "author": "id-2", "none": None}
    record = make(HOST, "datahub", "x", native, {}, find=find)
    assert record is not None
    written = restore(record, {}, find=find, back=lambda urn: "id-1" if urn.endswith("1") else None)
    assert written.value == {"charts": ["id-1"], "none": None}
    assert written.missing == ["urn:lumos:user:2"]


def test_a_pointer_that_leads_nowhere_is_told() -> None:
    record = make(HOST, "datahub", "x", {"a": 1}, {})
    assert record is not None
    record.value.refs = [("/b", "urn:lumos:user:1"), ("/a", "urn:lumos:user:2")]
    assert restore(record, {}, back=back) == ("x", {"a": 1}, False, ["urn:lumos:user:1", "urn:lumos:user:2"])


@pytest.mark.parametrize("native", [{}, {"at": 3}, None, []])
def test_nothing_left_is_no_record(native: Any) -> None:
    assert make(HOST, "datahub", "x", native, rules=RULES) is None


def test_hostile_names_of_types_survive() -> None:
    urn = urn_of("atlas", "a/b#c (x)", host=HOST)
    record = make(HOST, "atlas", "a/b#c (x)", {"a": 1})
    assert record is not None
    assert record.urn == urn
    assert parts(record) == (HOST, "atlas", "a/b#c (x)")


@pytest.mark.parametrize("urn", [HOST, f"{HOST}#nothing", "urn:lumos:tag:x"])
def test_other_urns_are_refused(urn: str) -> None:
    record = make(HOST, "atlas", "x", {"a": 1})
    assert record is not None
    record.urn = urn
    with pytest.raises(ValueError, match="foreign"):
        parts(record)


def test_a_body_that_is_no_residue_is_refused() -> None:
    record = make(HOST, "atlas", "x", {"a": 1}, {})
    assert record is not None
    record.value = Foreign(body="[1]", base=record.value.base)
    with pytest.raises(ValueError, match="residue"):
        restore(record, {})


def test_a_reference_is_what_it_means() -> None:
    assert Ref("urn:lumos:user:1", "id-1") == Ref("urn:lumos:user:1", 7)
    assert len({Ref("urn:lumos:user:1"), Ref("urn:lumos:user:1", 7)}) == 1
    assert Ref("urn:lumos:user:1") != "urn:lumos:user:1"
    assert repr(Ref("u")) == "Ref('u')"
