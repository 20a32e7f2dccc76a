"""`identical` and `kept in lumos` are measured value by value, by what the target's own pages show."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lumos_core.migration.migrating import migrate
from lumos_core.model import urns
from lumos_core.model.elements import Description, Owner
from lumos_core.model.entities import Dataset
from lumos_core.model.record import Record

sys.path.insert(0, str(Path(__file__).parent))

import lossy_catalogs

PLAIN, RICH = urns.dataset("pg", "plain"), urns.dataset("pg", "rich")
STEWARD = "urn:lumos:ownership_type:steward"


@pytest.fixture(autouse=True)
def _clean():
    yield
    lossy_catalogs.NATIVE.clear()


def records():
    """Both have the aspects that the target may have to keep aside; one of them says no more than its pages show."""
    keys = {"captured": ["description", "owners"]}
    return [
        Record(PLAIN, Dataset(description=Description(manual="One"), owners=[Owner("urn:lumos:user:a")], **keys)),
        Record(
            RICH,
            Dataset(
                description=Description(manual="One", source="Two"),
                owners=[Owner("urn:lumos:user:a", type=STEWARD)],
                **keys,
            ),
        ),
    ]


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_the_pages_show_whole_is_identical(ends, dry_run):
    result = migrate(ends("a", records()), ends("b", type="lossy_catalogs:Terse"), dry_run=dry_run)
    verdicts = {proven.urn: proven for proven in result.records}
    assert verdicts[PLAIN].verdict == "identical"
    assert verdicts[RICH].verdict == "kept in lumos"
    assert {found.aspect for found in verdicts[RICH].aspects} == {"description", "owners"}
    assert result.tally.aspects["owners"] == {"identical": 1, "kept in lumos": 1}


def without(monkeypatch):
    monkeypatch.delattr(lossy_catalogs.Shadowed, "native")


def broken(monkeypatch):
    def native(self, record):
        raise KeyError("a defect")

    monkeypatch.setattr(lossy_catalogs.Shadowed, "native", native)


@pytest.mark.parametrize("change", [without, broken])
def test_of_a_catalog_that_does_not_say_it_the_declaration_counts(ends, monkeypatch, change):
    change(monkeypatch)
    result = migrate(ends("a", records()), ends("b", type="lossy_catalogs:Terse"))
    assert result.exit_code == 0
    assert result.tally.records == {"kept in lumos": 2}


def test_what_nobody_declared_to_be_kept_is_measured_too(ends, monkeypatch):
    """A claim that is missing does not make a value shown."""
    claims = {
        key: type(how)(read=True, write=True, lossless=True) for key, how in lossy_catalogs.Terse.capabilities.items()
    }
    monkeypatch.setattr(lossy_catalogs.Terse, "capabilities", claims)
    result = migrate(ends("a", records()), ends("b", type="lossy_catalogs:Terse"))
    verdicts = {proven.urn: proven for proven in result.records}
    assert verdicts[RICH].verdict == "kept in lumos"
    assert "do not show all of it" in verdicts[RICH].aspects[0].reason
