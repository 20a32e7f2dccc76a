"""Random histories of sources, faults and human edits: nothing is lost, nothing is invented, all comes right."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lumos_core
from lumos_core.errors import UnitError
from lumos_core.plugin_api import Dataset, Description, Field, Record, decode, urns
from lumos_core.testing.reference import WORLDS, World

REFERENCE = "lumos_core.testing.reference"
NAMES = ("a", "b", "c", "d")

STEP = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(NAMES), st.integers(1, 4)),
    st.tuples(st.just("drop"), st.sampled_from(NAMES), st.just(0)),
    st.tuples(st.just("hide"), st.sampled_from(NAMES), st.just(0)),
    st.tuples(st.just("break"), st.sampled_from(NAMES), st.just(0)),
    st.tuples(st.just("refuse"), st.sampled_from(NAMES), st.just(0)),
    st.tuples(st.just("edit"), st.sampled_from(NAMES), st.integers(0, 9)),
    st.tuples(st.just("run"), st.just(""), st.just(0)),
    st.tuples(st.just("crash"), st.just(""), st.just(0)),
    st.tuples(st.just("fall"), st.just(""), st.integers(0, 5)),
)


class Falling(dict):
    """What a catalog holds; the process dies before or after one of its writes."""

    left = None

    def __setitem__(self, key, value):
        if self.left is not None:
            self.left -= 1
            if self.left % 2:
                super().__setitem__(key, value)
            if self.left < 0:
                raise KeyboardInterrupt
        super().__setitem__(key, value)


def urn(name):
    return urns.dataset("memory", name)


def table(name, width):
    fields = [Field(f"f{number}", type="int64") for number in range(width)]
    captured = ["description", "fields"]
    value = Dataset(name=name, captured=captured, fields=fields, description=Description(source=f"{name}{width}"))
    return Record(urn(name), value)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=3, max_size=14))
def test_every_history_comes_right(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("history")
    source, catalog = World(), World()
    catalog.records = Falling()
    WORLDS[f"{folder}/s"], WORLDS[f"{folder}/c"] = source, catalog
    config = {
        "name": "shop",
        "sources": [{"type": f"{REFERENCE}:MemorySource", "name": "memory", "world": f"{folder}/s"}],
        "differ": {"type": f"{REFERENCE}:ShapeDiffer"},
        "catalogs": [{"type": f"{REFERENCE}:MemoryCatalog", "name": "memory", "world": f"{folder}/c"}],
    }
    path = folder / "lumos.yaml"
    path.write_text(json.dumps(config))
    edits, majors = {}, {}

    def run():
        result = lumos_core.run(path)
        for given_ in result.versions:
            number = int(given_.version.schema.split(".")[0])
            assert number >= majors.get(given_.urn, 1), "a version never goes back"
            majors[given_.urn] = number
        for change in result.changes:
            if change.rule == "dataset-removed":
                assert change.urn not in source.records, "what is there was never reported as gone"
                assert change.urn not in source.hidden, "what could not be seen was never reported as gone"
        source.broken.clear()
        source.hidden.clear()
        catalog.broken.clear()

    for action, name, number in steps:
        if action == "put":
            source.records[urn(name)] = table(name, number)
        elif action == "drop":
            source.records.pop(urn(name), None)
        elif action == "hide":
            source.hidden.add(urn(name))
        elif action == "break":
            source.broken[urn(name)] = UnitError("damaged")
        elif action == "refuse":
            catalog.broken[urn(name)] = UnitError("refused")
        elif action == "edit" and urn(name) in catalog.records:
            value = catalog.records[urn(name)].value
            text = value.description.source if value.description else None
            value.description = Description(source=text, manual=f"typed {number}")
            edits[urn(name)] = f"typed {number}"
        elif action == "run":
            run()
        elif action == "crash":
            source.listing = KeyboardInterrupt()
            try:
                lumos_core.run(path)
            except KeyboardInterrupt:
                pass
            finally:
                source.listing = None
        elif action == "fall":
            catalog.records.left = number
            try:
                lumos_core.run(path)
            except KeyboardInterrupt:
                pass
            finally:
                catalog.records.left = None
    run()
    run()
    store = lumos_core.validate(path).store.build()
    head = {record.urn: record.value for record in map(decode, store.lines("head", kind="dataset"))}
    store.close()
    truth = {key: record.value for key, record in source.records.items()}
    assert {key: value.fields for key, value in head.items()} == {key: value.fields for key, value in truth.items()}
    alive = {
        key: record.value
        for key, record in catalog.records.items()
        if record.value.lifecycle is None or not record.value.lifecycle.removed
    }
    assert {key: value.fields for key, value in alive.items()} == {key: value.fields for key, value in truth.items()}
    for key, text in edits.items():
        assert catalog.records[key].value.description.manual == text, "no human edit is ever lost"
    for key, value in alive.items():
        assert value.description.source == truth[key].description.source
    last = lumos_core.run(path)
    assert last.verdict == "unchanged"
    assert last.published[0].written == 0
