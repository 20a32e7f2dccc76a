"""The source on real folders: records, coverage, memory between runs, bad input."""

from __future__ import annotations

import os
from pathlib import Path

import lake_tiny_formats as tiny
import pytest
from lumos_lake import probe

from lumos_core.loading.registry import Registry
from lumos_core.plugin_api import ConfigError, RetryableError, Scope, canonical, urns
from lumos_core.testing.context import MemoryContext

FORMATS = ["lake_tiny_formats:TinyCsv", "lake_tiny_formats:TinyRec"]


def source(folder: Path, **options):
    entry = {"type": "files", "path": ".", "formats": FORMATS, **options}
    return Registry.load().spec("source", entry, folder).build()


def read(folder: Path, ctx: MemoryContext | None = None, within: Scope = Scope(), **options):
    ctx = MemoryContext() if ctx is None else ctx
    made = source(folder, **options)
    records = [record for unit in made.plan(within, ctx) for record in made.extract(unit, ctx)]
    return {record.urn: record.value for record in records}, ctx


def put(folder: Path, path: str, text: str = "id:int64,total:float64\n1,2\n", *, at: int = 0) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    if at:
        os.utime(file, ns=(at, at))
    return file


def dataset(name: str, **more) -> str:
    return urns.dataset("file", name, **more)


def warnings(ctx: MemoryContext) -> set[str]:
    return {notice.code for notice in ctx.warnings}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for day in (1, 2, 3):
        put(tmp_path, f"sales/orders/day=2026-01-0{day}/part-0.csv", at=1_767_225_600_000_000_000 + day)
        put(tmp_path, f"sales/orders/day=2026-01-0{day}/_SUCCESS", "")
    put(tmp_path, "sales/products.csv", "sku:string\na\nb\n")
    return tmp_path


def test_records_of_a_lake(shop):
    found, ctx = read(shop)
    orders = found[dataset("sales/orders")]
    assert [(f.path, f.type, f.nullable) for f in orders.fields] == [
        ("id", "int64", False),
        ("total", "float64", False),
        ("day", "date", False),
    ]
    assert (orders.name, orders.subtype, orders.layout.format) == ("orders", "file set", "csv")
    assert orders.layout.location == "sales/orders" and [p.path for p in orders.layout.partition_by] == ["day"]
    assert ("comment", "#") in orders.layout.options
    assert dict(orders.properties)["lake.evidence"] == "folders are named key=value"
    assert orders.parent == urns.container("file", "sales") in found
    assert found[dataset("sales/products.csv")].name == "products"
    stats = found[f"{dataset('sales/orders')}#profile@2026-01-01T00:00:00Z"]
    assert (stats.row_count, stats.file_count) == (3, 3) and stats.size_bytes == 81
    assert not ctx.warnings and [c.status for c in ctx.declared] == ["complete"]
    assert ctx.coverage.complete(dataset("anything/else"))


def test_nothing_absolute_is_recorded(shop):
    made = source(shop)
    ctx = MemoryContext()
    for unit in made.plan(Scope(), ctx):
        for record in made.extract(unit, ctx):
            assert str(shop).encode() not in canonical(record)


def test_drift_is_recorded_and_told(shop):
    put(shop, "sales/orders/day=2026-01-04/part-0.csv", "id:int32,total:float64,coupon:string?\n1,2,x\n")
    found, ctx = read(shop)
    orders = found[dataset("sales/orders")]
    assert [(f.path, f.type, f.nullable) for f in orders.fields] == [
        ("id", "int64", False),
        ("total", "float64", False),
        ("coupon", "string", True),
        ("day", "date", False),
    ]
    assert dict(orders.properties)["lake.drift"] == "id: int32, int64; coupon: not in every file"
    assert warnings(ctx) == {"drift-type", "drift-missing"}
    assert ctx.warnings[0].where == "sales/orders/day=2026-01-01/part-0.csv"


def test_text_that_is_a_number_elsewhere_is_text(shop):
    put(shop, "sales/orders/day=2026-01-04/part-0.csv", "id:string,total:float64\nx,2\n")
    found, _ = read(shop)
    assert found[dataset("sales/orders")].fields[0].type == "string"


def test_an_unchanged_lake_is_not_opened_again(shop):
    first, ctx = read(shop)
    tiny.TinyCsv.opened.clear()
    second, _ = read(shop, ctx)
    assert tiny.TinyCsv.opened == [] and first == second


def test_only_what_changed_is_opened(shop):
    first, ctx = read(shop)
    put(shop, "sales/orders/day=2026-01-02/part-0.csv", "id:int64,total:float64,n:int8\n1,2,3\n")
    tiny.TinyCsv.opened.clear()
    second, _ = read(shop, ctx)
    assert tiny.TinyCsv.opened == ["sales/orders/day=2026-01-02/part-0.csv"]
    fresh, _ = read(shop)
    assert second == fresh != first
    ctx.full = True
    tiny.TinyCsv.opened.clear()
    read(shop, ctx)
    assert len(tiny.TinyCsv.opened) == 4


def test_other_options_are_another_reader(shop):
    _, ctx = read(shop)
    found, _ = read(shop, ctx, formats=[{"type": "lake_tiny_formats:TinyCsv", "comment": ";"}])
    assert ("comment", ";") in found[dataset("sales/orders")].layout.options


def test_warnings_of_unchanged_files_are_said_again(shop):
    put(shop, "odd.csv", "~a:int64\n1\n")
    put(shop, "sampled.csv", "%a:int64\n1\n")
    _, first = read(shop)
    assert "ragged" in warnings(first)
    second = MemoryContext()
    second.memo = first.memo
    read(shop, second)
    assert second.warnings == first.warnings and second.declared == first.declared
    assert "fields" in second.coverage.gaps(dataset("sampled.csv"))


def test_a_damaged_memo_costs_time_only(shop):
    first, ctx = read(shop)
    for key in ctx.memo:
        ctx.memo[key] = b"\xc1 nothing"
    assert read(shop, ctx)[0] == first


def test_a_broken_file_takes_only_its_part(shop):
    put(shop, "sales/orders/day=2026-01-02/part-0.csv", "!\n")
    put(shop, "sales/orders/day=2026-01-02/part-9.csv", "!\n")
    put(shop, "sales/products.csv", "!\n")
    found, ctx = read(shop)
    assert [f.path for f in found[dataset("sales/orders")].fields] == ["id", "total", "day"]
    assert "fields" in ctx.coverage.gaps(dataset("sales/orders"))
    assert ctx.coverage.complete(dataset("sales/orders"))
    products = found[dataset("sales/products.csv")]
    assert products.fields == [] and "fields" not in products.captured
    first, second = [c.reason for c in ctx.declared if c.status == "failed"]
    assert first.startswith(
        "2 of 4 files cannot be read, such as sales/orders/day=2026-01-02/part-0.csv: this is no table"
    )
    assert second.startswith("this is no table")
    assert [n.where for n in ctx.warnings if n.code == "cannot-read"] == ["sales/orders/day=2026-01-02/part-9.csv"]
    stats = next(value for urn, value in found.items() if urn.startswith(dataset("sales/orders") + "#"))
    assert stats.row_count is None


def test_a_mended_file_is_read_again(shop):
    put(shop, "sales/products.csv", "!!!!!!!\n", at=5)
    _, ctx = read(shop)
    put(shop, "sales/products.csv", "a:int8\n1", at=5)
    found, _ = read(shop, ctx)
    assert found[dataset("sales/products.csv")].captured == ["fields", "layout", "properties"]


def test_an_empty_file_is_a_dataset_of_unknown_fields(tmp_path):
    put(tmp_path, "empty.csv", "")
    put(tmp_path, "t/part-0.csv", "")
    put(tmp_path, "t/part-1.csv")
    found, ctx = read(tmp_path)
    assert found[dataset("empty.csv")].fields == [] and "fields" not in found[dataset("empty.csv")].captured
    assert "empty-file" in warnings(ctx)
    assert [f.path for f in found[dataset("t")].fields] == ["id", "total"]
    assert not ctx.coverage.gaps(dataset("t"))


def test_a_file_that_changes_while_it_is_read_is_read_again(shop, monkeypatch):
    inspect, changes = tiny.TinyCsv.inspect, []

    def meddling(self, files, ctx):
        for record in inspect(self, files, ctx):
            if "products" in files[0].path and len(changes) < limit:
                changes.append(1)
                put(shop, "sales/products.csv", "sku:string,n:int8\n" + "a,1\n" * len(changes))
            yield record

    monkeypatch.setattr(tiny.TinyCsv, "inspect", meddling)
    limit = 1
    found, ctx = read(shop)
    assert [f.path for f in found[dataset("sales/products.csv")].fields] == ["sku", "n"]
    # What was read is not what was listed: the next run looks again, and finds the same.
    again, _ = read(shop, ctx)
    assert again[dataset("sales/products.csv")] == found[dataset("sales/products.csv")]
    limit = 99
    changes.clear()
    with pytest.raises(RetryableError, match="changed while it was being read"):
        read(shop)


def test_a_file_that_vanishes_takes_only_its_part(shop, monkeypatch):
    inspect = tiny.TinyCsv.inspect

    def vanishing(self, files, ctx):
        (shop / "sales/orders/day=2026-01-02/part-0.csv").unlink(missing_ok=True)
        yield from inspect(self, files, ctx)

    monkeypatch.setattr(tiny.TinyCsv, "inspect", vanishing)
    found, ctx = read(shop)
    assert [f.path for f in found[dataset("sales/orders")].fields] == ["id", "total", "day"]
    assert "fields" in ctx.coverage.gaps(dataset("sales/orders"))


def test_a_denied_folder_hides_what_is_in_it_and_above(shop, monkeypatch):
    put(shop, "private/deep/secret.csv")
    listing = os.scandir

    def denying(path):
        if str(path).endswith(("private/", "day=2026-01-02/")):
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(os, "scandir", denying)
    found, ctx = read(shop)
    assert dataset("private/deep/secret.csv") not in found
    for hidden in ("private/deep/secret.csv", "private/x", "private"):
        assert not ctx.coverage.complete(dataset(hidden)), hidden
    assert not ctx.coverage.complete(urns.container("file", "private/deep"))
    assert ctx.coverage.complete(dataset("elsewhere"))
    assert "fields" in ctx.coverage.gaps(dataset("sales/orders"))
    assert not ctx.coverage.gaps(dataset("sales/products.csv"))
    assert any("Permission denied" in notice.message for notice in ctx.warnings)


def test_two_instances_do_not_license_each_other(shop):
    _, a = read(shop, instance="a")
    _, plain = read(shop)
    assert a.coverage.complete(dataset("gone", instance="a"))
    assert not a.coverage.complete(dataset("gone")) and not a.coverage.complete(dataset("gone", instance="b"))
    assert plain.coverage.complete(dataset("gone")) and not plain.coverage.complete(dataset("gone", instance="a"))


@pytest.mark.parametrize(
    "within, names, covered, not_covered",
    [
        (Scope(prefixes=("sales/orders",)), {"sales/orders"}, "sales/orders2", "sales/products.csv"),
        (Scope(urns=frozenset({dataset("sales/orders")})), {"sales/orders"}, "sales/orders", "sales/products.csv"),
        (Scope(platform="file"), {"sales/orders", "sales/products.csv"}, "x", None),
        (Scope(platform="postgres"), set(), None, "sales/orders"),
        (Scope(prefixes=("b:",)), set(), None, "sales/orders"),
        (Scope(env="DEV"), set(), None, "sales/orders"),
        (Scope(types=frozenset({"dashboard"})), set(), None, "sales/orders"),
    ],
)
def test_a_part_declares_no_more_than_the_part(shop, within, names, covered, not_covered):
    found, ctx = read(shop, within=within)
    assert {urns.name(u) for u, v in found.items() if v.kind == "dataset"} == names
    assert covered is None or ctx.coverage.complete(dataset(covered))
    assert not_covered is None or not ctx.coverage.complete(dataset(not_covered))


NASTY = [
    "two words.csv",
    "dots.in.name.csv",
    'quote\'s "here".csv',
    "line\nbreak.csv",
    "tab\there.csv",
    "emoji 😀.csv",
    "שלום.csv",
    "a,b(c)#d%e:f.csv",
    "back\\slash.csv",
    os.fsdecode(b"not-unicode-\xff.csv"),
    "ümläut/größe.csv",
    "u\u0308ml.csv",
    "k=v with space.csv",
]


def test_names_of_all_kinds(tmp_path):
    for name in NASTY:
        put(tmp_path, name)
    found, ctx = read(tmp_path)
    assert {urns.name(u) for u, v in found.items() if v.kind == "dataset"} == set(NASTY)
    for urn, value in found.items():
        from lumos_core.plugin_api import Record, decode

        line = canonical(Record(urn, value))
        assert canonical(decode(line)) == line
    odd = found[dataset(os.fsdecode(b"not-unicode-\xff.csv"))]
    assert odd.name == "not-unicode-%FF" and odd.layout.location == "not-unicode-%FF.csv"
    tiny.TinyCsv.opened.clear()
    read(tmp_path, ctx)
    assert tiny.TinyCsv.opened == []


def test_partition_values_that_are_not_unicode(tmp_path):
    for value in (b"\xff", b"\xfe"):
        put(tmp_path, os.fsdecode(b"t/k\xe9=" + value + b"/part-0.csv"))
    found, _ = read(tmp_path)
    assert [f.path for f in found[dataset("t")].fields] == ["id", "total", "k%E9"]


def test_a_marked_folder_whose_format_is_not_named(shop):
    put(shop, "events/_delta_log/00000000000000000000.json", '{"a": "int64"}')
    put(shop, "events/part-0.csv")
    found, ctx = read(shop)
    events = found[dataset("events")]
    assert events.fields == [] and "fields" not in events.captured and events.layout.format == "delta"
    (notice,) = [n for n in ctx.warnings if n.code == "table-format-not-read"]
    assert "Add `delta` to `formats`" in notice.message and notice.where == "events"
    assert ctx.coverage.complete(dataset("events"))
    assert not any("part-0" in urn for urn in found)


def test_a_marked_folder_is_read_by_its_format(shop):
    put(shop, "events/_delta_log/00000000000000000000.json", '{"a": "int64"}')
    put(shop, "events/_delta_log/00000000000000000001.json", '{"a": "int64", "b": "string"}')
    put(shop, "events/part-0.csv")
    found, ctx = read(shop, formats=[*FORMATS, "lake_tiny_formats:TinyDelta"])
    events = found[dataset("events")]
    assert [(f.path, f.id) for f in events.fields] == [("a", "0"), ("b", "1")] and events.subtype == "table"
    assert not ctx.coverage.gaps(dataset("events"))


def test_formats_that_nobody_named_are_reported(shop):
    put(shop, "other/x.parquet", "PAR1")
    put(shop, "other/y.weird", "?")
    found, ctx = read(shop)
    assert not any("other" in urn for urn in found)
    messages = {n.code: n.message for n in ctx.warnings}
    assert "add `parquet` to `formats`" in messages["format-not-read"] and "1 file is" in messages["format-unknown"]


def test_a_file_without_extension_is_known_by_its_first_bytes(tmp_path):
    for index in range(2):
        put(tmp_path, f"t/part-0000{index}", 'REC1{"a":"int64"}')
    found, _ = read(tmp_path)
    assert [f.path for f in found[dataset("t")].fields] == ["a"]


def test_include_and_exclude(shop):
    put(shop, "tmp/x.csv")
    found, _ = read(shop, include=["sales/**", "tmp/*"], exclude=["**/products.csv", "tmp/**"])
    assert {urns.name(u) for u, v in found.items() if v.kind == "dataset"} == {"sales/orders"}


def test_overrides_win_and_are_checked(shop):
    put(shop, "in/a_us.csv")
    put(shop, "in/a_eu.csv")
    put(
        shop, "discovery.yaml", "version: 1\ntables:\n  - {path: 'in/a_{market}.csv', name: a}\nexclude: ['sales/**']\n"
    )
    found, _ = read(shop)
    assert {urns.name(u) for u, v in found.items() if v.kind == "dataset"} == {"a"}
    assert [f.path for f in found[dataset("a")].fields] == ["id", "total", "market"]
    put(shop, "discovery.yaml", "version: 1\ntabels: []\n")
    with pytest.raises(ConfigError, match=r"discovery\.yaml"):
        source(shop).check(MemoryContext())


def test_a_single_file_is_a_source_too(shop):
    found, ctx = read(shop, path="sales/products.csv")
    assert {urns.name(u) for u, v in found.items() if v.kind == "dataset"} == {"products.csv"}
    assert ctx.coverage.complete(dataset("products.csv")) and not ctx.coverage.complete(dataset("orders.csv"))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"does not exist.*relative paths"):
        source(tmp_path, path="nowhere").check(MemoryContext())
    with pytest.raises(ConfigError):
        read(tmp_path, path="nowhere")


def test_an_unreadable_folder_is_named(tmp_path, monkeypatch):
    def deny(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        source(tmp_path).check(MemoryContext())


def test_a_bad_glob_is_named(tmp_path):
    with pytest.raises(ConfigError, match="not a glob"):
        source(tmp_path, include=["[z-a]*"]).check(MemoryContext())


def test_an_empty_folder_says_so(tmp_path):
    found, ctx = read(tmp_path)
    assert not found and warnings(ctx) == {"no-data"} and ctx.coverage.complete(dataset("x"))


def test_the_root_may_be_one_table(tmp_path):
    folder = tmp_path / "orders"
    for index in range(3):
        put(folder, f"part-{index}.csv")
    found, _ = read(folder)
    assert dataset("orders") in found and found[dataset("orders")].layout.location == "."


def test_a_budget_reads_the_ends_and_says_so(tmp_path):
    for index in range(20):
        put(tmp_path, f"t/part-{index:02d}.csv")
    tiny.TinyCsv.opened.clear()
    found, ctx = read(tmp_path, max_files=3)
    opened = set(tiny.TinyCsv.opened)
    assert {"t/part-00.csv", "t/part-19.csv"} <= opened and len(opened) <= 4
    assert "fields" in ctx.coverage.gaps(dataset("t"))
    (stats,) = [v for v in found.values() if v.kind == "stats"]
    assert stats.file_count == 20 and stats.row_count is None


def test_many_small_datasets_share_units(tmp_path):
    for index in range(100):
        put(tmp_path, f"d/{'abcdefghij'[index // 10]}{'klmnopqrst'[index % 10]}x.csv")
    ctx = MemoryContext()
    units = list(source(tmp_path).plan(Scope(), ctx))
    assert len(units) == 5 and sum(len(unit.scope.urns) for unit in units) == 101
    found, _ = read(tmp_path)
    assert sum(v.kind == "dataset" for v in found.values()) == 100


def test_suggest_names_what_is_there_and_can_be_read(shop, monkeypatch):
    put(shop, "t/_delta_log/0.json", "{}")
    put(shop, "x.parquet", "PAR1")
    put(shop, "y.xlsx", "PK")
    monkeypatch.setattr(probe, "_installed", {"csv", "parquet", "avro", "delta"}.__contains__)

    def suggest(path):
        return [{key: entry[key] for key in ("type", "path", "formats")} for entry in source(shop).suggest(path)]

    assert list(suggest(str(shop))) == [{"type": "files", "path": ".", "formats": ["csv", "delta", "parquet"]}]
    assert list(suggest(str(shop / "t"))) == [{"type": "files", "path": ".", "formats": ["delta"]}]
    monkeypatch.setattr(probe, "_installed", {"csv"}.__contains__)
    assert list(suggest(str(shop / "t"))) == [{"type": "files", "path": ".", "formats": ["csv"]}]
    assert list(suggest(str(shop / "nowhere"))) == []
    monkeypatch.undo()
    assert not probe._installed("no-such-format")


def test_a_preset_is_the_crawler_with_one_format(shop):
    from lumos_lake import preset_source

    preset = preset_source("csv", tiny.TinyCsv, tiny.TinyConfig)
    made = preset(preset.config_class(path=shop, comment=";"))
    ctx = MemoryContext()
    found = {r.urn: r.value for unit in made.plan(Scope(), ctx) for r in made.extract(unit, ctx)}
    assert ("comment", ";") in found[dataset("sales/orders")].layout.options
    assert "formats" not in preset.config_class.model_fields
    assert list(made.suggest(str(shop))) == []


def test_a_crawl_stops_when_it_is_cancelled(shop):
    from lumos_core.plugin_api import Cancelled

    ctx = MemoryContext()
    made = source(shop)
    units = list(made.plan(Scope(), ctx))
    ctx.cancelled = lambda: True
    with pytest.raises(Cancelled):
        list(made.extract(units[0], ctx))


@pytest.mark.parametrize("folder", ["d", "n"])
def test_a_lone_file_is_called_by_its_own_name_wherever_its_folder_lies(tmp_path, folder):
    put(tmp_path / folder, "n3.csv")
    found, _ = read(tmp_path / folder)
    assert [urn for urn, value in found.items() if value.kind == "dataset"] == [dataset("n3.csv")]
