"""`roll_back`: what a migration touched is again what it was; what people did since stays."""

from __future__ import annotations

import pytest

from lumos_core.errors import UsageError
from lumos_core.migration.migrating import migrate
from lumos_core.migration.rolling_back import roll_back
from lumos_core.model import urns
from lumos_core.model.elements import Description, Owner, TagLink
from lumos_core.model.entities import Dataset, Field
from lumos_core.model.record import Record, canonical, decode
from lumos_core.testing.estates import Estate

ORDERS = urns.dataset("pg", "shop.orders")
CUSTOMERS = urns.dataset("pg", "shop.customers")
OWN = urns.dataset("pg", "own")


def full(name, **keys):
    return Dataset(name=name, captured=sorted(keys), **keys)


def lines(records):
    return {urn: canonical(decode(canonical(record))) for urn, record in records.items()}


def test_what_was_there_is_as_it_was_and_what_was_made_is_soft_deleted(ends):
    ours = full("orders", tags=[TagLink("urn:lumos:tag:a")], fields=[Field("id", type="int64"), Field("x")])
    theirs = full("orders", fields=[Field("id")], description=Description(manual="B"))
    source = ends("a", [Record(ORDERS, ours), Record(CUSTOMERS, full("customers"))])
    target = ends("b", [Record(ORDERS, theirs), Record(OWN, full("own"))])
    before = lines(ends.records("b"))
    done = migrate(source, target)
    assert lines(ends.records("b")) != before
    result = roll_back(target)
    assert result.id == done.id
    assert result.planned == {"update": 1, "remove": 1}
    after = ends.records("b")
    assert after[CUSTOMERS].value.lifecycle.removed
    assert {urn: line for urn, line in lines(after).items() if urn != CUSTOMERS} == before
    again = roll_back(target)
    assert not again.planned
    assert again.exit_code == 0


def test_what_people_changed_since_stays_and_is_told(ends):
    source = ends(
        "a",
        [
            Record(ORDERS, full("orders", description=Description(manual="A"), owners=[Owner("urn:lumos:user:ann")])),
            Record(CUSTOMERS, full("customers")),
        ],
    )
    target = ends("b", [Record(ORDERS, full("orders"))])
    migrate(source, target)
    there = ends.records("b")
    there[ORDERS].value.description = Description(manual="People")
    there[CUSTOMERS].value.tags = [TagLink("urn:lumos:tag:used")]
    result = roll_back(target)
    assert there[ORDERS].value.description == Description(manual="People")
    assert ends.records("b")[ORDERS].value.owners == []
    assert ends.records("b")[CUSTOMERS].value.lifecycle is None
    assert sorted((met.urn, met.key) for met in result.conflicts) == [(CUSTOMERS, ""), (ORDERS, "description.manual")]


def test_a_migration_may_follow_its_own_rollback(ends):
    records = list(Estate(datasets=8, fields=4, stats=False).records())
    source, target = ends("a", records), ends("b")
    migrate(source, target)
    first = lines(ends.records("b"))
    assert roll_back(target).planned == {"remove": len(records)}
    again = migrate(source, target)
    assert again.planned["restore"] == len(records)
    assert again.tally.records == {"identical": len(records)}
    assert lines(ends.records("b")) == first


def test_without_a_migration_there_is_nothing_to_undo(ends):
    with pytest.raises(UsageError, match="no migration"):
        roll_back(ends("b"))
    migrate(ends("a", [Record(ORDERS, full("orders"))]), ends("b"))
    with pytest.raises(UsageError, match="no migration '1999'"):
        roll_back(ends("b"), "1999")
    assert ORDERS in ends.records("b")


def test_a_rollback_of_a_half_written_migration_undoes_that_half(ends):
    source, target = ends("a", [Record(ORDERS, full("orders")), Record(CUSTOMERS, full("customers"))]), ends("b")
    ends.of("b").broken[ORDERS] = RuntimeError("no")
    migrate(source, target)
    ends.of("b").broken.clear()
    roll_back(target)
    assert ends.records("b")[CUSTOMERS].value.lifecycle.removed
    assert ORDERS not in ends.records("b")
