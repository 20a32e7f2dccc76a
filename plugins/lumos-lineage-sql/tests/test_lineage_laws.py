"""What must hold for every query: names, formatting and wrapping do not matter, what is added adds only itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from lumos_lineage_sql import StatementLineage, lineage_of

TABLES = {
    "orders": ("id", "total", "day", "buyer"),
    "people": ("nr", "mail", "city"),
    "items": ("pos", "price", "kind"),
}
NAMES = sorted({*TABLES, *(column for columns in TABLES.values() for column in columns)})


@dataclass
class Query:
    """A query over one or two tables, with the words it is made of."""

    select: list[tuple[str, str]]
    source: str
    tail: str = ""

    @property
    def sql(self) -> str:
        return f"SELECT {', '.join(f'{sql} AS {name}' for sql, name in self.select)} FROM {self.source}{self.tail}"


@st.composite
def expressions(draw, tables):
    table = draw(st.sampled_from(tables))
    column = f"{table}.{draw(st.sampled_from(TABLES[table]))}"
    other = draw(st.sampled_from(tables))
    second = f"{other}.{draw(st.sampled_from(TABLES[other]))}"
    form = draw(
        st.sampled_from(
            [
                "{a}",
                "{a} + {b}",
                "COALESCE({a}, {b}, 0)",
                "CASE WHEN {a} > 1 THEN {b} END",
                "SUM({a})",
                "SUM({a}) OVER (PARTITION BY {b})",
                "(SELECT MAX({t}.{c}) FROM {t} WHERE {t}.{c} = {a})",
            ]
        )
    )
    inner = draw(st.sampled_from(sorted(set(TABLES) - set(tables))))
    return form.format(a=column, b=second, t=inner, c=TABLES[inner][0])


@st.composite
def queries(draw):
    tables = draw(st.lists(st.sampled_from(sorted(TABLES)), min_size=1, max_size=2, unique=True))
    select = [
        (sql, f"out_{place}") for place, sql in enumerate(draw(st.lists(expressions(tables), min_size=1, max_size=4)))
    ]
    source = tables[0]
    if len(tables) == 2:
        left, right = (f"{table}.{TABLES[table][0]}" for table in tables)
        source = (
            f"{tables[0]} {draw(st.sampled_from(['JOIN', 'LEFT JOIN', 'FULL JOIN']))} {tables[1]} ON {left} = {right}"
        )
    tail = draw(st.sampled_from(["", f" WHERE {tables[0]}.{TABLES[tables[0]][1]} IS NOT NULL"]))
    return Query(select, source, tail)


def lineage(sql: str, tables=TABLES) -> StatementLineage:
    [found] = lineage_of(sql, "postgres", lambda name: tables.get(name[-1]))
    assert found.status == "resolved"
    return found


def columns(found: StatementLineage) -> list[tuple[str, tuple]]:
    return [(column.name, column.sources) for column in found.columns]


def renamed(text: str) -> str:
    return re.sub(rf"\b({'|'.join(NAMES)})\b", r"x_\1", text)


@given(queries())
def test_renaming_everything_renames_the_lineage(query):
    tables = {renamed(table): tuple(map(renamed, names)) for table, names in TABLES.items()}
    after = lineage(renamed(query.sql), tables)
    before = lineage(query.sql)

    def turned(source):
        return tuple(map(renamed, source.table)), renamed(source.column)

    def plain(source):
        return source.table, source.column

    assert [(c.name, sorted((turned(s), k) for s, k in c.sources)) for c in before.columns] == [
        (c.name, sorted((plain(s), k) for s, k in c.sources)) for c in after.columns
    ]
    assert sorted((turned(i.source), i.kind) for i in before.influences) == sorted(
        (plain(i.source), i.kind) for i in after.influences
    )


@given(
    queries(),
    st.sampled_from(["SELECT * FROM ({}) AS w", "WITH w AS ({}) SELECT * FROM w", "SELECT w.* FROM ({}) AS w"]),
)
def test_wrapping_a_query_changes_nothing(query, wrapper):
    plain, wrapped = lineage(query.sql), lineage(wrapper.format(query.sql))
    assert wrapped == plain


@given(queries())
def test_a_temporary_table_in_between_changes_nothing(query):
    [found] = lineage_of(
        f"CREATE TEMP TABLE w AS {query.sql}; CREATE VIEW v AS SELECT * FROM w",
        "postgres",
        lambda name: TABLES.get(name[-1]),
    )
    plain = lineage(query.sql)
    assert (found.columns, found.tables, found.influences) == (plain.columns, plain.tables, plain.influences)


@given(queries(), st.sampled_from(sorted(TABLES)))
def test_a_column_that_nobody_reads_changes_nothing(query, table):
    more = {**TABLES, table: (*TABLES[table], "added")}
    assert lineage(query.sql, more) == lineage(query.sql)


@given(queries(), st.data())
def test_a_column_that_is_selected_besides_adds_only_itself(query, data):
    tables = [table for table in TABLES if re.search(rf"\b{table}\b", query.source)]
    extra = data.draw(expressions(tables))
    more = lineage(Query([*query.select, (extra, "added")], query.source, query.tail).sql)
    assert columns(more)[:-1] == columns(lineage(query.sql))


@given(queries(), st.sampled_from(["\n", "\t ", "  ", " /* a */ ", " -- a\n"]))
def test_formatting_does_not_matter(query, space):
    assert lineage(query.sql.replace(" ", space)) == lineage(query.sql)
    assert lineage(query.sql.lower()) == lineage(query.sql)


@given(queries(), queries())
def test_a_union_has_the_sources_of_both(one, two):
    width = min(len(one.select), len(two.select))
    one, two = (Query(query.select[:width], query.source, query.tail) for query in (one, two))
    both = lineage(f"{one.sql} UNION ALL {two.sql}")
    for place in range(width):
        expected = {source for query in (one, two) for source, _ in lineage(query.sql).columns[place].sources}
        assert {source for source, _ in both.columns[place].sources} == expected
