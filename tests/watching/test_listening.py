"""Listening to sources that fail, end, lie, or live in another environment; and what is acknowledged."""

from __future__ import annotations

import json
import sys
import textwrap

import pytest
from watching_house import Ears, until

import lumos_core
from lumos_core.errors import ConfigError, PluginError
from lumos_core.isolation.process import Worker
from lumos_core.plugin_api import urns

ACTOR = '''
import os, time
from lumos_core.errors import ConfigError, Cancelled, RetryableError
from lumos_core.testing.watched import ShelfConfig, ShelfSource

class Actor(ShelfSource):
    """A shelf whose watch does what a file says, once."""

    def watch(self, ctx):
        order = self.config.path.parent / "order"
        if order.exists():
            act = order.read_text()
            order.unlink()
            if act == "retry":
                raise RetryableError("the line is busy", why="password hunter2", after=0.01)
            if act == "defect":
                raise KeyError("oops")
            if act == "exit":
                raise SystemExit(3)
            if act == "cancelled":
                raise Cancelled("nobody asked")
            if act == "config":
                raise ConfigError("there is no such queue", fix="make it")
            if act == "wrong":
                yield "an event"
            if act == "end":
                return
            if act == "die":
                os._exit(9)
            if act == "warn":
                for _ in range(3):
                    ctx.warn("odd-message", "somebody else's", "queue")
                ctx.memo[b"a"] = b"b"
                assert ctx.get("urn:lumos:dataset:(shelf,orders,PROD)").value.name == "orders"
                assert list(ctx.records("dataset")) == []
        yield from super().watch(ctx)

    def ack(self, tokens):
        broken = self.config.path.parent / "no-ack"
        if broken.exists():
            raise RetryableError("cannot acknowledge")
        super().ack(tokens)
'''


@pytest.fixture
def acting(shelf, monkeypatch):
    (shelf.folder / "acting.py").write_text(textwrap.dedent(ACTOR), encoding="utf-8")
    monkeypatch.setattr("lumos_core.watching.listener.SOONEST", 0.05)
    config = json.loads(shelf.pipeline.read_text())
    config["sources"][0]["type"] = "acting:Actor"
    shelf.pipeline.write_text(json.dumps(config))
    shelf.put("orders", told=False, id="int64")
    shelf.run()
    yield shelf
    sys.modules.pop("acting", None)
    Worker.stop_all()


def urn(name):
    return urns.dataset("shelf", name)


@pytest.mark.parametrize("act", ["retry", "defect", "exit", "cancelled", "wrong", "end"])
def test_a_listener_that_died_is_begun_again(acting, act):
    (acting.folder / "order").write_text(act)
    with acting.watching() as ears:
        acting.put("orders", id="string")
        until(lambda: ears.events and not acting.waiting())
    assert ears.codes().count("watch-failed") == 1
    (told,) = [notice for notice in ears.notices if notice.code == "watch-failed"]
    assert told.component == "source shelf"
    assert "watch-again" in ears.codes()


def test_what_can_never_work_ends_the_watch(acting):
    (acting.folder / "order").write_text("config")
    with pytest.raises(ConfigError, match="no such queue"):
        lumos_core.watch(acting.pipeline)


def test_a_warning_is_told_once(acting):
    (acting.folder / "order").write_text("warn")
    with acting.watching() as ears:
        acting.put("orders", id="string")
        until(lambda: ears.events)
    assert ears.codes().count("odd-message") == 1


def test_once_a_source_that_cannot_be_heard_is_incomplete(acting):
    (acting.folder / "order").write_text("retry")
    ears = Ears()
    assert acting.once(ears) == 3
    assert ears.codes() == ["watch-failed"]
    assert acting.once() == 0


def test_what_could_not_be_acknowledged_is_with_the_next(acting):
    (acting.folder / "no-ack").touch()
    with acting.watching() as ears:
        acting.put("orders", id="string")
        until(lambda: "ack-failed" in ears.codes())
        assert acting.waiting()
        acting.put("people", id="string")
        until(lambda: len(ears.events) == 2)
        assert ears.codes().count("ack-failed") == 1
        (acting.folder / "no-ack").unlink()
        acting.put("more", id="string")
        until(lambda: not acting.waiting())


def test_what_was_not_acknowledged_comes_again(acting):
    (acting.folder / "no-ack").touch()
    with acting.watching() as ears:
        acting.put("orders", id="string")
        until(lambda: "ack-failed" in ears.codes())
    (acting.folder / "no-ack").unlink()
    assert acting.waiting()
    again = Ears()
    assert acting.once(again) == 0
    assert not acting.waiting()
    assert not again.events, "looking twice does no harm"


def test_a_source_that_does_not_close_is_told(acting, monkeypatch):
    from lumos_core.testing.watched import ShelfSource

    monkeypatch.setattr(ShelfSource, "close", lambda self: 1 / 0)
    ears = Ears()
    acting.once(ears)
    assert "close-failed" in ears.codes()


def test_a_source_that_never_says_that_it_is_done_is_left(acting, monkeypatch):
    monkeypatch.setattr("lumos_core.watching.watcher.DRAIN", 0.2)
    from lumos_core.testing.watched import ShelfSource

    def watch(self, ctx):
        import time

        while not ctx.cancelled():
            time.sleep(0.02)
        yield from ()

    monkeypatch.setattr(ShelfSource, "watch", watch)
    assert acting.once() == 3


def isolated(shelf):
    config = json.loads(shelf.pipeline.read_text())
    config["environments"] = {"there": {"existing": sys.prefix}}
    config["sources"][0]["environment"] = "there"
    shelf.pipeline.write_text(json.dumps(config))


def test_a_source_in_an_environment_is_listened_to(acting):
    isolated(acting)
    (source,) = lumos_core.load_pipeline(acting.pipeline).sources
    assert (source.watch.mode, source.watch.debounce) == ("events", 0.05)
    with acting.watching() as ears:
        assert ears.watched[0].mode == "events"
        acting.put("orders", told=False, id="string")
        acting.tell("orders", at="2026-01-15T10:00:00Z", facts={"etag": "x"})
        until(lambda: ears.events and not acting.waiting())
        (event,) = ears.events
        assert (event.path, event.at, event.metadata) == ("shelf/orders.json", "2026-01-15T10:00:00Z", [("etag", "x")])
    assert acting.once() == 0


def test_a_worker_that_died_while_it_listened_is_started_anew(acting):
    isolated(acting)
    (acting.folder / "order").write_text("die")
    with acting.watching() as ears:
        acting.put("orders", id="string")
        until(lambda: ears.events and not acting.waiting())
    assert ears.codes().count("watch-failed") == 1


def test_a_source_elsewhere_that_tells_nothing_is_polled(shelf):
    config = json.loads(shelf.pipeline.read_text())
    config["environments"] = {"there": {"existing": sys.prefix}}
    config["sources"] = [{"type": "csv", "path": "data", "environment": "there", "watch": {"interval": 0.1}}]
    shelf.pipeline.write_text(json.dumps(config))
    try:
        with shelf.watching() as ears:
            assert ears.watched[0].mode == "polling"
            (shelf.data / "a.csv").write_text("id\n1\n")
            until(lambda: ears.events)
        config["sources"][0]["watch"]["mode"] = "events"
        shelf.pipeline.write_text(json.dumps(config))
        with pytest.raises((ConfigError, PluginError)):
            lumos_core.load_pipeline(shelf.pipeline)
    finally:
        Worker.stop_all()
