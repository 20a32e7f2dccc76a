"""What lies in storage below the tables of table formats, whatever their logs say of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_lake import CrawlConfig, Entry, Gap
from lumos_lake.discovery import layout
from lumos_lake.source import FolderCrawler
from lumos_lake.stored import count_stored, tally
from lumos_lake.units import pack, unpack

from lumos_core.plugin_api import AnyRecord, Config, Context, Dataset, Field, File, Format, Record, Scope, Stats, urns
from lumos_core.testing.context import MemoryContext

URN = urns.dataset("file", "t")
LOG = "_delta_log/0.json"


class LedgerFormat(Format[Config]):
    """A table whose log says when it was last written, if it says anything; `-` says nothing."""

    markers = ("_delta_log/",)
    name_in_urn = "delta"

    def inspect(self, files: Sequence[File], ctx: Context) -> Iterable[AnyRecord]:
        with files[-1].open() as stream:
            times = stream.read().decode().split()
        yield Record(files[0].urn, Dataset(captured=["fields"], fields=[Field("id", type="int64")]))
        for rows, at in enumerate(times if times != ["-"] else ()):
            stats = Stats(row_count=rows, size_bytes=9, file_count=2, metrics=[("z", 1)])
            yield Record(f"{files[0].urn}#profile@{at}", stats)


class Lake(FolderCrawler[CrawlConfig]):
    def formats(self, ctx: Context) -> dict[str, Format[Any]]:
        return {"delta": LedgerFormat(Config())}


def stats_of(root: Any, ctx: MemoryContext | None = None, within: Scope | None = None) -> dict[str, Stats]:
    ctx, source = ctx or MemoryContext(), Lake(CrawlConfig(path=root))
    found = [record for unit in source.plan(within or Scope(), ctx) for record in source.extract(unit, ctx)]
    return {record.urn: record.value for record in found if record.kind == "stats"}


def put(root: Any, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_what_the_log_forgot_is_counted_beside_what_it_says(tmp_path: Any) -> None:
    put(tmp_path, f"t/{LOG}", "2026-01-01T00:00:00Z 2026-01-02T00:00:00Z")
    put(tmp_path, "t/day=1/part-0.csv", "x" * 100)
    put(tmp_path, "t/forgotten.csv", "y" * 10)
    put(tmp_path, "tt.csv", "beside")
    found = stats_of(tmp_path)
    old, new = (found[f"{URN}#profile@2026-01-0{day}T00:00:00Z"] for day in (1, 2))
    assert old.metrics == [("z", 1)]
    assert (new.row_count, new.size_bytes, new.file_count) == (1, 9, 2)
    log = (tmp_path / "t" / LOG).stat().st_size
    assert new.metrics == [("storage.bytes", 110 + log), ("storage.files", 3), ("z", 1)]


def test_a_log_that_says_nothing_of_sizes_does_not_hide_them(tmp_path: Any) -> None:
    put(tmp_path, f"t/{LOG}", "-")
    put(tmp_path, "t/part-0.csv", "x" * 100)
    ((urn, value),) = stats_of(tmp_path).items()
    assert urn.startswith(f"{URN}#profile@") and value.size_bytes is None
    assert dict(value.metrics) == {"storage.bytes": 101, "storage.files": 2}


def test_a_narrow_look_counts_what_the_whole_counts(tmp_path: Any) -> None:
    ctx = MemoryContext()
    put(tmp_path, f"t/{LOG}", "2026-01-01T00:00:00Z")
    put(tmp_path, "a.csv", "beside")
    stats_of(tmp_path, ctx)
    put(tmp_path, "t/more.csv", "x" * 5)
    narrow = stats_of(tmp_path, ctx, Scope(urns=frozenset({URN})))
    assert (
        narrow == stats_of(tmp_path) and ("storage.files", 2) in narrow[f"{URN}#profile@2026-01-01T00:00:00Z"].metrics
    )


def found_in(files: dict[str, tuple[int, str]], gaps: Sequence[Gap] = ()) -> dict[str, Any]:
    entries = [Entry(path, size, 7, f"e {kept}" if kept else "e") for path, (size, kept) in sorted(files.items())]
    found = layout(entries)
    count_stored(found, gaps)
    return {one.name: one for one in found.groupings}


def test_classes_are_told_apart_and_survive_the_way_of_a_unit() -> None:
    table = found_in({f"t/{LOG}": (1, ""), "t/a.parquet": (10, "GLACIER"), "t/b.parquet": (20, "GLACIER")})["t"]
    assert table.stored == (("", 1, 1, 7), ("GLACIER", 30, 2, 7))
    assert unpack(pack(table))[0].stored == table.stored


@pytest.mark.parametrize("hidden", ["t", "t/day=1", ""])
def test_a_part_that_could_not_be_listed_leaves_it_open(hidden: str) -> None:
    files = {f"{table}/{LOG}": (1, "") for table in ("t", "u")} | {"t/day=2/a.parquet": (5, "")}
    found = found_in(files, [Gap(hidden, "denied")])
    assert found["t"].stored == () and bool(found["u"].stored) == bool(hidden)


FOLDERS = ["t", "t/in", "t/in/deep", "t/other", "tt", "u"]


@given(st.sets(st.sampled_from(FOLDERS)), st.dictionaries(st.sampled_from(FOLDERS), st.integers(0, 50)))
def test_every_file_counts_for_the_nearest_table_above_it(tables: set[str], data: dict[str, int]) -> None:
    files = {f"{table}/{LOG}": (1, "") for table in tables} | {f"{at}/x.bin": (size, "") for at, size in data.items()}
    found = {one.root: one for one in found_in(files).values() if one.marked}
    assert set(found) == tables
    for root, table in found.items():
        inner = [other for other in tables if other.startswith(f"{root}/")]
        own = [
            size
            for path, (size, _) in files.items()
            if path.startswith(f"{root}/") and not any(path.startswith(f"{other}/") for other in inner)
        ]
        assert table.stored == (("", sum(own), len(own), 7),)


def test_nothing_is_nothing() -> None:
    assert tally([]) == ()
