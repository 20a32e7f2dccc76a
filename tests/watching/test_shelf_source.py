"""The reference source that tells of changes passes the kit, and the kit catches one that does not keep its word."""

from __future__ import annotations

import threading

import pytest

from lumos_core.contracts.source import Event
from lumos_core.errors import ConfigError
from lumos_core.plugin_api import Scope
from lumos_core.testing.kit import SourceKit
from lumos_core.testing.kit import source_watch as kit
from lumos_core.testing.watched import ShelfSource, put, tell


class TestShelfSource(SourceKit):
    name = "lumos_core.testing.watched:ShelfSource"
    options = {"path": "data", "watch": {"queue": "queue"}}
    hide = "data/people.json"
    unproven = {}

    def prepare(self, folder):
        (folder / "data").mkdir()
        (folder / "queue").mkdir()
        put(folder / "data", "orders", {"id": "int64"})
        put(folder / "data", "people", {"id": "int64"})

    def happen(self, folder):
        tell(folder / "queue", "orders")


class Shelf(ShelfSource):
    """A shelf that breaks one promise."""

    broken = ""
    end_of_test = threading.Event()

    def watch(self, ctx):
        if self.broken == "deaf":
            self.end_of_test.wait()
        if self.broken == "mute":
            return
        if self.broken == "unable":
            raise ConfigError("there is no queue")
        if self.broken == "fails":
            raise OSError("it broke")
        if self.broken == "forgetful":
            while not ctx.cancelled():
                for path in sorted(self.config.watch.queue.glob("*.event")):
                    path.unlink()
                    yield Event(Scope(prefixes=("orders",)), "token")
                kit.time.sleep(0.05)
            return
        yield from super().watch(ctx)

    def ack(self, tokens):
        if self.broken != "stubborn":
            super().ack(tokens)


@pytest.fixture
def suite(tmp_path, monkeypatch):
    monkeypatch.setattr(kit, "PROMPT", 1.0)
    monkeypatch.setattr(kit, "PATIENCE", 2.0)
    tests = TestShelfSource()
    tests.prepare(tmp_path)

    def build(folder, tests=tests):
        config = ShelfSource.__orig_bases__[0].__args__[0].model_validate(tests.options, context={"base": folder})
        return Shelf(config)

    tests.build = build
    tests.folder_ = tmp_path
    monkeypatch.setattr(Shelf, "end_of_test", threading.Event())
    yield tests
    Shelf.end_of_test.set()


WRONG = {
    "deaf": ("test_watching_ends_when_it_is_cancelled", "had not returned"),
    "mute": ("test_events_come_until_they_are_acknowledged", "told nothing"),
    "forgetful": ("test_events_come_until_they_are_acknowledged", "did not come again"),
    "stubborn": ("test_events_come_until_they_are_acknowledged", "though they were acknowledged"),
}


@pytest.mark.parametrize("broken", WRONG)
def test_the_kit_catches_a_source_that(suite, broken, monkeypatch):
    monkeypatch.setattr(Shelf, "broken", broken)
    name, words = WRONG[broken]
    arguments = [suite.build(suite.folder_), suite.folder_][: 2 if "events" in name else 1]
    with pytest.raises(AssertionError, match=words):
        getattr(suite, name)(*arguments)


def test_the_kit_catches_a_source_that_waits_for_ever_once(suite, monkeypatch):
    monkeypatch.setattr(Shelf, "broken", "deaf")
    with pytest.raises(AssertionError, match="still waiting"):
        suite.test_watching_once_ends_by_itself(suite.build(suite.folder_))


def test_options_that_are_not_enough_are_told(suite, monkeypatch):
    monkeypatch.setattr(Shelf, "broken", "unable")
    with pytest.raises(pytest.skip.Exception, match="cannot be watched"):
        suite.test_watching_ends_when_it_is_cancelled(suite.build(suite.folder_))


def test_what_watch_raises_is_shown(suite, monkeypatch):
    monkeypatch.setattr(Shelf, "broken", "fails")
    with pytest.raises(OSError, match="it broke"):
        suite.test_watching_once_ends_by_itself(suite.build(suite.folder_))
    with pytest.raises(OSError, match="it broke"):
        suite.test_events_come_until_they_are_acknowledged(suite.build(suite.folder_), suite.folder_)
