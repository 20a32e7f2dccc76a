"""`discovery.yaml`: templates, globs, and that what people say wins."""

from __future__ import annotations

import pytest
from lumos_lake import Entry, discover
from lumos_lake.discovery.overrides import Filter, Overrides, compile_rule, glob_pattern
from pydantic import ValidationError

from lumos_core.config.suggest import discover as write_pipeline
from lumos_core.config.suggest import explain
from lumos_core.plugin_api import ConfigError


def tables(paths: list[str], *rules: dict[str, str]):
    overrides = Overrides.model_validate({"tables": list(rules)})
    found = discover([Entry(path, 1) for path in paths], overrides=overrides)
    return {g.name: ([e.path for e in g.files], [c.name for c in g.partitions]) for g in found}


def test_a_template_names_tables_and_partitions():
    paths = [f"raw/{t}/2024/0{m}/x.csv" for t in ("orders", "stock") for m in (1, 2)]
    answer = tables(paths, {"path": "raw/{table}/{year}/{month}/*.csv"})
    assert set(answer) == {"raw/orders", "raw/stock"} and answer["raw/stock"][1] == ["year", "month"]


def test_names_that_mean_nothing_and_a_name_of_ones_own():
    answer = tables(["s/sales_eu.csv", "s/sales_us.csv", "s/x.csv"], {"path": "s/sales_{*}.csv", "name": "sales"})
    assert set(answer) == {"sales", "s/x.csv"} and answer["sales"][1] == []


def test_hive_folders_below_a_rule_stay_partitions():
    answer = tables(["s/a/day=1/p.csv", "s/b/day=2/p.csv"], {"path": "s/**"})
    assert answer == {"s": (["s/a/day=1/p.csv", "s/b/day=2/p.csv"], ["day"])}


def test_the_first_rule_that_fits_decides():
    rules = [{"path": "s/a*.csv", "name": "first"}, {"path": "s/*.csv", "name": "second"}]
    assert {n: f for n, (f, _) in tables(["s/a.csv", "s/b.csv"], *rules).items()} == {
        "first": ["s/a.csv"],
        "second": ["s/b.csv"],
    }


def test_a_format_can_be_given():
    overrides = Overrides.model_validate({"tables": [{"path": "log/*", "format": "csv"}]})
    (grouping,) = discover([Entry("log/one", 1), Entry("log/two.txt", 1)], overrides=overrides)
    assert (grouping.format, grouping.confidence, grouping.evidence) == ("csv", 1.0, ("discovery.yaml says so",))


@pytest.mark.parametrize("path", ["/abs/*", "../up", "a/{x}/{x}"])
def test_rules_that_make_no_sense(path):
    with pytest.raises(ValidationError):
        Overrides.model_validate({"tables": [{"path": path}]})


@pytest.mark.parametrize(
    "glob, fits, not_fits",
    [
        ("*.csv", ["a.csv"], ["a/b.csv", "a.csv.gz"]),
        ("**/*.csv", ["a.csv", "a/b/c.csv"], ["a.tsv"]),
        ("a/**", ["a/b", "a/b/c"], ["b/a/c"]),
        ("a?[bc].x", ["a1b.x"], ["a1d.x", "a/b.x"]),
        ("[!a].csv", ["b.csv"], ["a.csv"]),
        ("new\nline*", ["new\nline\n1"], ["newline"]),
        ("a[", ["a["], ["a"]),
    ],
)
def test_globs(glob, fits, not_fits):
    wanted = Filter([glob], [])
    assert all(map(wanted, fits)) and not any(map(wanted, not_fits))
    assert not any(map(Filter([], [glob]), fits))


def test_an_empty_filter_lets_everything_through():
    assert Filter([], [])("anything")
    assert glob_pattern("") == ""


def test_a_table_ends_where_its_last_placeholder_ends():
    match = compile_rule("{table}/x/{table}/*.csv")
    assert match(Entry("a/x/b/f.csv")) == ("a/x/b", {})
    assert match(Entry("a/y/b/f.csv")) is None


@pytest.mark.parametrize("ask", [explain, write_pipeline])
def test_mistakes_in_the_overrides_of_a_folder_are_told(ask, tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "discovery.yaml").write_text("tables:\n  - {path: a.csv, nme: b}\n")
    with pytest.raises(ConfigError) as caught:
        ask(tmp_path)
    (problem,) = caught.value.problems
    assert "nme" in problem.what and "discovery.yaml:2" in problem.where and "did you mean 'name'" in problem.fix
