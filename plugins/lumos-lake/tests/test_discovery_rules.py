"""Every rule by which things are joined or kept apart, in its smallest form, with what must not fall under it."""

from __future__ import annotations

import bz2
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_lake import Entry, discover
from lumos_lake.discovery.noise import noise_file
from lumos_lake.probe import sniff
from lumos_lake.sniffing import format_of
from lumos_lake.storage import LocalStorage

A = frozenset({("id", "number"), ("name", "text"), ("at", "wall"), ("amount", "number")})
B = frozenset({("sku", "text"), ("qty", "number"), ("place", "text"), ("open", "bool")})
C = frozenset({("url", "text"), ("agent", "text"), ("status", "number"), ("bytes", "number")})


def found(schemas, *, formats=None):
    """Group files of known schemas; return name -> (number of files, names of partitions)."""
    sniffed = formats or {}
    groupings = discover(
        [Entry(path, 10) for path in schemas],
        peek=lambda format, entry: schemas[entry.path],
        sniff=lambda entry: sniffed.get(entry.path, ""),
    )
    return {g.name: (len(g.files), [column.name for column in g.partitions]) for g in groupings}


# Values of keys that name tables


def test_values_with_columns_of_their_own_name_tables():
    lake = {f"r/kind={k}/part-{n}.csv": s for k, s in (("places", A), ("roads", B), ("hits", C)) for n in (0, 1)}
    assert found(lake) == {"r/kind=hits": (2, []), "r/kind=places": (2, []), "r/kind=roads": (2, [])}


def test_words_below_them_are_part_of_the_name_and_partitions_stay_partitions():
    lake = {
        f"r/topic={t}/kind={k}/dt=2024-01-0{d}/part-0.csv": s
        for t, k, s in (("shops", "place", A), ("ways", "segment", B))
        for d in (1, 2)
    }
    assert found(lake) == {"r/topic=shops/kind=place": (2, ["dt"]), "r/topic=ways/kind=segment": (2, ["dt"])}


@pytest.mark.parametrize(
    "values, schemas",
    [
        (("place", "road", "area"), (A, A | {("more", "text")}, A)),  # drift
        (("place", "road", "area"), (A, B, A)),  # one odd value among several
        (("2023", "2024", "2025"), (A, B, C)),  # numbers never name tables
    ],
)
def test_values_of_one_table_stay_partitions(values, schemas):
    lake = {f"r/kind={v}/part-0.csv": s for v, s in zip(values, schemas, strict=True)}
    assert all(keys == ["kind"] for _, keys in found(lake).values())


def test_a_value_may_begin_with_a_slash():
    lake = {f"logs/resource=/SUBS/A{n}/GROUPS/B/y=2024/m=0{m}/h.csv": A for n in (1, 2) for m in (1, 2)}
    assert list(found(lake)) == ["logs"]
    tables = {f"logs/region=/{name}.csv": s for name, s in (("orders", A), ("places", B))}
    assert len(found(tables)) == 2


# Dates


def test_dates_under_which_nothing_recurs_are_no_partitions():
    lake = {
        "week/2024/2024-01-01/movies.csv": A,
        "week/2024/2024-01-08/trees.csv": B,
        "week/2024/2024-01-15/hits.csv": C,
        "week/2024/2024-01-15/words.csv": A,
    }
    assert found(lake) == {path: (1, []) for path in lake}


def test_dates_under_which_something_recurs_are_partitions():
    days = {f"in/2024-01-0{d}/orders.csv": A for d in (1, 2, 3)}
    assert found(days | {"in/2024-01-02/places.csv": B})["in/orders"] == (3, ["date"])
    assert found({f"in/2024-01-0{d}/{n}.csv": A for d, n in ((1, "x"), (2, "y"), (3, "z"))}) == {"in": (3, ["date"])}
    two = {"in/2024-01-01/orders.csv": A, "in/2024-01-02/places.csv": B}
    assert found(two) == {"in/orders": (1, ["date"]), "in/places": (1, ["date"])}


def test_minutes_and_seconds_below_hours():
    lake = {f"e/2024/01/31/22/{m}/{s}/x.csv": A for m in ("00", "05") for s in ("03", "04")}
    assert found(lake) == {"e": (4, ["year", "month", "day", "hour", "minute", "second"])}
    shards = {f"e/2024/01/31/22/{n}/x.csv": A for n in (0, 1)}
    assert found(shards) == {"e": (2, ["year", "month", "day", "hour", "partition_0"])}


def test_a_date_after_a_word_that_says_nothing_is_a_date():
    quarters = {f"drives/data_{q}/2023-0{n}-01.csv": A for n, q in enumerate(("Q1_2023", "Q2_2023", "2015"), 1)}
    assert found(quarters) == {"drives": (3, ["quarter"])}
    assert len(found({f"drives/{t}_2023/2023-01-01.csv": s for t, s in (("ssd", A), ("hdd", B))})) == 2


def test_the_only_batch_of_a_table_is_no_table():
    assert found({f"out/orders/1/part-0000{n}.csv": A for n in (0, 1)}) == {"out/orders": (2, ["partition_0"])}
    assert list(found({"out/1/part-00000.csv": A})) == ["out/1"], "below a folder that names nothing, it may be a name"
    assert list(found({"tenants/42/orders.csv": A})) == ["tenants/42/orders.csv"]


@pytest.mark.parametrize("one, two", [("20240101-20240201", "20240201-20240301"), ("202401_202402", "202402_202403")])
def test_periods_are_dates(one, two):
    assert found({f"bills/{p}/x.csv": A for p in (one, two)}) == {"bills": (2, ["period"])}
    assert len(found({f"bills/{p}/x.csv": A for p in ("lot-4711", "lot")})) == 2


@pytest.mark.parametrize(
    "values",
    [
        ("monday", "tuesday", "friday"),
        ("ny", "tx", "wa"),
        ("EURUSD", "GBPUSD", "USDJPY"),
        ("u33d", "u33e", "gcpv"),
        ("2010-11", "2011-12", "2012-13"),
        ("2010-2011", "2011-2012"),
    ],
)
def test_values_that_have_a_form_of_their_own(values):
    answer = found({f"fx/{v}/part-{n}.csv": A for v in values for n in (1, 2)})
    assert list(answer) == ["fx"] and len(answer["fx"][1]) == 1


@pytest.mark.parametrize("values", [("monday", "orders", "friday"), ("EURUSD", "GBPXXX", "ORDERS"), ("u33d", "mart")])
def test_values_of_no_common_form_are_names(values):
    assert len(found({f"fx/{v}/part-{n}.csv": A for v in values for n in (1, 2)})) == len(values)


def test_folders_with_drawn_names_are_values():
    lake = {f"events/{source}/{n}.csv": A for source in ("qnuVvtTSVa", "x8Kp2LmQ7z", "Zt3bYw91Rc") for n in (1, 2)}
    assert found(lake) == {"events": (6, ["partition_0"])}
    assert len(found(dict(zip(sorted(lake), (A, A, B, B, C, C), strict=True)))) == 3
    words = {f"events/{name}/{n}.csv": A for name in ("OrderItems", "StoreSales", "UserLogins") for n in (1, 2)}
    assert len(found(words)) == 3


def test_folders_with_an_identifier_in_their_names_are_values():
    pods = [f"{name}-{n}d9f8b6c5d-x2x4z" for name, n in (("cart", 1), ("shop", 2), ("shop", 3))]
    assert found({f"pods/{pod}/2024-01-0{d}.csv": A for pod in pods for d in (1, 2)}) == {"pods": (6, ["partition_0"])}
    tables = {f"pods/{pod}/2024-01-01.csv": s for pod, s in zip(pods, (A, B, C), strict=True)}
    assert len(found(tables)) == 3


def test_folders_of_a_few_hexadecimal_digits_spread_by_hash():
    names = ("00", "3e", "42", "9d", "a1", "b7", "ce", "ff")
    assert found({f"o/{name}/{n}.csv": A for name in names for n in (1, 2)}) == {"o": (16, [])}
    assert len(found({f"o/{name}/{n}.csv": A for name in ("3e", "42", "a1") for n in (1, 2)})) == 3
    mixed = zip(names, (A, B, C, A, B, C, A, B), strict=True)
    assert len(found({f"o/{name}/{n}.csv": s for name, s in mixed for n in (1, 2)})) > 2


@pytest.mark.parametrize("codes", [("ny", "tx", "wa"), ("FARS2019", "FARS2020", "FARS2021"), ("de", "fr", "it")])
def test_codes_and_years_with_several_tables_inside_are_values(codes):
    lake = {
        f"fars/{code}/{t}/{code}_{t}_0{n}.csv": s for code in codes for t, s in (("od", A), ("wac", B)) for n in (1, 2)
    }
    assert found(lake) == {"fars/od": (6, ["partition_0"]), "fars/wac": (6, ["partition_0"])}
    assert len(found({path: s for path, s in lake.items() if f"/{codes[2]}/" not in path})) == 4, "two may be called so"
    odd = {path: C if f"{codes[1]}_wac" in path else s for path, s in lake.items()}
    assert len(found(odd)) > 2


def test_folders_that_differ_in_a_size_are_data_sets_of_their_own():
    def lake(*sizes):
        return {f"tpch/sf{size}/{t}/part-0.csv": s for size in sizes for t, s in (("orders", A), ("places", B))}

    assert len(found(lake(1, 10, 100))) == 6
    assert found(lake(1, 2, 3)) == {"tpch/orders": (3, ["partition_0"]), "tpch/places": (3, ["partition_0"])}


def test_folders_that_the_files_spell_out_with_their_date_are_values():
    lake = {f"hist/2024-0{m}/{w}/2024-0{m}.{w}.all.csv": A for m in (1, 2) for w in ("enx", "dex", "frx", "itx", "nlx")}
    assert found(lake) == {"hist": (10, ["month", "partition_0"])}
    tables = {path: B if "dex" in path else A for path in lake}
    assert len(found(tables)) == 5
    apart = {path.replace("2024-01.", "").replace("2024-02.", ""): A for path in lake}
    assert len(found(apart)) == 5, "a table per folder, named like it"


def test_files_at_the_root_beside_partitions():
    lake = ("2024/places.csv", "dt=1/a/part-0.csv", "part-0.csv", "places.csv")
    assert sum(len(g.files) for g in discover([Entry(path, 1) for path in lake])) == 4


def test_folders_that_files_spell_out_with_their_path_are_values():
    pairs = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    candles = {f"spot/klines/{p}/1m/{p}-1m-2024-0{m}.csv": A for p in pairs for m in (1, 2)}
    assert found(candles) == {"spot/klines": (6, ["partition_0", "partition_1"])}
    assert found({f"spot/rates/{p}/{p}-rates-0{m}.csv": A for p in pairs[:2] for m in (1, 2)}) == {
        "spot/rates": (4, ["partition_0"])
    }
    rooms = {f"acme/visits/{room}/{room}-visits-0{m}.csv": A for room in ("cafe", "garden", "hall") for m in (1, 2)}
    assert found(rooms) == {"acme/visits": (6, ["partition_0"])}
    tables = {f"x/{p}/{t}/{p}-{t}-01.csv": s for p in ("cafe", "hall", "yard") for t, s in (("ins", A), ("outs", B))}
    assert list(found(tables)) == ["x/ins", "x/outs"]


@pytest.mark.parametrize("odd", ["notes.csv", "notes.json"])
@pytest.mark.parametrize("values", [("BTCUSDT", "ETHUSDT", "SOLUSDT"), ("cafe", "hall", "yard"), ("eu", "us", "apac")])
def test_folders_that_were_values_stay_values_when_an_odd_file_appears(odd, values):
    odd = f"rates/{values[1]}/{odd}"
    lake = {f"rates/{p}/{p}-rates-0{m}.csv": A for p in values for m in (1, 2)}
    groupings = discover(
        [Entry(path, 10) for path in (*lake, odd)],
        peek=lambda format, entry: lake.get(entry.path, B),
        known={"rates": "csv"}.get,
    )
    assert {one.name: len(one.files) for one in groupings} == {"rates": 6, odd: 1}


@pytest.mark.parametrize("odd", ["web/data/labels/x.csv", "web/data/labels.csv"])
@pytest.mark.parametrize("path", ["CC-MAIN-2013-{}/00000_{}.csv", "chunk-0{}/episode_{}.csv"])
def test_numbered_folders_that_were_values_stay_values_beside_something_odd(path, odd):
    lake = {f"web/data/{path.format(week, n)}": A for week in (20, 48, 50) for n in (1, 2)}
    groupings = discover(
        [Entry(path, 10) for path in (*lake, odd)],
        peek=lambda format, entry: lake.get(entry.path, B),
        known={"web/data": "csv"}.get,
    )
    assert {one.name: len(one.files) for one in groupings} == {"web/data": 6, odd: 1}


@pytest.mark.parametrize("name", ["{t}-2024-01", "shop-{t}-2024-01", "{t}-eu-2024-01"])
def test_tables_whose_files_repeat_their_name_stay_apart(name):
    lake = {f"shop/{t}/{name.format(t=t)}.csv": A for t in ("orders", "offers", "refunds")}
    assert len(found(lake)) == 3
    two = {f"rates/{t}/{t}-rates-2024-0{m}.csv": A for t in ("posted", "billed") for m in (1, 2)}
    assert len(found(two)) == 2, "two words may be names"
    other = zip(("cafe", "garden", "hall"), (A, B, C), strict=True)
    assert len(found({f"acme/visits/{room}/{room}-visits-01.csv": s for room, s in other})) == 3


def test_folders_that_differ_in_their_digits_alone_are_values():
    def lake(*names):
        return {f"web/data/{name}/000_0000{n}.csv": A for name in names for n in (1, 2)}

    crawls = ("CC-MAIN-2013-20", "CC-MAIN-2013-48", "CC-MAIN-2024-10")
    assert found(lake(*crawls)) == {"web/data": (6, ["partition_0"])}
    assert len(found(lake(*crawls[:2]))) == 2
    assert len(found(lake("orders_2022", "orders_2023", "orders_2024"))) == 3, "editions"
    assert len(found(lake("orders_v1", "orders_v2", "orders_v3"))) == 3, "versions"
    assert list(found(lake("sensor1", "sensor2", "sensor3"))) == ["web/data"]
    assert len(found(lake("sample-10BT", "sample-100BT", "sample-350BT"))) == 3, "sizes"
    assert len(found(dict(zip(sorted(lake(*crawls)), (A, A, B, B, C, C), strict=True)))) == 3
    assert len(found(lake(*crawls) | {"web/data/labels/x.csv": B})) == 4, "beside a name, they may be names"


def test_a_folder_of_numbered_pieces_is_the_table():
    lake = {f"aloha/data/chunk-00{c}/episode_0000{c}{n}.csv": A for c in (0, 1) for n in (1, 2)}
    assert found(lake) == {"aloha/data": (4, ["partition_0"])}
    lone = {path: s for path, s in lake.items() if "chunk-000" in path}
    assert found(lone) == {"aloha/data": (2, ["partition_0"])}
    assert "aloha/data/episode" in found(lake | {"aloha/data/orders/x.csv": B}), "not if it has named folders, too"
    assert list(found({f"aloha/data/2024-01-0{n}/episode_{n}.csv": A for n in (1, 2)})) == ["aloha/data/episode"]


def test_months_may_stand_before_days():
    assert found({f"logs/{day}-2023/x.csv": A for day in ("04-29", "04-30", "05-01")})["logs"][1] == ["date"]
    assert found({f"logs/{day}-2023/x.csv": A for day in ("14-29", "00-30")})["logs"][1] != ["date"]


def test_names_of_numbers_and_identifiers_name_no_table():
    ids = ("fd71bf17-5eea-46d1-ad9d-6a6fb13166a7", "9781c280-6b14-4d9c-abec-e6030f1dfb03")
    assert list(found({f"logs/web/168387450{n}.2CVXk1mBvGZpyJ3.{i}.json.gz": A for n, i in enumerate(ids)})) == [
        "logs/web"
    ]
    named = {
        f"logs/{n}.2CVXk1mBvGZpyJ3.{i}.{t}.csv": s for n, i in enumerate(ids) for t, s in (("ins", A), ("outs", B))
    }
    assert len(found(named)) == 2
    assert list(found({f"data/Sales2020Q1V2.{i}.csv": A for i in ids})) == ["data/Sales2020Q1V2"]


def test_a_number_that_all_files_have_belongs_to_the_name():
    def name(pattern):
        years = {f"air/{pattern.format(n)}.csv": A for n in (2015, 2016, 2017)}
        return next(iter(found(years | {"air/sites.csv": B})))

    assert name("daily_44201_{}") == "air/daily_44201"
    for same in ("0001", "2024", "7", "1830", "120000", "1683874502"):  # shards, years, counts, times
        assert name(f"daily_{same}_{{}}") == "air/daily"
    two = {f"air/daily_{code}_{y}.csv": A for code in (44201, 88101) for y in (2015, 2016)} | {"air/sites.csv": B}
    assert "air/daily" in found(two)


# Names of files


def test_drawn_names_are_shards():
    names = ("asdl123dasas", "2d5fxhqwg4y3dmv6gxrj", "3fjxhqwg4y3dmv6g", "cjxh2qwg4y3dmv")
    assert found({f"dump/x/{name}.csv": A for name in names}) == {"dump/x": (4, [])}
    assert len(found({f"dump/x/{name}.csv": s for name, s in zip(names, (A, B, C, A), strict=True)})) == 4
    words = ("covid19cases", "covid19deaths", "covid19tests", "covid19stays")
    assert len(found({f"dump/x/{name}.csv": A for name in ("customers1", "suppliers2", "employees3")})) == 3
    assert len(found({f"dump/x/{name}_eu.csv": A for name in words})) == 4


def test_many_names_with_a_common_frame_are_one_table():
    wide = A | {("star_rating", "number"), ("body", "text")}
    words = ("books", "toys", "home", "music", "games", "tools", "shoes", "pets")
    assert found({f"tsv/acme_reviews_us_{word}_v1_00.csv": wide for word in words}) == {"tsv": (8, [])}
    assert len(found({f"tsv/acme_reviews_us_{word}_v1_00.csv": wide for word in words[:7]})) == 7
    assert len(found({f"tsv/acme_{word}.csv": wide for word in words})) == 8
    assert len(found({f"tsv/ref_code_list_{word}.csv": A for word in words})) == 8, "lists of codes"
    several = {f"tsv/acme_reviews_us_{word}_v1_00.csv": wide if n % 2 else B for n, word in enumerate(words)}
    assert len(found(several)) == 8


def test_logs_that_were_turned():
    lake = dict.fromkeys(("logs/x.json", "logs/x.json.1", "logs/x.json.2.gz", "logs/x.json-20240501"), A)
    assert found(lake | {"logs/y.json.1": B}) == {"logs/x": (4, []), "logs/y.json.1": (1, [])}
    assert len(found({"logs/x.json.v1": A, "logs/x.json": A})) == 1, "of no format that is known"


def test_pieces_with_letters():
    assert found({f"x/orders_part_a{n}.csv": A for n in "abc"}) == {"x": (3, [])}
    assert found({f"x/events_{n}.csv": A for n in "abc"} | {"x/y.csv": B}) == {"x/events": (3, []), "x/y.csv": (1, [])}
    assert len(found({f"x/plan_{n}.csv": A for n in "abd"})) == 3
    assert len(found({f"x/plan_{n}.csv": s for n, s in (("a", A), ("b", B), ("c", C))})) == 3


def test_a_word_of_shards_is_a_name_beside_others():
    both = (("in", A), ("out", B))
    jobs = {f"jobs/{n}c8de2a3-6b4f-4b62-8e69-4a1a1c2a0b21/{t}put.csv": s for n in "123" for t, s in both}
    assert list(found(jobs)) == ["jobs/input", "jobs/output"]
    assert list(found({"t/output.csv": A})) == ["t"]


def test_windows_and_panes_are_no_part_of_a_name():
    window = "2023-05-01T20:00:00.000Z-2023-05-01T20:05:00.000Z"
    panes = ("pane-0-last-00000-of-00002", "pane-0-last-00001-of-00002", "pane-1-00000-of-00001")
    lake = {f"stream/{t}-{window}-{pane}.csv": s for t, s in (("clicks", A), ("buys", B)) for pane in panes}
    assert list(found(lake)) == ["stream/buys", "stream/clicks"]


def test_parts_of_a_year_are_no_part_of_a_name():
    lake = {f"r/{t}_{part}.csv": s for t, s in (("sun", A), ("wind", B)) for part in ("Q1_2023", "Q2_2023", "2024-W07")}
    assert list(found(lake)) == ["r/sun", "r/wind"]
    assert list(found({f"r/{q}_{n}.csv": s for q, s in (("q1", A), ("q2", B)) for n in (7, 8)})) != ["r"]


def test_the_number_of_a_section_belongs_to_the_name():
    lake = {f"load/2023_{m:02d}_Prices_12.1.D.csv": A for m in (1, 2)}
    lake |= {f"load/2023_{m:02d}_Flows_6.1.A.csv": B for m in (1, 2)}
    assert list(found(lake)) == ["load/Flows_6.1.A", "load/Prices_12.1.D"]
    versions = {f"load/{t}-1.2-{n}.csv": s for t, s in (("sun", A), ("wind", B)) for n in (1, 2)}
    assert list(found(versions)) == ["load/sun", "load/wind"]


def test_a_lone_file_of_a_query_is_called_by_its_folder():
    name = "20230501_120100_00021_abcde_4b5e22eb-ab24-49a3-a677-605ab076a506"
    assert found({f"db/nation/{name}": A}, formats={f"db/nation/{name}": "orc"}) == {"db/nation": (1, [])}
    assert list(found({"db/x/20230501_nation.csv": A})) != ["db/x"]


def test_one_name_with_several_extensions_is_several_datasets():
    lake = {f"x/people.{e}": A for e in ("csv", "tsv", "csv.gz")}
    assert found(lake) == {path: (1, []) for path in lake}
    days = {f"x/2024-01-0{d}/people.{e}": A for d in (1, 2) for e in ("csv", "tsv")}
    assert [count for count, _ in found(days).values()] == [2, 2]
    shards = {"x/part-0.csv": A, "x/part-1.tsv": A, "x/part-2.csv.gz": A}
    assert found(shards) == {"x": (3, [])}


@pytest.mark.parametrize(
    "name",
    [
        "manifest-files.json",
        "meta.json",
        "zarr.json",
        "manifest.checksum",
        "export_info_shop.json",
        "symlink.txt",
        "create-table.sql",
    ],
)
def test_what_is_beside_data_is_none(name):
    assert noise_file(name, hidden=False)


@pytest.mark.parametrize("name", ["manifests.json", "manifest-of-cargo.json", "checksums.csv", "symlinks.txt"])
def test_what_is_only_called_alike_may_be_data(name):
    assert not noise_file(name, hidden=False)


def test_a_folder_that_says_how_data_came_names_no_table():
    assert list(found({f"api/weather_2024-01-0{d}.json": A for d in (1, 2)})) == ["api/weather"]
    assert list(found({f"apiary/weather_2024-01-0{d}.json": A for d in (1, 2)})) == ["apiary"]


# First bytes

TEXT = b'{"id": 1, "name": "x"}\n{"id": 2, "name": "y"}\n'


@pytest.mark.parametrize(
    "head, format",
    [
        (b"PAR1\x15\x00", "parquet"),
        (b"ORC\x08", "orc"),
        (b"Obj\x01\x04", "avro"),
        (b"ARROW1\0\0", "arrow"),
        (TEXT, "json"),
        (gzip.compress(TEXT, mtime=0), "json"),
        (bz2.compress(b"a\tb\n1\t2\n3\t4\n"), "csv"),
        (b'[\n {\n  "id": 1,\n', "json"),
        (b"a|b|c\n1|2|3\n", "csv"),
        ("größe,b,c\n1,2,3\n".encode() * 400, "csv"),
        (b'a,b,c\n"x,y",2,0\n3,4,0\n', "csv"),
        (b"a\tb\n1\t2\n3\t4\n", "csv"),
    ],
)
def test_first_bytes_tell_the_format(head, format):
    assert format_of(head[:4096]) == format


@pytest.mark.parametrize(
    "head",
    [
        *(b"", b"\n", b"hello", b"v1\n{}\n", b"Dear Sir, so\nthanks, bye\n", b"\x89PNG\r\n\x1a\n", b"a\0b,c\n1,2\n"),
        *(
            b"[section]\nkey\n",
            b"10:00:00,1 up\n10:00:01,2 on\n10:00:02,3 ok\n",
            b"{% block %}",
            gzip.compress(TEXT, mtime=0)[:12],
            "größe,b,c\n1,2,3\n".encode("latin-1"),
        ),
    ],
)
def test_first_bytes_that_prove_nothing(head):
    assert format_of(head) == ""


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_whatever_a_file_begins_with_is_no_error(head):
    assert format_of(head) in ("", "json", "csv", "parquet", "orc", "avro", "arrow")
    assert format_of(gzip.compress(head)) in ("", format_of(head))


def test_deeply_nested_text_is_no_error():
    assert format_of(b"[" * 4096) == "" and format_of(b'[{"a": ' + b"[" * 4000) == "json"


def test_text_counts_where_the_name_is_one_of_many_or_packed(tmp_path):
    for name in ("000000_0", "data.gz", "notes"):
        (tmp_path / name).write_bytes(TEXT)
    storage = LocalStorage(str(tmp_path))
    assert {one.path: sniff({}, storage, one) for one in storage.list()} == {
        "000000_0": "json",
        "data.gz": "json",
        "notes": "",
    }


def test_files_named_by_how_they_are_packed_alone():
    paths = [f"works/dt=2024-01-0{d}/part_{n}.gz" for d in (1, 2) for n in (0, 1)]
    assert found(dict.fromkeys(paths, A), formats=dict.fromkeys(paths, "json")) == {"works": (4, ["dt"])}
    assert found(dict.fromkeys(paths, A)) == {}


def test_text_is_data_where_it_begins_like_data(tmp_path):
    (tmp_path / "stops.txt").write_text("id,name,lat,lon\n1,x,2,3\n")
    (tmp_path / "notes.txt").write_text("Dear all,\nthis is it, and more, and more.\n")
    (tmp_path / "app-1.log").write_bytes(TEXT)
    (tmp_path / "app-2.log").write_text("10:00:00,1,up\n10:00:01,2,on\n10:00:02,3,ok\n")
    storage = LocalStorage(str(tmp_path))
    assert {one.path: sniff({}, storage, one) for one in storage.list()} == {
        "stops.txt": "csv",
        "notes.txt": "",
        "app-1.log": "json",
        "app-2.log": "",
    }
    paths = {f"x/day_{n}.txt": A for n in (1, 2)}
    assert found(paths, formats=dict.fromkeys(paths, "csv")) == {"x": (2, [])}
    name = "q/4c4ff5a0a3a8d5e0-b0a6dd6b00000000_1234_data.0."
    assert found({name: A}, formats={name: "csv"}) == {"q": (1, [])}


def test_first_bytes_of_few_files_of_a_kind_are_enough():
    asked = []

    def sniffed(entry):
        asked.append(entry.path)
        return "orc" if entry.path < "t/000009" else "avro"

    listing = [Entry(f"t/{n:06d}_0", 10) for n in range(20)]
    assert [(g.format, len(g.files)) for g in discover(listing, sniff=sniffed)] == [("orc", 20)]
    assert len(asked) == 5
    asked.clear()
    discover([Entry(f"t/{name}", 10) for name in ("a", "b", "c", "d")], sniff=sniffed)
    assert len(asked) == 4, "names of their own are asked each"


def test_a_lake_without_an_extension_is_examined(tmp_path):
    from lumos_lake.probe import examine

    (tmp_path / "t").mkdir()
    for n in range(3):
        (tmp_path / "t" / f"part-0000{n}").write_text(json.dumps({"id": n, "name": "x"}) + "\n")
    found, formats, missing = examine(LocalStorage(str(tmp_path)))
    assert [(one.name, one.format) for one in found.groupings] == [("t", "json")]
    assert "json" in [*formats, *missing]
