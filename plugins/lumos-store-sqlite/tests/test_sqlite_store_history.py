"""The kernel's history over this store: which file is opened, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from lumos_store_sqlite.config import SqliteStoreConfig
from lumos_store_sqlite.store import SqliteStore

from lumos_core.errors import StoreError
from lumos_core.history import api

LINE = b'{"kind":"tag","urn":"urn:lumos:tag:pii","value":{"name":"pii"}}'


def record(path: Path, *runs: str) -> None:
    store = SqliteStore(SqliteStoreConfig(path=path))
    for number, run in enumerate(runs):
        line = LINE.replace(b'"pii"}}', b'"pii%d"}}' % number)
        store.commit("head", store.resolve("head"), [("tag", "urn:lumos:tag:pii", line)], {"run": run})
    store.close()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUMOS_CONFIG", raising=False)


def test_the_file_beside_us_when_there_is_no_pipeline(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"store\.db: nothing is recorded yet"):
        api.log()
    assert list(tmp_path.iterdir()) == []
    record(tmp_path / ".lumos" / "store.db", "a", "b")
    assert [moment.entry.meta["run"] for moment in api.log()] == ["b", "a"]


def test_a_database_by_its_path(tmp_path: Path) -> None:
    record(tmp_path / "other.db", "a")
    assert [moment.entry.meta["run"] for moment in api.log(pipeline="other.db")] == ["a"]
    with api.view("a", tmp_path / "other.db") as view:
        assert len(list(view.lines())) == 1


def test_a_pipeline_says_where_its_store_is(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    file = folder / "lumos.yaml"
    file.write_text(
        "sources: [{type: 'lumos_core.testing.reference:MemorySource'}]\n"
        "store: {type: sqlite, path: memory/s.db}\n"
        "differ: {type: 'lumos_core.testing.reference:ShapeDiffer'}\n"
        "catalogs: []\n"
    )
    record(folder / "memory" / "s.db", "a", "b", "c")
    found = api.log(pipeline=file, limit=2)
    assert [moment.entry.meta["run"] for moment in found] == ["c", "b"]
    result = api.diff("a", "c", pipeline=file, fail_on="informational")
    assert result.pipeline.startswith("a -> c")
    assert result.gate.enabled


def test_a_differ_by_its_name(tmp_path: Path) -> None:
    record(tmp_path / "s.db", "a", "b")
    result = api.diff("a", "b", pipeline="s.db", differ="lumos_core.testing.reference:ShapeDiffer")
    assert result.mode == "diff"
    assert result.counts == {"tag": 1}
