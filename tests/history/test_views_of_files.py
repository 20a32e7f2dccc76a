"""Every form of a snapshot file can be a side of a comparison and a place to look at."""

from __future__ import annotations

import pytest

from lumos_core.history.api import diff, view
from lumos_core.history.refs import names_file
from lumos_core.model.coverage import Coverage
from lumos_core.plugin_api import Covered, Dataset, Field, Record, Scope, Stats, urns
from lumos_core.snapshot.api import convert_snapshot
from lumos_core.snapshot.writer import SnapshotWriter

ORDERS = urns.dataset("file", "orders")


@pytest.fixture
def files(tmp_path):
    def write(name, *fields):
        path = tmp_path / f"{name}.lumos.jsonl"
        value = Dataset(name="orders", captured=["fields"], fields=[Field(field, type="string") for field in fields])
        with SnapshotWriter(path) as writer:
            writer.add(Record(ORDERS, value))
            writer.add(Record(f"{ORDERS}#profile@2026-01-15T00:00:00Z", Stats(row_count=7)))
            writer.close(Coverage([Covered(Scope(), frozenset({"record", "fields"}))]))
        return path

    return write("before", "id", "email"), write("after", "id")


@pytest.mark.parametrize("ending", ["lumos.jsonl.zst", "lumos.yaml", "lumos.json"])
def test_any_form_is_a_side(files, tmp_path, ending):
    before, after = files
    other = tmp_path / f"converted.{ending}"
    convert_snapshot(before, other)
    assert names_file(str(other))
    found = diff(str(other), str(after))
    assert [(change.path, change.severity) for change in found.changes] == [("email", "breaking")]


def test_the_stats_beside_a_file_are_seen(files):
    before, _ = files
    with view(str(before)) as seen:
        assert [line.split(b'"', 4)[3] for line in seen.lines()] == [b"dataset", b"stats"]
