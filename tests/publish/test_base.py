"""What the catalog was last given, found out after an attempt with an unknown outcome."""

from __future__ import annotations

from hypothesis import given, settings

from lumos_core.model.aspects import of_kind
from lumos_core.model.elements import Description, Owner, TagLink
from lumos_core.model.entities import Dataset, Field, Foreign
from lumos_core.model.record import Record, canonical, decode
from lumos_core.model.urns import dataset
from lumos_core.publish.base import resolved
from lumos_core.publish.merge import Merger
from lumos_core.testing.strategies import records

URN = dataset("memory", "orders")
datasets = records("dataset").map(lambda record: Record(URN, decode(canonical(record)).value))


def record(**keys):
    return decode(canonical(Record(URN, Dataset(**keys))))


def tags(*names):
    return [TagLink(f"urn:lumos:tag:{name}") for name in names]


@settings(max_examples=100, deadline=None)
@given(datasets, datasets)
def test_what_arrived_whole_is_the_base_and_what_did_not_is_not(base, intent):
    assert resolved(base, intent, intent) == intent
    assert resolved(base, intent, base) in (base, intent)
    assert resolved(None, intent, intent) == intent
    assert resolved(base, intent, None) is None
    assert resolved(base, None, intent) == base


@settings(max_examples=100, deadline=None)
@given(datasets, datasets)
def test_a_half_applied_attempt_is_never_somebodys_edit(base, intent):
    """Whatever keys have arrived, publishing the intent again meets no conflict and ends with all of it."""
    value = intent.value
    value.captured = sorted(of_kind("dataset"))
    half = decode(canonical(base)).value
    for key in sorted(of_kind("dataset"))[::2]:
        if "." not in key:
            setattr(half, key, getattr(value, key))
    theirs = decode(canonical(Record(URN, half)))
    found = resolved(base, intent, theirs)
    conflicts = []
    merger = Merger(of_kind("dataset"), {})
    change, unset = merger.merge(found.value, value, theirs.value, lambda key, why: conflicts.append((key, why)))
    assert conflicts == []
    for key in unset:
        setattr(theirs.value, key, getattr(Dataset(), key))
    for key in Dataset.__struct_fields__:
        if getattr(change, key) not in (None, []):
            setattr(theirs.value, key, getattr(change, key))
    for key in of_kind("dataset"):
        if "." not in key:
            assert getattr(theirs.value, key) == getattr(value, key), key


def test_each_element_is_judged_alone():
    base = record(tags=tags("a", "b"), owners=[Owner("urn:lumos:user:ada")])
    intent = record(tags=tags("b", "c"), owners=[Owner("urn:lumos:user:bo")])
    theirs = record(tags=tags("b", "c", "typed"), owners=[Owner("urn:lumos:user:ada")])
    found = resolved(base, intent, theirs).value
    assert found.tags == tags("b", "c"), "`c` arrived, `a` went, `typed` is somebody's"
    assert found.owners == [Owner("urn:lumos:user:ada")], "this did not arrive"


def test_each_layer_of_a_text_is_judged_alone():
    base = record(description=Description(source="one", manual="x"))
    intent = record(description=Description(source="two", manual="y"))
    theirs = record(description=Description(source="two", manual="typed"))
    assert resolved(base, intent, theirs).value.description == Description(source="two", manual="x")


def test_each_key_of_a_field_is_judged_alone():
    base = record(fields=[Field("id", type="int32"), Field("gone")])
    intent = record(fields=[Field("new"), Field("id", type="int64")])
    theirs = record(fields=[Field("new"), Field("id", type="int64")])
    base.value.fields[0].description = Description(source="old")
    intent.value.fields[1].description = Description(source="new")
    theirs.value.fields[1].description = Description(source="typed")
    found = resolved(base, intent, theirs).value.fields
    assert [(field.path, field.type) for field in found] == [("new", "unknown"), ("id", "int64")]
    assert found[1].description == Description(source="old")


def test_an_opaque_record_arrived_or_did_not():
    base, intent, other = (Record(f"{URN}#memory/raw", Foreign(body=body)) for body in "123")
    assert resolved(base, intent, intent) == intent
    assert resolved(base, intent, other) == base
    assert resolved(None, intent, other) is None
