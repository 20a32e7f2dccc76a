"""Discovery case by case: the layouts that lakes really have, and the ones that lead crawlers astray."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_lake import Entry, discover
from lumos_lake.discovery import layout

ORDERS = frozenset({("id", "number"), ("name", "text"), ("at", "wall"), ("amount", "number")})
OTHERS = frozenset({("sku", "text"), ("qty", "number"), ("place", "text"), ("open", "bool")})


def peek(format: str, entry: Entry):
    """Files whose name speaks of customers, or of `b`, have another schema."""
    name = entry.path.rpartition("/")[2]
    return OTHERS if "customer" in name or name.startswith("b.") else ORDERS


def same(format: str, entry: Entry):
    return ORDERS


def found(*paths: str, peek=peek, **more):
    return {
        g.name: [column.name for column in g.partitions]
        for g in discover([Entry(path, 10) for path in paths], peek=peek, **more)
    }


UUIDS = ("5f0c3b2e-1111-4222-8333-444455556666", "6f0c3b2e-1111-4222-8333-444455556666")

CASES = {
    "hive": (["o/dt=2024-01-01/r=eu/p.csv", "o/dt=2024-01-02/r=us/p.csv"], {"o": ["dt", "r"]}),
    "one partition so far": (["o/dt=2024-01-01/p.csv"], {"o": ["dt"]}),
    "order of keys differs": (["o/a=1/b=2/p.csv", "o/b=3/a=2/p.csv", "o/a=9/b=9/p.csv"], {"o": ["a", "b"]}),
    "case of keys differs": (["o/Day=1/p.csv", "o/day=2/p.csv", "o/day=3/p.csv"], {"o": ["day"]}),
    "key twice": (["o/x=2/x=1/p.csv", "o/x=3/x=1/p.csv"], {"o": ["x"]}),
    "missing level": (["o/a=1/b=2/p.csv", "o/a=2/p.csv"], {"o": ["a", "b"]}),
    "missing levels": (["o/p-0.csv", "o/a=1/p-1.csv", "o/a=2/p-2.csv"], {"o": ["a"]}),
    "files differ by partition": (["o/year=2017/A.csv", "o/year=2017/C.csv", "o/year=2018/D.csv"], {"o": ["year"]}),
    "hive under hive day": (["o/dt=2024-01-01/00/p.csv", "o/dt=2024-01-01/13/p.csv"], {"o": ["dt", "hour"]}),
    "dates": (["e/2024/01/31/x1.json", "e/2024/02/01/x2.json"], {"e": ["year", "month", "day"]}),
    "one date": (["e/2024/01/31/x1.json"], {"e": ["year", "month", "day"]}),
    "hours": (["e/2024/01/31/00/x.json", "e/2024/01/31/23/x.json"], {"e": ["year", "month", "day", "hour"]}),
    "compact dates": (["e/20240131/x.json", "e/20240201/x.json"], {"e": ["date"]}),
    "months": (["e/2024-01/x.json", "e/2024-02/x.json"], {"e": ["month"]}),
    "quarters": (["e/2024/Q1/x.json", "e/2024/Q2/x.json"], {"e": ["year", "quarter"]}),
    "weeks": (["e/2024-W01/x.json", "e/2024-W02/x.json"], {"e": ["week"]}),
    "month words": (["e/2023/jan/x.json", "e/2023/feb/x.json"], {"e": ["year", "month"]}),
    "landing zone of files": (
        [f"in/2024-01-0{d}/{t}.csv" for d in (1, 2) for t in ("orders", "customers")],
        {"in/orders": ["date"], "in/customers": ["date"]},
    ),
    "landing zone, one day": (
        ["in/2024-01-01/orders.csv", "in/2024-01-01/customers.csv"],
        {"in/orders": ["date"], "in/customers": ["date"]},
    ),
    "landing zone of folders": (
        [f"in/2024/01/0{d}/{t}/p-{d}.csv" for d in (1, 2) for t in ("orders", "customers")],
        {"in/orders": ["year", "month", "day"], "in/customers": ["year", "month", "day"]},
    ),
    "hive landing zone": (
        [f"in/dt=2024-01-0{d}/{t}.csv" for d in (1, 2) for t in ("orders", "customers")],
        {"in/orders": ["dt"], "in/customers": ["dt"]},
    ),
    "shards": (["d/part-0000-aa11bb22.parquet", "d/part-0001-cc33dd44.parquet"], {"d": []}),
    "shards by uuid": ([f"d/{u}.parquet" for u in UUIDS], {"d": []}),
    "shards by number": (["d/000000_0.parquet", "d/000001_0.parquet"], {"d": []}),
    "shards by month": (["d/sales_jan.csv", "d/sales_feb.csv"], {"d": []}),
    "packed twice": (["d/e-1.json.gz", "d/e-2.json.zst", "d/e-3.gz.json"], {"d": []}),
    "a file per table": (
        ["d/orders.csv", "d/customers.csv", "d/orders_old.csv"],
        {"d/orders.csv": [], "d/customers.csv": [], "d/orders_old.csv": []},
    ),
    "files of two regions": (["d/us_sales.csv", "d/eu_sales.csv"], {"d/us_sales.csv": [], "d/eu_sales.csv": []}),
    "folders of two regions": (
        ["d/us_sales/part-0.csv", "d/eu_sales/part-0.csv"],
        {"d/us_sales": [], "d/eu_sales": []},
    ),
    "tables side by side": (
        [f"d/{t}_{n}.csv" for t in ("orders", "customers") for n in (1, 2)],
        {"d/orders": [], "d/customers": []},
    ),
    "alike names, other schemas": (["d/a.1.csv", "d/b.1.csv"], {"d/a.1.csv": [], "d/b.1.csv": []}),
    "two formats": (
        [f"d/part-{n}.csv" for n in range(3)] + ["d/part-0.avro", "d/part-1.avro"],
        {"d": [], "d/*.avro": []},
    ),
    "regions": (["s/eu/p-0.csv", "s/us/p-0.csv", "s/apac/p-0.csv"], {"s": ["partition_0"]}),
    "countries": (["s/de/p-0.csv", "s/fr/p-0.csv", "s/it/p-0.csv"], {"s": ["partition_0"]}),
    "numbered tenants": (["s/tenant_1/p-0.csv", "s/tenant_2/p-0.csv", "s/tenant_7/p-0.csv"], {"s": ["partition_0"]}),
    "regions below dates": (
        [f"s/2024-01-0{d}/{r}/part-0.csv" for d in (1, 2) for r in ("eu", "us", "apac")],
        {"s": ["date", "partition_0"]},
    ),
    "dates below regions": (
        [f"s/{r}/2024-01-0{d}/part-0.csv" for d in (1, 2) for r in ("eu", "us", "apac")],
        {"s": ["partition_0", "date"]},
    ),
    "two regions only": (["s/eu/part-0.csv", "s/us/part-0.csv"], {"s/eu": [], "s/us": []}),
    "words are no codes": (
        ["s/web/part-0.csv", "s/shop/part-0.csv", "s/partner/part-0.csv"],
        {"s/web": [], "s/shop": [], "s/partner": []},
    ),
    "regions of many tables": (
        [f"{r}/{t}/p-{n}.csv" for r in ("eu", "us", "apac") for t in ("orders", "customers") for n in (0, 1)],
        {f"{r}/{t}": [] for r in ("eu", "us", "apac") for t in ("orders", "customers")},
    ),
    "buckets": (["s/0/p-0.csv", "s/1/p-0.csv", "s/17/p-0.csv"], {"s": ["partition_0"]}),
    "numbered tenants of many tables": (
        [f"s/{n}/{t}.csv" for n in (1001, 1002) for t in ("orders", "customers")],
        {f"s/{n}/{t}.csv": [] for n in (1001, 1002) for t in ("orders", "customers")},
    ),
    "runs": ([f"s/{u}/p.csv" for u in UUIDS], {"s": []}),
    "runs by key": ([f"s/run_id={u}/p.csv" for u in UUIDS], {"s": []}),
    "versions": (["m/v=1/p.csv", "m/v=2/p.csv"], {"m": []}),
    "version folders": (["m/v1/p.csv", "m/v2/p.csv"], {"m": []}),
    "year folders of one table": (["h/2023/orders.csv", "h/2024/orders.csv"], {"h": ["year"]}),
    "vague folder": (["data/sales_1.csv", "data/sales_2.csv"], {"data/sales": []}),
    "archive beside partitions": (["o/dt=1/p.csv", "o/dt=2/p.csv", "o/old/x.csv"], {"o": ["dt"], "o/old/x.csv": []}),
    "odd file among shards": (["o/part-0.csv", "o/part-1.csv", "o/fix.csv"], {"o": [], "o/fix.csv": []}),
}


WORDS = [f"{first}{second}" for first in ("ba", "ko", "mi", "lu", "te") for second in ("ran", "sol", "vek", "dim")]
SYMBOLS = ("AAPL", "MSFT", "V", "BRK.B")
PAIRS = ("BTCUSDT", "ETHUSDT", "BNBBTC")

CASES |= {
    "very many folders of one schema": ([f"s/{w}/p-{n}.csv" for w in WORDS for n in (0, 1)], {"s": ["partition_0"]}),
    "a few folders of one schema": ([f"s/{w}/p-0.csv" for w in WORDS[:9]], {f"s/{w}": [] for w in WORDS[:9]}),
    "very many folders of two schemas": (
        [f"s/{w}/{'customer' if n % 2 else 'p'}-0.csv" for n, w in enumerate(WORDS)],
        {f"s/{w}": [] for n, w in enumerate(WORDS) if n % 2 == 0}
        | {f"s/{w}/customer-0.csv": [] for n, w in enumerate(WORDS) if n % 2},
    ),
    "very many tenants of two tables": (
        [f"s/{w}/{t}/p-{n}.csv" for w in WORDS for t in ("orders", "customers") for n in (0, 1)],
        {"s/orders": ["partition_0"], "s/customers": ["partition_0"]},
    ),
    "editions": (
        [f"s/budget_{y}/p-0.csv" for y in range(2001, 2019)],
        {f"s/budget_{y}": [] for y in range(2001, 2019)},
    ),
    "very many editions": ([f"s/budget_{y}/p-0.csv" for y in range(1990, 2020)], {"s/budget": ["partition_0"]}),
    "a folder per day of two tables": (
        [f"s/{t}_202403{d:02d}/p-0.csv" for t in ("visits", "sessions") for d in range(1, 26)],
        {"s/visits": ["partition_0"], "s/sessions": ["partition_0"]},
    ),
    "numbered devices of two tables": (
        [f"s/device-{d:03d}/{t}.csv" for d in range(4) for t in ("orders", "customers")],
        {"s/orders": ["partition_0"], "s/customers": ["partition_0"]},
    ),
    "numbered users with a folder in each": (
        [f"s/{n}/visits/2024-03-01.json" for n in range(5)],
        {"s/visits": ["partition_0"]},
    ),
    "numbered folders with other things in each": (
        [f"s/part {n}/{w}/p-0.csv" for n, w in enumerate(WORDS[:4])],
        {f"s/part {n}/{w}": [] for n, w in enumerate(WORDS[:4])},
    ),
    "months in words as folders": ([f"s/{m}-2024/p-0.csv" for m in ("Jan", "Feb")], {"s": ["month"]}),
    "points of time with a zone": (
        [f"s/2024-03-0{d}T06:00:00+00:00/p-0.csv" for d in (1, 2)],
        {"s": ["timestamp"]},
    ),
    "stations with identifiers": (
        [f"s/{station}.csv" for station in ("ACW00011604", "AE000041196", "USW00094728", "USW00094729")],
        {"s": []},
    ),
    "very many files of one schema": ([f"s/{w}.csv" for w in WORDS], {"s": []}),
    "an odd file beside very many": (
        [*(f"s/{w}.csv" for w in WORDS), "s/customer.csv"],
        {"s": [], "s/customer.csv": []},
    ),
    "a few files of one schema": ([f"s/{w}.csv" for w in WORDS[:9]], {f"s/{w}.csv": [] for w in WORDS[:9]}),
    "a file per region": (["s/eu.csv", "s/us.csv", "s/apac.csv"], {"s": []}),
    "a file per share": ([f"s/{name}.csv" for name in SYMBOLS], {"s": []}),
    "a folder per share": ([f"s/{name}/2024-01-0{d}.csv" for name in SYMBOLS for d in (1, 2)], {"s": ["partition_0"]}),
    "capitals below capitals": (
        [f"HR/{name}/p-{n}.csv" for name in ("EMP", "PAST", "BONUS") for n in (0, 1)],
        {f"HR/{name}": [] for name in ("EMP", "PAST", "BONUS")},
    ),
    "long names in capitals": (
        [f"hr/{name}/{name}_2024-01-0{d}.csv" for name in ("EMPLOYEES", "FORMER", "APPLICANTS") for d in (1, 2)],
        {f"hr/{name}": [] for name in ("EMPLOYEES", "FORMER", "APPLICANTS")},
    ),
    "long symbols that the files repeat": (
        [f"trades/{name}/{name}-trades-2024-01-0{d}.csv" for name in PAIRS for d in (1, 2)],
        {"trades": ["partition_0"]},
    ),
    "symbols and intervals": (
        [f"bars/{name}/{i}/{name}-{i}-2024-01-0{d}.csv" for name in PAIRS for i in ("1d", "1h") for d in (1, 2)],
        {"bars": ["partition_0", "partition_1"]},
    ),
    "squares of a grid": (
        [f"grid/{z}/{b}/{q}/x-{n}.json" for z in (10, 11) for b in "ST" for q in ("DG", "EG") for n in (0, 1)],
        {"grid": ["partition_0", "partition_1", "partition_2"]},
    ),
    "hosts": (
        [f"logs/{h}.prod.example.com/a-2024-01-0{d}.json" for h in ("web-01", "web-02", "api-01") for d in (1, 2)],
        {"logs": ["partition_0"]},
    ),
    "topics are no hosts": (
        [f"kafka/shop.public.{t}/p-{n}.csv" for t in ("paid", "open", "sent") for n in (0, 1)],
        {f"kafka/shop.public.{t}": [] for t in ("paid", "open", "sent")},
    ),
    "operations": (
        [f"cdc/paid/{o}/2024-01-0{d}/p-0.csv" for o in ("insert", "update", "delete") for d in (1, 2)],
        {"cdc/paid": ["partition_0", "date"]},
    ),
    "splits for learning": (
        [f"fraud/{s}/p-{n}.csv" for s in ("train", "val", "test") for n in (0, 1)],
        {f"fraud/{s}": [] for s in ("train", "val", "test")},
    ),
    "the newest once more": (
        [*(f"s/2024-01-0{d}/s.csv" for d in (1, 2, 3)), "s/latest/s.csv"],
        {"s": ["date"]},
    ),
    "the newest of another schema": (
        [*(f"s/2024-01-0{d}/s.csv" for d in (1, 2, 3)), "s/latest/customer.csv"],
        {"s": ["date"], "s/latest/customer.csv": []},
    ),
    "the newest file once more": ([*(f"s/rates_2024-01-0{d}.csv" for d in (1, 2)), "s/rates_latest.csv"], {"s": []}),
    "months in words": (
        [f"d/Sales Report - {m} 2024.csv" for m in ("Jan", "Feb")] + ["d/b.csv"],
        {"d/Sales Report": [], "d/b.csv": []},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_layouts(case):
    paths, expected = CASES[case]
    assert found(*paths) == expected


def test_small_schemas_prove_nothing():
    """Lookup tables of a code and a text are many, and of one schema."""
    lookup = frozenset({("code", "text"), ("description", "text")})
    names = [f"lookup/{word}.csv" for word in WORDS] + [f"more/{word}/p-0.csv" for word in WORDS]
    assert len(found(*names, peek=lambda format, entry: lookup)) == 2 * len(WORDS)


def test_names_alone_do_not_join_very_many():
    names = [f"s/{word}.csv" for word in WORDS] + [f"t/{word}/p-0.csv" for word in WORDS]
    assert len(found(*names, peek=None)) == 2 * len(WORDS)


def test_very_many_stay_one_when_some_go():
    less = [f"s/{word}/p-0.csv" for word in WORDS[:15]]
    assert len(found(*less)) == 15
    assert found(*less, known={"s": "csv"}.get) == {"s": ["partition_0"]}
    files = [f"t/{word}.csv" for word in WORDS[:15]]
    assert len(found(*files)) == 15
    assert found(*files, known={"t": "csv"}.get) == {"t": []}


def test_what_was_joined_in_doubt_says_so_and_why():
    (many,) = discover([Entry(f"s/{word}/p-0.csv", 10) for word in WORDS], peek=peek)
    assert (
        many.confidence == 0.6 and "very many sibling folders hold the same schema in the same layout" in many.evidence
    )
    (newest,) = discover([Entry(path, 10) for path in CASES["the newest once more"][0]], peek=peek)
    (column,) = newest.partitions
    assert newest.confidence == 0.75 and (column.type, column.nullable) == ("date", True)


@pytest.mark.parametrize(
    "noise",
    [
        "_SUCCESS",
        "._SUCCESS.crc",
        "_committed_12",
        "_started_12",
        "_temporary/0/part-9.csv",
        "_$folder$",
        "day=3_$folder$",
        ".part-1.csv.crc",
        "x.csv.tmp",
        "x.csv.part",
        "x.csv.inprogress",
        ".DS_Store",
        "README.md",
        "_metadata",
        "manifest.json",
        "day.schema.json",
        "notes.md",
        "lumos.yaml",
        "export.lumos.jsonl",
        "_schema.json",
        ".hidden/x.csv",
        "_spark_metadata/0",
    ],
)
def test_noise_changes_nothing(noise):
    plain = ["t/day=1/part-0.csv", "t/day=2/part-0.csv"]
    answer = layout([Entry(path, 10) for path in [*plain, f"t/{noise}", f"t/day=1/{noise}"]], peek=peek)
    assert [(g.name, [e.path for e in g.files]) for g in answer.groupings] == [("t", plain)]
    assert answer.noise + answer.unknown == 2


def test_hidden_names_are_data_when_asked_for():
    assert found("t/_part-0.csv", "t/_part-1.csv", hidden=True) == {"t": []}
    assert found("t/_part-0.csv") == {}


MARKS = {
    "delta": "_delta_log/00000000000000000000.json",
    "iceberg": "metadata/v1.metadata.json",
    "hudi": ".hoodie/hoodie.properties",
}


@pytest.mark.parametrize("format", MARKS)
def test_a_marker_claims_its_folder(format):
    listing = [f"t/{MARKS[format]}", "t/part-0.parquet", "t/day=1/part-1.parquet", "u/x.csv"]
    answer = {g.name: g for g in discover([Entry(path, 10) for path in listing])}
    assert set(answer) == {"t", "u/x.csv"}
    assert answer["t"].format == format and answer["t"].marked and answer["t"].confidence == 1.0
    assert [e.path for e in answer["t"].files] == [f"t/{MARKS[format]}"]


def test_the_innermost_marker_wins_and_the_outer_owns_the_rest():
    answer = found(f"t/{MARKS['delta']}", "t/x.csv", "t/sub/y.csv", f"t/inner/{MARKS['iceberg']}", "t/inner/data/z.csv")
    assert set(answer) == {"t", "t/inner"}


def test_two_markers_are_one_dataset():
    (both,) = discover([Entry(f"t/{MARKS['delta']}", 1), Entry(f"t/{MARKS['iceberg']}", 1)])
    assert {both.format, *both.also} == {"delta", "iceberg"}


def test_a_folder_named_metadata_is_no_marker():
    assert found("t/metadata/readme.txt", "t/p-0.csv", "t/p-1.csv") == {"t": []}


def test_values_and_types_of_partitions():
    def column(*values):
        (grouping,) = discover([Entry(f"t/k={value}/p.csv", 1) for value in values])
        (found,) = grouping.partitions
        return found.type, found.nullable

    assert column("1", "22") == ("int64", False)
    assert column("01", "12") == ("int64", False)
    assert column("0042", "0001") == ("string", False)
    assert column("2024-01-31") == ("date", False)
    assert column("2024-13-31") == ("string", False)
    assert column("20240131") == ("int64", False)
    assert column("2024-01-31", "20240131") == ("string", False)
    assert column("2024-01-31%2010%3A00%3A00") == ("timestamp(us)", False)
    assert column("a%2Fb", "1") == ("string", False)
    assert column("1", "__HIVE_DEFAULT_PARTITION__") == ("int64", True)
    assert column("1", "") == ("int64", True)
    assert column("__HIVE_DEFAULT_PARTITION__") == ("unknown", True)


def test_irregular_partitions_are_told():
    (grouping,) = discover([Entry("t/A=1/b=2/p.csv", 1), Entry("t/b=1/a=2/p.csv", 1), Entry("t/a=1/a=2/p.csv", 1)])
    assert {code for code, _ in grouping.findings} == {
        "partition-key-case",
        "partition-order",
        "partition-key-twice",
        "partition-level-missing",
    }


def test_the_format_decides_even_without_extension():
    listing = [Entry("t/part-00000", 5), Entry("t/part-00001", 5), Entry("t/README", 5)]
    assert discover(listing) == []
    (grouping,) = discover(listing, sniff=lambda entry: "parquet")
    assert grouping.format == "parquet" and len(grouping.files) == 2


def test_formats_that_are_not_read_are_counted():
    answer = layout([Entry("a.orc", 1), Entry("b.csv", 1), Entry("c.xyz", 1)], extensions={".csv": "csv"})
    assert [g.name for g in answer.groupings] == ["b.csv"]
    assert answer.unread == {"orc": 1} and answer.unknown == 1


def test_a_few_odd_files_do_not_rename_what_was_known():
    shards = [f"exports/sales_{n}.csv" for n in range(9)]
    assert set(found(*shards, known=lambda name: None)) == {"exports/sales"}
    names = [f"shop/sales_{n}.csv" for n in range(9)]
    assert set(found(*names)) == {"shop"}
    odd = discover([Entry(p, 1) for p in [*names, "shop/customer.csv"]], peek=peek, known={"shop": "csv"}.get)
    assert {g.name for g in odd} == {"shop", "shop/customer.csv"}
    assert [code for g in odd for code, _ in g.findings] == ["odd-files"]


def test_an_odd_file_in_a_partition_does_not_rename_the_table():
    days = [f"o/dt=2024-01-{n:02d}/orders.csv" for n in range(1, 20)]
    odd = found(*days, "o/dt=2024-01-19/customer.csv")
    assert odd == {"o": ["dt"], "o/customer": ["dt"]}


def test_an_odd_folder_does_not_split_regions():
    codes = [f"s/{code}/p-{n}.csv" for code in ("eu", "us", "apac", "de", "fr", "it", "es", "nl") for n in (0, 1)]
    assert found(*codes, "s/notes/p-0.csv", "s/notes/p-1.csv", peek=same) == {"s": ["partition_0"], "s/notes": []}
    assert found(*codes[:6], "s/a1x/p-1.csv", "s/zzz/p-1.csv", peek=same, known={"s": "csv"}.get)["s"] == [
        "partition_0"
    ]


SEGMENTS = st.sampled_from(["a", "b", "dt=1", "dt=2", "2024", "01", "eu", "us", "x y", "v1", "0", "k="])
NAMES = st.sampled_from(
    ["part-0.csv", "part-1.csv", "orders.csv", "customer.csv", "x.parquet", "_SUCCESS", "b.csv", "n"]
)
PATHS = st.lists(
    st.tuples(st.lists(SEGMENTS, max_size=4), NAMES).map(lambda made: "/".join([*made[0], made[1]])),
    unique=True,
    max_size=25,
)


@given(PATHS, st.integers())
def test_the_order_of_the_listing_does_not_matter(paths, seed):
    listing = [Entry(path, 1) for path in sorted(paths)]
    shuffled = list(listing)
    random.Random(seed).shuffle(shuffled)
    assert discover(shuffled, peek=peek) == discover(listing, peek=peek)


@given(PATHS)
def test_no_file_is_in_two_datasets_and_no_name_is_used_twice(paths):
    answer = layout([Entry(path, 1) for path in paths], peek=peek)
    files = [entry.path for grouping in answer.groupings for entry in grouping.files]
    assert len(files) == len(set(files)) and set(files) <= set(paths)
    assert len(files) + answer.noise + answer.unknown + sum(answer.unread.values()) == len(paths)
    names = [grouping.name for grouping in answer.groupings]
    assert names == sorted(set(names)) and all(names)
    assert all(0 < grouping.confidence <= 1 and grouping.evidence for grouping in answer.groupings)


def test_a_table_that_was_alone_keeps_the_folder_when_another_joins():
    days = [f"in1/2024-01-{n:02d}" for n in range(1, 7)]
    alone = [f"{day}/orders.csv" for day in days]
    joined = [*alone, *(f"{day}/customer.csv" for day in days[2:])]
    assert found(*alone) == {"in1": ["date"]}
    assert set(found(*joined)) == {"in1/orders", "in1/customer"}
    assert set(found(*joined, known={"in1": "csv"}.get)) == {"in1", "in1/customer"}
    assert set(found(*joined, known={"in1": "csv", "in1/orders": "csv"}.get)) == {"in1/orders", "in1/customer"}


def test_files_without_a_byte_count_only_where_there_is_no_other():
    listing = [Entry("t/part-0.csv", 0), Entry("t/part-1.csv", 5), Entry("u.csv", 0)]
    assert {g.name: len(g.files) for g in discover(listing)} == {"t": 1, "u.csv": 1}


def test_editions_of_a_named_table_stay_apart():
    editions = [f"finance/budget_{year}/part-0.csv" for year in (2022, 2023, 2024)]
    assert len(found(*editions, peek=same)) == 3
    own = [f"budget/budget_{year}/part-0.csv" for year in (2022, 2023, 2024)]
    assert found(*own, peek=same) == {"budget": ["partition_0"]}
    assert found("o/day_2024-01-01/part-0.csv", "o/day_2024-01-02/part-0.csv") == {"o": ["date"]}


def test_the_root_may_be_the_table():
    assert found("part-0.csv", "part-1.csv", root_name="clicks") == {"clicks": []}
    assert found("dt=1/a.csv", "dt=2/a.csv", root_name="clicks") == {"clicks": ["dt"]}
    assert found("2024/01/log-1.csv", "2024/02/log-2.csv", root_name="clicks") == {"clicks": ["year", "month"]}
    assert found("2024/01/orders.csv", "2024/02/orders.csv", root_name="in") == {"orders": ["year", "month"]}
    assert found("sales_1.csv", "sales_2.csv", root_name="in") == {"sales": []}
