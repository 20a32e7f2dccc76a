"""The property `lumos`: nothing that a catalog cannot say is lost, and nothing that people changed there comes back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumos_core.plugin_api import (
    AnyRecord,
    Dataset,
    Description,
    Entity,
    Field,
    Foreign,
    Lineage,
    LineageEdge,
    Owner,
    Record,
    TagLink,
    canonical,
    decode,
    shadow,
    urns,
)
from lumos_core.testing.strategies import records

ORDERS = urns.dataset("shop", "orders")
ANN, BOB = urns.plain("user", "ann"), urns.plain("user", "bob")
GOLD, PII, NEW = (urns.plain("tag", name) for name in ("gold", "pii", "new"))


def copy(record: AnyRecord) -> AnyRecord:
    return decode(canonical(record))


def project(record: AnyRecord) -> AnyRecord:
    """What a poor catalog says: one text, plain tags, owners without types, fields with a type and a text."""
    value = record.value
    said: Any = type(value)(name=value.name)
    said.description = _one_text(value.description)
    said.tags = [TagLink(link.tag, layer="manual") for link in value.tags if link.value is None]
    said.owners = [Owner(owner.owner, layer="manual") for owner in value.owners]
    if value.lineage is not None and value.lineage.upstreams:
        said.lineage = Lineage(upstreams=[LineageEdge(edge.urn) for edge in value.lineage.upstreams])
    if hasattr(value, "fields"):
        said.fields = [
            Field(
                field.path,
                type=field.type,
                description=_one_text(field.description),
                tags=[TagLink(link.tag, layer="manual") for link in field.tags],
            )
            for field in value.fields
        ]
    return copy(Record(record.urn, said, record.kind))


def _one_text(text: Description | None) -> Description | None:
    return Description(manual=text.shown) if text is not None and text.shown else None


def orders(**keys: Any) -> AnyRecord:
    return copy(Record(ORDERS, Dataset(name="orders", **keys)))


RICH = orders(
    subtype="table",
    description=Description(source="One row per order", others=[("wiki", "Orders")]),
    tags=[TagLink(GOLD), TagLink(PII, value="high", reason="scan")],
    owners=[Owner(ANN, "urn:lumos:ownership_type:steward"), Owner(BOB)],
    lineage=Lineage(upstreams=[LineageEdge(urns.dataset("shop", "raw"), type="transformed")]),
    fields=[
        Field("id", type="int64", nullable=False),
        Field("mail", type="string", description=Description(source="Where to write"), tags=[TagLink(PII)]),
        Field("note", type="string"),
    ],
)


def edited(**keys: Any) -> AnyRecord:
    """What the catalog says of RICH after somebody edited it there."""
    native = project(RICH)
    for key, value in keys.items():
        setattr(native.value, key, value)
    return copy(native)


def recalled(native: AnyRecord) -> shadow.Recalled:
    return shadow.recall(native, shadow.keep(copy(RICH), project), project)


@given(records().filter(lambda record: isinstance(record.value, Entity)))
def test_nothing_is_lost(record: AnyRecord) -> None:
    record = copy(record)
    record.value.captured = []
    text = shadow.keep(copy(record), project)
    found = shadow.recall(project(record), text, project)
    assert canonical(found.record) == canonical(record)
    assert not found.stale


@given(st.data())
def test_what_people_see_in_the_catalog_is_what_is_read(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["dataset", "container", "term"]))
    mine, other = copy(data.draw(records(kind))), copy(data.draw(records(kind)))
    keys = data.draw(st.sets(st.sampled_from(["description", "tags", "owners", "fields", "lineage"])))
    native, theirs = project(mine), project(other)
    for key in keys:
        if hasattr(native.value, key):
            setattr(native.value, key, getattr(theirs.value, key))
    native = copy(native)
    found = shadow.recall(copy(native), shadow.keep(copy(mine), project), project)
    assert canonical(project(found.record)) == canonical(native)


def test_a_catalog_that_says_everything_keeps_nothing() -> None:
    assert shadow.keep(copy(RICH), lambda record: record) == ""


def test_the_text_names_only_what_is_lost() -> None:
    kept = msgspec.json.decode(shadow.keep(copy(RICH), project))
    assert sorted(kept["record"]["value"]) == ["description", "fields", "lineage", "owners", "subtype", "tags"]
    assert [field["path"] for field in kept["record"]["value"]["fields"]] == ["id", "mail"]


def test_an_edited_text_is_a_persons_and_the_sources_text_is_still_known() -> None:
    found = recalled(edited(description=Description(manual="Ours!")))
    assert found.record.value.description == Description(
        source="One row per order", manual="Ours!", others=[("wiki", "Orders")]
    )
    assert found.stale == ("description",)
    assert found.record.value.owners == RICH.value.owners, "what was not edited is whole"


def test_a_removed_tag_stays_removed_and_the_others_keep_their_values() -> None:
    found = recalled(edited(tags=[TagLink(NEW, layer="manual")]))
    assert found.record.value.tags == [TagLink(NEW, layer="manual"), TagLink(PII, value="high", reason="scan")]


def test_an_added_owner_takes_no_type_from_the_others() -> None:
    eve = Owner(urns.plain("user", "eve"), layer="manual")
    found = recalled(edited(owners=[*project(RICH).value.owners, eve]))
    assert found.record.value.owners == [*RICH.value.owners, eve]


def test_an_edited_field_loses_nothing_else() -> None:
    native = project(RICH)
    native.value.fields[1].description = Description(manual="The address")
    native.value.fields[2].tags = [TagLink(NEW, layer="manual")]
    found = recalled(copy(native)).record.value.fields
    assert found[0] == RICH.value.fields[0]
    assert found[1].description == Description(source="Where to write", manual="The address")
    assert found[1].tags == RICH.value.fields[1].tags
    assert found[2].tags == [TagLink(NEW, layer="manual")]


def test_what_was_emptied_in_the_catalog_is_empty() -> None:
    found = recalled(edited(description=None, owners=[]))
    assert found.record.value.description is None
    assert found.record.value.owners == []
    assert found.stale == ("description", "owners")


def test_the_identity_is_kept_unless_the_thing_was_copied() -> None:
    def renamed(record: AnyRecord) -> AnyRecord:
        return Record(urns.dataset("other", "x"), project(record).value, record.kind)

    text = shadow.keep(copy(RICH), renamed)
    assert shadow.recall(renamed(RICH), text, renamed).record.urn == ORDERS
    copied = Record(urns.dataset("other", "copy"), renamed(RICH).value, "dataset")
    found = shadow.recall(copied, text, renamed)
    assert (found.record.urn, found.stale) == (copied.urn, ("urn",))


def test_foreign_records_travel() -> None:
    foreign = Record(f"{ORDERS}#datahub/siblings", Foreign(body='{"primary":true}', base="sha256:00"))
    text = shadow.keep(copy(RICH), project, [foreign])
    found = shadow.recall(project(RICH), text, project)
    assert found.foreign == (foreign,)
    assert canonical(found.record) == canonical(RICH)


@pytest.mark.parametrize("text", ["x", "{}", "[]", '{"record":{"kind":"no","urn":"x","value":{}}}', '{"record":1}'])
def test_a_text_that_is_none_is_stale(text: str) -> None:
    native = project(RICH)
    assert shadow.recall(native, text, project) == shadow.Recalled(native, ("lumos",))
