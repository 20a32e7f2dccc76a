"""The laws of a profile: however the data is split, the counts are the same and the sketches keep their bounds."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_profile import Column, Profiler
from lumos_profile.arrow import values_of
from lumos_profile.sketches import ERROR, Frequent, Quantiles

from lumos_core.plugin_api import ProfileConfig, Record, Stats, canonical, decode

CONFIG = ProfileConfig()
URN = "urn:lumos:dataset:(file,a,PROD)#profile@2026-01-01T00:00:00Z"

arrays = st.one_of(
    st.lists(st.none() | st.integers(-(2**62), 2**62), max_size=60).map(lambda v: pa.array(v, pa.int64())),
    st.lists(st.none() | st.floats(width=64), max_size=60).map(lambda v: pa.array(v, pa.float64())),
    st.lists(st.none() | st.text(max_size=12), max_size=60).map(lambda v: pa.array(v, pa.string())),
    st.lists(st.none() | st.booleans(), max_size=60).map(lambda v: pa.array(v, pa.bool_())),
    st.lists(st.none() | st.dates(), max_size=60).map(lambda v: pa.array(v, pa.date32())),
    st.lists(st.none() | st.decimals(-(10**9), 10**9, places=2), max_size=60).map(
        lambda v: pa.array(v, pa.decimal128(20, 2))
    ),
    st.lists(st.none() | st.binary(max_size=8), max_size=60).map(lambda v: pa.array(v, pa.binary())),
)
EXACT = ("null_count", "null_share", "min", "max", "min_length", "max_length", "average_length", "not_finite_count")


def said(profiler: Profiler) -> dict[str, dict]:
    return {path: dict(found) for path, found in profiler.profile(whole=True).fields}


def whole(array: pa.Array) -> dict:
    profiler = Profiler(CONFIG)
    profiler.arrow(pa.table({"c": array}))
    return said(profiler).get("c", {})


@settings(max_examples=150, deadline=None)
@given(arrays, st.data())
def test_any_split_gives_the_same_exact_metrics(array, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(array)), max_size=5)))
    parts = [array[a:b] for a, b in zip([0, *cuts], [*cuts, len(array)], strict=True)]
    batched, merged = Profiler(CONFIG), Profiler(CONFIG)
    for part in parts:
        batched.arrow(pa.table({"c": part}))
        one = Profiler(CONFIG)
        one.arrow(pa.table({"c": part}))
        merged.merge(one)
    expected = whole(array)
    for profiler in (batched, merged):
        assert profiler.rows == len(array)
        found = said(profiler).get("c", {})
        assert {k: v for k, v in found.items() if k in EXACT} == {k: v for k, v in expected.items() if k in EXACT}
        # So few values are counted, not estimated.
        for name in ("distinct_count", "top_values", "histogram", "quantile_0.5", "patterns"):
            assert found.get(name) == expected.get(name), name
        assert "distinct_error" not in found


@settings(max_examples=100, deadline=None)
@given(arrays)
def test_exact_metrics_are_those_of_the_values_themselves(array):
    found = whole(array)
    held = [value for value in array.to_pylist() if value is not None]
    finite = [v for v in held if not isinstance(v, float) or math.isfinite(v)]
    assert found.get("null_count", 0) == len(array) - len(held)
    if "suspected" in found or not finite:
        return
    assert found["distinct_count"] == len(set(map(str, finite)) if isinstance(finite[0], float) else set(finite))
    if isinstance(finite[0], (int, Decimal)) and not isinstance(finite[0], bool):
        assert Decimal(found["min"]) == min(finite) and Decimal(found["max"]) == max(finite)
        bars = json.loads(found["histogram"])["counts"] if "histogram" in found else []
        assert sum(bars) in (0, len(finite))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("ab.c"),
            st.none() | st.integers() | st.text(max_size=4) | st.lists(st.integers(0, 9), max_size=3),
        ),
        max_size=30,
    ),
    st.integers(0, 30),
)
def test_documents_can_be_split_too(documents, cut):
    whole, parts = Profiler(CONFIG), Profiler(CONFIG)
    whole.documents(documents)
    parts.documents(documents[:cut])
    other = Profiler(CONFIG)
    other.documents(documents[cut:])
    parts.merge(other)
    batched = Profiler(CONFIG)
    batched.documents(documents[:cut])
    batched.documents(documents[cut:])
    assert said(parts) == said(batched) == said(whole)


@settings(max_examples=60, deadline=None)
@given(arrays, arrays)
def test_a_profile_is_canonical_and_comes_back(first, second):
    profiler = Profiler(CONFIG)
    profiler.arrow(pa.table({"a.b": first}))
    profiler.arrow(pa.table({"z": second}))
    value = profiler.profile(whole=False, sample="some rows", stopped="after 1 s").onto(Stats(row_count=9))
    line = canonical(Record(URN, value))
    assert canonical(decode(line)) == line
    assert b"." not in line.split(b'"average",', 1)[-1][:1]


def test_the_same_input_gives_the_same_bytes():
    rng = np.random.default_rng(3)
    table = pa.table(
        {
            "n": rng.lognormal(3, 2, 200_000),
            "k": rng.permutation(200_000),
            "s": [f"K{value}" for value in rng.zipf(1.2, 200_000) % 5000],
        }
    )
    lines = []
    for _ in range(2):
        profiler = Profiler(CONFIG)
        for batch in table.to_batches(max_chunksize=30_000):
            profiler.arrow(batch)
        lines.append(canonical(Record(URN, profiler.profile(whole=True).onto(Stats()))))
    assert lines[0] == lines[1]


@pytest.mark.parametrize("distinct", [2_000, 60_000, 300_000])
def test_estimates_keep_their_bounds_merged_or_not(distinct):
    rng = np.random.default_rng(distinct)
    numbers = rng.integers(0, distinct, 300_000)
    true = len(np.unique(numbers))
    one, parts = Column(), Column()
    for start in range(0, len(numbers), 50_000):
        values = values_of(pa.array(numbers[start : start + 50_000]))
        one.add(values)
        part = Column()
        part.add(values)
        parts.merge(part)
    for column in (one, parts):
        facts = column.facts(CONFIG)
        assert facts.distinct_error == ERROR
        assert abs(facts.distinct - true) <= 4 * ERROR * true


def test_quantiles_and_histograms_of_much_are_near_in_rank():
    numbers = np.random.default_rng(1).lognormal(3, 2, 300_000)
    whole, merged = Quantiles(), Quantiles()
    for part in np.array_split(numbers, 7):
        whole.add(part)
        one = Quantiles()
        one.add(part)
        merged.merge(one)
    for sketch in (whole, merged):
        assert sketch.count == len(numbers) and not sketch.exact
        for rank, value in zip(
            (0.01, 0.25, 0.5, 0.75, 0.99), sketch.quantiles((0.01, 0.25, 0.5, 0.75, 0.99)), strict=True
        ):
            assert abs((numbers <= value).mean() - rank) < 0.015
        edges = [*np.linspace(0, 100, 11), float(numbers.max())]
        bars, true = sketch.histogram(edges), np.histogram(numbers, edges)[0]
        assert sum(bars) == len(numbers)
        assert np.abs(np.array(bars) - true).max() < 0.015 * len(numbers)


def test_frequent_values_are_never_told_too_often():
    rng = np.random.default_rng(5)
    values = [f"v{number}" for number in rng.zipf(1.3, 200_000)]
    true: dict[str, int] = {}
    for value in values:
        true[value] = true.get(value, 0) + 1
    merged = Column()
    for start in range(0, len(values), 40_000):
        one = Column()
        one.add(values_of(pa.array(values[start : start + 40_000])))
        merged.merge(one)
    top = merged.facts(ProfileConfig(top_values=20)).top
    best = sorted(true.items(), key=lambda item: -item[1])[:10]
    slack = merged._frequent.slack
    assert {value for value, _ in best} <= {value for value, _ in top}
    assert all(true[value] - slack <= count <= true[value] for value, count in top)


def test_values_that_occur_once_are_nobodys_business():
    frequent = Frequent()
    frequent.add(["a", "b"], [1, 3])
    assert frequent.items() == [("b", 3), ("a", 1)] and frequent.exact
    profiler = Profiler(CONFIG)
    profiler.documents([{"customer": name} for name in ("Ada", "Grace", "Ada")])
    assert said(profiler)["customer"]["top_values"] == '[["Ada",2]]'
