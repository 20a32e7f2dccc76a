"""Every construct of the table has the lineage that stands in the table."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from lumos_lineage_sql import lineage_of

_SPEC = importlib.util.spec_from_file_location("fixture_table", Path(__file__).with_name("fixture_table.py"))
table = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(table)
CASES = list(table.cases())
VIEWS = table.views()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_construct(case):
    assert table.lines(case.sql, case.dialect) == case.expected


def test_the_table_is_whole():
    assert len(CASES) >= 70
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("name", VIEWS)
def test_a_report_is_read_whole(name):
    [found] = lineage_of(VIEWS[name], "postgres", lambda parts: table.WAREHOUSE.get(parts[-1]))
    assert (found.status, found.target) == ("resolved", (name,))
    assert all(column.resolved for column in found.columns)
    sources = {source for column in found.columns for source, _ in column.sources}
    sources |= {influence.source for influence in found.influences}
    assert all(source.column in table.WAREHOUSE[source.table[-1]] for source in sources)


def test_the_expression_is_that_of_the_last_step_that_computes():
    sql = "SELECT q.total AS t, q.k FROM (SELECT SUM(a) * 2 AS total, b AS k FROM t GROUP BY b) AS q -- a note"
    [found] = lineage_of(sql, "postgres", table.columns_of)
    assert [column.expression for column in found.columns] == ["SUM(a) * 2", None]


def test_a_long_expression_is_cut():
    [found] = lineage_of("SELECT a" + " + 1" * 2_000 + " AS n FROM t", "postgres", table.columns_of)
    assert len(found.columns[0].expression) == 2_000
    assert found.columns[0].expression.endswith(" ...")


def test_statements_have_their_lines():
    found = lineage_of("SELECT a FROM t;\n\n-- two\nSELECT b\nFROM t;\nSELEC", "postgres", table.columns_of)
    assert [statement.line for statement in found] == [1, 4, 6]


def test_only_the_tables_that_are_named_are_asked_for():
    asked = []
    lineage_of("INSERT INTO u WITH q AS (SELECT a FROM t) SELECT * FROM q", "postgres", asked.append)
    assert set(asked) == {("t",), ("u",)}


def test_an_unknown_dialect_is_named():
    with pytest.raises(ValueError, match=r"'klingon'; there are .*postgres"):
        lineage_of("SELECT 1", "klingon")


@pytest.mark.parametrize("platform", ["postgresql", "mssql", "mariadb", "SNOWFLAKE", "sql", ""])
def test_platforms_speak_a_dialect(platform):
    [found] = lineage_of("SELECT a FROM t", platform)
    assert found.status == "resolved"
