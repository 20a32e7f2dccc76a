"""The enricher: from SQL of every origin to edges between datasets that exist, and gaps that are told."""

from __future__ import annotations

import copy
import json

import pytest
from lumos_lineage_sql import api
from lumos_lineage_sql.config import SqlEnricherConfig
from lumos_lineage_sql.enricher import SqlEnricher
from pydantic import ValidationError

from lumos_core.plugin_api import Code, ConfigError, Dataset, Field, Lineage, LineageEdge, Record, UnitError, urns
from lumos_core.testing.context import MemoryContext

PLACE = {"platform": "postgres", "database": "shop", "schema": "public"}


def urn(name, platform="postgres", **more):
    return urns.dataset(platform, name if "." in name else f"shop.public.{name}", **more)


def table(name, *columns, platform="postgres", lineage=None, sql=None, language="postgres", **more):
    captured = ["fields"] if columns else []
    captured += ["lineage"] if lineage else []
    code = [Code(role="definition", language=language, text=sql)] if sql else []
    value = Dataset(
        name=name.rpartition(".")[2],
        captured=captured,
        fields=[Field(column, type="int64") for column in columns],
        lineage=Lineage(upstreams=lineage) if lineage else None,
        code=code,
    )
    return Record(urn(name, platform, **more), value)


def run(records, base=None, ctx=None, **options):
    records = sorted(records, key=lambda record: record.urn)
    ctx = ctx or MemoryContext(map(copy.deepcopy, records))
    records = map(copy.deepcopy, records)
    config = SqlEnricherConfig.model_validate(options, context={"base": base})
    enricher = SqlEnricher(config)
    enricher.check(ctx)
    return {record.urn: record for record in enricher.enrich(records, ctx)}, ctx


def upstreams(record):
    return [] if record.value.lineage is None else [edge.urn for edge in record.value.lineage.upstreams]


def columns(record):
    lineage = record.value.lineage
    return (
        {}
        if lineage is None
        else {(tuple(edge.from_), tuple(edge.to)): (edge.subtype, edge.confidence) for edge in lineage.columns}
    )


T = table("t", "id", "a", "b")
U = table("u", "id", "x")


def scripts(tmp_path, **files):
    folder = tmp_path / "sql"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return [{"path": "sql", **PLACE}]


class TestDefinitions:
    def test_a_view_gets_table_and_column_lineage(self):
        view = table("v", "k", "total", sql="SELECT t.a AS k, sum(t.b) AS total FROM t WHERE t.id > 1 GROUP BY t.a")
        found, ctx = run([T, view])
        edges = columns(found[view.urn])
        assert upstreams(found[view.urn]) == [T.urn]
        assert edges == {
            ((f"{T.urn}#a",), ("#k",)): ("identity", "1"),
            ((f"{T.urn}#b",), ("#total",)): ("aggregate", "1"),
            ((f"{T.urn}#id",), (view.urn,)): ("filter", "1"),
            ((f"{T.urn}#a",), (view.urn,)): ("group_by", "1"),
        }
        assert {"lineage", "lineage.columns"} <= set(found[view.urn].value.captured)
        assert ctx.warnings == [] and ctx.declared == []

    def test_influences_can_be_left_out(self):
        view = table("v", "k", sql="SELECT t.a AS k FROM t WHERE t.id > 1")
        found, _ = run([T, view], influences=False)
        assert list(columns(found[view.urn])) == [((f"{T.urn}#a",), ("#k",))]

    def test_what_the_source_has_told_stays_as_it_was(self):
        told = [LineageEdge(T.urn, type="view"), LineageEdge(U.urn, via=urns.located("task", "airflow", "load"))]
        view = table("v", "k", sql="SELECT t.a AS k FROM t JOIN u ON true", lineage=told)
        found, _ = run([T, U, view])
        edges = found[view.urn].value.lineage.upstreams
        assert [(edge.urn, edge.via, edge.confidence) for edge in edges] == [
            (T.urn, None, None),
            (U.urn, urns.located("task", "airflow", "load"), None),
        ]

    def test_columns_are_matched_by_position_where_their_names_are_those_of_the_query(self):
        view = table("v", "p", "q", sql="SELECT a, b + 1 FROM t")
        found, _ = run([T, view])
        assert set(columns(found[view.urn])) == {((f"{T.urn}#a",), ("#p",)), ((f"{T.urn}#b",), ("#q",))}

    def test_a_column_that_the_view_does_not_have_is_not_invented(self):
        view = table("v", "k", sql="SELECT a AS k, b AS gone FROM t")
        found, _ = run([T, view])
        assert [to for _, to in columns(found[view.urn])] == [("#k",)]

    def test_an_unparsable_definition_is_a_gap_of_this_record_alone(self):
        broken, view = table("broken", "k", sql="SELECT FROM WHERE"), table("v", "k", sql="SELECT a AS k FROM t")
        found, ctx = run([T, broken, view])
        assert found[broken.urn].value.captured == ["fields"]
        assert ctx.coverage.gaps(broken.urn) == {"lineage", "lineage.columns"}
        assert ctx.coverage.gaps(view.urn) == frozenset()
        assert [(warning.code, warning.where) for warning in ctx.warnings] == [("sql-not-parsed", broken.urn)]

    def test_where_the_source_knows_the_tables_only_the_columns_are_a_gap(self):
        broken = table("broken", "k", sql="SELECT FROM WHERE", lineage=[LineageEdge(T.urn)])
        found, ctx = run([T, broken])
        assert upstreams(found[broken.urn]) == [T.urn]
        assert ctx.coverage.gaps(broken.urn) == {"lineage.columns"}

    def test_a_table_that_is_no_dataset_is_told_and_never_invented(self):
        views = [table(f"v{number}", "k", sql="SELECT n.k, t.a FROM nowhere AS n, t") for number in range(3)]
        found, ctx = run([T, *views])
        assert upstreams(found[views[0].urn]) == [T.urn]
        assert all("nowhere" not in ref for edge in columns(found[views[0].urn]) for ref in edge[0])
        assert [warning.message for warning in ctx.warnings] == [
            "no dataset is called nowhere, which SQL names 3 times"
        ]
        assert "no dataset is called nowhere" in ctx.declared[0].reason
        assert ctx.coverage.gaps(views[0].urn) == {"lineage", "lineage.columns"}

    def test_the_engine_s_own_tables_are_not_missed(self):
        view = table("v", "k", sql="SELECT c.relname AS k FROM pg_catalog.pg_class AS c")
        _, ctx = run([view])
        assert ctx.warnings == [] and ctx.declared == []

    def test_warnings_are_bounded(self):
        broken = [table(f"b{number}", sql="SELECT FROM WHERE") for number in range(30)]
        lost = [table(f"l{number}", sql=f"SELECT a FROM lost_{number}") for number in range(30)]
        _, ctx = run([*broken, *lost])
        messages = [warning.message for warning in ctx.warnings]
        assert sum("is not captured" in message for message in messages) == 20
        assert sum("no dataset is called" in message for message in messages) == 20
        assert "10 more of this kind" in messages and "10 more names are those of no dataset" in messages

    def test_a_star_over_unknown_columns_is_a_guess(self):
        blind = table("blind")
        view = table("v", "k", "n", sql="SELECT *, 1 AS n FROM blind")
        found, ctx = run([blind, view])
        assert columns(found[view.urn]) == {((f"{blind.urn}#k",), ("#k",)): ("identity", "0.5")}
        assert ctx.coverage.gaps(view.urn) == {"lineage", "lineage.columns"}

    def test_members_of_structs(self):
        source = Record(
            urn("j"), Dataset(name="j", captured=["fields"], fields=[Field("doc", type="struct"), Field("doc.city")])
        )
        view = table("v", "c", "d", sql="SELECT (doc).city AS c, (doc).unknown AS d FROM j")
        found, _ = run([source, view])
        assert set(columns(found[view.urn])) == {
            ((f"{source.urn}#doc.city",), ("#c",)),
            ((f"{source.urn}#doc",), ("#d",)),
        }

    def test_names_that_need_quotes(self):
        odd = Record(
            urn('shop.public."a.b"'), Dataset(name="a.b", captured=["fields"], fields=[Field("`x.y`", type="int64")])
        )
        view = table("v", "k", sql='SELECT "x.y" AS k FROM "a.b"')
        found, _ = run([odd, view])
        assert list(columns(found[view.urn])) == [((f"{odd.urn}#`x.y`",), ("#k",))]

    def test_instances_are_kept_apart(self):
        one, two = (table("t", "a", instance=name) for name in ("one", "two"))
        view = table("v", "a", sql="SELECT a FROM t", instance="two")
        found, _ = run([one, two, view])
        assert upstreams(found[view.urn]) == [two.urn]

    @pytest.mark.parametrize("stored", ["SHOP.PUBLIC.T", "shop.public.t"])
    def test_a_source_may_write_names_in_one_case(self, stored):
        source = table(stored, "A", platform="snowflake")
        view = table("SHOP.PUBLIC.V", "K", platform="snowflake", sql="select a as k from t", language="sql")
        found, _ = run([source, view])
        assert list(columns(found[view.urn])) == [((f"{source.urn}#A",), ("#K",))]

    def test_where_case_does_not_matter_any_case_is_found(self):
        source = table("Shop.dbo.Orders", "Id", platform="mssql")
        view = table("Shop.dbo.V", "id", platform="mssql", sql="SELECT ID FROM ORDERS", language=None)
        found, _ = run([source, view])
        assert list(columns(found[view.urn])) == [((f"{source.urn}#Id",), ("#id",))]

    def test_what_is_not_sql_is_left_alone(self):
        view = table("v", "k", platform="mongo", sql='[{"$match": {}}]', language="mongodb-aggregation")
        found, ctx = run([view])
        assert found[view.urn].value.lineage is None
        assert found[view.urn].value.captured == ["fields"]
        assert ctx.warnings == []

    def test_definitions_can_be_left_out(self):
        view = table("v", "k", sql="SELECT a AS k FROM t")
        found, _ = run([T, view], definitions=False)
        assert found[view.urn].value.lineage is None


class TestScripts:
    def test_a_script_gives_edges_with_their_place(self, tmp_path):
        sql = scripts(tmp_path, load="-- load\n\nINSERT INTO u (x)\nSELECT a + b FROM t;\nDELETE FROM t")
        found, ctx = run([T, U], tmp_path, sql=sql)
        [edge] = found[U.urn].value.lineage.upstreams
        [column] = found[U.urn].value.lineage.columns
        assert (edge.urn, edge.type, edge.properties) == (T.urn, "transformed", [("sql", "load.sql:3")])
        assert (column.from_, column.to, column.expression) == ([f"{T.urn}#a", f"{T.urn}#b"], ["#x"], "a + b")
        assert found[T.urn].value.lineage is None
        assert ctx.warnings == []

    def test_an_edge_that_two_scripts_give_is_one(self, tmp_path):
        text = "INSERT INTO u (x) SELECT a FROM t"
        found, _ = run([T, U], tmp_path, sql=scripts(tmp_path, one=text, two=text))
        assert len(found[U.urn].value.lineage.upstreams) == len(found[U.urn].value.lineage.columns) == 1
        assert found[U.urn].value.lineage.upstreams[0].properties == [("sql", "one.sql:1")]

    def test_a_column_that_feeds_another_of_its_own_table(self, tmp_path):
        found, _ = run([T], tmp_path, sql=scripts(tmp_path, s="UPDATE t SET a = b, b = b + 1"))
        assert upstreams(found[T.urn]) == []
        assert list(columns(found[T.urn])) == [(("#b",), ("#a",))]

    def test_a_broken_statement_has_its_line(self, tmp_path):
        sql = scripts(tmp_path, s="SELECT 1;\n\nINSERT INTO u SELEC a FROM t;\nINSERT INTO nowhere SELECT 1")
        _, ctx = run([T, U], tmp_path, sql=sql)
        assert [(warning.code, warning.where) for warning in ctx.warnings] == [
            ("sql-not-parsed", "s.sql:3"),
            ("sql-unknown-table", ""),
        ]

    def test_bytes_that_are_no_text(self, tmp_path):
        sql = scripts(tmp_path)
        (tmp_path / "sql" / "s.sql").write_bytes(b"\xef\xbb\xbfINSERT INTO u (x) SELECT a FROM t -- \xff\x00")
        found, _ = run([T, U], tmp_path, sql=sql)
        assert upstreams(found[U.urn]) == [T.urn]

    def test_a_large_file_is_a_gap(self, tmp_path):
        sql = scripts(tmp_path, s="SELECT 1;" * 1_000)
        _, ctx = run([T], tmp_path, sql=sql, max_text=2_000)
        assert "more than the 2000 characters" in ctx.warnings[0].message

    def test_one_file_and_a_folder_without_any(self, tmp_path):
        scripts(tmp_path, s="INSERT INTO u (x) SELECT a FROM t")
        (tmp_path / "empty").mkdir()
        found, ctx = run([T, U], tmp_path, sql=[{"path": "sql/s.sql", **PLACE}, {"path": "empty", **PLACE}])
        assert upstreams(found[U.urn]) == [T.urn]
        assert [warning.code for warning in ctx.warnings] == ["sql-no-files"]

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(ConfigError, match="there is no"):
            run([], tmp_path, sql=[{"path": "gone", **PLACE}])

    def test_an_unknown_dialect(self, tmp_path):
        with pytest.raises(ValidationError, match=r"no dialect is called so; there are .*snowflake"):
            run([], tmp_path, sql=[{"path": "sql", "dialect": "snowflak"}])


class TestLogs:
    def log(self, tmp_path, *lines):
        (tmp_path / "log.jsonl").write_text(
            "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        )
        return [{"path": "log.jsonl", **PLACE}]

    def test_a_query_is_a_record_without_its_data(self, tmp_path):
        line = {
            "query": "SELECT a FROM t /* secret */ WHERE b = 'ann@example.org'",
            "time": "2026-01-15T10:00:00+01:00",
        }
        same = {"query": "SELECT a  FROM t WHERE b = 'bob@example.org'", "time": 1768471200000, "user": "bob"}
        found, ctx = run([T], tmp_path, queries=self.log(tmp_path, line, same))
        [query] = [record for record in found.values() if record.kind == "job"]
        assert query.value.code[0].text == "SELECT a FROM t WHERE b = ?"
        assert upstreams(query) == [T.urn]
        assert list(columns(query)) == [((f"{T.urn}#a", f"{T.urn}#b"), (query.urn,))]
        usage = {record.urn.partition("#")[0]: record for record in found.values() if record.kind == "stats"}
        assert usage[T.urn].urn.endswith("#usage@2026-01-15T10:00:00Z")
        assert usage[T.urn].value.metrics == usage[query.urn].value.metrics == [("queries", 2), ("users", 1)]
        assert ctx.warnings == []

    def test_what_a_query_writes_is_partial_and_without_its_text(self, tmp_path):
        line = {"sql": "INSERT INTO u (x) SELECT CASE WHEN a = 'secret' THEN 1 END FROM t"}
        found, ctx = run([T, U], tmp_path, queries=self.log(tmp_path, line))
        [query] = [record for record in found.values() if record.kind == "job"]
        lineage = found[U.urn].value.lineage
        assert [(edge.urn, edge.query) for edge in lineage.upstreams] == [(T.urn, query.urn)]
        assert [edge.expression for edge in lineage.columns] == [None]
        assert ctx.coverage.gaps(U.urn) == {"lineage", "lineage.columns"}

    def test_lines_may_say_where_they_belong(self, tmp_path):
        other = table("shop.sales.t", "a")
        lines = [{"query": "SELECT a FROM t", "schema": "sales"}, {"query": "select A from T", "dialect": "snowflake"}]
        found, _ = run([T, other], tmp_path, queries=self.log(tmp_path, *lines))
        read = [upstreams(record) for record in found.values() if record.kind == "job"]
        assert sorted(read) == sorted([[other.urn], [T.urn]])

    def test_lines_that_are_none(self, tmp_path):
        bad = ["{", "[1]", "", '{"query": "SELECT FROM WHERE"}', '{"query": ""}', '{"query": "GRANT x TO y"}']
        found, ctx = run([T], tmp_path, queries=self.log(tmp_path, *bad, {"query": "SELECT a FROM t", "time": "soon"}))
        assert [warning.where for warning in ctx.warnings] == ["log.jsonl:1", "log.jsonl:2", "log.jsonl:4"]
        assert sum(record.kind == "job" for record in found.values()) == 1
        assert not any(record.kind == "stats" for record in found.values())

    def test_different_queries_are_bounded(self, tmp_path):
        [log] = self.log(tmp_path, *({"query": f"SELECT a AS a{number} FROM t"} for number in range(9)))
        found, ctx = run([T], tmp_path, queries=[{**log, "max_queries": 4}])
        assert sum(record.kind == "job" for record in found.values()) == 4
        assert "5 more different queries" in ctx.warnings[0].message


class TestDbt:
    def manifest(self, tmp_path, **nodes):
        base = {"resource_type": "model", "database": "shop", "schema": "public", "columns": {}}
        named = {f"model.shop.{name}": {**base, "name": name, **node} for name, node in nodes.items()}
        text = {"metadata": {"adapter_type": "postgres"}, "nodes": named, "sources": {}}
        (tmp_path / "manifest.json").write_text(json.dumps(text))
        return [{"path": "manifest.json"}]

    def test_models_are_written_by_their_compiled_sql(self, tmp_path):
        model = {"compiled_code": 'select a + 1 as x from "shop"."public"."t"', "original_file_path": "models/u.sql"}
        skipped = {"config": {"materialized": "ephemeral"}, "compiled_code": "select 1"}
        python = {"language": "python", "compiled_code": "def model(): ..."}
        test = {"resource_type": "test", "compiled_code": "select 1 from t"}
        dbt = self.manifest(tmp_path, m={**model, "alias": "u"}, e=skipped, p=python, q=test)
        found, ctx = run([T, U], tmp_path, dbt=dbt)
        assert list(columns(found[U.urn])) == [((f"{T.urn}#a",), ("#x",))]
        assert found[U.urn].value.lineage.upstreams[0].properties == [("sql", "models/u.sql:1")]
        assert ctx.warnings == []

    def test_what_is_not_compiled_or_not_understood(self, tmp_path):
        dbt = self.manifest(
            tmp_path, t={}, u={"compiled_code": "select from where"}, w={"compiled_code": "select 1 as a"}
        )
        _, ctx = run([T, U], tmp_path, dbt=dbt)
        codes = [warning.code for warning in ctx.warnings]
        assert codes == ["dbt-not-compiled", "sql-not-parsed", "sql-unknown-table"]
        assert ctx.coverage.gaps(U.urn) == {"lineage", "lineage.columns"}

    def test_another_file(self, tmp_path):
        (tmp_path / "manifest.json").write_text('{"nodes": [1]}')
        with pytest.raises(UnitError, match="not a manifest of dbt"):
            run([T], tmp_path, dbt=[{"path": "manifest.json"}])


class TestMemory:
    view = table("v", "k", sql="SELECT a AS k FROM t")

    def counted(self, monkeypatch):
        calls = []
        original = api.lineage_of
        monkeypatch.setattr(
            api, "lineage_of", lambda sql, *rest, **more: calls.append(sql) or original(sql, *rest, **more)
        )
        return calls

    def test_a_second_run_parses_nothing(self, monkeypatch):
        calls = self.counted(monkeypatch)
        first, ctx = run([T, self.view])
        again = MemoryContext([T, self.view])
        again.memo = ctx.memo
        second, _ = run([T, table("v", "k", sql="SELECT a AS k FROM t")], ctx=again)
        assert len(calls) == 1
        assert columns(second[self.view.urn]) == columns(first[self.view.urn])

    def test_a_table_with_other_columns_is_looked_at_again(self, monkeypatch):
        calls = self.counted(monkeypatch)
        star = [table("v", "id", "a", "b", sql="SELECT * FROM t")]
        _, ctx = run([T, *star])
        changed = table("t", "id", "a", "b", "c")
        again = MemoryContext([changed, *star])
        again.memo = ctx.memo
        run([changed, *star], ctx=again)
        assert len(calls) == 2

    @pytest.mark.parametrize("spoil", ["full", "garbage"])
    def test_memory_is_not_trusted_blindly(self, monkeypatch, spoil):
        calls = self.counted(monkeypatch)
        _, ctx = run([T, self.view])
        again = MemoryContext([T, self.view], full=spoil == "full")
        again.memo = dict.fromkeys(ctx.memo, b"\xff") if spoil == "garbage" else ctx.memo
        found, _ = run([T, self.view], ctx=again)
        assert len(calls) == 2
        assert upstreams(found[self.view.urn]) == [T.urn]


def test_cancelling_stops_between_files(tmp_path):
    sql = scripts(tmp_path, one="INSERT INTO u (x) SELECT a FROM t")
    ctx = MemoryContext([T, U])
    ctx.cancelled = lambda: True
    found, _ = run([T, U], tmp_path, ctx=ctx, sql=sql)
    assert found[U.urn].value.lineage is None


def test_catalogs_of_the_engine_itself_are_no_gap():
    """PostgreSQL writes `pg_class` without a schema, and no source reads it as a dataset."""
    records = [
        table("sizes", "relname", "id", sql="SELECT c.relname, t.id FROM pg_class AS c, public.t AS t"),
        table("t", "id"),
    ]
    found, ctx = run(records)
    assert columns(found[urn("sizes")]) == {((f"{urn('t')}#id",), ("#id",)): ("identity", "1")}
    assert not ctx.warnings and not ctx.coverage.incomplete
