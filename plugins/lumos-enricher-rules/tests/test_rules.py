"""What a rules file does to records, and what it never does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lumos_enricher_rules.config import RulesEnricherConfig
from lumos_enricher_rules.enricher import RulesEnricher
from lumos_enricher_rules.globs import Glob

from lumos_core.plugin_api import (
    ConfigError,
    Dataset,
    Description,
    Field,
    Lineage,
    LineageEdge,
    Link,
    Owner,
    Record,
    Scope,
    TagLink,
    urns,
)
from lumos_core.testing.context import MemoryContext


def table(name, *paths, **keys):
    fields = [Field(path, type="string") for path in paths]
    return Record(urns.dataset("file", name), Dataset(name=name, captured=["fields"], fields=fields, **keys))


@pytest.fixture
def enrich(tmp_path):
    def run(rules, *records, **options):
        (tmp_path / "rules.yaml").write_text(rules)
        ctx = MemoryContext(records)
        made = RulesEnricher(RulesEnricherConfig(path=tmp_path / "rules.yaml", **options))
        made.check(ctx)
        return {record.urn: record.value for record in made.enrich(iter(records), ctx)}, ctx

    return run


ORDERS, MAIL = urns.dataset("file", "orders"), urns.dataset("file", "mail")


def test_sets_grow_and_the_last_fitting_rule_decides(enrich):
    found, _ = enrich(
        """
        datasets:
          - {match: "*", description: general, owners: [{owner: "group:data"}], properties: {a: "1", b: "1"}}
          - {match: ORDERS, description: special, owners: [{owner: "user:ann", type: steward}], properties: {b: "2"}}
        """,
        table("orders", "id"),
        table("mail", "id"),
    )
    assert found[ORDERS].description == Description(source="special")
    assert found[MAIL].description == Description(source="general")
    assert found[ORDERS].owners == [
        Owner("urn:lumos:group:data"),
        Owner("urn:lumos:user:ann", type="urn:lumos:ownership_type:steward"),
    ]
    assert found[ORDERS].properties == [("a", "1"), ("b", "2")]
    assert {"owners", "description", "lineage"} <= set(found[MAIL].captured)


def test_a_source_is_never_overruled(enrich):
    told = table("orders", "id", description=Description(source="from the file"))
    found, _ = enrich("datasets: [{match: orders, description: from the rules}]", told)
    assert found[ORDERS].description == Description(source="from the file", others=[("rules", "from the rules")])


def test_every_key_of_a_dataset(enrich):
    found, _ = enrich(
        """
        datasets:
          - match: [orders]
            display_name: Orders
            tags: [gold]
            terms: [order]
            domains: [sales]
            data_products: [sales-360]
            links: [{url: "https://wiki/orders", label: Wiki, type: documentation}]
            schedule: {cron: "30 2 * * *", time_zone: Europe/Berlin, lag_min: 5, lag_max: 60, grain: day}
            fields:
              "*_id": {tags: [key], terms: [id], description: A number, display_name: Number}
        """,
        table("orders", "order_id", "note"),
    )
    value = found[ORDERS]
    assert value.display_name.shown == "Orders"
    assert [link.tag for link in value.tags] == ["urn:lumos:tag:gold"]
    assert [link.term for link in value.terms] == ["urn:lumos:term:order"]
    assert value.domains == ["urn:lumos:domain:sales"]
    assert [link.product for link in value.data_products] == ["urn:lumos:data_product:sales-360"]
    assert value.links == [Link("https://wiki/orders", type="documentation", label="Wiki")]
    assert (value.schedule.cron, value.schedule.time_zone, value.schedule.lag_max) == (
        "30 2 * * *",
        "Europe/Berlin",
        60,
    )
    known, other = value.fields
    assert (known.description.shown, known.display_name.shown) == ("A number", "Number")
    assert [link.tag for link in known.tags] == ["urn:lumos:tag:key"]
    assert [link.term for link in known.terms] == ["urn:lumos:term:id"]
    assert not other.tags
    assert other.description is None


def test_personal_data_is_a_guess_and_says_so(enrich):
    orders = table("orders", "Customer.Email", "email_sent", "id", "phone")
    orders.value.fields[3].tags = [TagLink("urn:lumos:tag:pii.phone")]
    found, _ = enrich(
        """
        pii:
          - {match: [email], tag: pii.email}
          - {match: "*phone*", tag: pii.phone}
          - {match: id, tag: pii.id, datasets: "other*"}
        """,
        orders,
    )
    tags = {field.path: field.tags for field in found[ORDERS].fields}
    (guess,) = tags["Customer.Email"]
    assert (guess.tag, guess.layer) == ("urn:lumos:tag:pii.email", "automated")
    assert "email" in guess.reason
    assert tags["email_sent"] == tags["id"] == []
    assert [tag.layer for tag in tags["phone"]] == [None], "what somebody set is not guessed again"


def test_lineage_of_datasets_columns_and_jobs(enrich):
    found, ctx = enrich(
        """
        jobs: [{id: nightly/load, platform: airflow, name: Load}]
        lineage:
          - from: ["raw*", "urn:lumos:dataset:(postgres,shop.t,PROD)"]
            to: orders
            via: nightly/load
            type: transformed
            columns: [{from: ["raw_a#x", "raw_b#y"], to: [id], expression: x + y}]
        """,
        table("orders", "id"),
        table("raw_a", "x"),
        table("raw_b", "y"),
    )
    job = "urn:lumos:task:(airflow,nightly/load,PROD)"
    a, b = urns.dataset("file", "raw_a"), urns.dataset("file", "raw_b")
    lineage = found[ORDERS].lineage
    sources = [a, b, "urn:lumos:dataset:(postgres,shop.t,PROD)"]
    assert lineage.upstreams == [LineageEdge(urn, via=job, type="transformed") for urn in sources]
    (column,) = lineage.columns
    assert (column.from_, column.to, column.expression) == ([f"{a}#x", f"{b}#y"], ["#id"], "x + y")
    assert found[job].parent == "urn:lumos:flow:(airflow,nightly,PROD)"
    assert "urn:lumos:flow:(airflow,nightly,PROD)" in found
    assert ctx.warnings == []


def test_lineage_is_united_with_what_is_known(enrich):
    known = table("orders", "id", lineage=Lineage(upstreams=[LineageEdge("urn:lumos:dataset:(x,y,PROD)")]))
    found, _ = enrich("lineage: [{from: [mail], to: [orders]}]", known, table("mail", "id"))
    assert [edge.urn for edge in found[ORDERS].lineage.upstreams] == [MAIL, "urn:lumos:dataset:(x,y,PROD)"]


def test_people_domains_terms_and_tags(enrich):
    found, ctx = enrich(
        """
        users: [{id: ann, name: Ann A, email: a@x.org, title: Analyst, active: false, groups: [shop]}]
        groups: [{id: shop, email: s@x.org, parent: company}, {id: company}]
        ownership_types: [{id: steward, description: Keeps it tidy}]
        domains: [{id: sales, parent: business}]
        data_products: [{id: sales-360}]
        terms: [{id: order, synonyms: [b, a], parent: shop}]
        tags: [{id: pii.email, parent: pii, description: Mail}]
        """,
        complete=["user", "tag"],
    )
    ann = found["urn:lumos:user:ann"]
    assert (ann.email, ann.title, ann.active, ann.display_name.shown) == ("a@x.org", "Analyst", False, "Ann A")
    assert [(link.type, link.target) for link in ann.relations] == [("member_of", "urn:lumos:group:shop")]
    assert found["urn:lumos:group:shop"].parent == "urn:lumos:group:company"
    assert found["urn:lumos:tag:pii.email"].parent == "urn:lumos:tag:pii"
    assert found["urn:lumos:term:order"].synonyms == ["a", "b"]
    assert found["urn:lumos:domain:sales"].parent == "urn:lumos:domain:business"
    assert found["urn:lumos:ownership_type:steward"].description.shown == "Keeps it tidy"
    assert "urn:lumos:data_product:sales-360" in found
    assert ctx.coverage.complete("urn:lumos:user:somebody")
    assert not ctx.coverage.complete("urn:lumos:group:some")
    assert all(covered.scope != Scope() for covered in ctx.declared)


def test_what_fits_nothing_is_reported(enrich):
    _, ctx = enrich(
        """
        datasets: [{match: ordres, description: x}, {match: orders, fields: {nmae: {description: y}}}]
        lineage: [{from: [rwa], to: orders, via: nightly}]
        """,
        table("orders", "name"),
    )
    told = {notice.message for notice in ctx.warnings}
    assert told == {
        "no dataset is called ordres",
        "no field is called nmae",
        "no dataset is called 'rwa'",
        "`via` names the job 'nightly', which is not in `jobs`",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("datasets: [{match: x, ownres: []}]", "ownres"),
        ("datasets: [{match: x, schedule: {cron: daily}}]", "five fields"),
        ("version: 2", "version"),
        ("users: [{name: Ann}]", "id"),
        ("- a list", "mapping"),
    ],
)
def test_mistakes_have_a_place(enrich, text, message):
    with pytest.raises(ConfigError) as caught:
        enrich(text)
    assert message in str(caught.value)
    assert "rules.yaml" in str(caught.value)


def test_a_missing_file_is_a_clear_error(tmp_path):
    enricher = RulesEnricher(RulesEnricherConfig(path=tmp_path / "nothing.yaml"))
    with pytest.raises(ConfigError, match=r"nothing\.yaml"):
        enricher.check(MemoryContext())
    with pytest.raises(ConfigError, match=r"nothing\.yaml"):
        enricher.check_files()


WORDS = st.text(alphabet="abAB.[]()+^$\\\n", max_size=8)


@given(WORDS, WORDS)
def test_a_name_without_wildcards_fits_only_itself_whatever_its_case(name, other):
    assert Glob([name])(other) == (name.lower() == other.lower())


@given(WORDS, WORDS, WORDS)
def test_wildcards_fit_anything(before, inside, after):
    assert Glob([f"{before}*{after}"])(before + inside + after)
    assert Glob([f"{before}?{after}"])(before + inside + after) == (len(inside) == 1)
