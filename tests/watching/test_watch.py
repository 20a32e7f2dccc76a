"""A watch: what is looked at, committed, told and acknowledged, and what becomes of trouble."""

from __future__ import annotations

import json
import threading
import time

import pytest
from watching_house import until

import lumos_core
from lumos_core.errors import ConfigError, DiskError, LockedError, StoreError
from lumos_core.plugin_api import urns
from lumos_core.running import line


def urn(name):
    return urns.dataset("shelf", name)


def test_an_event_is_looked_at_committed_told_and_acknowledged(shelf):
    shelf.put("orders", told=False, id="int64")
    with shelf.watching() as ears:
        assert ears.results[0][0].first
        shelf.put("orders", id="string")
        until(lambda: ears.events and not shelf.waiting())
        assert [(event.urn, event.type) for event in ears.events] == [(urn("orders"), "schema-changed")]
        assert ears.events[0].path == "shelf/orders.json"
    assert ears.end == [130]
    assert shelf.catalog.records[urn("orders")].value.fields[0].type == "string"
    assert [told["id"] for told in shelf.told()] == [event.id for event in ears.events]
    assert shelf.history("orders") == ears.events


def test_only_what_was_touched_is_read_again(shelf):
    for name in ("a", "b"):
        shelf.put(name, told=False, id="int64")
    with shelf.watching() as ears:
        shelf.put("a", told=False, id="string")  # nobody tells of it
        shelf.put("b", id="string")
        until(lambda: ears.events)
        assert [event.urn for event in ears.events] == [urn("b")]
        assert ears.results[-1][0].counts == {"dataset": 1}
    shelf.run()
    assert shelf.history("a")[0].type == "schema-changed"


def test_what_was_removed_is_deleted_and_nothing_else(shelf):
    for name in ("a", "b"):
        shelf.put(name, told=False, id="int64")
    with shelf.watching() as ears:
        shelf.drop("b", told=False)
        shelf.drop("a")
        until(lambda: ears.events)
        assert [(event.urn, event.type) for event in ears.events] == [(urn("a"), "deleted")]
    assert shelf.known() == {"b"}


def test_a_burst_is_one_look(shelf):
    shelf.write({"debounce": 0.5})
    with shelf.watching() as ears:
        for number in range(20):
            shelf.put(f"t{number}", id="int64")
        until(lambda: len(ears.events) == 20)
        assert len(ears.results) <= 3  # the first, and the burst; a slow machine may see it as two
        until(lambda: not shelf.waiting())


def test_what_happened_while_nobody_watched_is_made_good(shelf):
    shelf.put("orders", told=False, id="int64")
    shelf.run()
    shelf.put("orders", told=False, id="string")
    with shelf.watching() as ears:
        assert [event.type for event in ears.events] == ["schema-changed"]


def test_data_alone_is_modified_where_a_source_told_of_it(shelf):
    for name in ("a", "b"):
        shelf.put(name, told=False, id="int64", **{"#rows": 1})
    with shelf.watching() as ears:
        shelf.put("a", told=False, id="int64", **{"#rows": 2})
        shelf.tell("a", at="2026-02-01T09:00:00.5+01:00", facts={"size_bytes": "17"})
        shelf.tell("b")
        until(lambda: ears.events and not shelf.waiting())
        (event,) = ears.events
        assert (event.urn, event.type, event.severity) == (urn("a"), "modified", "")
        assert (event.at, event.metadata) == ("2026-02-01T08:00:00Z", [("size_bytes", "17")])
        assert event.seen != event.at
        shelf.tell("a")  # the same again: nothing happened
        until(lambda: not shelf.waiting())
    assert len(shelf.history()) == 1
    shelf.put("a", told=False, id="int64", **{"#rows": 3})
    shelf.run()
    assert len(shelf.history()) == 1, "a plain run tells nothing of data alone"


def test_events_that_nobody_asked_for_are_acknowledged_only(shelf):
    shelf.write({"events": ["deleted"], "watch_tables": ["or"]})
    with shelf.watching() as ears:
        shelf.put("orders", id="int64")
        shelf.tell("people", "deleted")
        until(lambda: not shelf.waiting())
        assert len(ears.results) == 1
        shelf.drop("orders")
        until(lambda: not shelf.waiting())
    assert shelf.known() == set()


def test_a_unit_that_fails_is_not_acknowledged_and_looked_at_again(shelf, monkeypatch):
    monkeypatch.setattr("lumos_core.watching.later.SOONEST", 0.1)
    with shelf.watching() as ears:
        (shelf.data / "bad.json").write_text("{", encoding="utf-8")
        shelf.tell("bad")
        shelf.put("good", id="int64")
        until(lambda: len(shelf.waiting()) == 1 and ears.events)
        assert [event.urn for event in ears.events] == [urn("good")]
        assert [result.exit_code for result, _ in ears.results][-1] == 3
        until(lambda: len(ears.results) >= 4)
        failures = [notice.message for result, _ in ears.results for notice in result.failures]
        assert len(failures) == 1, "what fails in the same way is told once"
        shelf.put("bad", told=False, id="int64")
        until(lambda: len(ears.events) == 2 and not shelf.waiting())


def test_a_notifier_that_cannot_send_gets_it_later(shelf, monkeypatch):
    monkeypatch.setattr("lumos_core.watching.later.SOONEST", 0.1)
    shelf.put("orders", told=False, id="int64")
    with shelf.watching() as ears:
        shelf.broken.touch()
        shelf.put("orders", id="string")
        until(lambda: ears.events and not shelf.waiting())
        until(lambda: any(result.failures for result, _ in ears.results))
        assert not shelf.told()
        shelf.broken.unlink()
        until(shelf.told)
    assert [told["id"] for told in shelf.told()] == [event.id for event in ears.events]


def test_a_notifier_that_is_asked_to_wait_is_left_alone_so_long(shelf, monkeypatch):
    monkeypatch.setattr("lumos_core.watching.later.SOONEST", 0.05)
    shelf.put("orders", told=False, id="int64")
    with shelf.watching() as ears:
        shelf.broken.write_text("600", encoding="utf-8")
        shelf.put("orders", id="string")
        until(lambda: any(result.failures for result, _ in ears.results))
        shelf.broken.unlink()
        looks = len(ears.results)
        shelf.put("people", id="int64")
        until(lambda: len(ears.events) == 2 and len(ears.results) > looks + 1)
        assert not shelf.told()
    shelf.run()
    assert len(shelf.told()) == 2, "another process knows nothing of that, and is told no again if it comes too soon"


def test_a_notifier_that_waited_is_asked_again(shelf):
    shelf.put("orders", told=False, id="int64")
    with shelf.watching() as ears:
        shelf.broken.write_text("2.5", encoding="utf-8")
        shelf.put("orders", id="string")
        until(lambda: any(result.failures for result, _ in ears.results))
        failed = time.monotonic()
        shelf.broken.unlink()
        until(shelf.told)
        assert time.monotonic() - failed > 1.5, "the look a second later was too soon"


def test_a_plain_run_hands_over_what_is_owed(shelf):
    shelf.put("orders", told=False, id="int64")
    shelf.run()
    shelf.broken.touch()
    shelf.put("orders", told=False, id="string")
    assert shelf.run().exit_code == 3
    shelf.put("orders", told=False, id="int32")
    assert shelf.run().exit_code == 3
    shelf.broken.unlink()
    assert shelf.run().exit_code == 0
    assert {told["id"] for told in shelf.told()} == {event.id for event in shelf.history()}
    assert len(shelf.told()) == 2
    shelf.run()
    assert len(shelf.told()) == 2, "what was sent is owed no more, and an empty notice is none"


def test_a_dry_run_tells_nobody(shelf):
    shelf.put("orders", told=False, id="int64")
    shelf.run()
    shelf.put("orders", told=False, id="string")
    result = lumos_core.run(shelf.pipeline, dry_run=True)
    assert [event.type for event in result.events] == ["schema-changed"]
    assert not shelf.told()
    assert not shelf.history()


def test_the_store_of_another_run_is_waited_for(shelf):
    with shelf.watching() as ears:
        store = lumos_core.open_store(shelf.pipeline)
        with store.lock():
            shelf.put("orders", id="int64")
            until(lambda: "store-locked" in ears.codes())
            assert shelf.waiting()
        store.close()
        until(lambda: ears.events and not shelf.waiting())
    assert ears.codes().count("store-locked") == 1


def test_the_store_is_free_between_two_looks(shelf):
    with shelf.watching():
        assert shelf.run().exit_code == 0


def test_a_change_of_the_pipeline_file_is_told_once(shelf):
    with shelf.watching() as ears:
        shelf.write({"interval": 30})
        until(lambda: "pipeline-changed" in ears.codes())
        shelf.write({"interval": 31})
    assert ears.codes().count("pipeline-changed") == 1


def test_a_quiet_look_leaves_no_trace(shelf):
    shelf.put("orders", told=False, id="int64")
    with shelf.watching() as ears:
        runs = len(lumos_core.log(pipeline=shelf.pipeline))
        shelf.tell("orders")
        until(lambda: len(ears.results) == 2 and not shelf.waiting())
        result, events = ears.results[-1]
        assert (events, result.changed, list(result.records), list(result.changes)) == ([], False, [], [])
        assert len(lumos_core.log(pipeline=shelf.pipeline)) == runs


def test_polling_sees_what_nobody_tells(shelf):
    shelf.write({"mode": "polling", "interval": 0.1})
    with shelf.watching() as ears:
        assert [(one.source, one.mode) for one in ears.watched] == [("shelf", "polling")]
        shelf.put("orders", told=False, id="int64")
        until(lambda: ears.events)
        assert ears.events[0].path == ""


def test_hybrid_makes_a_lost_event_good(shelf):
    shelf.write({"mode": "hybrid", "interval": 0.2})
    with shelf.watching() as ears:
        assert ears.watched[0].mode == "hybrid"
        shelf.put("a", told=False, id="int64")
        until(lambda: ears.events)
        shelf.put("b", id="int64")
        until(lambda: len(ears.events) == 2 and not shelf.waiting())


def test_one_source_is_polled_and_the_other_left_alone(shelf, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    shelf.put("a", told=False, id="int64")
    plain = {"type": "lumos_core.testing.reference:MemorySource", "world": f"{tmp_path}/o", "name": "memory"}
    shelf.write({"mode": "polling", "interval": 0.1})
    config = json.loads(shelf.pipeline.read_text())
    config["sources"].append(plain)
    shelf.pipeline.write_text(json.dumps(config))
    from lumos_core.plugin_api import Dataset, Record
    from lumos_core.testing.reference import WORLDS, World

    name = urns.dataset("memory", "m")
    WORLDS[f"{tmp_path}/o"] = World([Record(name, Dataset(name="m", captured=["fields"]))])
    with shelf.watching() as ears:
        del WORLDS[f"{tmp_path}/o"].records[name]
        shelf.drop("a", told=False)
        until(lambda: ears.events)
        assert [event.urn for event in ears.events] == [urn("a")]
    assert shelf.known() == {"m"}, "nobody looked whether it is gone"


def test_once_drains_looks_and_ends(shelf):
    shelf.put("orders", told=False, id="int64")
    assert shelf.once() == 0  # the first state
    shelf.put("orders", id="string")
    shelf.put("people", id="int64")
    ears = shelf.watching_ears()
    assert shelf.once(ears) == 0
    assert {event.urn for event in ears.events} == {urn("orders"), urn("people")}
    assert not shelf.waiting()
    assert len(ears.results) == 1


def test_once_does_not_look_at_what_only_tells(shelf):
    shelf.once()
    shelf.put("orders", told=False, id="int64")
    ears = shelf.watching_ears()
    assert shelf.once(ears) == 0
    assert not ears.events
    shelf.write({"mode": "hybrid"})
    assert shelf.once(ears) == 0
    assert len(ears.events) == 1


def test_once_says_what_failed(shelf):
    shelf.once()
    (shelf.data / "bad.json").write_text("{", encoding="utf-8")
    shelf.tell("bad")
    assert shelf.once() == 3
    assert shelf.waiting()


def test_a_red_gate_is_the_code_of_once(shelf):
    shelf.put("orders", told=False, id="int64")
    shelf.write(gate={"fail_on": "breaking"})
    assert shelf.once() == 0
    shelf.put("orders", id="string")
    assert shelf.once() == 1
    assert not shelf.waiting()


def test_once_gives_up_on_a_held_store(shelf, monkeypatch):
    monkeypatch.setattr("lumos_core.watching.watcher.LOCKED_ONCE", 0.1)
    monkeypatch.setattr("lumos_core.watching.watcher.LOCKED", 0.05)
    shelf.run()
    store = lumos_core.open_store(shelf.pipeline)
    with store.lock(), pytest.raises(LockedError):
        shelf.once()
    store.close()


def test_the_store_of_another_pipeline_ends_the_watch(shelf):
    shelf.run()
    shelf.write(name="other")
    with pytest.raises(StoreError, match="holds the history"):
        lumos_core.watch(shelf.pipeline, cancelled=threading.Event())


def test_waivers_that_are_not_valid_end_the_watch(shelf):
    (shelf.folder / "waivers.yaml").write_text("waivers: 3", encoding="utf-8")
    shelf.write(gate={"waivers": "waivers.yaml"})
    with pytest.raises(ConfigError):
        shelf.once()


@pytest.mark.parametrize("error", [DiskError("the disk is full"), StoreError("the store is busy", why="a backup")])
def test_a_look_that_could_not_be_done_is_done_later(shelf, monkeypatch, error):
    monkeypatch.setattr("lumos_core.watching.later.SOONEST", 0.1)
    with shelf.watching() as ears:
        failing, real = [error, error], line.commit

        def commit(*args):
            if failing:
                raise failing.pop()
            return real(*args)

        monkeypatch.setattr("lumos_core.running.line.commit", commit)
        shelf.put("orders", id="int64")
        until(lambda: ears.events and not shelf.waiting())
    assert ears.codes() == ["look-failed"]
    assert len(shelf.told()) == 1


def test_what_fails_first_is_no_passing_trouble(shelf, monkeypatch):
    def commit(*args):
        raise DiskError("the disk is full")

    monkeypatch.setattr("lumos_core.running.line.commit", commit)
    with pytest.raises(DiskError):
        lumos_core.watch(shelf.pipeline)


def test_events_of_a_run_that_did_not_happen_are_forgotten(shelf, monkeypatch):
    shelf.put("orders", told=False, id="int64")
    shelf.run()
    shelf.put("orders", told=False, id="string")
    monkeypatch.setattr("lumos_core.running.line.commit", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shelf.run()
    monkeypatch.undo()
    shelf.put("orders", told=False, id="int64")  # and back: nothing has happened since
    assert not list(shelf.run().events)
    assert not shelf.told()
    store = lumos_core.open_store(shelf.pipeline)
    assert list(store.lines("notifying/diary")) == []
    store.close()


def test_a_report_tells_of_a_notifier_that_cannot_send(shelf):
    reports = [
        {"type": "lumos_core.testing.watched:DiaryNotifier", "path": "diary.jsonl", "broken": "broken"},
        {"type": "json", "path": "report.json"},
    ]
    shelf.write(reports=reports)
    shelf.put("orders", id="int64")
    shelf.run()
    shelf.put("orders", id="int64", total="int64")
    shelf.broken.touch()
    assert shelf.run().exit_code == 3
    report = json.loads((shelf.folder / "report.json").read_text(encoding="utf-8"))
    assert report["exit_code"] == 3
    assert [one["message"] for one in report["failures"]] == ["the diary cannot be written"]


def test_two_notifiers_of_one_name_are_owed_apart(shelf):
    one = {"type": "lumos_core.testing.watched:DiaryNotifier", "name": "diary", "path": "diary.jsonl"}
    shelf.write(reports=[{**one, "broken": "broken"}, {**one, "path": "other.jsonl"}])
    shelf.put("orders", told=False, id="int64")
    shelf.run()
    shelf.broken.touch()
    shelf.put("orders", told=False, id="string")
    assert shelf.run().exit_code == 3
    assert not shelf.told()
    assert len((shelf.folder / "other.jsonl").read_text().splitlines()) == 1
    shelf.broken.unlink()
    shelf.run()
    assert len(shelf.told()) == 1
    assert len((shelf.folder / "other.jsonl").read_text().splitlines()) == 1
