"""Whatever the text, the answer is lineage or a gap, within bounds."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lumos_lineage_sql import Limits, lineage_of

DEEP = {
    "brackets": "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    "open brackets": "SELECT " + "(" * 5_000,
    "not": "SELECT " + "NOT " * 20_000 + "1",
    "minus": "SELECT " + "- " * 20_000 + "1",
    "case": "SELECT " + "CASE WHEN " * 5_000 + "1" + " THEN 1 END" * 5_000,
    "subqueries": "SELECT * FROM " + "(SELECT * FROM " * 3_000 + "t" + ")" * 3_000,
    "functions": "SELECT " + "f(" * 5_000 + "1" + ")" * 5_000,
    "arrays": "SELECT " + "[" * 5_000 + "]" * 5_000,
    "types": "SELECT CAST(1 AS " + "ARRAY<" * 5_000 + "INT" + ">" * 5_000 + ")",
}
WIDE = {
    "plus": "SELECT " + " + ".join(["a"] * 5_000) + " FROM t",
    "and": "SELECT a FROM t WHERE " + " AND ".join(["b = 1"] * 3_000),
    "union": " UNION ALL ".join(["SELECT a FROM t"] * 1_500),
    "in": f"SELECT a FROM t WHERE b IN ({', '.join(map(str, range(10_000)))})",
}


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("dialect", ["postgres", "bigquery"])
def test_deep_nesting_is_a_gap(name, dialect):
    [found] = lineage_of(DEEP[name], dialect)
    assert found.status == "parse-failed"
    assert found.reason


@pytest.mark.parametrize("name", WIDE)
def test_long_chains_are_read(name):
    [found] = lineage_of(WIDE[name], "postgres")
    assert found.status == "resolved"
    assert found.tables == (("t",),)


def test_a_gap_does_not_hide_its_neighbours():
    found = lineage_of(f"SELECT a FROM t; {DEEP['brackets']}; SELECT b FROM u", "postgres")
    assert [statement.status for statement in found] == ["resolved", "parse-failed", "resolved"]


def test_a_statement_beyond_the_limit_is_a_gap():
    sql = f"INSERT INTO t VALUES {', '.join(['(1, 2)'] * 1_000)}; SELECT a FROM u"
    found = lineage_of(sql, "postgres", limits=Limits(statement=1_000))
    assert [statement.status for statement in found] == ["parse-failed", "resolved"]
    assert "1000" in found[0].reason


def test_a_text_beyond_the_limit_is_not_even_split():
    [found] = lineage_of("SELECT 1;" * 2_000_000, "postgres")
    assert found.reason == "the text has 18000000 characters, more than the 2000000 that are read"


def test_names_that_multiply_are_given_up():
    """Each CTE reads the one before many times: the text is short, what it says is not."""
    wide = "q0 AS (SELECT " + ", ".join(f"a{n} + b{n} AS c{n}" for n in range(8)) + " FROM t)"
    ctes = [wide]
    for n in range(1, 12):
        total = " + ".join(f"c{m}" for m in range(8))
        ctes.append(f"q{n} AS (SELECT {', '.join(f'{total} AS c{m}' for m in range(8))} FROM q{n - 1})")
    [found] = lineage_of(f"WITH {', '.join(ctes)} SELECT * FROM q11", "postgres", limits=Limits(steps=2_000))
    assert found.status == "parse-failed"
    assert "2000 steps" in found.reason


def test_an_open_quote_does_not_show_the_text():
    [found] = lineage_of("SELECT 'secret", "postgres")
    assert found.status == "parse-failed"
    assert "secret" not in found.reason


WORDS = (
    *("SELECT", "FROM", "WHERE", "JOIN", "ON", "USING", "WITH", "AS", "(", ")", ",", ";", "*", "t", "u", "a", "b", "1"),
    *(
        "'x'",
        "INSERT INTO",
        "UPDATE",
        "SET",
        "MERGE INTO",
        "WHEN MATCHED THEN",
        "CREATE VIEW",
        "CREATE TABLE",
        "=",
        ".",
    ),
    *("UNION ALL", "GROUP BY", "OVER", "PARTITION BY", "VALUES", "LATERAL", "UNNEST", "PIVOT", "CASE", "END", "IN"),
)


@given(
    st.lists(st.sampled_from(WORDS), max_size=25), st.sampled_from(["", "postgres", "snowflake", "tsql", "bigquery"])
)
@example(["WITH", "t", "AS", "(", "SELECT", "*", "FROM", "t", ")", "SELECT", "*", "FROM", "t"], "tsql")
def test_words_in_any_order_raise_nothing(words, dialect):
    for statement in lineage_of(" ".join(words), dialect):
        assert bool(statement.reason) == (statement.status == "parse-failed")


@given(st.text(max_size=60))
def test_any_text_raises_nothing(text):
    lineage_of(text, "postgres")
