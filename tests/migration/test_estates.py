"""The made-up estate hangs together: in order, the same every time, every reference resolved."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lumos_core.model.entities import KINDS
from lumos_core.model.record import canonical, line_key
from lumos_core.model.references import visit
from lumos_core.model.urns import host
from lumos_core.testing.estates import Estate


@pytest.mark.parametrize("size", [1, 2, 101, 260])
def test_records_come_in_the_order_of_a_snapshot(size):
    keys = [line_key(canonical(record)) for record in Estate(datasets=size, fields=6).records()]
    assert all(before < after for before, after in pairwise(keys))


def test_the_same_numbers_give_the_same_estate():
    one, other = (list(map(canonical, Estate(datasets=30, fields=7).records())) for _ in range(2))
    assert one == other


def test_every_reference_leads_to_a_record_and_every_kind_is_there():
    records = list(Estate(datasets=100).records())
    known = {record.urn for record in records}
    for record in records:
        for reference in visit(record):
            if reference.role == "ref" and not reference.text.startswith("#"):
                assert host(reference.text) in known
    assert {record.kind for record in records} == KINDS.keys() - {"foreign"}
    assert {len(record.value.fields) for record in records if record.kind == "dataset"} == {20}
