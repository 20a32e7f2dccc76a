"""Watching is running: narrow looks at what was told know what looks at everything know, after any history."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lumos_core
from lumos_core.testing.killed import state

TEXTS = (
    "id,total\n1,2.5\n",
    "sku,name\na,b\n",
    "at,host,level\n2026-01-01,x,y\n",
    "id,total,note\n1,2.5,x\n",
)
FOLDERS = (
    "raw/orders/day=2026-01-01/",
    "raw/orders/day=2026-01-02/",
    "raw/clicks/2026/01/",
    "raw/clicks/2026/02/",
    "raw/clicks/",
    "crm/sales/eu/",
    "crm/sales/us/",
    "crm/people/",
    "crm/",
    "y=1/a/",
    "y=2/a/",
    "tab/",
    "tab/x/",
    "",
)
FILES = ("part-0.csv", "part-1.csv", "orders_2026-01.csv", "orders_2026-02.csv", "x.csv", "_hidden.csv")
TABLES = ("tab", "crm/sales", "raw/clicks/2026", "dl")
OVERRIDES = (
    "version: 1\n",
    "version: 1\nexclude: ['crm/**']\n",
    "version: 1\ntables:\n  - path: 'crm/{table}/{*}/*.csv'\n",
    "version: 1\ntables:\n  - {path: 'raw/**', name: raw, format: csv}\n",
)
Change = tuple[str, str, int]
"""What is done, where, and with which content."""

places = st.builds(lambda folder, file: folder + file, st.sampled_from(FOLDERS), st.sampled_from(FILES))
contents = st.integers(0, len(TEXTS) - 1)
changes: st.SearchStrategy[Change] = st.one_of(
    st.tuples(st.just("put"), places, contents),
    st.tuples(st.just("put"), places, contents),
    st.tuples(st.just("drop"), places, contents),
    st.tuples(st.just("move"), places, contents),
    st.tuples(st.just("commit"), st.sampled_from(TABLES), contents),
    st.tuples(st.just("drop table"), st.sampled_from(TABLES), contents),
    st.tuples(st.just("override"), st.just("discovery.yaml"), contents),
)
bursts = st.lists(changes, min_size=1, max_size=4)
histories = st.tuples(st.lists(changes, min_size=3, max_size=12), st.lists(bursts, min_size=1, max_size=4))


class Folder:
    """A lake in a folder; what is done to it says which paths changed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, text: str) -> list[str]:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return [path]

    def drop(self, path: str) -> list[str]:
        (self.root / path).unlink()
        return [path]

    def under(self, folder: str) -> list[str]:
        found = (self.root / folder).rglob("*") if folder else self.root.rglob("*")
        return sorted(path.relative_to(self.root).as_posix() for path in found if path.is_file())

    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")


def done(lake: Any, change: Change) -> list[str]:
    """Do one thing; returns the paths that changed."""
    what, where, content = change
    if what == "put":
        return list(lake.put(where, TEXTS[content]))
    if what == "override":
        return list(lake.put(where, OVERRIDES[content]))
    if what == "commit":
        log = f"{where}/_delta_log/"
        return list(lake.put(f"{log}{len(lake.under(log)):020}.json", commit(content + 1)))
    if what == "drop table":
        return [path for one in lake.under(f"{where}/_delta_log/") for path in lake.drop(one)]
    known = [path for path in lake.under("") if path.endswith(".csv")]
    if not known:
        return []
    victim = where if where in known else known[content % len(known)]
    if what == "drop" or victim == where:
        return list(lake.drop(victim))
    text = lake.text(victim)
    return [*lake.drop(victim), *lake.put(where, text)]


def commit(columns: int) -> str:
    fields = [{"name": f"c{number}", "type": "long", "nullable": True, "metadata": {}} for number in range(columns)]
    schema = json.dumps({"type": "struct", "fields": fields})
    meta = {"id": "a", "format": {"provider": "parquet"}, "schemaString": schema, "partitionColumns": []}
    actions = (
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {**meta, "configuration": {}}},
    )
    return "\n".join(map(json.dumps, actions))


def holds(begun: Sequence[Change], then: Sequence[Sequence[Change]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "data").mkdir()
        lake, told = Folder(root / "data"), root / "told.txt"
        for change in begun:
            done(lake, change)
        watched, whole = (_pipeline(root / name, root) for name in ("watched", "whole"))
        for burst in ((), *then):
            paths = [path for change in burst for path in done(lake, change)]
            told.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
            codes = lumos_core.watch(watched, once=True), lumos_core.run(whole).exit_code
            assert codes == (0, 0)
            assert not told.read_text(encoding="utf-8"), "everything was acknowledged"
            assert state(watched.parent) == state(whole.parent), burst
        events = [[(e.urn, e.type) for e in lumos_core.events(pipeline=one) if not e.path] for one in (watched, whole)]
        assert len(events[0]) <= len(events[1])


def _pipeline(folder: Path, root: Path) -> Path:
    folder.mkdir()
    source = {"type": "telling:TellingSource", "name": "lake", "path": str(root / "data"), "formats": ["csv", "delta"]}
    source |= {"told": str(root / "told.txt"), "watch": {"mode": "events"}}
    (folder / "lumos.yaml").write_text(json.dumps({"version": 1, "name": "lake", "sources": [source]}))
    return folder / "lumos.yaml"


@settings(max_examples=12, deadline=None)
@given(histories)
def test_narrow_looks_know_what_full_ones_know(history: Any) -> None:
    holds(*history)


@pytest.mark.heavy
@settings(max_examples=400, deadline=None)
@given(histories)
def test_narrow_looks_know_what_full_ones_know_in_many_lakes(history: Any) -> None:
    holds(*history)


@pytest.mark.parametrize(
    "begun, burst",
    [
        ([("put", "tab/x/x.csv", 0), ("put", "crm/x.csv", 1)], [("drop", "tab/x/x.csv", 0)]),
        ([("put", "y=1/a/x.csv", 0), ("put", "y=2/a/x.csv", 0)], [("drop", "y=2/a/x.csv", 0)]),
        (
            [("put", f"crm/{name}/part-0.csv", 0) for name in ("sales/eu", "sales/us", "people")],
            [("commit", "crm/sales", 1)],
        ),
        (
            [("put", "tab/orders_2026-01.csv", 0), ("put", "tab/x.csv", 1)],
            [("put", "tab/orders_2026-02.csv", 1)],
        ),
        ([("put", "crm/x.csv", 0), ("put", "tab/x.csv", 1)], [("override", "discovery.yaml", 1)]),
        (
            [("put", f"tab/{name}-{n}.csv", kind) for kind, name in enumerate(("a", "b")) for n in range(3)],
            [("put", "tab/b-2.csv", 2)],
        ),
    ],
    ids=["folder that goes", "partition above", "table among files", "odd neighbour", "overrides", "shared folder"],
)
def test_what_narrow_looks_overlooked_once(begun: list[Change], burst: list[Change]) -> None:
    holds(begun, [burst])
