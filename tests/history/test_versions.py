from __future__ import annotations

import re
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumos_core.history import release, versions
from lumos_core.model.change import BUMPS, SCHEMA_AREAS, Change, Version
from lumos_core.model.record import canonical, decode
from lumos_core.testing.memory_store import MemoryStore

URN = "urn:lumos:dataset:(csv,orders,PROD)"
AREAS = ["schema", "keys", "layout", "lineage", "ownership", "documentation"]

numbers = st.integers(0, 50)
semvers = st.builds("{}.{}.{}".format, numbers, numbers, numbers)
changes = st.lists(
    st.builds(
        Change,
        rule=st.sampled_from(["field-removed", "owner-added", "description-changed"]),
        urn=st.just(URN),
        area=st.sampled_from(AREAS),
        path=st.sampled_from(["", "a", "b"]),
        severity=st.sampled_from(["breaking", "risky", "non-breaking", "informational"]),
        bump=st.sampled_from(BUMPS),
        waived=st.sampled_from(["", "agreed"]),
    ),
    max_size=5,
)


def given_version(schema: str = "1.2.3", metadata: str = "1.0.0", digest: str = "old") -> Version:
    return Version(schema=schema, metadata=metadata, release="S-1", digest=digest)


@given(semvers, st.sampled_from(BUMPS))
def test_a_bump_goes_forward_and_a_larger_one_never_less_far(version: str, bump: str) -> None:
    after = [versions.parse(versions.bumped(version, one)) for one in BUMPS]
    assert after == sorted(after)
    assert (versions.parse(versions.bumped(version, bump)) > versions.parse(version)) == (bump != "none")
    assert versions.parse(versions.bumped(version, bump)).major - versions.parse(version).major <= 1


@pytest.mark.parametrize(
    ("version", "bump", "expected"),
    [
        ("1.2.3", "none", "1.2.3"),
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "major", "2.0.0"),
        ("0.2.3", "patch", "0.2.4"),
        ("0.2.3", "minor", "0.2.4"),
        ("0.2.3", "major", "0.3.0"),
    ],
)
def test_bumps(version: str, bump: str, expected: str) -> None:
    assert versions.bumped(version, bump) == expected


@pytest.mark.parametrize("text", ["1.2", "1.2.3.4", "01.2.3", "1.2.3-rc1", "v1.2.3", "", "1.2.3\n"])
def test_refuses_what_is_not_a_version(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        versions.parse(text)


@given(changes)
def test_waivers_and_order_do_not_matter(found: list[Change]) -> None:
    plain = [msgspec.structs.replace(change, waived="") for change in found]
    assert versions.required_bump(found) == versions.required_bump(plain) == versions.required_bump(found[::-1])
    both = [versions.required_bump(found, schema=True), versions.required_bump(found, schema=False)]
    assert versions.required_bump(found) == max(both, key=BUMPS.index)


@given(changes)
def test_schema_and_metadata_move_apart(found: list[Change]) -> None:
    before = given_version()
    after = versions.next_version(before, found, digest="new", release="S-2", run="r", by="ann")
    if all(change.bump == "none" for change in found):
        assert after is None
        return
    assert after is not None
    schema = [change for change in found if change.area in SCHEMA_AREAS]
    assert (after.schema != before.schema) == any(change.bump != "none" for change in schema)
    assert after.schema == versions.bumped(before.schema, versions.required_bump(schema))
    assert (after.schema, after.metadata) != (before.schema, before.metadata)
    assert (after.digest, after.previous, after.release) == ("new", "old", "S-2")
    assert (after.run, after.by) == ("r", "ann")
    assert sorted(one.fingerprint for one in after.findings) == sorted(one.fingerprint for one in found)


@given(changes)
def test_is_idempotent_for_the_same_pair_of_digests(found: list[Change]) -> None:
    before = given_version()
    after = versions.next_version(before, found, digest="new", release="S-2")
    assert versions.next_version(before, found, digest="new", release="S-2") == after
    assert versions.next_version(before, found, digest="old", release="S-2") is None
    if after is not None:
        assert versions.next_version(after, found, digest="new", release="S-3") is None


def test_never_bumps_without_a_change() -> None:
    assert versions.next_version(given_version(), [], digest="new", release="S-2") is None


@given(changes)
def test_the_first_state_is_1_0_0_whatever_was_found(found: list[Change]) -> None:
    first = versions.next_version(None, found, digest="new", release="S-1")
    assert first is not None
    assert (first.schema, first.metadata, first.previous, first.bump) == ("1.0.0", "1.0.0", None, None)
    early = versions.next_version(None, found, digest="new", release="S-1", first="0.1.0")
    assert early is not None
    assert early.schema == "0.1.0"


def test_a_version_is_kept_as_a_line_beside_its_dataset() -> None:
    version = versions.next_version(None, [], digest="new", release="S-1")
    assert version is not None
    record = versions.version_record(URN, "2026-01-15T10:00:00Z", version)
    assert decode(canonical(record)).value.version == version
    assert record.urn.startswith(versions.version_prefix(URN))
    assert versions.versioned_urn(record.urn) == URN
    assert versions.versioned_urn(f"{URN}#profile@2026-01-15T10:00:00Z") is None


@given(st.lists(st.one_of(st.integers(0, 999).map("S-{}".format), st.sampled_from(["R-7", "x", ""]))))
def test_a_release_is_always_later_than_all_before(known: list[str]) -> None:
    found = release.release_after(known)
    assert re.fullmatch(r"S-\d+", found)
    number = release.release_number(found)
    assert number is not None
    assert number >= 1
    assert all(number > (release.release_number(one) or 0) for one in known)


def test_prefix_and_start_are_free() -> None:
    assert release.release_after([], "REL/", 312) == "REL/312"
    assert release.release_after(["S-400"], "REL/", 312) == "REL/401"
    assert release.release_after(["S-0"], start=0) == "S-1"
    assert release.release_after([], start=0) == "S-0"
    assert release.release_after(["v15"], "v1") == "v16"


def test_the_next_release_follows_the_log() -> None:
    store = MemoryStore()
    settings = SimpleNamespace(prefix="S-", start=312)
    assert release.next_release(store, settings) == "S-312"
    store.put(run="a", release="S-312")
    store.put(run="b", release="")
    assert release.next_release(store, settings) == "S-313"


@pytest.mark.parametrize("text", ["S-", "S-01", "S-1\n", "s-1", "S--1", "312"])
def test_what_is_no_release(text: str) -> None:
    assert release.release_number(text) is None
