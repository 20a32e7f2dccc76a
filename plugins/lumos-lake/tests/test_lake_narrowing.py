"""A narrow look lists little, and answers as a look at everything would."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import lake_tiny_formats as tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_lake import CrawlConfig, Entry, LocalStorage
from lumos_lake.source import FolderCrawler

from lumos_core.plugin_api import Context, Format, Record, Scope, urns
from lumos_core.testing.context import MemoryContext

SCHEMAS = ("id:int64,total:float64\n1,2\n", "sku:string,name:string\na,b\n", "at:timestamp(us),host:string\n1,x\n")
FOLDERS = (
    ("raw", "orders", "day=2026-01-01"),
    ("raw", "orders", "day=2026-01-02"),
    ("raw", "clicks", "2026", "01"),
    ("raw", "clicks", "2026", "02"),
    ("raw", "clicks"),
    ("crm", "sales", "eu"),
    ("crm", "sales", "us"),
    ("crm", "sales", "apac"),
    ("crm", "people"),
    ("crm",),
    ("y=1", "a"),
    ("y=2", "a"),
    ("y=2", "b"),
)
FILES = ("part-0.csv", "part-1.csv", "customers.csv", "orders_2026-01.csv", "orders_2026-02.csv", "x.csv")
Lake = dict[str, int]

placed = st.tuples(st.sampled_from(FOLDERS), st.sampled_from(FILES)).map(lambda pair: "/".join((*pair[0], pair[1])))
lakes = st.dictionaries(placed, st.integers(0, len(SCHEMAS) - 1), min_size=1, max_size=14)


class Counting(LocalStorage):
    """Counts what it lists."""

    listed = 0

    def list(self, *, start_after: str = "", under: Sequence[str] = ()) -> Iterator[Entry]:
        for entry in super().list(start_after=start_after, under=under):
            type(self).listed += 1
            yield entry


class Source(FolderCrawler[CrawlConfig]):
    """The crawler with one format."""

    def formats(self, ctx: Context) -> dict[str, Format[Any]]:
        return {"csv": tiny.TinyCsv(tiny.TinyConfig())}

    def storage(self, gaps: Any, skipped: Any) -> Counting:
        return Counting(self.config.path, on_gap=gaps.append)


def write(root: Path, lake: Lake) -> None:
    for path, schema in lake.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text() != SCHEMAS[schema]:
            file.write_text(SCHEMAS[schema])
    for file in [file for file in root.rglob("*.csv") if file.relative_to(root).as_posix() not in lake]:
        file.unlink()


def look(root: Path, known: Iterable[Record], memo: dict[bytes, bytes], within: Scope = Scope()):
    ctx = MemoryContext(known)
    ctx.memo = memo
    source = Source(CrawlConfig(path=root))
    records = [record for unit in source.plan(within, ctx) for record in source.extract(unit, ctx)]
    return {record.urn: record for record in records}, ctx


@settings(max_examples=150, deadline=None)
@given(lakes, lakes, st.lists(placed, max_size=3), st.data())
def test_a_narrow_look_answers_as_a_look_at_everything(before: Lake, more: Lake, less: list[str], data: Any) -> None:
    after = {path: schema for path, schema in {**before, **more}.items() if path not in less} or before
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, before)
        memo: dict[bytes, bytes] = {}
        known, _ = look(root, (), memo)
        write(root, after)
        everything, _ = look(root, known.values(), dict(memo))
        datasets = sorted(urn for urn in known if urns.parse(urns.host(urn)).type == "dataset")
        ctx = MemoryContext(known.values())
        ctx.memo = memo
        touched = Source(CrawlConfig(path=root)).touched([*more, *less], ctx)
        scopes = [*touched.values(), *(Scope(urns=frozenset({urn})) for urn in datasets)]
        within = data.draw(st.sampled_from(scopes))
        narrow, _ = look(root, known.values(), memo, within)
    assert narrow == {urn: record for urn, record in everything.items() if within.matches(urn)}


def test_only_the_folder_of_a_known_dataset_is_listed(tmp_path: Path) -> None:
    write(tmp_path, {f"raw/t{table}/part-{number}.csv": table % 2 for table in range(20) for number in range(5)})
    memo: dict[bytes, bytes] = {}
    known, _ = look(tmp_path, (), memo)
    (tmp_path / "raw/t7/part-9.csv").write_text(SCHEMAS[1])
    (tmp_path / "raw/t7x").mkdir()
    (tmp_path / "raw/t7x/part-0.csv").write_text(SCHEMAS[0])
    Counting.listed = 0
    found, _ = look(tmp_path, known.values(), memo, Scope(urns=frozenset({urns.dataset("file", "raw/t7")})))
    assert set(found) == {urn for urn in found if "raw/t7," in urn}
    assert Counting.listed == 6
    Counting.listed = 0
    lake, ctx = Source(CrawlConfig(path=tmp_path)), MemoryContext(known.values())
    ctx.memo = memo
    fresh = lake.touched(["raw/t7x/part-0.csv"], ctx)["raw/t7x/part-0.csv"]
    found, _ = look(tmp_path, known.values(), memo, fresh)
    assert [urn for urn in found if "#" not in urn] == [urns.dataset("file", "raw/t7x")]
    assert Counting.listed == 102  # everything beside it
    Counting.listed = 0
    again = lake.touched(["raw/t7x/part-0.csv"], ctx)["raw/t7x/part-0.csv"]
    look(tmp_path, [*known.values(), *found.values()], memo, again)
    assert Counting.listed == 1


def test_a_dataset_that_is_gone_is_declared_as_seen(tmp_path: Path) -> None:
    write(tmp_path, {"raw/a/part-0.csv": 0, "raw/b/part-0.csv": 1, "raw/c/part-0.csv": 2})
    memo: dict[bytes, bytes] = {}
    known, _ = look(tmp_path, (), memo)
    (tmp_path / "raw/a/part-0.csv").unlink()
    scope = Scope(urns=frozenset({urns.dataset("file", "raw/a")}))
    found, ctx = look(tmp_path, known.values(), memo, scope)
    assert not found
    assert [covered.scope.urns for covered in ctx.declared if "record" in covered.aspects] == [scope.urns]
