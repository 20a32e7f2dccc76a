"""What a store gets for nothing: finding a commit by its name, an empty history, a lock for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from lumos_core.plugin_api import Entry, Store, instant
from lumos_core.testing.memory_store import MemoryStore, MemoryStoreConfig


class Plain(MemoryStore):
    """A store that overrides nothing that it need not."""

    entry = Store.entry
    history = Store.history
    lock = Store.lock


@pytest.fixture
def store() -> Iterator[Plain]:
    store = Plain(MemoryStoreConfig())
    yield store
    store.close()


def commit(store: Plain, ref: str, run: str, *urns: str) -> str:
    rows = [("tag", urn, b'{"kind":"tag","urn":"%b","value":{}}' % urn.encode()) for urn in urns]
    return store.commit(ref, store.resolve(ref), rows, {"run": run, "at": "2026-01-15T10:30:00Z"})


def test_a_commit_is_found_by_ref_run_and_state(store: Plain) -> None:
    first = commit(store, "head", "r1", "urn:lumos:tag:a")
    again = commit(store, "head", "r2")
    assert again == first, "nothing changed"
    second = commit(store, "head", "r3", "urn:lumos:tag:b")

    def run_of(ref: str) -> Any:
        found = store.entry(ref)
        assert isinstance(found, Entry)
        return found.meta["run"], found.state

    assert run_of("head") == run_of("r3") == run_of(second) == ("r3", second)
    assert run_of("r1") == ("r1", first)
    assert run_of("r2") == ("r2", first), "two runs may see the same lines"
    assert run_of(first) == ("r2", first), "the newest commit of a state"
    assert store.entry("nothing") is None


def test_head_goes_before_other_refs(store: Plain) -> None:
    commit(store, "a-branch", "shared", "urn:lumos:tag:a")
    commit(store, "head", "shared", "urn:lumos:tag:b")
    found = store.entry("shared")
    assert found is not None
    assert found.ref == "head"


def test_what_is_optional_is_empty(store: Plain) -> None:
    commit(store, "head", "r1", "urn:lumos:tag:a")
    assert list(store.history("tag", "urn:")) == []
    with store.lock(), store.lock():
        assert store.resolve("head") is not None


@pytest.mark.parametrize(
    "text",
    ["2026-01-15T10:30:00Z", "2026-01-15T10:30:00z", "2026-01-15T11:30:00+01:00", "2026-01-15T10:30:00.000Z"],
)
def test_times_compare_whatever_their_spelling(text: str) -> None:
    assert instant(text) == datetime(2026, 1, 15, 10, 30, tzinfo=timezone.utc)
