"""Identity: every name can be written, and what is written is read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumos_core.model import urns
from lumos_core.model.entities import KINDS

NAMES = st.text(max_size=8) | st.text(alphabet=st.sampled_from('ab:%!"#(),\\ \n\t/.é😀\u202e'), max_size=8)
BYTES = st.binary(max_size=6).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@given(NAMES | BYTES, NAMES)
def test_located_names_are_read_back(name: str, instance: str) -> None:
    urn = urns.located("dataset", "postgres", name, instance=instance)
    parsed = urns.parse(urn)
    assert (parsed.type, parsed.platform, parsed.env, parsed.fragment) == ("dataset", "postgres", "PROD", "")
    where, colon, rest = parsed.name.rpartition(":")
    assert (urns.decode(where), urns.decode(rest)) == (instance, name)
    assert bool(colon) == bool(instance)
    assert urns.host(urn) == urn and urns.kind(urn) == "dataset"
    assert not set(urn) & set('\n\t "\\!')


@given((NAMES | BYTES).filter(bool))
def test_plain_names_are_read_back(name: str) -> None:
    urn = urns.plain("term", name)
    assert urns.parse(urn).name == urns.encode(name)
    assert urns.name(urn) == name == urns.decode(urns.encode(name))


@given(NAMES, NAMES)
def test_different_names_are_different_urns(one: str, other: str) -> None:
    assert (urns.dataset("a", one) == urns.dataset("a", other)) == (one == other)


@given(NAMES, st.text(max_size=5))
def test_a_part_is_told_from_its_host(name: str, path: str) -> None:
    host = urns.container("s3", name)
    part = urns.field(host, path)
    assert urns.host(part) == host
    assert urns.parse(part) == urns.parse(host)._replace(fragment=path)


@pytest.mark.parametrize(
    "text",
    [
        "", "urn:lumos:", "urn:lumos:tag:", "tag", "urn:li:dataset:(a,b,c)", "urn:lumos:Tag:a",
        "urn:lumos:dataset:(a,b)",
        "urn:lumos:dataset:(a,b,c,d)", "urn:lumos:dataset:(a,b,c)x", "urn:lumos:tag:a b", "urn:lumos:tag:a:b",
        "urn:lumos:dataset:(a,b c,PROD)", 'urn:lumos:dataset:(a,"b",PROD)', "urn:lumos:dataset:(a,b\\,PROD)",
        "urn:lumos:dataset:(a:b,c,PROD)", "urn:lumos:tag:a\n", "urn:lumos:foreign:(a,b,c,d)",
    ],
)  # fmt: skip
def test_what_is_no_urn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a URN"):
        urns.parse(text)
    assert urns.name(text) == text


def test_kinds_follow_from_types() -> None:
    assert urns.kind("urn:lumos:dashboard:(superset,12,PROD)") == "asset"
    assert urns.kind("urn:lumos:service:(postgres,main,PROD)") == "container"
    assert urns.kind("urn:lumos:notebook:(databricks,a,PROD)") == "job"
    assert urns.parse("urn:lumos:foreign:(atlas,a:b)") == urns.Urn("foreign", "atlas", "a:b", "")
    assert set(urns.KIND_OF_TYPE.values()) <= set(KINDS)


def test_names_are_never_normalised() -> None:
    assert urns.plain("tag", "e\u0301") != urns.plain("tag", "\u00e9")


PLACES = st.lists(st.sampled_from(["a", "b", "orders", "x.y", ""]), min_size=1, max_size=4).map("/".join)
LOCATED = st.builds(urns.dataset, st.sampled_from(["file", "s3"]), PLACES, instance=st.sampled_from(["", "eu"]))


@given(st.lists(LOCATED, unique=True), st.data())
def test_labels_tell_apart_and_are_ends_of_names(known: list[str], data: st.DataObject) -> None:
    own = {urn: data.draw(st.sampled_from(["", "orders", "a"])) for urn in known}
    labels = urns.labels(known, own)
    assert list(labels) == known and len(set(labels.values())) == len(known)
    for urn, label in labels.items():
        assert label in (own[urn], urn) or urns.name(urn).endswith(label)
    for urn in known:
        assert urns.labels([urn], own)[urn] == (own[urn] or urns.name(urn).rpartition("/")[2] or urns.name(urn))


def test_labels_are_no_longer_than_they_must_be() -> None:
    def named(names: list[str], own: str = "") -> list[str]:
        found = [urns.dataset("file", name) for name in names]
        return list(urns.labels(found, dict.fromkeys(found, own)).values())

    assert named(["x/a/orders", "y/a/orders", "b/orders"]) == ["x/a/orders", "y/a/orders", "b/orders"]
    assert named(["orders", "b/orders", "b/users"]) == ["orders", "b/orders", "users"]
    assert named(["shop.public.orders", "shop.old.orders"], "orders") == ["public.orders", "old.orders"]
    both = [urns.dataset(platform, "orders") for platform in ("s3", "file")]
    assert list(urns.labels(both).values()) == both
