"""What is read of a database, on a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lumos_source_postgres.types import extension

from lumos_core.model import types
from lumos_core.model.scope import Scope
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.kit.checks import check_record

TYPES = """
create schema s;
create type s.mood as enum ('sad', 'ok', 'happy');
alter type s.mood add value 'meh' before 'ok';
create domain s.email as varchar(100) not null constraint has_at check (value like '%@%');
create domain s.work as s.email check (value like '%.com');
create type s.geo as (lat float8, lon numeric(9,6));
create type s.address as (street text, place s.geo, tags text[]);
comment on column s.address.street is 'With number';
create collation s.german from "C";
create table s.row_type (a int, b text);
"""

COLUMNS = {
    "boolean": "bool",
    "smallint": "int16",
    "integer": "int32",
    "bigint": "int64",
    "oid": "uint32",
    "real": "float32",
    "double precision": "float64",
    "numeric": "opaque('numeric')",
    "numeric(12,2)": "decimal(12,2)",
    "numeric(76,76)": "decimal(76,76)",
    "numeric(77,0)": "opaque('numeric(77,0)')",
    "numeric(5,-2)": "opaque('numeric(5,-2)')",
    "numeric(2,5)": "opaque('numeric(2,5)')",
    "text": "string",
    "character varying": "string",
    "character varying(50)": "varchar(50)",
    "character(3)": "char(3)",
    "bpchar": "string",
    "name": "varchar(63 bytes)",
    '"char"': "opaque('\"char\"')",
    "bytea": "bytes",
    "uuid": "uuid",
    "json": "json",
    "jsonb": "json",
    "xml": "opaque('xml')",
    "date": "date",
    "time without time zone": "time(us)",
    "time(0) without time zone": "time(s)",
    "time(3) with time zone": "timetz(ms)",
    "timestamp without time zone": "timestamp(us)",
    "timestamp(2) without time zone": "timestamp(ms)",
    "timestamp(0) with time zone": "timestamptz(s)",
    "timestamp with time zone": "timestamptz(us)",
    "interval": "interval(month-day-nano)",
    "interval(3)": "interval(month-day-nano)",
    "interval year": "interval(year-month)",
    "interval year to month": "interval(year-month)",
    "interval day to second(3)": "interval(day-time)",
    "interval hour": "interval(day-time)",
    "bit(8)": "opaque('bit(8)')",
    "bit varying(10)": "opaque('bit varying(10)')",
    "money": "opaque('money')",
    "inet": "opaque('inet')",
    "int4range": "opaque('int4range')",
    "int4multirange": "opaque('int4multirange')",
    "point": "opaque('point')",
    "tsvector": "opaque('tsvector')",
    "regclass": "opaque('regclass')",
    "integer[]": "list<int32?>",
    "character varying(5)[]": "list<varchar(5)?>",
    "numeric(4,1)[]": "list<decimal(4,1)?>",
    "s.mood": "enum('sad','meh','ok','happy')",
    "s.mood[]": "list<enum('sad','meh','ok','happy')?>",
    "s.email": "varchar(100)",
    "s.email[]": "list<varchar(100)?>",
    "s.geo": "struct",
    "s.geo[]": "list<struct?>",
    "s.row_type": "struct",
}

EXTENSIONS = {
    "public.hstore": "map<string,string?>",
    "public.citext": "string",
    "public.isbn": "opaque('public.isbn')",
}


@pytest.mark.parametrize(
    "native, canonical",
    [
        *EXTENSIONS.items(),
        ("public.geometry(Point,4326)", "geometry('srid:4326')"),
        ("geometry", "geometry"),
        ("geo.geography(Polygon,4326)", "geography('srid:4326')"),
        ("public.vector(3)", "opaque('public.vector(3)')"),
    ],
)
def test_types_that_extensions_bring(native: str, canonical: str) -> None:
    name = native.rpartition(".")[2].partition("(")[0]
    assert types.render(extension(name, native)) == canonical


def test_every_type_is_exact_with_the_native_one_beside(db: Any) -> None:
    wanted = {**COLUMNS, **EXTENSIONS}
    for name in EXTENSIONS if not db.extensions("hstore", "citext", "isn") else ():
        del wanted[name]  # this server brings no extensions; their mapping has a test of its own
    columns = ", ".join(f"c{place} {native}" for place, native in enumerate(wanted))
    db.run(f"{TYPES} create table s.t ({columns})")
    fields = {field.path: field for field in db.dataset("s.t").fields if "." not in field.path}
    assert [(field.native_type, field.type) for field in fields.values()] == list(wanted.items())
    assert [fields[f"c{place}"].path for place in range(len(wanted))] == list(fields)


def test_composites_are_fields_below_and_domains_keep_their_rules(db: Any) -> None:
    db.run(f"{TYPES} create table s.t (home s.address, others s.address[], mail s.work, spoken text collate s.german)")
    fields = {field.path: field for field in db.dataset("s.t").fields}
    assert list(fields) == [
        *("home", "home.street", "home.place", "home.place.lat", "home.place.lon", "home.tags"),
        *("others", "others[].street", "others[].place", "others[].place.lat", "others[].place.lon", "others[].tags"),
        *("mail", "spoken"),
    ]
    assert fields["home.place.lon"].type == "decimal(9,6)"
    assert fields["others[].street"].description.source == "With number"
    mail = fields["mail"]
    assert (mail.type, mail.native_type, mail.nullable) == ("varchar(100)", "s.work", False)
    properties = dict(mail.properties)
    assert properties["postgres.domain"] == "s.work"
    assert "%.com" in properties["postgres.domain_check"] and "%@%" in properties["postgres.domain_check"]
    assert fields["spoken"].type == "string collate 's.german'"


def test_defaults_identity_generated_and_sequences(db: Any) -> None:
    db.run(
        "create table t (id bigint generated always as identity, other int generated by default as identity,"
        " number serial, name text not null default 'x', upper_name text generated always as (upper(name)) stored);"
        "create sequence free increment 5 maxvalue 100; comment on sequence free is 'Nobody''s'"
    )
    records = db.read()
    fields = {field.path: field for field in records["dataset", "public.t"].value.fields}
    assert fields["id"].generated == "always as identity"
    assert fields["other"].generated == "by default as identity"
    assert dict(fields["number"].properties) == {"postgres.sequence": "public.t_number_seq"}
    assert fields["number"].default.write == "nextval('public.t_number_seq'::regclass)"
    assert fields["name"].default.write == "'x'::text" and fields["name"].nullable is False
    assert fields["upper_name"].generated == "upper(name)" and fields["upper_name"].default is None
    sequences = {name: record.value for (kind, name), record in records.items() if kind == "asset"}
    assert list(sequences) == ["public.free"]
    assert dict(sequences["public.free"].properties)["postgres.increment"] == "5"
    assert sequences["public.free"].description.source == "Nobody's"


def test_constraints_and_indexes(db: Any) -> None:
    db.run(
        "create table a (id int primary key, x int, y int, unique (x, y),"
        " constraint pair unique (y) deferrable initially deferred);"
        "create table b (id int primary key, a int references a on delete cascade on update set null,"
        " x int, y int, parent int references b, during int4range,"
        " amount numeric constraint positive check (amount > 0),"
        " foreign key (y, x) references a (y, x), exclude using gist (during with &&));"
        "comment on constraint positive on b is 'No gifts'; alter table b add constraint late check (x > 1) not valid;"
        "create index plain on b (amount, x); create index backwards on b (x desc);"
        "create index filtered on b (lower(x::text)) where y > 0; "
        "create unique index one on b (x); comment on index one is '!'"
    )
    db.run("create unique index nulls on b (y) nulls not distinct")
    keys = {key.name: key for key in db.dataset("public.b").keys}
    a = f"urn:lumos:dataset:(postgres,{db.name}.public.a,PROD)"
    assert (keys["b_pkey"].type, keys["b_pkey"].columns) == ("primary", ["id"])
    assert keys["b_a_fkey"].references == [f"{a}#id"]
    assert dict(keys["b_a_fkey"].extra) == {"postgres/on_delete": '"cascade"', "postgres/on_update": '"set null"'}
    assert keys["b_parent_fkey"].references == ["#id"]
    assert (keys["b_y_x_fkey"].columns, keys["b_y_x_fkey"].references) == (["y", "x"], [f"{a}#y", f"{a}#x"])
    assert (keys["positive"].type, keys["positive"].expression) == ("check", "amount > (0)::numeric")
    assert dict(keys["positive"].extra) == {"postgres/comment": '"No gifts"'}
    assert dict(keys["late"].extra) == {"postgres/validated": "false"}
    assert keys["b_during_excl"].type == "exclusion" and "gist" in keys["b_during_excl"].expression
    assert (keys["plain"].type, keys["plain"].columns, keys["plain"].expression) == ("index", ["amount", "x"], None)
    assert "DESC" in keys["backwards"].expression and "WHERE (y > 0)" in keys["filtered"].expression
    assert (keys["one"].type, dict(keys["one"].extra)) == ("unique", {"postgres/comment": '"!"'})
    assert keys["nulls"].type == "index" and "NULLS NOT DISTINCT" in keys["nulls"].expression
    (pair,) = [key for key in db.dataset("public.a").keys if key.name == "pair"]
    assert dict(pair.extra) == {"postgres/deferrable": '"initially deferred"'}


def test_a_key_to_partitions_is_one_key(db: Any) -> None:
    """PostgreSQL keeps a constraint for every partition that is referred to; a new partition is no change of schema."""
    db.run("create table e (id int primary key) partition by range (id); create table f (e int references e)")
    before = db.dataset("public.f").keys
    db.run("create table e1 partition of e for values from (1) to (9)")
    assert db.dataset("public.f").keys == before
    assert [(key.name, key.columns) for key in before] == [("f_e_fkey", ["e"])]


def test_partitions_are_one_dataset(db: Any) -> None:
    db.run(
        "create table e (id bigint, at timestamp not null, region text, primary key (id, at, region))"
        " partition by range (at);"
        "create table e1 partition of e for values from ('2026-01-01') to ('2026-02-01') partition by list (region);"
        "create table e1_eu partition of e1 for values in ('eu'); create table e_rest partition of e default;"
        "create table m (at timestamp, k int) partition by hash (date_trunc('month', at), k);"
        "create view v as select * from e1_eu;"
        "insert into e select n, '2026-01-02', 'eu' from generate_series(1, 50) n;"
    )
    db.run("analyze e, e1_eu, e_rest")
    records = db.read()
    names = {name for kind, name in records if kind == "dataset"}
    assert names == {"public.e", "public.m", "public.v"}
    layout = records["dataset", "public.e"].value.layout
    assert [(part.path, part.transform) for part in layout.partition_by] == [("at", "range"), ("region", "list")]
    hashed = records["dataset", "public.m"].value.layout.partition_by
    assert [(part.path, part.transform) for part in hashed] == [
        ("at", "hash date_trunc('month'::text, at)"),
        ("k", "hash"),
    ]
    (edge,) = records["dataset", "public.v"].value.lineage.upstreams
    assert edge.urn == records["dataset", "public.e"].urn
    (stats,) = [record.value for (kind, name), record in records.items() if kind == "stats"]
    assert stats.row_count == 50 and dict(stats.metrics) == {"partitions": 2} and stats.size_bytes >= 8192


def test_views_know_what_they_read_without_a_parser(db: Any) -> None:
    db.run(
        "create table a (id int); create table b (id int); create view v as"
        " with x as (select * from a) select x.id, (select max(id) from b) as most from x;"
        "create view w as select * from v; create materialized view m as select 1 as one from w with no data"
    )
    records = db.read()
    upstreams = {
        name: {edge.urn.partition(".public.")[2].partition(",")[0] for edge in record.value.lineage.upstreams}
        for (kind, name), record in records.items()
        if kind == "dataset" and record.value.lineage
    }
    assert upstreams == {"public.v": {"a", "b"}, "public.w": {"v"}, "public.m": {"w"}}
    view = records["dataset", "public.v"].value
    assert view.subtype == "view" and "public.a" in view.code[0].text and view.code[0].language == "postgres"
    assert view.fields[0].nullable is None
    many = records["dataset", "public.m"].value
    assert many.subtype == "materialized view" and dict(many.properties) == {"postgres.populated": "false"}
    assert "lineage" not in records["dataset", "public.a"].value.captured


def test_comments_owners_grants_and_policies(db: Any, role: Callable[[str], str]) -> None:
    reader, owner = role("reader_x"), role("owner.y")
    db.run(
        f"create schema s authorization {reader}; comment on schema s is 'Space';"
        f"comment on database {db.name} is 'Whole'; create table t (id int, secret text);"
        "comment on table t is 'Rows';"
        f'alter table t owner to "{owner}"; grant select on t to {reader};'
        f"grant update on t to {reader} with grant option;"
        "grant select (id) on t to public; alter table t enable row level security;"
        f"create policy mine on t for select to {reader} using (id = 1) ;"
        "create policy no on t as restrictive with check (id > 0); comment on policy mine on t is 'Own';"
        "create unlogged table u (a int) with (fillfactor = 70); create table base (a int);"
        "create table child (b int) inherits (base)"
    )
    records = db.read()
    table = records["dataset", "public.t"].value
    assert table.description.source == "Rows"
    assert [entry.owner for entry in table.owners] == ["urn:lumos:role:(postgres,owner.y,PROD)"]
    urn = f"urn:lumos:role:(postgres,{reader},PROD)"
    assert {(grant.to, grant.privilege, grant.condition) for grant in table.access} == {
        (urn, "SELECT", None),
        (urn, "UPDATE", None),
        (urn, "POLICY SELECT", "USING (id = 1)"),
        ("urn:lumos:role:(postgres,public,PROD)", "RESTRICTIVE POLICY ALL", "WITH CHECK (id > 0)"),
    }
    assert ("postgres/grantable", "true") in [pair for grant in table.access for pair in grant.extra]
    assert dict(table.properties) == {"row_level_security": "enabled"}
    assert [grant.to for grant in table.fields[0].access] == ["urn:lumos:role:(postgres,public,PROD)"]
    assert records["container", "s"].value.description.source == "Space"
    assert records["container", db.name].value.description.source == "Whole"
    assert dict(records["dataset", "public.u"].value.layout.options) == {"fillfactor": "70", "unlogged": "true"}
    (parent,) = records["dataset", "public.child"].value.relations
    assert (parent.type, parent.target) == ("inherits", records["dataset", "public.base"].urn)
    assert records["group", reader].value.subtype == "role"


def test_foreign_tables_say_where_they_lead_but_no_secret(db: Any) -> None:
    db.run(
        "create foreign data wrapper toy; create server far foreign data wrapper toy options (host 'h');"
        "create foreign table f (a int) server far options (table_name 'x', schema_name 'y');"
        "create user mapping for public server far options (password 'hidden-word')"
    )
    record = db.read()["dataset", "public.f"]
    assert record.value.subtype == "foreign table"
    properties = dict(record.value.properties)
    assert properties["postgres.foreign_server"] == "far" and properties["postgres.foreign_option.table_name"] == "x"
    assert b"hidden-word" not in check_record(record)


NAMES = ['we.ird "q"', "näme😀", "line\nbreak", "comma,(x)", "per%cent", "slash\\", "a:b", "select", "UPPER", "`tick`"]


def test_names_of_any_kind_keep_apart(db: Any) -> None:
    quoted = ['"' + name.replace('"', '""') + '"' for name in NAMES]
    db.run("".join(f"create schema {name}; create table {name}.{name} ({name} int);" for name in quoted))
    db.run('create schema "a.b"; create schema a; create table "a.b".c (x int); create table a."b.c" (x int)')
    records = db.read()
    tables = [record for (kind, _), record in records.items() if kind == "dataset"]
    assert sorted(record.value.name for record in tables) == sorted([*NAMES, "c", "b.c"])
    assert len({record.urn for record in tables}) == len(NAMES) + 2
    for record in records.values():
        check_record(record)


def test_empty_temporary_and_system_relations(db: Any) -> None:
    db.run("create table nothing ()")
    with db.connect(autocommit=True) as held:
        held.execute("create temporary table mine (a int)")
        assert {name for kind, name in db.read() if kind == "dataset"} == {"public.nothing"}
    assert db.dataset("public.nothing").fields == []
    system = db.read(schemas=["information_schema", "pg_catalog"])
    assert ("dataset", "information_schema.columns") in system and ("dataset", "pg_catalog.pg_class") in system
    for record in system.values():
        check_record(record)


def test_patterns_leave_out_without_concluding_anything(db: Any) -> None:
    db.run(
        "create schema a; create schema b; create table a.x (i int); create table a.y (i int); create table b.z (i int)"
    )
    ctx = MemoryContext()
    found = {name for kind, name in db.read(ctx, schemas=["a"], exclude_tables=["a.y"]) if kind == "dataset"}
    assert found == {"a.x"}
    urn = f"urn:lumos:dataset:(postgres,{db.name}.%s,PROD)"
    assert ctx.coverage.complete(urn % "a.x") and ctx.coverage.complete(urn % "gone.table")
    assert ctx.coverage.complete(urn % "a.gone")
    assert not ctx.coverage.complete(urn % "a.y") and not ctx.coverage.complete(urn % "b.z")
    assert {name for kind, name in db.read(tables=["[xz]"]) if kind == "dataset"} == {"a.x", "b.z"}


def test_within_reads_and_declares_that_alone(db: Any) -> None:
    db.run("create table a (i int); create table b (i int); create view v as select * from b")
    urn = f"urn:lumos:dataset:(postgres,{db.name}.public.%s,PROD)"
    ctx = MemoryContext()
    found = db.read(ctx, Scope(urns=frozenset({urn % "b"})))
    assert {name for kind, name in found} == {"public.b"}
    assert ctx.coverage.complete(urn % "b") and not ctx.coverage.complete(urn % "a")
    whole = db.read()["dataset", "public.b"]
    assert check_record(found["dataset", "public.b"]) == check_record(whole)
    assert db.read(MemoryContext(), Scope(platform="mysql")) == {}


def test_databases_by_pattern(db: Any, server: Any) -> None:
    other = f"{db.name}_other"
    db.run("create table a (i int)")
    db.run(f"create database {other}")
    try:
        ctx = MemoryContext()
        records = db.read(ctx, databases=[f"{db.name}*"], instance="one")
        names = {name for kind, name in records if kind == "container"}
        assert {f"one:{db.name}", f"one:{other}"} <= names
        assert ("dataset", f"one:{db.name}.public.a") in records
        assert ctx.coverage.complete("urn:lumos:dataset:(postgres,one:dropped.public.t,PROD)")
        assert not ctx.coverage.complete("urn:lumos:dataset:(postgres,one:postgres.public.t,PROD)")
        assert records["container", f"one:{db.name}"].value.parent == "urn:lumos:service:(postgres,one,PROD)"
    finally:
        db.run(f"drop database {other} with (force)")


def test_usage_counts_and_statements(db: Any, server: Any) -> None:
    ctx = MemoryContext()
    db.run("create table a (i int); insert into a values (1); select * from a")
    found = db.read(ctx, usage=True)
    assert [notice.code for notice in ctx.warnings] == ["no-statements"]
    assert not any(kind == "job" for kind, _ in found)
    try:
        db.run("create extension pg_stat_statements; create schema x; alter extension pg_stat_statements set schema x")
    except Exception as error:
        pytest.skip(f"this server brings no pg_stat_statements: {error}")
    db.run("select i from a where i = 7")
    ctx = MemoryContext()
    found = db.read(ctx, usage=True)
    texts = [record.value.code[0].text for (kind, _), record in found.items() if kind == "job"]
    assert "select i from a where i = $1" in texts and ctx.warnings == []
    assert not ctx.coverage.complete(f"urn:lumos:query:(postgres,{db.name}.1,PROD)")
    for record in found.values():
        check_record(record)
