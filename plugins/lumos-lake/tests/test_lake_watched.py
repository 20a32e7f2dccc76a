"""A lake that is watched: overrides that are edited count from the next look on."""

from __future__ import annotations

import json
import threading
import time

import pytest

import lumos_core


@pytest.fixture
def lake(tmp_path):
    for name in ("orders", "users"):
        (tmp_path / "lake" / name).mkdir(parents=True)
        (tmp_path / "lake" / name / "a.csv").write_text(f"id,{name}\n1,x\n")
    source = {"type": "files", "path": "lake", "formats": ["csv"], "watch": {"mode": "polling", "interval": 0.1}}
    (tmp_path / "lumos.yaml").write_text(json.dumps({"sources": [source]}))
    return tmp_path / "lake"


def replaced(path, text):
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def test_edited_overrides_count_from_the_next_look(lake):
    events, failures, looks, over = [], [], [], threading.Event()

    def looked(result):
        events.extend((event.type, lumos_core.plugin_api.urns.name(event.urn)) for event in result.events)
        failures.extend(result.failures)
        looks.append(result.first)

    def wait(condition):
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, (events, failures)
            time.sleep(0.02)

    watch = threading.Thread(
        target=lumos_core.watch, args=(lake.parent / "lumos.yaml",), kwargs={"on_look": looked, "cancelled": over}
    )
    watch.start()
    try:
        wait(lambda: looks)
        replaced(lake / "discovery.yaml", "tables: [{path: 'users/*.csv', name: people}]")
        wait(lambda: len(events) >= 2)
        assert sorted(events) == [("created", "people"), ("deleted", "users/a.csv")]
        replaced(lake / "discovery.yaml", "tabels: []")
        wait(lambda: failures)
        assert "did you mean 'tables'" in failures[0].fix and len(events) == 2, "nothing is concluded from a mistake"
        replaced(lake / "discovery.yaml", "exclude: ['users/**']")
        wait(lambda: len(events) >= 3)
        assert events[2:] == [("deleted", "people")]
    finally:
        over.set()
        watch.join()
    assert not lumos_core.run(lake.parent / "lumos.yaml").changed
