"""Commits that are no longer in the active timeline, from version 8 on: read for the count, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lumos_format_hudi.config import HudiConfig
from lumos_format_hudi.format import HudiFormat
from lumos_lake.testing import read_table

DATA = Path(__file__).parent / "data"
T1, T2, T3, T4 = (f"2026010{day}093000000" for day in range(1, 5))
HISTORY = "timeline/history"


@pytest.fixture
def archived(table, as_avro):
    """A table whose first two commits are in the history, one of them in the active timeline as well."""
    table.create(8, table__initial__version="8")
    said = {
        T1: table.said(table.stat("a", f"p/a_0_{T1}.parquet", 5, 50), table.stat("b", f"p/b_0_{T1}.parquet", 7, 70)),
        T2: table.said(table.stat("a", f"p/a_0_{T2}.parquet", 6, 60)),
    }
    for number, (instant, commit) in enumerate(said.items()):
        rows = [
            {"instantTime": instant, "completionTime": instant, "action": "commit", "metadata": as_avro(commit)},
            {"instantTime": T4, "completionTime": None, "action": "clean", "metadata": b"rubbish"},
        ]
        path = table.write(f"{HISTORY}/{number}.parquet", b"")
        pq.write_table(pa.Table.from_pylist(rows), path)
    table.commit(T2, table.stat("a", f"p/a_0_{T2}.parquet", 6, 60))
    table.commit(T3, table.stat("b", f"p/b_0_{T3}.parquet", 8, 80))
    manifest(table, "0.parquet", "1.parquet")
    table.write(f"{HISTORY}/manifest_1", "of before")
    table.write(f"{HISTORY}/9.parquet", "compacted away")
    return table


def manifest(table, *names):
    table.write(f"{HISTORY}/manifest_2", json.dumps({"files": [{"fileName": name, "fileLen": 1} for name in names]}))
    table.write(f"{HISTORY}/_version_", "2")


def test_the_history_is_counted(archived):
    assert archived.size() == (14, 140, 2) and not archived.ctx.warnings
    assert archived.size(statistics=False) is None


def test_the_history_of_an_upgraded_table_is_not_whole(archived):
    for first in ("6", "x"):
        archived.create(8, table__initial__version=first)
        assert archived.size() is None and not archived.ctx.warnings


@pytest.mark.parametrize(
    "name, content, why",
    [
        ("_version_", None, "no `_version_`"),
        ("_version_", "two", "no `_version_`"),
        ("_version_", "7", "manifest 7"),
        ("manifest_2", None, "manifest 2"),
        ("manifest_2", "{", "no manifest"),
        ("manifest_2", '{"files": [7]}', "no manifest"),
        ("1.parquet", None, "1.parquet, which is not there"),
        ("1.parquet", "rubbish", ""),
        ("1.parquet", "PAR1rubbishPAR1", ""),
    ],
)
def test_a_broken_history_leaves_the_count_out(archived, name, content, why):
    path = archived.folder / HISTORY / name
    path.unlink() if content is None else path.write_text(content)
    assert archived.size() is None and archived.table().fields
    assert "rows, bytes and files are not known" in archived.ctx.warnings[-1].message
    assert why in archived.ctx.warnings[-1].message


@pytest.mark.parametrize(
    "broken", [{"metadata": b"rubbish"}, {"metadata": b""}, {"metadata": None}, {"instantTime": None}]
)
def test_a_broken_commit_in_the_history(archived, broken):
    row = {"instantTime": T1, "completionTime": T1, "action": "commit", "metadata": b"{}", **broken}
    schema = pa.schema([(name, pa.string()) for name in list(row)[:3]] + [("metadata", pa.binary())])
    pq.write_table(pa.Table.from_pylist([row], schema), archived.folder / HISTORY / "1.parquet")
    assert archived.size() is None and len(archived.ctx.warnings) == 1


@pytest.mark.parametrize("column, values", [("metadata", [7]), ("instantTime", [7]), ("completionTime", [7])])
def test_a_history_of_other_types(archived, column, values):
    columns = {"instantTime": [T1], "completionTime": [T1], "action": ["commit"], "metadata": [b"{}"]}
    pq.write_table(pa.table({**columns, column: values}), archived.folder / HISTORY / "1.parquet")
    assert archived.size() is None and len(archived.ctx.warnings) == 1


def test_a_history_of_other_columns(archived):
    pq.write_table(pa.table({"x": [1]}), archived.folder / HISTORY / "0.parquet")
    assert archived.size() is None and len(archived.ctx.warnings) == 1


def test_a_history_beyond_the_limits(archived):
    assert archived.size(max_commits=6) == (14, 140, 2)
    assert archived.size(max_commits=5) is None and "max_commits" in archived.ctx.warnings[-1].message


@pytest.mark.parametrize("version, known", [("v6", False), ("v8", True), ("v9", True)])
def test_the_history_that_hudi_writes(version, known):
    said = json.loads((DATA / f"expected-{version}.json").read_text())["archived"]
    records = read_table(HudiFormat(HudiConfig()), DATA / version / "archived")
    sizes = [(record.value.row_count, record.value.file_count) for record in records if "#profile@" in record.urn]
    assert sizes == ([(said["rows"], len(said["files"]))] if known else [])
