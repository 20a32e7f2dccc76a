"""The ways in which crawlers are led astray, one named case each: what must come out is written beside what goes in."""

from __future__ import annotations

import pytest
from lumos_lake import Entry
from lumos_lake.discovery import layout
from lumos_lake.discovery.grouping import PartitionColumn
from lumos_lake.records import with_partitions

from lumos_core.plugin_api import Field

ORDERS = frozenset({("id", "number"), ("name", "text"), ("at", "wall"), ("amount", "number")})
STOCK = frozenset({("sku", "text"), ("qty", "number"), ("place", "text"), ("open", "bool")})
RUNS = ("5f0c3b2e-1111-4222-8333-444455556666", "6f0c3b2e-1111-4222-8333-444455556666")
LOG = "_delta_log/00000000000000000000.json"


def schema(format: str, entry: Entry):
    """Files whose path speaks of stock have another schema; those that speak of drift have one column more."""
    if "stock" in entry.path:
        return STOCK
    return ORDERS | {("coupon", "text")} if "drift" in entry.path else ORDERS


def found(*paths: str, peek=schema):
    listing = [Entry(path.lstrip("0!"), 0 if path.startswith("0!") else 9) for path in paths]
    return {one.name: one for one in layout(listing, peek=peek).groupings}


# Case -> (paths, dataset -> number of its files, dataset -> its partition columns as name:type). `0!` = without a byte.
CASES = {
    "a table format inside a plain table": (
        ["t/part-0.csv", "t/part-1.csv", f"t/inner/{LOG}", "t/inner/part-0.parquet"],
        {"t": 2, "t/inner": 1},
        {},
    ),
    "a marker above unrelated data": ([f"t/{LOG}", "t/sub/stock.csv", "t/day=1/x.csv"], {"t": 1}, {}),
    "a table format inside a table format": ([f"t/{LOG}", f"t/a/b/{LOG}", "t/a/x.csv"], {"t": 1, "t/a/b": 1}, {}),
    "an empty Delta table": ([f"t/{LOG}"], {"t": 1}, {}),
    "an empty Iceberg table": (["t/metadata/v1.metadata.json"], {"t": 1}, {}),
    "deleted files still on disk": ([f"t/{LOG}", "t/part-0.parquet", "t/part-old.parquet"], {"t": 1}, {}),
    "a log of checkpoints alone": (
        ["t/_delta_log/00000000000000000010.checkpoint.parquet", "t/_delta_log/_last_checkpoint"],
        {"t": 2},
        {},
    ),
    "a table with two markers": ([f"t/{LOG}", "t/metadata/v1.metadata.json"], {"t": 1}, {}),
    "signals of jobs": (
        ["t/part-0.csv", "t/part-1.csv", "t/_SUCCESS", "t/_committed_1", "t/_started_1", "t/_$folder$", "t_$folder$"],
        {"t": 2},
        {},
    ),
    "work of running jobs": (
        ["t/part-0.csv", "t/part-1.csv", "t/_temporary/0/part-2.csv", "t/.hive-staging_1/part-3.csv"],
        {"t": 2},
        {},
    ),
    "checksums": (["t/part-0.csv", "t/part-1.csv", "t/.part-0.csv.crc", "t/part-1.csv.md5"], {"t": 2}, {}),
    "half-written files": (
        ["t/part-0.csv", "t/part-1.csv", "t/part-2.csv.part", "t/part-3.csv.inprogress", "t/part-4.csv.tmp"],
        {"t": 2},
        {},
    ),
    "files without a byte": (["t/part-0.csv", "0!t/part-1.csv", "0!u/part-0.csv"], {"t": 1, "u": 1}, {}),
    "values that are encoded": (
        ["t/city=S%C3%A3o%20Paulo/p.csv", "t/city=a%2Fb/p.csv"],
        {"t": 2},
        {"t": ["city:string"]},
    ),
    "the default partition of Hive": (
        ["t/n=1/p.csv", "t/n=__HIVE_DEFAULT_PARTITION__/p.csv"],
        {"t": 2},
        {"t": ["n:int64?"]},
    ),
    "an empty value": (["t/n=1/p.csv", "t/n=/p.csv"], {"t": 2}, {"t": ["n:int64?"]}),
    "a key that stands twice": (["t/x=a/x=1/p.csv", "t/x=b/x=2/p.csv"], {"t": 2}, {"t": ["x:int64"]}),
    "keys in another order per branch": (
        ["t/a=1/b=x/p.csv", "t/a=2/b=x/p.csv", "t/b=y/a=3/p.csv"],
        {"t": 3},
        {"t": ["a:int64", "b:string"]},
    ),
    "keys that differ in case": (["t/Day=1/p.csv", "t/day=2/p.csv", "t/day=3/p.csv"], {"t": 3}, {"t": ["day:int64"]}),
    "a level that is missing": (["t/a=1/b=2/p.csv", "t/a=2/p.csv"], {"t": 2}, {"t": ["a:int64", "b:int64?"]}),
    "dates of two spellings": (
        ["t/date=2024-01-01/p.csv", "u/dt=20240101/p.csv"],
        {"t": 1, "u": 1},
        {"t": ["date:date"], "u": ["dt:int64"]},
    ),
    "numbers that are codes": (["t/shop=0042/p.csv", "t/shop=0007/p.csv"], {"t": 2}, {"t": ["shop:string"]}),
    "numbers among words": (["t/shop=42/p.csv", "t/shop=web/p.csv"], {"t": 2}, {"t": ["shop:string"]}),
    "dates without keys": (
        ["t/2024/01/31/p.csv", "t/2024/02/01/p.csv", "u/20240131/p.csv", "u/20240201/p.csv"],
        {"t": 2, "u": 2},
        {"t": ["year:int64", "month:int64", "day:int64"], "u": ["date:date"]},
    ),
    "regions that are partitions": (
        [f"sales/{code}/part-0.csv" for code in ("eu", "us", "apac")],
        {"sales": 3},
        {"sales": ["partition_0:string"]},
    ),
    "tenants with tables of their own": (
        [
            f"{tenant}/{table}/part-{n}.csv"
            for tenant in ("acme", "hooli")
            for table in ("orders", "stock")
            for n in (0, 1)
        ],
        {"acme/orders": 2, "acme/stock": 2, "hooli/orders": 2, "hooli/stock": 2},
        {},
    ),
    "a snapshot per run": ([f"t/run_id={run}/p.csv" for run in RUNS], {"t": 2}, {"t": []}),
    "a snapshot per run without a key": ([f"t/{run}/p.csv" for run in RUNS], {"t": 2}, {"t": []}),
    "versions that are no partitions": (["t/v=2/p.csv", "t/v=3/p.csv"], {"t": 2}, {"t": []}),
    "a file per table": (["d/orders.csv", "d/stock.csv"], {"d/orders.csv": 1, "d/stock.csv": 1}, {}),
    "shards": ([f"d/part-{n:05d}.csv" for n in range(3)], {"d": 3}, {}),
    "files of one schema that are different tables": (
        ["d/us_sales.csv", "d/eu_sales.csv"],
        {"d/us_sales.csv": 1, "d/eu_sales.csv": 1},
        {},
    ),
    "similar folders below one path (Glue makes one table)": (
        ["d/table1/part-0.csv", "d/table2/part-0.csv"],
        {"d/table1": 1, "d/table2": 1},
        {},
    ),
    "other files in every partition (Glue makes two tables)": (
        ["t/year=2017/A.csv", "t/year=2017/B.csv", "t/year=2018/C.csv", "t/year=2018/D.csv"],
        {"t": 4},
        {"t": ["year:int64"]},
    ),
    "drift across partitions": (["t/dt=1/p.csv", "t/dt=2/drift.csv", "t/dt=3/p.csv"], {"t": 3}, {"t": ["dt:int64"]}),
    "two formats in a folder": (
        ["t/part-0.csv", "t/part-1.csv", "t/part-2.csv", "t/part-0.avro", "t/part-1.avro"],
        {"t": 3, "t/*.avro": 2},
        {},
    ),
    "extensions of packing": (["t/e-1.json.gz", "t/e-2.json.zst", "t/e-3.gz.json"], {"t": 3}, {}),
    "manifests of links": (["t/dt=1/p.csv", "t/_symlink_format_manifest/dt=1/manifest"], {"t": 1}, {"t": ["dt:int64"]}),
    "names that differ in case alone": (["Orders/part-0.csv", "orders/part-0.csv"], {"Orders": 1, "orders": 1}, {}),
    "one name in two forms of Unicode": (
        ["caf\u00e9/part-0.csv", "cafe\u0301/part-0.csv"],
        {"caf\u00e9": 1, "cafe\u0301": 1},
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_case(case):
    paths, files, columns = CASES[case]
    answer = found(*paths)
    assert {name: len(one.files) for name, one in answer.items()} == files
    for name, expected in columns.items():
        seen = [f"{c.name}:{c.type}{'?' * c.nullable}" for c in answer[name].partitions]
        assert seen == expected
    assert all(0 < one.confidence <= 1 and one.evidence for one in answer.values())


def test_a_partition_column_that_is_also_in_the_file_counts_once():
    united = with_partitions([Field(path="Day", type="int32")], [PartitionColumn("day"), PartitionColumn("hour")])
    assert [field.path for field in united] == ["Day", "hour"]


def test_files_without_a_header_are_shards_of_one_table():
    """Their columns have no names but places, whatever stands in the first line."""
    numbered = frozenset({("column_1", "number"), ("column_2", "text")})
    answer = found("t/part-0.csv", "t/part-1.csv", "t/part-2.csv", peek=lambda format, entry: numbered)
    assert {name: len(one.files) for name, one in answer.items()} == {"t": 3}


def test_records_of_several_types_in_one_stream_are_one_dataset():
    """Which types a shard happens to hold does not make it a table of its own: its name says nothing."""
    kinds = [frozenset({("type", "text"), (f"only_{n}", "text"), (f"more_{n}", "number")}) for n in range(3)]
    peek = lambda format, entry: kinds[int(entry.path[-7])]  # noqa: E731
    answer = found("t/part-0.jsonl", "t/part-1.jsonl", "t/part-2.jsonl", peek=peek)
    assert {name: len(one.files) for name, one in answer.items()} == {"t": 3}
    assert answer["t"].confidence < 0.8 and [code for code, _ in answer["t"].findings] == ["mixed-schemas"]
