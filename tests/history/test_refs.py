from __future__ import annotations

from pathlib import Path

import pytest

from lumos_core.errors import LumosError, SnapshotError, StoreError, UsageError
from lumos_core.history.refs import resolve
from lumos_core.history.views import FileView, StoreView
from lumos_core.model.scope import Covered, Scope
from lumos_core.snapshot.writer import SnapshotWriter
from lumos_core.testing.memory_store import MemoryStore


@pytest.mark.parametrize(
    ("text", "run"),
    [
        ("head", 3),
        ("head~0", 3),
        ("head~", 2),
        ("head~1", 2),
        ("head~2", 0),
        ("20260115T103000Z-1f3a", 0),
        ("20260115T19", 1),
        ("20260117T103000Z-3d5e", 2),
        ("20260118T080000Z-4f6a~1", 2),
        ("S-1", 0),
        ("S-2", 1),
        ("S-3~1", 2),
        ("2026-01-15", 1),
        ("2026-01-16", 1),
        ("2026-01-17", 2),
        ("2026-01-15T10:30", 0),
        ("2026-01-15 18:59:59", 0),
        ("2026-01-15T19:00:00Z", 1),
        ("2026-01-15T20:00:00.5+02:00", 0),
        ("2099-12-31", 3),
    ],
)
def test_what_names_a_state(store: MemoryStore, text: str, run: int) -> None:
    view = resolve(store, text)
    assert isinstance(view, StoreView)
    runs = [entry.meta["run"] for entry in store.log()][::-1]
    assert view.entry.meta["run"] == runs[run]
    assert list(view.lines()) == list(store.lines(runs[run]))
    assert view.coverage.complete("urn:lumos:dataset:(csv,x,PROD)")
    assert runs[run] in view.label


def test_a_state_and_its_beginning(store: MemoryStore) -> None:
    state = store.resolve("head")
    assert state is not None
    for text in (state, state[:8]):
        view = resolve(store, text)
        assert isinstance(view, StoreView)
        assert view.entry.state == state


def test_published_is_a_ref_of_its_own(store: MemoryStore) -> None:
    assert len(list(resolve(store, "published/local").lines())) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("haed", "did you mean head"),
        ("S-9", "did you mean S-"),
        ("2026-01-14", "the first run was at 2026-01-15T10:30:00Z"),
        ("2026-13-45", "nothing is called"),
        ("head~7", "nothing is called"),
        ("zzzz", "`lumos log` lists"),
        ("20260115T", "beginning of more than one"),
        ("", "nothing is called"),
    ],
)
def test_what_names_nothing(store: MemoryStore, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"(?i){says}"):
        resolve(store, text)


def test_without_a_store_only_files_have_names(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing is recorded yet"):
        resolve(None, "head")
    with pytest.raises(UsageError, match="nothing is recorded yet"):
        resolve(MemoryStore(), "head")
    with pytest.raises(LumosError, match=r"gone\.lumos\.jsonl"):
        resolve(None, str(tmp_path / "gone.lumos.jsonl"))
    broken = tmp_path / "broken.lumos.jsonl"
    broken.write_text("no snapshot\n")
    with pytest.raises(SnapshotError):
        resolve(None, str(broken))


def test_a_file(store: MemoryStore, tmp_path: Path) -> None:
    path = tmp_path / "shop.lumos.jsonl"
    with SnapshotWriter(path, []) as writer:
        for line in store.lines("head"):
            if not line.startswith(b'{"kind":"stats"'):
                writer.add_line(line)
        writer.close([Covered(Scope(platform="csv"), frozenset({"record"}))])
    view = resolve(None, str(path))
    assert isinstance(view, FileView)
    assert view.label == str(path)
    assert view.coverage.complete("urn:lumos:dataset:(csv,x,PROD)")
    state = resolve(store, "head")
    scope = Scope(platform="csv", types=frozenset({"dataset"}))
    assert list(view.lines(scope)) == [line for line in state.lines(scope) if not line.startswith(b'{"kind":"stats"')]
    urn = "urn:lumos:dataset:(csv,shop/orders,PROD)"
    assert view.get("dataset", urn) == state.get("dataset", urn) is not None
    assert view.get("dataset", urn[:-2]) is None
