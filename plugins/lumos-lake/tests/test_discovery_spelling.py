"""What discovery found, spelled out as rules: running with them gives the same datasets."""

from __future__ import annotations

import lake_generator as generator
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_lake import Entry
from lumos_lake.discovery import KNOWN_EXTENSIONS, Overrides, layout
from lumos_lake.discovery.overrides import compile_rule, escape
from lumos_lake.discovery.spelling import overrides_of, spell
from lumos_lake.review import text_of

from lumos_core.plugin_api import read_yaml


def datasets(found):
    return {
        (g.name, g.root, g.format, tuple(entry.path for entry in g.files), g.partitions, g.marked, g.also)
        for g in found.groupings
    }


def again(listing, peek, tmp_path):
    """Group a listing, write what was found, read that and group again."""
    first = layout(listing, peek=peek)
    spelled = spell(first, KNOWN_EXTENSIONS)
    file = tmp_path / "discovery.yaml"
    file.write_text(text_of(spelled, first.seen), encoding="utf-8")
    overrides = read_yaml(file, Overrides)
    assert overrides == overrides_of(sorted(spelled, key=lambda one: (one.grouping.confidence, one.grouping.name)))
    second = layout(listing, peek=peek, overrides=overrides)
    assert second.idle == ()
    return first, second, spelled


@pytest.mark.parametrize("seed", range(8))
def test_running_with_what_was_written_gives_the_same_datasets(seed, tmp_path):
    lake = generator.make(seed)
    listing = [Entry(path, 10) for path in lake.paths]
    first, second, spelled = again(listing, lambda format, entry: lake.schemas.get(entry.path), tmp_path)
    assert datasets(first) == datasets(second)
    assert all(one.rules or one.grouping.marked for one in spelled)


SEGMENTS = st.sampled_from(["a", "b", "dt=1", "dt=2", "2024", "01", "eu", "us", "x y", "v1", "0", "k=", "{x}", "[y]*?"])
NAMES = st.sampled_from(
    ["part-0.csv", "part-1.csv", "orders.csv", "customer.csv", "x.parquet", "_SUCCESS", "b.csv", "n", "{z}.csv"]
)
PATHS = st.lists(
    st.tuples(st.lists(SEGMENTS, max_size=4), NAMES).map(lambda made: "/".join([*made[0], made[1]])),
    unique=True,
    min_size=1,
    max_size=25,
)


@given(PATHS, st.lists(st.integers(0, 24)))
def test_odd_layouts_too(tmp_path_factory, paths, empty):
    listing = [Entry(path, int(index not in empty)) for index, path in enumerate(sorted(paths))]
    first, second, spelled = again(listing, None, tmp_path_factory.mktemp("odd"))
    said = {one.grouping.name for one in spelled if one.rules}
    assert {one for one in datasets(first) if one[0] in said} <= datasets(second)
    if len(said) == len(spelled):
        assert datasets(first) == datasets(second)


@given(st.text(min_size=1))
def test_an_escaped_text_fits_itself_and_nothing_else(text):
    path = text.replace("/", "_").replace("..", "_")
    rule = compile_rule(escape(path))
    assert rule(Entry(path)) is not None and rule(Entry(path + "x")) is None and not rule.columns


def test_names_that_are_not_unicode_are_left_to_discovery(tmp_path):
    listing = [Entry("t/\udcff.csv", 1), Entry("u/\x85\x07.csv", 1), Entry("plain.csv", 1)]
    first, second, spelled = again(listing, None, tmp_path)
    assert datasets(first) == datasets(second)
    assert [one.grouping.name for one in spelled if not one.rules] == ["t/\udcff.csv"]


def test_the_least_sure_come_first_and_are_named_at_the_top():
    peek = lambda format, entry: frozenset({("id", "number")})  # noqa: E731
    listing = [Entry(f"s/{code}/p-0.csv", 1) for code in ("eu", "us", "apac")] + [Entry("d/x=1/a.csv", 1)]
    found = layout(listing, peek=peek)
    lines = text_of(spell(found, KNOWN_EXTENSIONS), found.seen).splitlines()
    assert lines[5:7] == ["# Look at these first, they are less sure than 0.8:", "#   0.70  s"]
    rules = [line for line in lines if line.startswith("  - path")]
    assert rules == ['  - path: "s/{partition_0}/*.csv"', '  - path: "d/**/*.csv"']


def test_a_rule_takes_no_noise_and_no_file_without_a_format():
    rule = {"path": "s/**", "name": "s"}
    listing = [Entry(f"s/{name}", 1) for name in ("a.csv", "_SUCCESS", "b.csv.tmp", "what")]
    found = layout(listing, overrides=Overrides.model_validate({"tables": [rule]}))
    assert [[e.path for e in g.files] for g in found.groupings] == [["s/a.csv"]]
    assert found.noise == 2 and found.unknown == 1


def test_a_rule_that_fits_nothing_is_told():
    rules = [{"path": "a/*.csv"}, {"path": "gone/*.csv"}]
    found = layout([Entry("a/1.csv", 1)], overrides=Overrides.model_validate({"tables": rules}))
    assert found.idle == ("gone/*.csv",)


def test_a_marker_keeps_its_files_where_a_rule_takes_what_lies_between():
    listing = [
        Entry(path, 1) for path in ("a.csv", "t/_delta_log/0.json", "t/x.csv", "t2/b.csv", "u/_delta_log/0.json")
    ]
    rules = [{"path": "t/x.csv"}, {"path": "t2/*.csv"}]
    found = layout(listing, overrides=Overrides.model_validate({"tables": rules}))
    assert {g.name: [e.path for e in g.files] for g in found.groupings} == {
        "a.csv": ["a.csv"],
        "t": ["t/_delta_log/0.json"],
        "t/x.csv": ["t/x.csv"],
        "t2": ["t2/b.csv"],
        "u": ["u/_delta_log/0.json"],
    }
