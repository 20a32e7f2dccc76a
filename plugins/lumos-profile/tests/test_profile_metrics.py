"""What a profile says of data that a person can check."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from itertools import pairwise

import lumos_profile
import pyarrow as pa
import pytest
from lumos_profile import Budget, Column, Profiler, blocks, spread
from lumos_profile.arrow import values_of
from lumos_profile.facts import decimal, micros, moment, plain, share
from lumos_profile.patterns import Patterns, general, pattern

from lumos_core.plugin_api import ProfileConfig, Stats

CONFIG = ProfileConfig(quantiles=[0.5], histogram=4, top_values=3)


def of(array: pa.Array, config: ProfileConfig = CONFIG) -> dict:
    profiler = Profiler(config)
    profiler.arrow(pa.table({"c": array}))
    return dict(dict(profiler.profile(whole=True).fields).get("c", []))


def test_whole_numbers():
    assert of(pa.array([1, 2, 2, 8, None])) == {
        "average": "3.25",
        "distinct_count": 3,
        "histogram": '{"counts":[3,0,0,1],"edges":["1","2.75","4.5","6.25","8"]}',
        "max": "8",
        "min": "1",
        "null_count": 1,
        "null_share": "0.2",
        "quantile_0.5": "2",
        "top_values": '[["2",2]]',
    }


def test_sums_that_no_machine_word_holds():
    assert of(pa.array([2**63 - 1] * 4))["average"] == decimal(float(2**63 - 1))
    assert of(pa.array([2**64 - 1], pa.uint64()))["max"] == str(2**64 - 1)


def test_numbers_that_are_none_are_counted_apart():
    found = of(pa.array([1.5, float("nan"), float("inf"), None]))
    assert (found["not_finite_count"], found["min"], found["max"], found["average"]) == (2, "1.5", "1.5", "1.5")
    assert of(pa.array([float("nan")])) == {
        "not_finite_count": 1,
        "null_count": 0,
        "null_share": "0",
        "distinct_count": 0,
    }


def test_decimals_and_short_floats_are_told_as_written():
    found = of(pa.array([Decimal("0.10"), Decimal("99.90")], pa.decimal128(9, 2)))
    assert (found["min"], found["max"], found["average"]) == ("0.1", "99.9", "50")
    assert of(pa.array([0.1, 0.2], pa.float32()))["min"] == "0.1"


def test_moments():
    found = of(pa.array([dt.date(2024, 1, 1), dt.date(2024, 1, 3), dt.date(2024, 1, 31)]))
    assert (found["min"], found["max"], found["quantile_0.5"]) == ("2024-01-01", "2024-01-31", "2024-01-03")
    assert "average" not in found
    stamp = pa.array([0, 10**9 + 1], pa.timestamp("ns", "UTC"))
    assert of(stamp)["max"] == "1970-01-01T00:00:01Z"
    assert of(pa.array([0, 1], pa.timestamp("s")))["max"] == "1970-01-01T00:00:01"
    assert of(pa.array([dt.time(23, 59, 59)]))["max"] == "23:59:59"
    assert of(pa.array([3_600], pa.time32("s")))["max"] == "01:00:00"
    assert moment(2**62, "timestamp").endswith("days since 1970")


def test_texts_have_lengths_and_a_class():
    found = of(pa.array(["A1-123", "B2-456", "A1-123", None, ""]))
    assert found["patterns"] == '[["A9-999",3],["",1]]'
    assert (found["min_length"], found["max_length"], found["average_length"]) == (0, 6, "4.5")
    assert found["top_values"] == '[["A1-123",2]]'
    assert of(pa.array(["x" * 200]))["max"] == "x" * 60 + "..."


def test_types_without_values_to_show():
    assert of(pa.array([b"\x00\xff", b"\x00\xff"]))["distinct_count"] >= 1
    assert "min" not in of(pa.array([b"\x00\xff"]))
    assert of(pa.array([True, False, True]))["top_values"] == '[["true",2]]'
    assert of(pa.nulls(3)) == {"null_count": 3, "null_share": "1"}
    assert of(pa.array(["a", "b", "a"]).dictionary_encode())["distinct_count"] == 2
    assert of(pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))) == {"null_count": 0, "null_share": "0"}
    assert of(pa.array([1.5, 2.5], pa.float16()))["max"] == "2.5"
    assert of(pa.array([dt.timedelta(1)])) == {"null_count": 0, "null_share": "0"}


def test_what_is_nested_is_taken_apart():
    profiler = Profiler(CONFIG)
    rows = [{"p": {"x.y": 1, "tags": ["a", "b"]}}, {"p": None}, {"p": {"x.y": 3, "tags": []}}]
    profiler.arrow(pa.Table.from_pylist(rows))
    found = {path: dict(metrics) for path, metrics in profiler.profile(whole=True).fields}
    assert found["p"]["null_count"] == 1 and found["p.`x.y`"]["max"] == "3"
    assert found["p.tags[]"]["distinct_count"] == 2
    documents = Profiler(CONFIG)
    documents.documents(rows)
    same = {path: dict(metrics) for path, metrics in documents.profile(whole=True).fields}
    assert same["p.`x.y`"] == found["p.`x.y`"] and same["p.tags[]"] == found["p.tags[]"]


def test_documents_of_every_kind():
    profiler = Profiler(CONFIG)
    profiler.documents(
        [
            {"mixed": 1, "at": dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), "raw": b"ab", "d": Decimal("1.5")},
            {"mixed": "x", "at": dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc), "raw": b"ab", "d": Decimal("2.5")},
            {"mixed": [1], "day": dt.date(2024, 1, 1), "hour": dt.time(1), "flag": True, "odd": object()},
            7,
        ]
    )
    found = {path: dict(metrics) for path, metrics in profiler.profile(whole=True).fields}
    assert "min" not in found["mixed"] and found["mixed"]["null_count"] == 1
    assert found["at"]["max"] == "2024-01-02T00:00:00Z" and found["value"]["max"] == "7"
    assert found["d"]["average"] == "2" and found["hour"]["min"] == "01:00:00"
    assert found["flag"]["null_count"] == 3


def test_a_sample_says_so_and_counts_no_nulls_of_all():
    profiler = Profiler(CONFIG)
    profiler.documents([{"a": 1}, {}])
    value = profiler.profile(whole=False, total=10, sample="the first rows", stopped="after 1 s").onto(
        Stats(row_count=10)
    )
    found = dict(dict(value.fields)["a"])
    assert "null_count" not in found and found["null_share"] == "0.5"
    assert dict(value.metrics) == {"profiled_rows": 2}
    assert dict(value.properties) == {
        "profile.of": "a sample",
        "profile.sample": "the first rows",
        "profile.stopped": "after 1 s",
    }


def test_excluded_fields_are_not_looked_at():
    config = ProfileConfig(exclude=["note", "crm/*#name"])
    for dataset, left_out in (("crm/people", ["name", "note"]), ("shop/people", ["note"])):
        profiler = Profiler(config, dataset)
        profiler.documents([{"name": "x", "note": {"text": "y"}}])
        made = profiler.profile(whole=True)
        assert [path for path in made.left_out if "." not in path] == left_out


@pytest.mark.parametrize(
    "text, expected",
    [("A1-123", "A9-999"), ("Kraków 2", "Aaaaaa 9"), ("a\tb", "a a"), ("ß", "a"), ("\u200b", "?"), ("日本", "aa")],
)
def test_patterns(text, expected):
    assert pattern(text) == expected


def test_patterns_become_general_before_they_become_many():
    assert general("Aaaa 999") == "Aa+ 9+"
    patterns = Patterns()
    for length in range(1, 30):
        patterns.add("x" * length, 1)
    assert patterns.top() == [("a+", 28), ("a", 1)]
    for number in range(2000):
        patterns.add("".join("a-"[int(bit)] for bit in f"{number:012b}"), 1)
    assert patterns.level == 2 and patterns.top() == []
    fresh = Patterns()
    fresh.add("x", 1)
    fresh.merge(patterns)
    assert fresh.level == 2


def test_samples_are_spread_evenly():
    assert spread(10, 3) == [0, 4, 9] and spread(3, 9) == [0, 1, 2] and spread(5, 1) == [0] and spread(5, 0) == []
    assert blocks(100, 200) == [(0, 100)] and blocks(0, 5) == []
    parts = blocks(10_000, 1_600, 16)
    assert len(parts) == 16 and parts[0] == (0, 100) and parts[-1] == (9_900, 100)
    assert all(a + n <= b for (a, n), (b, _) in pairwise(parts))


def test_a_budget_ends():
    assert Budget(0).over() and not Budget(60).over() and Budget(60, lambda: True).over()


@pytest.mark.parametrize(
    "value, text",
    [
        (0.1, "0.1"),
        (1e20, "1e+20"),
        (3.0, "3"),
        (-0.0, "0"),
        (1e-5, "0.00001"),
        (2**70, str(2**70)),
        (float("inf"), "inf"),
    ],
)
def test_numbers_as_texts(value, text):
    assert decimal(value) == text


def test_shares_never_round_to_none_or_all():
    assert share(1, 10**9) == "0.000001" and share(10**9 - 1, 10**9) == "0.999999"
    assert share(0, 5) == "0" and share(5, 5) == "1" and share(0, 0) == "0"


def test_values_of_python_as_texts():
    assert plain(dt.datetime(2024, 1, 1, 12)) == "2024-01-01T12:00:00" and plain(dt.date(2024, 1, 1)) == "2024-01-01"
    assert plain(True) == "true" and plain(dt.time(1, 2)) == "01:02:00" and plain("x") == "x" and plain(2) == "2"
    assert micros(dt.date(1970, 1, 2)) == 86_400_000_000


def test_a_field_whose_kind_changes_has_no_order():
    column = Column()
    column.add(values_of(pa.array([1, 2])))
    column.add(values_of(pa.array(["a"])))
    facts = column.facts(CONFIG)
    assert column.kind == "mixed" and facts.minimum is None and facts.distinct == 3 and not facts.quantiles
    assert json.loads("[]") == facts.patterns


def test_names_are_imported_when_used():
    assert lumos_profile.Profiler is Profiler
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = lumos_profile.nothing
