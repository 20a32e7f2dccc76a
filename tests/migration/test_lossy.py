"""Migrations between catalogs with different losses: X -> Y -> X is identical, and every loss is told."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from lumos_core.errors import CatalogError
from lumos_core.migration.migrating import migrate
from lumos_core.model.elements import Link, TagLink
from lumos_core.model.entities import Dataset, Entity
from lumos_core.model.record import Record, canonical, decode
from lumos_core.model.urns import dataset as urn_of
from lumos_core.testing.estates import Estate
from lumos_core.testing.strategies import record_lists

sys.path.insert(0, str(Path(__file__).parent))

import lossy_catalogs

HERE = "lossy_catalogs"
MEMORY = "lumos_core.testing.reference:MemoryCatalog"
KINDS = {"memory": MEMORY, "terse": f"{HERE}:Terse", "flat": f"{HERE}:Flat"}
NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def _clean():
    yield
    lossy_catalogs.NATIVE.clear()


def lines(records):
    found = []
    for record in records:
        copy = decode(canonical(record))
        if isinstance(copy.value, Entity):
            copy.value.captured = []
        found.append(canonical(copy))
    return sorted(found)


def read(path):
    """What a catalog gives back."""
    from lumos_core.migration.ends import end_of

    end = end_of(path, None, option="", run_id="test", cancelled=lambda: False)
    try:
        return lines(end.read())
    finally:
        end.close()


PAIRS = [(one, other) for one in KINDS for other in KINDS if one != other]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_there_and_back_is_identical(ends, one, other):
    records = [
        record
        for record in Estate(datasets=12, fields=6).records()
        if record.kind != "stats" or "#profile@" in record.urn
    ]
    seed = ends("seed", records)
    first, there, back = ends("x", type=KINDS[one]), ends("y", type=KINDS[other]), ends("z", type=KINDS[one])
    for source, target in ((seed, first), (first, there), (there, back)):
        result = migrate(source, target)
        assert result.exit_code == 0
        assert set(result.tally.records) <= {"identical", "kept in lumos"}
        assert sum(result.tally.records.values()) == len(records)
    assert read(first) == read(back) == lines(records)


@pytest.mark.parametrize(("one", "other"), [("memory", "terse"), ("terse", "flat"), ("flat", "memory")])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=record_lists(max_size=5))
def test_anything_there_and_back_is_identical(ends, one, other, records):
    records = [record for record in records if fits(record)]
    number = next(NUMBERS)
    seed = ends(f"seed{number}", [decode(canonical(record)) for record in records])
    names = (ends(f"{side}{number}", type=KINDS[of]) for side, of in (("x", one), ("y", other), ("z", one)))
    first, there, back = names
    for source, target in ((seed, first), (first, there), (there, back)):
        result = migrate(source, target)
        assert result.exit_code == 0, list(result.records)
        assert sum(result.tally.records.values()) == len(read(seed))
    assert read(first) == read(there) == read(back)


def fits(record):
    """Leave out facts that these catalogs do not take, and what shares a URN with another kind."""
    return isinstance(record.value, Entity)


def test_what_cannot_be_said_is_told_with_its_reason(ends):
    value = Dataset(
        captured=["links", "properties", "tags"],
        tags=[TagLink("urn:lumos:tag:a")],
        links=[Link("https://a"), Link("https://b")],
        properties=[("a", "b")],
    )
    urn = urn_of("pg", "orders")
    target = ends("b", type=f"{HERE}:Mute")
    plan = migrate(ends("a", [Record(urn, value)]), target, dry_run=True)
    assert {(aspect, verdict) for aspect, verdict, _, _ in plan.losses()} == {("tags", "not expressible")}
    result = migrate(ends("a"), target)
    assert set(result.losses()) == {
        ("tags", "not expressible", "this catalog has no tags", 1),
        ("links", "not expressible", "one link", 1),
    }
    assert result.exit_code == 0
    assert result.tally.aspects["properties"] == {"identical": 1}
    again = migrate(ends("a"), target)
    assert set(again.losses()) == set(result.losses())


def test_facts_and_foreign_records_that_the_target_does_not_take_are_accounted_for(ends):
    estate = list(Estate(datasets=5, fields=4).records())
    result = migrate(ends("a", estate), ends("b", type=f"{HERE}:Mute"))
    assert len(result.records) == len(estate)
    assert {p.verdict for p in result.records if p.kind == "stats"} == {"not expressible"}
    told = {reason for aspect, _, reason, _ in result.losses() if aspect == "record"}
    assert told == {"b takes no profile facts", "b takes no usage facts"}


def test_secrets_reach_no_message_and_no_file(ends):
    secret = "s3cr3t-of-the-catalog"
    source, target = ends("a", [Record(urn_of("pg", "x"), Dataset(name="x"))]), ends("b", type=f"{HERE}:Talkative")
    target.write_text(target.read_text().replace("world:", f"token: {secret}, world:"))
    result = migrate(source, target)
    assert result.exit_code == 3
    assert [failure.reason for failure in result.failures] == ["not with ***"]
    assert secret not in repr(result)
    for path in target.parent.rglob("*"):
        if path.is_file() and path != target:
            assert secret.encode() not in path.read_bytes(), path
    for trouble in ("listing", "hidden"):
        setattr(ends.of("b"), trouble, RuntimeError("x") if trouble == "listing" else {"x"})
        with pytest.raises(CatalogError) as caught:
            migrate(source, target)
        assert secret not in str(caught.value)
        ends.of("b").listing = None
