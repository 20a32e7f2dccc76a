from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_catalog_local import searching
from lumos_catalog_local.catalog import LocalCatalog
from lumos_catalog_local.config import LocalCatalogConfig
from lumos_catalog_local.fuzzy import distance, near
from lumos_catalog_local.query import parse
from lumos_catalog_local.words import facet_word, words

from lumos_core.plugin_api import (
    Dataset,
    Description,
    Field,
    Job,
    Lifecycle,
    Operation,
    Owner,
    TagLink,
    TermLink,
    urns,
)
from lumos_core.testing.context import MemoryContext

ORDERS = urns.dataset("file", "shop/orders")
CUSTOMERS = urns.dataset("file", "shop/customers")
MUENZEN = urns.dataset("postgres", "mart.Straße.münzen", "DEV")
GONE = urns.dataset("file", "shop/old_orders")
LOAD = urns.located("task", "airflow", "load_shop/orders")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = LocalCatalog(LocalCatalogConfig(path=tmp_path_factory.mktemp("catalog") / "catalog.db"))
    email = Field("customer.email", type="string", description=Description(source="Where to *write*"))
    email.tags = [TagLink(urns.plain("tag", "pii.email"))]
    fill(
        made,
        (
            ORDERS,
            Dataset(
                name="orders",
                subtype="table",
                fields=[Field("id", type="int64"), email, Field("paidAmount", type="decimal(18,2)")],
                owners=[Owner(urns.plain("group", "Check Out"))],
                terms=[TermLink(urns.plain("term", "sales.Revenue"))],
                domains=[urns.plain("domain", "sales.eu")],
                description=Description(source="word " * 60 + "One row per order of the customer " + "word " * 60),
            ),
        ),
        (
            CUSTOMERS,
            Dataset(
                name="customers",
                subtype="table",
                tags=[TagLink(urns.plain("tag", "gold"))],
                fields=[Field("id", type="int64"), Field("name", type="string"), Field("phone", type="string")],
                description=Description(source="People who placed orders"),
            ),
        ),
        (MUENZEN, Dataset(name="Münzen", fields=[Field("注文番号", type="string")])),
        (GONE, Dataset(name="old_orders", lifecycle=Lifecycle(removed=True))),
        (LOAD, Job(name="load orders")),
    )
    yield made
    made.close()


def fill(catalog: LocalCatalog, *records: tuple[str, Any]) -> None:
    batch = [Operation(kind=value.kind, urn=urn, action="create", set=value) for urn, value in records]
    assert {outcome.status for outcome in catalog.write(batch, MemoryContext())} == {"written"}


def found(catalog: LocalCatalog, query: str, **options: Any) -> list[str]:
    return [hit.urn for hit in catalog.explore(query, **options).hits]


@pytest.mark.parametrize(
    ("query", "urns_"),
    [
        ("customers", {CUSTOMERS}),
        ("Customer EMAIL", {ORDERS}),
        ("custom", {CUSTOMERS, ORDERS}),
        ("custom ", {ORDERS}),
        ('"row per order"', {ORDERS}),
        ('"per row"', set()),
        ("field:email", {f"{ORDERS}#customer.email"}),
        ("field:phone field:name", {f"{CUSTOMERS}#phone", f"{CUSTOMERS}#name"}),
        ("customers field:phone", {CUSTOMERS}),
        ("paidAmount", {ORDERS}),
        ("paidamount", {ORDERS}),
        ("amount", {ORDERS}),
        ("tag:pii", {ORDERS}),
        ("tag:pii.email", {ORDERS}),
        ("term:revenue", {ORDERS}),
        ("owner:check", {ORDERS}),
        ('owner:"check out"', {ORDERS}),
        ("owner:gold", set()),
        ("kind:job", {LOAD}),
        ("orders kind:dataset", {ORDERS, CUSTOMERS}),
        ("type:table -tag:gold", {ORDERS}),
        ("orders -customers -kind:job", {ORDERS}),
        ("domain:sales", {ORDERS}),
        ("domain:sales.eu", {ORDERS}),
        ("domain:eu", set()),
        ("platform:postgres", {MUENZEN}),
        ("env:dev", {MUENZEN}),
        ("name:orders", {ORDERS, LOAD}),
        ("description:placed", {CUSTOMERS}),
        ("munzen", {MUENZEN}),
        ("MÜNZEN strasse", {MUENZEN}),
        ("注文", {MUENZEN}),
        ("文注", set()),
        ("orders AND customers", {CUSTOMERS}),
        ("shop/customers", {CUSTOMERS}),
        ("unknown:orders", set()),
        ("-tag:gold", {ORDERS, MUENZEN, LOAD}),
    ],
)
def test_query_language(catalog: LocalCatalog, query: str, urns_: set[str]) -> None:
    assert set(found(catalog, query)) == urns_
    assert {hit.urn for hit in catalog.search(query)} == urns_


def test_a_name_counts_more_than_a_field_and_a_field_more_than_a_description(tmp_path: Path) -> None:
    catalog = LocalCatalog(LocalCatalogConfig(path=tmp_path / "c.db"))
    noise = [(urns.dataset("file", f"t{n}"), Dataset(name=f"t{n}", fields=[Field(f"f{n}")])) for n in range(20)]
    said = Dataset(name="b", description=Description(source="about invoice"))
    fill(
        catalog,
        *noise,
        (urns.dataset("file", "b"), said),
        (urns.dataset("file", "a"), Dataset(name="a", fields=[Field("invoice")])),
        (urns.dataset("file", "z"), Dataset(name="invoice")),
    )
    hits = list(catalog.search("invoice"))
    assert [urns.name(hit.urn) for hit in hits] == ["z", "a", "b"]
    assert hits[0].score > hits[1].score > hits[2].score
    catalog.close()


def test_exact_words_come_before_beginnings(catalog: LocalCatalog) -> None:
    hits = list(catalog.search("customer"))
    assert [hit.urn for hit in hits] == [ORDERS, CUSTOMERS]
    assert hits[0].score >= hits[1].score


def test_hits_tell_where(catalog: LocalCatalog) -> None:
    (hit,) = catalog.search("email")
    assert hit.fields == (f"{ORDERS}#customer.email",)
    assert hit.snippet == "customer.email string: Where to *write*"
    assert ("tag", "pii.email") in hit.facets
    assert ("owner", "Check Out") in hit.facets
    (hit,) = catalog.search('"row per order"')
    assert "One row per order" in hit.snippet
    assert hit.snippet.startswith("…") and hit.snippet.endswith("…") and len(hit.snippet) < 170
    (hit,) = catalog.search("field:email")
    assert (hit.name, hit.kind) == ("orders.customer.email", "dataset")


def test_removed_records_are_hidden_unless_asked_for(catalog: LocalCatalog) -> None:
    assert GONE not in found(catalog, "old orders")
    page = catalog.explore("old_orders", include_removed=True)
    assert [(hit.urn, hit.removed) for hit in page.hits] == [(GONE, True)]


def test_filters(catalog: LocalCatalog) -> None:
    assert found(catalog, "", filters={"tag": ["PII"]}) == [ORDERS]
    assert set(found(catalog, "", filters={"tag": ["pii.email", "gold"]})) == {ORDERS, CUSTOMERS}
    assert found(catalog, "orders", filters={"tag": ["gold"], "kind": ["dataset"]}) == [CUSTOMERS]
    assert found(catalog, "orders", filters={"tag": ["go"]}) == []
    assert found(catalog, "", filters={"owner": ["check out"]}) == [ORDERS]
    assert set(found(catalog, "orders", filters={"tag": []})) == {ORDERS, CUSTOMERS, LOAD}
    assert found(catalog, "", filters={"tag": ['"x" OR *']}) == []


def test_pages_and_totals(catalog: LocalCatalog) -> None:
    whole = found(catalog, "orders")
    assert [urn for offset in range(4) for urn in found(catalog, "orders", limit=1, offset=offset)] == whole
    page = catalog.explore("orders", limit=1)
    assert (page.total, page.more, len(page.hits)) == (3, False, 1)
    assert {count.value: count.count for count in page.facets["kind"]} == {"dataset": 2, "job": 1}
    assert catalog.explore("", limit=0).total == 4
    assert list(catalog.search("orders", 0)) == []


def test_typing_errors_are_forgiven(catalog: LocalCatalog) -> None:
    page = catalog.explore("custoemrs")
    assert page.hits[0].urn == CUSTOMERS
    assert page.corrected == "customers"
    assert "customers" in page.suggestions
    page = catalog.explore("tag:gold ordres")
    assert page.corrected == "tag:gold orders"
    assert [hit.urn for hit in page.hits] == [CUSTOMERS]
    assert catalog.explore("customer.emial").corrected == '"customer email"'
    assert catalog.explore("field:phoen").corrected == "field:phone"
    assert [hit.urn for hit in catalog.explore("field:phoen").hits] == [f"{CUSTOMERS}#phone"]


def test_suggestions(catalog: LocalCatalog) -> None:
    assert catalog.explore("custom").suggestions == ("customer", "customers")
    assert catalog.explore("orders zzzzzz").suggestions == ("orders",)
    assert catalog.explore("gold revenue").suggestions == ("revenue", "gold")
    assert catalog.explore("zzzzzz").suggestions == ()
    page = catalog.explore("zzzzzz")
    assert (page.total, page.empty) == (0, False)


def test_wide_answers_come_by_column(catalog: LocalCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = {query: set(found(catalog, query)) for query in ("orders", "id", "orders kind:dataset", "shop -tag:gold")}
    for bound in (0, 1, 2):
        monkeypatch.setattr(searching, "BOUND", bound)
        for query, urns_ in exact.items():
            hits = list(catalog.search(query))
            assert {hit.urn for hit in hits} == urns_, (bound, query)
            assert len(hits) == len(urns_), "each once"
        assert next(iter(catalog.search("orders"))).urn in {ORDERS, LOAD}, "names first"
        page = catalog.explore("orders")
        assert page.total == min(3, bound) if page.more else page.total == 3


def test_an_empty_catalog(tmp_path: Path) -> None:
    catalog = LocalCatalog(LocalCatalogConfig(path=tmp_path / "none" / "catalog.db"))
    assert catalog.explore("x").empty
    assert list(catalog.search("x")) == []
    assert not (tmp_path / "none").exists(), "reading makes nothing"
    catalog.close()


@given(st.text(max_size=30))
def test_words_are_what_the_index_takes_as_words(text: str) -> None:
    for word in words(text):
        assert word and all(not char.isascii() or char.isalnum() for char in word)
        assert word == word.casefold() or not word.isascii()
    assert all(not char.isascii() or char.isalnum() for char in facet_word("tag", text))


@given(st.text(max_size=30))
def test_any_text_is_taken_apart(text: str) -> None:
    query = parse(text)
    for term in query.terms:
        assert text[term.span[0] : term.span[1]]
        assert bool(term.words) != bool(term.facet)
    assert query.replaced(dict.fromkeys(query.terms, "")) is not None


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance(one: str, other: str) -> None:
    exact = plain_distance(one, other)
    for most in (0, 1, 2, 6):
        assert distance(one, other, most) == min(exact, most + 1)
    assert distance(one, other, 6) == distance(other, one, 6)


def plain_distance(one: str, other: str) -> int:
    rows = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            if not i or not j:
                rows[i][j] = i + j
                continue
            best = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                best = min(best, rows[i - 2][j - 2] + 1)
            rows[i][j] = best
    return rows[-1][-1]


def test_near_words_of_a_short_one_are_found(catalog: LocalCatalog) -> None:
    with catalog._file.reading() as connection:
        assert [item.word for item in near(connection, "naem")] == ["name"]
        assert near(connection, "di") == []
        assert near(connection, "custmer")[0].word == "customer"
