"""The lineage of whole reports, against `sqllineage`, an implementation that shares no line with ours.

Runs in the session `sql-oracle`, which installs sqllineage. A difference that is not explained here is a failure, and
so is an explanation that is no longer needed.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from lumos_lineage_sql import lineage_of

FIXTURES = Path(__file__).parent / "fixtures"
Edges = set[tuple[str, str]]


runner = pytest.importorskip("sqllineage.runner")
config = pytest.importorskip("sqllineage.config")
dummy = pytest.importorskip("sqllineage.core.metadata.dummy")

EXPLAINED = dict(line.split(" | ") for line in (FIXTURES / "oracle.txt").read_text(encoding="utf-8").splitlines())
"""Construct of the table -> why sqllineage says something else."""

_SPEC = importlib.util.spec_from_file_location("fixture_table", Path(__file__).with_name("fixture_table.py"))
table = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(table)
CASES = {case.name: case for case in table.cases()}
VIEWS, SCHEMA = table.views(), table.WAREHOUSE


def ours(sql: str, dialect: str, schema: dict[str, list[str]]) -> tuple[set[str], Edges]:
    """Tables that are read, and (column of a table, column of a target)."""
    tables, edges = set(), set()
    for found in lineage_of(sql, dialect, lambda name: schema.get(name[-1].lower()) if len(name) == 1 else None):
        tables |= {".".join(name).lower() for name in found.tables}
        for column in found.columns:
            target = ".".join((*(found.target or ()), column.name)).lower()
            edges |= {(".".join((*source.table, source.column)).lower(), target) for source, _ in column.sources}
    return tables, edges


def theirs(sql: str, dialect: str, schema: dict[str, list[str]]) -> tuple[set[str], Edges]:
    """The same, as sqllineage says it."""
    provider = dummy.DummyMetaDataProvider({f"main.{name}": columns for name, columns in schema.items()})
    with config.SQLLineageConfig(DEFAULT_SCHEMA="main"):
        found = runner.LineageRunner(
            sql, dialect={"spark": "sparksql"}.get(dialect, dialect), metadata_provider=provider
        )
        tables = {_plain(name) for name in found.source_tables}
        edges = {(_plain(path[0]), _plain(path[-1])) for path in found.get_column_lineage()}
    # It takes COUNT(*) for a read of a column `*`; we say that a count comes from no column.
    return tables, {edge for edge in edges if not edge[0].endswith(".*") or edge[1].endswith(".*")}


def _plain(name: object) -> str:
    return str(name).lower().replace("main.", "")


@pytest.mark.parametrize("name", VIEWS)
def test_reports_against_sqllineage(name):
    assert ours(VIEWS[name], "postgres", SCHEMA) == theirs(VIEWS[name], "postgres", SCHEMA)


@pytest.mark.parametrize("name", CASES)
def test_constructs_against_sqllineage(name):
    """Equal, or different for a reason that is written down; never equal where a difference is."""
    case = CASES[name]
    query = case.sql.startswith(("SELECT", "WITH")) and " INTO " not in case.sql
    sql = f"CREATE VIEW out_v AS {case.sql}" if query else case.sql
    try:
        same = ours(sql, case.dialect, table.SCHEMA) == theirs(sql, case.dialect, table.SCHEMA)
    except Exception:  # sqllineage raises for what it cannot read
        same = False
    assert same == (name not in EXPLAINED), EXPLAINED.get(name, "a difference that nobody has explained")


def test_every_explanation_is_of_a_construct():
    assert EXPLAINED.keys() <= CASES.keys()
