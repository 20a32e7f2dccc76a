"""`migrate` between catalogs in memory: what arrives, what is left alone, what is told."""

from __future__ import annotations

import json

import pytest

from lumos_core.errors import ConfigError, UsageError
from lumos_core.migration.migrating import migrate
from lumos_core.model import urns
from lumos_core.model.elements import Description, Lifecycle, Lineage, LineageEdge, Owner, TagLink
from lumos_core.model.entities import Dataset, Field
from lumos_core.model.record import Record, canonical
from lumos_core.testing.estates import Estate

ORDERS = urns.dataset("pg", "shop.orders")
CUSTOMERS = urns.dataset("pg", "shop.customers")


def said(records):
    """Lines without what the catalog looked at."""
    lines = {}
    for urn, record in records.items():
        record.value.captured = []
        lines[urn] = canonical(record)
    return lines


def dataset(name="orders", **keys):
    value = Dataset(name=name, **keys)
    value.captured = sorted({key for key in keys if key not in ("aliases", "parent")})
    return value


def test_everything_arrives_and_a_second_migration_writes_nothing(ends):
    source, target = ends("a", Estate(datasets=30, fields=6, stats=False).records()), ends("b")
    result = migrate(source, target)
    assert result.exit_code == 0
    assert dict(result.tally.records) == {"identical": len(ends.records("a"))}
    assert result.planned["create"] == len(ends.records("a"))
    assert said(ends.records("a")) == said(ends.records("b"))
    assert not list(result.losses())
    again = migrate(source, target)
    assert again.planned == {"keep": len(ends.records("a"))}
    assert not again.outcomes


def test_what_only_the_target_says_stays(ends):
    ours = dataset(tags=[TagLink("urn:lumos:tag:a")], fields=[Field("id"), Field("x", type="int64")])
    theirs = dataset(
        tags=[TagLink("urn:lumos:tag:b")],
        fields=[Field("id", description=Description(manual="The key")), Field("own")],
        description=Description(manual="Ours"),
    )
    other = Record(CUSTOMERS, dataset("customers"))
    source, target = ends("a", [Record(ORDERS, ours)]), ends("b", [Record(ORDERS, theirs), other])
    result = migrate(source, target)
    now = ends.records("b")[ORDERS].value
    assert [link.tag for link in now.tags] == ["urn:lumos:tag:a", "urn:lumos:tag:b"]
    assert now.description == Description(manual="Ours")
    assert [field.path for field in now.fields] == ["id", "x", "own"]
    assert now.fields[0].description == Description(manual="The key")
    assert CUSTOMERS in ends.records("b")
    assert result.tally.records == {"identical": 1}


@pytest.mark.parametrize(("decide", "wins"), [("source", "A"), ("target", "B"), ("merge", "B")])
def test_a_conflict_is_decided_or_left_and_told(ends, decide, wins):
    source = ends("a", [Record(ORDERS, dataset(description=Description(manual="A")))])
    target = ends("b", [Record(ORDERS, dataset(description=Description(manual="B")))])
    result = migrate(source, target, on_conflict=decide)
    assert ends.records("b")[ORDERS].value.description.manual == wins
    assert [met.key for met in result.conflicts] == (["description.manual"] if decide == "merge" else [])
    if decide == "merge":
        assert result.tally.records == {"conflict": 1}


def test_stop_writes_nothing_when_there_is_a_conflict(ends):
    source = ends("a", [Record(ORDERS, dataset(description=Description(manual="A"))), Record(CUSTOMERS, dataset("c"))])
    target = ends("b", [Record(ORDERS, dataset(description=Description(manual="B")))])
    with pytest.raises(UsageError, match="different things in 1 place") as caught:
        migrate(source, target, on_conflict="stop")
    assert caught.value.exit_code == 2
    assert list(ends.records("b")) == [ORDERS]


def test_a_dry_run_writes_nothing_at_all(ends):
    source, target = ends("a", [Record(ORDERS, dataset())]), ends("b")
    result = migrate(source, target, dry_run=True)
    assert [operation.action for operation in result.operations] == ["create"]
    assert [proven.verdict for proven in result.records] == ["identical"]
    assert not ends.records("b")
    assert sorted(path.name for path in target.parent.iterdir()) == ["b.yaml"]


def test_things_with_a_shared_alias_are_one_and_all_references_follow(ends):
    old, new, reader, theirs = ORDERS, urns.dataset("pg", "main:shop.orders"), CUSTOMERS, urns.dataset("pg", "own")
    lineage = Lineage(upstreams=[LineageEdge(old)])
    source = ends(
        "a",
        [
            Record(old, dataset(aliases=[("vendor", "42")], owners=[Owner("urn:lumos:user:ann")])),
            Record(reader, dataset("customers", lineage=lineage)),
        ],
    )
    pointing = dataset("own", lineage=lineage, description=Description(manual=f"see [it]({old})"))
    target = ends("b", [Record(new, dataset(aliases=[("vendor", "42")])), Record(theirs, pointing)])
    result = migrate(source, target)
    there = ends.records("b")
    assert old not in there
    assert there[new].value.owners == [Owner("urn:lumos:user:ann")]
    assert ("lumos", old) in there[new].value.aliases
    assert [edge.urn for edge in there[reader].value.lineage.upstreams] == [new]
    assert [edge.urn for edge in there[theirs].value.lineage.upstreams] == [new]
    assert there[theirs].value.description.manual == f"see [it]({new})"
    assert result.renamed == 1
    assert [proven.former for proven in result.records if proven.former] == [old]
    assert result.tally.records == {"identical": 2}


def test_what_may_be_one_thing_and_is_not_known_to_be_is_left_as_two(ends):
    source = ends("a", [Record(ORDERS, dataset(aliases=[("vendor", "42")]))])
    twins = [Record(urns.dataset("pg", name), dataset(aliases=[("vendor", "42")])) for name in ("x", "y")]
    result = migrate(source, ends("b", twins))
    assert len(result.ambiguous) == 2
    assert ORDERS in ends.records("b")


def test_names_are_replaced_in_every_reference_but_not_where_the_target_has_its_own(ends):
    moved = urns.dataset("mysql", "shop.orders")
    source = ends(
        "a",
        [
            Record(ORDERS, dataset()),
            Record(CUSTOMERS, dataset("customers", lineage=Lineage(upstreams=[LineageEdge(ORDERS)]))),
        ],
    )
    own = Record(urns.dataset("x", "own"), dataset("own", lineage=Lineage(upstreams=[LineageEdge(ORDERS)])))
    kept = Record(urns.dataset("x", "kept"), dataset("kept", lineage=Lineage(upstreams=[LineageEdge(CUSTOMERS)])))
    target = ends("b", [own, kept, Record(CUSTOMERS, dataset("customers"))])
    migrate(source, target, platforms={"pg": "mysql"})
    there = ends.records("b")
    assert moved in there
    assert ORDERS not in there
    assert [edge.urn for edge in there[urns.dataset("mysql", "shop.customers")].value.lineage.upstreams] == [moved]
    assert [edge.urn for edge in there[own.urn].value.lineage.upstreams] == [moved]
    assert [edge.urn for edge in there[kept.urn].value.lineage.upstreams] == [CUSTOMERS]


def test_two_records_that_would_get_one_name_are_refused(ends):
    other = urns.dataset("mysql", "shop.orders")
    source = ends("a", [Record(ORDERS, dataset()), Record(other, dataset())])
    with pytest.raises(UsageError, match="one URN"):
        migrate(source, ends("b"), platforms={"pg": "mysql"})
    assert not ends.records("b")


def test_only_what_is_selected_moves(ends):
    source = ends("a", [Record(ORDERS, dataset()), Record(CUSTOMERS, dataset("customers"))])
    result = migrate(source, ends("b"), select="shop.ord")
    assert list(ends.records("b")) == [ORDERS]
    assert result.read["source"] == 1
    migrate(source, ends("c"), select="*customers")
    assert list(ends.records("c")) == [CUSTOMERS]


def test_what_fails_is_told_and_tried_again(ends):
    source, target = ends("a", [Record(ORDERS, dataset()), Record(CUSTOMERS, dataset("customers"))]), ends("b")
    ends.of("b").broken[ORDERS] = RuntimeError("not now")
    result = migrate(source, target)
    assert result.exit_code == 3
    assert result.tally.records == {"failed": 1, "identical": 1}
    assert [(failure.urn, failure.reason) for failure in result.failures] == [(ORDERS, "not now")]
    ends.of("b").broken.clear()
    again = migrate(source, target, resume=True)
    assert again.exit_code == 0
    assert again.tally.records == {"identical": 2}
    assert again.id == result.id


def test_what_is_soft_deleted_arrives_so_and_removes_nothing(ends):
    gone = Lifecycle(removed=True)
    source = ends("a", [Record(ORDERS, dataset(lifecycle=gone)), Record(CUSTOMERS, dataset("c", lifecycle=gone))])
    target = ends("b", [Record(CUSTOMERS, dataset("c"))])
    result = migrate(source, target)
    assert ends.records("b")[ORDERS].value.lifecycle == gone
    assert ends.records("b")[CUSTOMERS].value.lifecycle is None
    assert {proven.urn: proven.verdict for proven in result.records} == {ORDERS: "identical", CUSTOMERS: "conflict"}
    assert migrate(source, target).planned == {"keep": 2}


def test_what_was_soft_deleted_in_the_target_lives_again(ends):
    source = ends("a", [Record(ORDERS, dataset())])
    target = ends("b", [Record(ORDERS, dataset(lifecycle=Lifecycle(removed=True, status="old")))])
    result = migrate(source, target)
    assert result.planned["restore"] == 1
    assert ends.records("b")[ORDERS].value.lifecycle == Lifecycle(status="old")


def test_a_listing_that_fails_writes_nothing(ends):
    source, target = ends("a", [Record(ORDERS, dataset())]), ends("b")
    ends.of("b").listing = RuntimeError("half of it")
    with pytest.raises(Exception, match="could not be read"):
        migrate(source, target)
    assert not ends.records("b")


def test_the_reports_say_the_same_as_the_result(ends):
    source = ends("a", [Record(ORDERS, dataset(description=Description(manual="<b>A")))])
    target = ends("b", [Record(ORDERS, dataset(description=Description(manual="B")))])
    result = migrate(source, target)
    report = json.loads((result.folder / "report.json").read_text())
    assert report["format"] == "lumos-migration/1"
    assert report["verdicts"] == {"conflict": 1}
    assert report["conflicts"][0]["key"] == "description.manual"
    assert [record["urn"] for record in report["records"]] == [ORDERS]
    html = (result.folder / "report.html").read_text()
    assert "&lt;b&gt;A" in html
    assert "<b>A" not in html


def test_a_file_without_catalogs_or_of_the_same_catalog_is_refused(ends, tmp_path):
    with pytest.raises(ConfigError, match="same catalog"):
        migrate(ends("a"), ends("a"))
    path = tmp_path / "none.yaml"
    path.write_text("name: none\n")
    with pytest.raises(ConfigError) as caught:
        migrate(ends("a"), path)
    assert "names no catalog" in str(caught.value.problems[0])
    path.write_text("catalog:\n  - {type: local}\n")
    with pytest.raises(ConfigError) as caught:
        migrate(ends("a"), path)
    assert any("catalogs" in str(problem) for problem in caught.value.problems)


def test_one_of_several_catalogs_must_be_chosen(ends, tmp_path):
    ends("a", [Record(ORDERS, dataset())])
    both = tmp_path / "both.yaml"
    type_ = "lumos_core.testing.reference:MemoryCatalog"
    both.write_text(
        f"catalogs:\n- {{type: '{type_}', name: one, world: {ends.world('a')}}}\n"
        f"- {{type: '{type_}', name: two, world: {ends.world('c')}}}\n"
    )
    with pytest.raises(UsageError, match="several"):
        migrate(both, ends("b"))
    migrate(both, ends("b"), from_catalog="one")
    assert ORDERS in ends.records("b")
    with pytest.raises(UsageError, match="three"):
        migrate(both, ends("b"), from_catalog="three")
