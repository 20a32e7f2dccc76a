"""Every dataset that changed in a run gets its own version: others before, between and after it are left alone."""

from __future__ import annotations

import json

import pytest

import lumos_core
from lumos_core.plugin_api import Dataset, Field, Record, urns
from lumos_core.testing.reference import WORLDS, World

REFERENCE = "lumos_core.testing.reference"


def table(name, *fields):
    value = Dataset(name=name, captured=["fields"], fields=[Field(path, type="int64") for path in fields])
    return Record(urns.dataset("memory", name), value)


@pytest.mark.parametrize("changed", [("b",), ("b", "d"), ("a", "c", "e"), ("a", "b", "c", "d", "e")])
@pytest.mark.parametrize("removed", [(), ("c",), ("a", "e")])
def test_changed_and_removed_datasets_get_their_own_versions(tmp_path, changed, removed):
    world = WORLDS[f"{tmp_path}/source"] = World()
    config = {
        "sources": [{"type": f"{REFERENCE}:MemorySource", "name": "memory", "world": f"{tmp_path}/source"}],
        "differ": {"type": f"{REFERENCE}:ShapeDiffer"},
        "catalogs": [],
    }
    (tmp_path / "lumos.yaml").write_text(json.dumps(config))
    world.records = {record.urn: record for record in (table(name, "id", "old") for name in "abcde")}
    lumos_core.run(tmp_path / "lumos.yaml")
    after = [table(name, "id") if name in changed else table(name, "id", "old") for name in "abcde"]
    world.records = {record.urn: record for record in after if record.value.name not in removed}
    result = lumos_core.run(tmp_path / "lumos.yaml")
    expected = {urns.dataset("memory", name) for name in {*changed, *removed}}
    assert {given.urn for given in result.versions} == expected
    assert all(given.before == "1.0.0" and given.version.schema == "2.0.0" for given in result.versions)
    assert all(finding for given in result.versions for finding in given.version.findings)
