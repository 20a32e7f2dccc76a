"""The mapping, without a server: what is written is read back, and what is lost is kept."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lumos_catalog_openmetadata.mapping import from_native, projector, to_native
from lumos_catalog_openmetadata.names import Names
from lumos_catalog_openmetadata.wire import split_comment, with_comment

from lumos_core.plugin_api import KINDS, Entity, canonical, decode, shadow
from lumos_core.testing.samples import samples
from lumos_core.testing.strategies import records

KINDS_OF_RECORDS = sorted(kind for kind, value in KINDS.items() if issubclass(value, Entity))
SLOW = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(("kind", "family"), [("dataset", 1), *((kind, 2) for kind in KINDS_OF_RECORDS)])
def test_random_records_come_back_whole(kind: str, family: int) -> None:
    names = Names(family)
    project = projector(names)

    @SLOW
    @given(records(kind))
    def holds(record) -> None:
        record.value.captured = []
        wanted = decode(canonical(record))
        text = shadow.keep(decode(canonical(record)), project)
        found = shadow.recall(project(decode(canonical(record))), text, project)
        assert not found.stale
        assert canonical(found.record) == canonical(wanted)

    holds()


@pytest.mark.parametrize("kind", KINDS_OF_RECORDS)
def test_what_is_said_once_is_said_again(kind: str) -> None:
    """What the catalog says of a record is what it says of the record that is read from it."""
    names = Names(2)

    @SLOW
    @given(records(kind))
    def holds(record) -> None:
        said = from_native(to_native(decode(canonical(record)), names), names)
        first = to_native(decode(canonical(said)), names)
        if first.place != names.place(record.urn):
            return  # its own name gives another URN
        again = from_native(first, names)
        assert canonical(again) == canonical(said)

    holds()


@pytest.mark.parametrize("kind", KINDS_OF_RECORDS)
def test_samples_of_every_aspect_are_mapped(kind: str) -> None:
    names = Names(2)
    for aspect, record in samples(kind).items():
        native = to_native(record, names)
        assert native.doc is not None, aspect
        assert from_native(native, names).kind


@given(st.text(max_size=30), st.text("-\\u02d>!<", max_size=12) | st.text(max_size=12))
def test_the_comment_in_a_description_comes_back(words: str, kept: str) -> None:
    text = msgspec.json.encode({"a": kept}).decode()
    shown = with_comment(words, text)
    assert split_comment(shown) == (words, text)
    assert "-->" not in shown[: -len(" -->")].rpartition("<!--")[2]
