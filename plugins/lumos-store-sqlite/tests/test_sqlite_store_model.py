"""The store against the in-memory reference, under random histories."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_store_sqlite import writing
from lumos_store_sqlite.config import SqliteStoreConfig
from lumos_store_sqlite.ranges import ranges
from lumos_store_sqlite.store import SqliteStore

from lumos_core.plugin_api import Scope, StoreError, line_key, make_key
from lumos_core.testing.memory_store import MemoryStore

HOSTS = [
    "urn:lumos:dataset:(csv,a,PROD)",
    "urn:lumos:dataset:(csv,a/b,PROD)",
    "urn:lumos:dataset:(csv,a$,PROD)",
    "urn:lumos:dataset:(csv,ä🙂,DEV)",
    "urn:lumos:dataset:(postgres,a,PROD)",
    "urn:lumos:container:(csv,a,PROD)",
    "urn:lumos:chart:(bi,7,PROD)",
    "urn:lumos:tag:pii",
    "urn:lumos:tag:pii.email",
]
KEYS = [
    *(("dataset", urn) for urn in HOSTS[:5]),
    ("container", HOSTS[5]),
    ("asset", HOSTS[6]),
    *(("tag", urn) for urn in HOSTS[7:]),
    ("stats", f"{HOSTS[0]}#profile@2026-01-15T10:00:00Z"),
    ("stats", f"{HOSTS[1]}#version@2026-01-15T10:00:00Z"),
    ("stats", f"{HOSTS[1]}#version@2026-01-16T10:00:00Z"),
    ("foreign", f"{HOSTS[2]}#datahub/status"),
]
REFS = ["head", "published/local"]
TIMES = [f"2026-01-15T10:00:{second:02d}{part}Z" for second in (0, 1, 2, 3) for part in ("", ".5")]

rows = st.dictionaries(st.sampled_from(KEYS), st.one_of(st.none(), st.integers(0, 2)), max_size=6)
commits = st.lists(st.tuples(st.sampled_from(REFS), rows, st.sampled_from(TIMES)), max_size=8)
scopes = st.builds(
    Scope,
    types=st.frozensets(st.sampled_from(["dataset", "container", "tag", "chart"]), max_size=2),
    platform=st.sampled_from(["", "csv", "bi"]),
    env=st.sampled_from(["", "PROD"]),
    prefixes=st.lists(st.sampled_from(["a", "a/", "pii", "ä"]), max_size=2).map(tuple),
    urns=st.frozensets(st.sampled_from(HOSTS), max_size=2),
)


def line(kind: str, urn: str, content: int) -> bytes:
    return make_key(kind, urn) + b'","value":{"name":"%d"}}' % content


def replay(store: SqliteStore, model: MemoryStore, history: list) -> list[tuple[str, str]]:
    """Apply a history to both; return pairs of state ids."""
    states = []
    for number, (ref, changed, at) in enumerate(history):
        made = [(*key, None if content is None else line(*key, content)) for key, content in changed.items()]
        meta = {"run": f"run-{number}", "at": at, "coverage": [{"n": number}]}
        ours = store.commit(ref, store.resolve(ref), iter(made), meta)
        states.append((ours, model.commit(ref, model.resolve(ref), iter(made), meta)))
    return states


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_CHUNK_ROWS", 3)


@settings(max_examples=60, deadline=None)
@given(history=commits, scope=scopes)
def test_reads_as_the_reference_does(history: list, scope: Scope) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, model = SqliteStore(SqliteStoreConfig(path=Path(folder) / "s.db")), MemoryStore()
        states = replay(store, model, history)
        ids = dict(states)
        assert {ref: ids[state] for ref, state in store.refs().items()} == dict(model.refs())
        runs = [f"run-{number}" for number in range(len(history) + 1)]
        for ours, theirs in [*states, *((ref, ref) for ref in [*REFS, *runs, *TIMES, "nothing", ""])]:
            found = list(store.lines(ours))
            assert found == list(model.lines(theirs))
            assert [line_key(one) for one in found] == sorted(line_key(one) for one in found)
            assert list(store.lines(ours, scope)) == list(model.lines(theirs, scope))
            assert ids.get(store.resolve(ours) or "") == model.resolve(theirs)
            left, right = store.entry(ours), model.entry(theirs)
            assert (left and (left.ref, left.at, left.meta)) == (right and (right.ref, right.at, right.meta))
            for key in KEYS[:3]:
                assert store.get(ours, *key) == model.get(theirs, *key)
        for ref in REFS:
            for urn in [None, *(urn for _, urn in KEYS)]:
                left_log = [(ids[e.state], e.parent and ids[e.parent], e.meta, e.digest) for e in store.log(urn, ref)]
                assert left_log == [(e.state, e.parent, e.meta, e.digest) for e in model.log(urn, ref)]
        for kind, prefix in [*KEYS, ("stats", HOSTS[1] + "#version@"), ("dataset", ""), ("dataset", "\U0010ffff")]:
            assert list(store.history(kind, prefix)) == list(model.history(kind, prefix))
        store.close()


@settings(max_examples=200, deadline=None)
@given(scope=scopes)
def test_ranges_hold_their_scope_in_order(scope: Scope) -> None:
    found = ranges(scope)
    if found is None:
        return
    for kind, urn in KEYS:
        holding = [r for r in found if r.kind == kind and r.low <= urn and (r.high is None or urn < r.high)]
        assert len(holding) <= 1
        assert holding or not scope.matches(urn)
    assert found == sorted(found, key=lambda r: (r.kind, r.low))


def test_moves_a_ref_only_from_what_was_seen(tmp_path: Path) -> None:
    store = SqliteStore(SqliteStoreConfig(path=tmp_path / "s.db"))
    first = store.commit("head", None, [(*KEYS[0], line(*KEYS[0], 1))], {"run": "a"})
    second = store.commit("head", first, [(*KEYS[0], line(*KEYS[0], 2))], {"run": "b"})
    for stale in (None, first, "nonsense"):
        with pytest.raises(StoreError, match=r"head has moved.*run again"):
            store.commit("head", stale, [(*KEYS[0], None)], {"run": "c"})
    assert store.resolve("head") == second
    assert [entry.meta["run"] for entry in store.log()] == ["b", "a"]
    store.close()


def test_a_commit_without_changes_is_remembered_and_makes_no_state(tmp_path: Path) -> None:
    store = SqliteStore(SqliteStoreConfig(path=tmp_path / "s.db"))
    empty = store.commit("head", None, [], {"run": "a"})
    assert store.resolve("head") == empty
    first = store.commit("head", empty, [(*KEYS[0], line(*KEYS[0], 1))], {"run": "b"})
    assert first != empty
    again = store.commit("head", first, [(*KEYS[0], line(*KEYS[0], 1)), (*KEYS[1], None)], {"run": "c"})
    assert again == first
    assert [(e.meta["run"], e.state, e.parent) for e in store.log()] == [
        ("c", first, first),
        ("b", first, empty),
        ("a", empty, ""),
    ]
    store.close()


@pytest.mark.parametrize("between", [0, 5])
def test_refuses_a_key_that_comes_twice_and_keeps_nothing(tmp_path: Path, between: int) -> None:
    store = SqliteStore(SqliteStoreConfig(path=tmp_path / "s.db"))
    key, *others = KEYS
    changed = [
        (*key, line(*key, 1)),
        *((*other, line(*other, 1)) for other in others[:between]),
        (*key, line(*key, 2)),
    ]
    with pytest.raises(StoreError, match="came twice"):
        store.commit("head", None, changed, {})
    assert store.resolve("head") is None
    assert store.refs() == {}
    store.close()


def test_keeps_a_line_once(tmp_path: Path) -> None:
    store = SqliteStore(SqliteStoreConfig(path=tmp_path / "s.db"))
    rows = [(*key, line(*key, 1)) for key in KEYS]
    for ref in REFS:
        store.commit(ref, None, rows, {})
    with store._file.reading() as connection:
        assert connection.execute("SELECT count(*) FROM line").fetchone() == (len(KEYS),)
    store.close()
