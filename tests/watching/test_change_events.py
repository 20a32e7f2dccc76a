"""What happened to a dataset: the events that every run with a state before it makes."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import lumos_core
from lumos_core.cli import main
from lumos_core.contracts.source import Event
from lumos_core.errors import UsageError
from lumos_core.model.event import event_id
from lumos_core.plugin_api import NOTHING, Dataset, Field, Lifecycle, Owner, Record, Scope, result_data, urns
from lumos_core.running.events import Touched
from lumos_core.testing.reference import WORLDS, World

REFERENCE = "lumos_core.testing.reference"


class House:
    def __init__(self, folder):
        self.world = WORLDS[str(folder)] = World()
        self.pipeline = lumos_core.make_pipeline(
            {
                "name": "shop",
                "sources": [{"type": f"{REFERENCE}:MemorySource", "world": str(folder), "name": "memory"}],
                "catalogs": [],
            },
            folder,
        )

    def put(self, name, *fields, **keys):
        captured = sorted({"fields", *keys})
        value = Dataset(
            name=name, captured=captured, fields=[Field(path, type=type_) for path, type_ in fields], **keys
        )
        self.world.records[urn(name)] = Record(urn(name), value)

    def run(self):
        result = lumos_core.run(self.pipeline)
        return [*result.events], result


def urn(name):
    return urns.dataset("memory", name)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def test_a_first_state_is_no_change(house):
    house.put("orders", ("id", "int64"))
    assert house.run()[0] == []
    assert house.run()[0] == []


def test_what_comes_goes_and_changes_is_told_worst_first(house):
    house.put("orders", ("id", "int64"), ("email", "string"), owners=[Owner("urn:lumos:group:sales")])
    house.put("people", ("id", "int64"))
    house.put("same", ("id", "int64"))
    house.run()
    house.put("orders", ("id", "int64"), owners=[Owner("urn:lumos:group:sales")])
    house.put("new", ("id", "int64"), ("x", "string"))
    del house.world.records[urn("people")]
    events, result = house.run()
    assert [(event.urn, event.type) for event in events] == [
        (urn("orders"), "schema-changed"),
        (urn("people"), "deleted"),
        (urn("new"), "created"),
    ]
    changed, deleted, created = events
    assert [field.path for field in changed.before] == ["id", "email"]
    assert [field.path for field in changed.after] == ["id"]
    assert (changed.version, changed.previous, changed.severity) == ("2.0.0", "1.0.0", "breaking")
    assert changed.owners == ["urn:lumos:group:sales"]
    assert changed.findings[0].rule == "field-removed"
    assert "email" in changed.summary
    assert (deleted.before[0].path, deleted.after) == ("id", [])
    assert (created.before, [field.type for field in created.after]) == ([], ["int64", "string"])
    assert created.summary == "`new` is new with 2 fields"
    assert all((event.run, event.at, event.seen) == (result.run_id, result.started, result.started) for event in events)
    assert result_data(result)["events"][0]["id"] == changed.id


def test_anything_else_of_a_record_is_modified(house):
    house.put("orders", ("id", "int64"), owners=[Owner("urn:lumos:group:a")])
    house.run()
    house.put("orders", ("id", "int64"), owners=[Owner("urn:lumos:group:b")])
    (event,), _ = house.run()
    assert (event.type, event.before, event.after) == ("modified", [], [])
    assert event.owners == ["urn:lumos:group:b"]


def test_a_look_at_more_is_no_event(house):
    house.put("orders", ("id", "int64"))
    house.run()
    house.put("orders", ("id", "int64"), owners=[])
    events, result = house.run()
    assert events == []
    assert result.changed


def test_a_soft_delete_is_a_deletion_and_back(house):
    house.put("orders", ("id", "int64"))
    house.run()
    house.put("orders", ("id", "int64"), lifecycle=Lifecycle(removed=True))
    assert [event.type for event in house.run()[0]] == ["deleted"]
    house.put("orders", ("id", "int64"), lifecycle=Lifecycle(removed=False))
    assert [event.type for event in house.run()[0]] == ["created"]


def test_the_same_change_has_the_same_id(house):
    house.put("orders", ("id", "int64"))
    house.run()
    house.put("orders", ("id", "string"))
    seen_before = [event.id for event in lumos_core.run(house.pipeline, dry_run=True).events]
    assert seen_before == [event.id for event in house.run()[0]]
    assert len({event_id("u", type_, "1", "2", "s") for type_ in ("created", "modified", "deleted")}) == 3
    assert len({event_id("u", "created", "1", "2", state) for state in "ab"}) == 2


def test_secrets_of_what_a_storage_told_are_not_kept(house, monkeypatch):
    house.put("orders", ("id", "int64"))
    house.run()
    house.put("orders", ("id", "string"))
    told = Event(
        Scope(urns=frozenset({urn("orders")})), path="https://me:hunter2@host/x", facts=(("u", "ftp://a:b@c"),)
    )
    from lumos_core.running.line import Line
    from lumos_core.running.progress import Silence
    from lumos_core.running.session import Session
    from lumos_core.running.waivers import WaiverFile

    store = house.pipeline.store.build()
    session = Session(house.pipeline, store, progress=Silence(), touched=Touched([told]))
    (event,) = Line(session, WaiverFile()).go().events
    store.close()
    assert event.path == "https://me:***@host/x"
    assert event.metadata == [("u", "ftp://a:***@c")]


def test_the_history_gives_the_newest_first(house):
    house.put("a", ("id", "int64"))
    house.put("b", ("id", "int64"))
    house.run()
    found = []
    for type_ in ("string", "int32", "bool"):
        house.put("a", ("id", type_))
        house.put("b", ("id", type_))
        found = [*house.run()[0][::-1], *found]
    kept = lumos_core.events(pipeline=house.pipeline)
    assert sorted(event.id for event in kept) == sorted(event.id for event in found)
    assert [event.seen for event in kept] == sorted((event.seen for event in kept), reverse=True)
    assert [event.after[0].type for event in lumos_core.events("a", pipeline=house.pipeline)] == [
        "bool",
        "int32",
        "string",
    ]
    assert [event.after[0].type for event in lumos_core.events(urn("a"), pipeline=house.pipeline, limit=1)] == ["bool"]
    with pytest.raises(UsageError):
        lumos_core.events("nobody", pipeline=house.pipeline)


def test_what_is_gone_still_has_events(house):
    house.put("a", ("id", "int64"))
    house.put("b", ("id", "int64"))
    house.run()
    del house.world.records[urn("a")]
    house.run()
    for name in (urn("a"), "a"):
        assert [event.type for event in lumos_core.events(name, pipeline=house.pipeline)] == ["deleted"]


def test_the_command_shows_and_prints_events(house, tmp_path, monkeypatch):
    house.put("a", ("id", "int64"))
    house.run()
    house.put("a", ("id", "string"))
    house.run()
    store = str(tmp_path / ".lumos" / "store.db")
    shown = CliRunner().invoke(main, ["log", "--events", "-p", store])
    assert "schema-changed" in shown.output
    told = json.loads(CliRunner().invoke(main, ["log", "--events", "--json", "-p", store]).output)
    assert [(event["urn"], event["type"]) for event in told] == [(urn("a"), "schema-changed")]
    wrong = CliRunner().invoke(main, ["log", "--events", "--as-of", "head~1", "-p", store])
    assert wrong.exit_code


def test_touched_finds_the_latest_by_the_time_of_the_storage():
    one = Scope(urns=frozenset({urn("a")}))
    late = Event(one, path="late", at="2026-01-02T00:00:00Z")
    wide = Event(Scope(prefixes=("a",)), path="wide", at="2026-01-01T23:00:00-02:00")
    touched = Touched([late, Event(one, path="early", at="2026-01-01T00:00:00Z"), Event(one, path="never", at="soon")])
    assert touched.of(urn("a")) is late
    assert touched.of(urn("b")) is None
    assert Touched([late, wide]).of(urn("a")) is wide
    twice = [Event(one, path="before", at="2026-01-02T00:00:00Z"), late]
    assert Touched(twice).of(urn("a")) is late, "of one moment, what came later"
    assert Touched([Event(wide.scope, path="older"), wide]).of(urn("ab")) is wide
    assert Touched([Event(NOTHING)]).of(urn("a")) is None


def test_in_a_shared_folder_the_name_of_a_file_tells_the_dataset():
    """The scope of such an event is the file, not knowing of which dataset it is."""

    def told(file: str, day: int) -> Event:
        name = f"lake/raw/{file}"
        return Event(Scope(prefixes=(f"urn:lumos:dataset:(s3,{name}",)), "", "", f"s3://{name}", f"2026-01-0{day}")

    events = [told("orders_2026-03.csv", 3), told("orders_2026-02.csv", 2), told("orders_items_2026-04.csv", 4)]
    touched = Touched([*events, told("visits.csv", 5)])

    def path(name: str, instance: str = "") -> str:
        found = touched.of(urns.dataset("s3", name, instance=instance))
        return found.path.rpartition("/")[2] if found is not None else ""

    assert path("lake/raw/orders") == "orders_2026-03.csv", "the latest of those that are named alike"
    assert path("lake/raw/orders", "eu") == "orders_2026-03.csv"
    assert path("lake/raw/orders_items") == "orders_items_2026-04.csv"
    assert path("lake/raw/visits") == "visits.csv"
    assert path("lake/raw/users") == path("lake/orders") == path("other/raw/orders") == path("orders") == ""
