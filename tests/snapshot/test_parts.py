"""Selecting, merging, moving, importing: what is left is true, and so is its coverage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lumos_core.errors import SnapshotError, UsageError
from lumos_core.model import urns
from lumos_core.model.coverage import Coverage
from lumos_core.model.elements import Code, Description, Lineage, LineageEdge, Owner, Relation
from lumos_core.model.entities import Container, Dataset, Field, Foreign, Stats, Tag, Term
from lumos_core.model.record import AnyRecord, Record, canonical
from lumos_core.model.scope import Covered, Scope
from lumos_core.snapshot.api import (
    convert_snapshot,
    merge_snapshots,
    read_snapshot,
    textconv_snapshot,
    transform_snapshot,
    validate_snapshot,
    write_snapshot,
)
from lumos_core.snapshot.frame import SourceInfo
from lumos_core.snapshot.select import intersect, parse_selection
from lumos_core.snapshot.transform import Transformation
from lumos_core.testing.strategies import record_lists

ALL = frozenset({"record", "fields"})
POSTGRES = Coverage([Covered(Scope(platform="postgres"), ALL)])


def dataset(name: str, **keys: object) -> AnyRecord:
    return Record(urns.dataset("postgres", name), Dataset(name=name, captured=["fields"], **keys))


# Selecting

PARTS = st.sampled_from(["", "a", "a.", "a.b", "b"])
SCOPES = st.builds(
    Scope,
    st.frozensets(st.sampled_from(["dataset", "container", "tag"]), max_size=2),
    st.sampled_from(["", "p", "q"]),
    st.sampled_from(["", "PROD", "DEV"]),
    st.lists(PARTS.filter(bool), max_size=2).map(lambda some: tuple(sorted(set(some)))),
    st.frozensets(
        st.sampled_from([urns.dataset("p", "a.b"), urns.dataset("q", "b", "DEV"), "urn:lumos:tag:a"]), max_size=2
    ),
)
URNS = [
    *(urns.located(type_, platform, name, env) for type_ in ("dataset", "container") for platform in "pq"
      for name in ("a", "a.b", "a.c", "b", "c") for env in ("PROD", "DEV")),
    "urn:lumos:tag:a", "urn:lumos:tag:b",
]  # fmt: skip


@settings(max_examples=400)
@given(SCOPES, SCOPES)
def test_an_intersection_holds_what_is_in_both(one: Scope, other: Scope) -> None:
    both = intersect(one, other)
    for urn in URNS:
        expected = one.matches(urn) and other.matches(urn)
        assert (both is not None and both.matches(urn)) == expected


@pytest.mark.parametrize(
    "text, found",
    [
        ("shop.", {"shop.a", "shop.b"}),
        ("shop.a", {"shop.a"}),
        ("other", set()),
        ("urn:lumos:dataset:(postgres,shop.a,PROD)", {"shop.a"}),
        ("urn:lumos:dataset:(postgres,shop.a,PROD)#id", {"shop.a"}),
        ("*.b", {"shop.b", "crm.b"}),
        ("urn:lumos:dataset:*", {"shop.a", "shop.b", "crm.b"}),
        ("inst:x", {"x"}),
    ],
)
def test_a_selection_is_a_prefix_a_urn_or_a_glob(tmp_path: Path, text: str, found: set[str]) -> None:
    records = [dataset(name) for name in ("shop.a", "shop.b", "crm.b")]
    records.append(Record(urns.dataset("mysql", "x", instance="inst"), Dataset(name="x", captured=["fields"])))
    records.append(Record("urn:lumos:tag:shop", Tag(name="t")))
    stats = Record(f"{records[0].urn}#profile@2026-01-15T10:00:00Z", Stats(row_count=1))
    write_snapshot(tmp_path / "a.lumos.jsonl", [*records, stats], coverage=POSTGRES)
    convert_snapshot(tmp_path / "a.lumos.jsonl", tmp_path / "b.lumos.jsonl", select=text)
    part = read_snapshot(tmp_path / "b.lumos.jsonl")
    lines = list(part.records())
    names = {record.value.name for record in lines if record.kind == "dataset"}
    assert names >= found and (names == found or text == "urn:lumos:dataset:*")
    assert any(record.kind == "stats" for record in lines) == ("shop.a" in found)
    for record in records:
        selected = record.kind == "dataset" and record.value.name in found and "postgres" in record.urn
        assert part.coverage.complete(record.urn) == (selected and "*" not in text)


def test_a_selection_that_says_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="empty selection"):
        parse_selection("")
    with pytest.raises(UsageError, match="not a URN"):
        parse_selection("urn:lumos:nothing")


def test_the_empty_prefix_means_names_without_an_instance() -> None:
    plain, other = Scope(platform="p", prefixes=("",)), Scope(prefixes=("b:",))
    assert intersect(plain, other) is None
    assert intersect(plain, plain) == plain
    assert intersect(plain, Scope(prefixes=("shop.",))) == Scope(platform="p", prefixes=("shop.",))
    assert intersect(Scope(prefixes=("a", "b:")), plain) == Scope(platform="p", prefixes=("a",))
    moved = Transformation(names={"a.": "b."}).coverage(Coverage([Covered(plain, ALL)]))
    assert moved.declared() == [Covered(plain, ALL)]


def test_leaving_out_stats_is_recorded(tmp_path: Path) -> None:
    stats = Record(f"{urns.dataset('postgres', 'a')}#profile@2026-01-15T10:00:00Z", Stats(row_count=1))
    whole = write_snapshot(tmp_path / "a.lumos.jsonl", [dataset("a"), stats], coverage=POSTGRES)
    part = convert_snapshot(whole.path, tmp_path / "b.lumos.jsonl", stats=False)
    assert (part.digest, part.counts, part.stats_path) == (whole.digest, {"dataset": 1}, None)
    coverage = read_snapshot(part.path).coverage
    assert coverage.complete(dataset("a").urn)
    assert [c.reason for c in coverage.incomplete] == ["exported without stats"]


# Merging


@settings(deadline=None, max_examples=40)
@given(record_lists(max_size=5), record_lists(max_size=5))
def test_merging_holds_every_record_of_each(tmp_path_factory, one: list[AnyRecord], other: list[AnyRecord]) -> None:
    folder = tmp_path_factory.mktemp("merge")
    paths = [folder / "one.lumos.jsonl", folder / "other.lumos.jsonl"]
    for path, records in zip(paths, (one, other), strict=True):
        write_snapshot(path, records)
    info, _ = merge_snapshots(paths, folder / "both.lumos.jsonl")
    merged = {(record.kind, record.urn) for record in read_snapshot(info.path).records()}
    assert merged == {(record.kind, record.urn) for record in (*one, *other)}
    same, conflicts = merge_snapshots([paths[0], paths[0]], folder / "same.lumos.jsonl")
    assert same.digest == read_snapshot(paths[0]).digests()[0] and not conflicts


def test_contradictions_are_named_and_the_first_stands(tmp_path: Path) -> None:
    ann, bob = Owner("urn:lumos:user:ann"), Owner("urn:lumos:user:bob")
    one = dataset("a", subtype="table", fields=[Field("id", type="int64")], owners=[ann])
    two = dataset("a", subtype="view", fields=[Field("id", type="int32"), Field("x")], owners=[bob])
    gap = Coverage([Covered(Scope(platform="postgres"), frozenset({"fields"}), "failed", "denied")])
    write_snapshot(tmp_path / "one.lumos.jsonl", [one], coverage=POSTGRES, sources=[SourceInfo("a", ("source",))])
    write_snapshot(
        tmp_path / "two.lumos.yaml", [two, dataset("b")], coverage=gap, sources=[SourceInfo("a", ("manual",))]
    )
    info, conflicts = merge_snapshots(
        [tmp_path / "one.lumos.jsonl", tmp_path / "two.lumos.yaml"], tmp_path / "m.lumos.jsonl"
    )
    merged = read_snapshot(info.path)
    first, second = merged.records()
    assert first.value.subtype == "table"
    assert [field.type for field in first.value.fields] == ["int64"]
    assert first.value.owners == [ann, bob]
    assert second.urn.endswith("b,PROD)")
    assert {(c.key, c.kept, c.dropped) for c in conflicts} == {
        ("subtype", '"table"', '"view"'),
        ("fields[id].type", '"int64"', '"int32"'),
        ("fields[x]", "null", '"x"'),
    }
    assert all(c.kept_from.endswith("one.lumos.jsonl") and c.dropped_from.endswith("two.lumos.yaml") for c in conflicts)
    assert merged.coverage.complete(first.urn) and not merged.coverage.complete(first.urn, "fields")
    assert merged.header.sources == (SourceInfo("a", ("manual", "source")),)
    with pytest.raises(UsageError, match="nothing to merge"):
        merge_snapshots([], tmp_path / "m.lumos.jsonl")


# Moving


def test_everything_moves_to_other_places(tmp_path: Path) -> None:
    orders, raw = urns.dataset("postgres", "shop.public.orders"), urns.dataset("s3", "raw/orders")
    value = Dataset(
        captured=["code", "description", "lineage"],
        parent=urns.container("postgres", "shop.public"),
        description=Description(source=f"[o]({orders}#id)"),
        aliases=[("former", orders)],
        code=[Code(text=f"-- {orders}")],
        lineage=Lineage(upstreams=[LineageEdge(raw), LineageEdge("urn:lumos:dataset:(postgres,crm.a,PROD)")]),
    )
    records: list[AnyRecord] = [
        Record(orders, value),
        Record(f"{orders}#profile@2026-01-15T10:00:00Z", Stats(related=[("of", orders)])),
        Record(f"{orders}#datahub/x", Foreign(body="{}", refs=[("/a", f"{orders}#id")])),
        Record("urn:lumos:foreign:(atlas,postgres)", Foreign(body="1")),
        Record(urns.container("postgres", "shop.public"), Container(name="public")),
        Record("urn:lumos:term:shop", Term(relations=[Relation("related", orders)])),
        Record("urn:lumos:tag:old", Tag()),
    ]
    coverage = Coverage(
        [
            Covered(Scope(platform="postgres", env="PROD", prefixes=("shop.public.", "crm.")), ALL),
            Covered(Scope(platform="postgres", env="PROD", prefixes=("shop.",)), frozenset({"owners"})),
            Covered(Scope(platform="postgres", prefixes=("shop.",)), frozenset({"tags"}), "failed"),
            Covered(Scope(types=frozenset({"term"})), ALL),
        ]
    )
    write_snapshot(tmp_path / "a.lumos.jsonl", records, coverage=coverage)
    info = transform_snapshot(
        tmp_path / "a.lumos.jsonl",
        tmp_path / "b.lumos.jsonl",
        platforms={"postgres": "mysql"},
        environments={"PROD": "DEV"},
        names={"shop.public": "store", "urn:lumos:tag:old": "urn:lumos:tag:new"},
    )
    moved = read_snapshot(info.path)
    found = {record.urn: record.value for record in moved.records()}
    new = "urn:lumos:dataset:(mysql,store.orders,DEV)"
    assert set(found) == {
        new,
        f"{new}#profile@2026-01-15T10:00:00Z",
        f"{new}#datahub/x",
        "urn:lumos:foreign:(atlas,postgres)",
        "urn:lumos:container:(mysql,store,DEV)",
        "urn:lumos:term:shop",
        "urn:lumos:tag:new",
    }
    assert found[new].parent == "urn:lumos:container:(mysql,store,DEV)"
    assert found[new].description.source == f"[o]({new}#id)"
    assert [edge.urn for edge in found[new].lineage.upstreams] == [
        "urn:lumos:dataset:(mysql,crm.a,DEV)",
        "urn:lumos:dataset:(s3,raw/orders,DEV)",
    ]
    assert found[new].aliases == [("former", orders)] and found[new].code[0].text == f"-- {orders}"
    assert found["urn:lumos:term:shop"].relations[0].target == new
    assert moved.coverage.complete(new) and moved.coverage.complete("urn:lumos:dataset:(mysql,crm.a,DEV)")
    assert not moved.coverage.complete(new, "owners")
    assert not moved.coverage.complete(new.replace("DEV", "PROD"))
    assert moved.coverage.gaps("urn:lumos:dataset:(mysql,shop.x,DEV)") == {"tags"}
    assert not moved.coverage.complete("urn:lumos:term:shop")


def test_moving_nothing_changes_nothing(tmp_path: Path) -> None:
    before = write_snapshot(tmp_path / "a.lumos.jsonl", [dataset("a"), dataset("b")], coverage=POSTGRES)
    after = transform_snapshot(before.path, tmp_path / "b.lumos.jsonl")
    assert (after.digest, after.coverage.declared()) == (before.digest, POSTGRES.declared())


def test_two_records_may_not_move_to_one_place(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "a.lumos.jsonl", [dataset("a"), dataset("b")])
    with pytest.raises(SnapshotError, match="written twice"):
        transform_snapshot(tmp_path / "a.lumos.jsonl", tmp_path / "b.lumos.jsonl", names={"b": "a"})
    moves = {dataset("a").urn: "urn:lumos:tag:a"}
    with pytest.raises(SnapshotError, match="cannot be moved"):
        transform_snapshot(tmp_path / "a.lumos.jsonl", tmp_path / "b.lumos.jsonl", names=moves)


@given(record_lists(max_size=3))
def test_moving_there_and_back_gives_the_same(records: list[AnyRecord]) -> None:
    there = Transformation(platforms={"postgres": "moved"}, environments={"DEV": "TEST"})
    back = Transformation(platforms={"moved": "postgres"}, environments={"TEST": "DEV"})
    for record in records:
        before = canonical(record)
        assert canonical(back.record(there.record(record))) == before


# Reading


def test_textconv_has_a_line_per_field_and_element(tmp_path: Path) -> None:
    fields = [Field("id", type="int64"), Field("a\nb", nullable=True, description=Description(source="x"))]
    record = dataset("a", fields=fields, description=Description(source="one\ntwo", manual="three"))
    write_snapshot(tmp_path / "a.lumos.jsonl", [record])
    assert list(textconv_snapshot(tmp_path / "a.lumos.jsonl")) == [
        "dataset urn:lumos:dataset:(postgres,a,PROD)",
        "  captured: fields",
        "  description.manual: three",
        '  description.source: "one\\ntwo"',
        "  field id: int64",
        '  field "a\\nb": unknown {"description":{"source":"x"},"nullable":true}',
        "  name: a",
    ]


@settings(deadline=None, max_examples=40)
@given(record_lists())
def test_textconv_tells_all_records_apart(tmp_path_factory, records: list[AnyRecord]) -> None:
    path = tmp_path_factory.mktemp("text") / "a.lumos.jsonl"
    write_snapshot(path, records)
    heads = [line for line in textconv_snapshot(path, stats=True) if not line.startswith("  ")]
    assert sorted(heads) == sorted(f"{record.kind} {record.urn}" for record in records)
    assert all("\n" not in line for line in heads)
    assert sum(validate_snapshot(path).values()) == len(records)


def test_stats_in_the_same_file_are_read_and_twice_is_an_error(tmp_path: Path) -> None:
    stats = Record(f"{dataset('a').urn}#profile@2026-01-15T10:00:00Z", Stats(row_count=1))
    info = write_snapshot(tmp_path / "a.lumos.jsonl", [dataset("a"), stats])
    assert info.stats_path is not None
    assert len(list(read_snapshot(info.path).records())) == 2
    assert len(list(read_snapshot(info.path, stats=False).records())) == 1
    info.path.write_bytes(info.stats_path.read_bytes())
    assert len(list(read_snapshot(info.stats_path).records())) == 1
    with pytest.raises(SnapshotError, match="same stats stand in both files"):
        list(read_snapshot(info.path).lines())


def test_a_folder_gets_a_dated_name_only_when_something_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write_snapshot(tmp_path, [dataset("a")])
    assert one.path.name.startswith("snapshot-20") and one.path.name.endswith("Z.lumos.jsonl")
    older = one.path.rename(tmp_path / "snapshot-2020-01-01T000000Z.lumos.jsonl")
    again = write_snapshot(tmp_path, [dataset("a")])
    assert (again.path, again.written) == (older, False)
    assert list(tmp_path.iterdir()) == [older]
    assert write_snapshot(tmp_path, [dataset("b")]).written
    assert len(list(tmp_path.iterdir())) == 2
    older.write_bytes(b"damaged")
    (tmp_path / "snapshot-2999-01-01T000000Z.lumos.jsonl").write_bytes(b"damaged")
    assert write_snapshot(tmp_path, [dataset("c")]).written
    document = write_snapshot(tmp_path, [dataset("a")], format="json")
    assert json.loads(document.path.read_text())["lumos_snapshot"]["datasets"][0]["name"] == "a"


def test_a_name_must_fit_its_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not fit the format yaml.*lumos\.yaml"):
        write_snapshot(tmp_path / "a.json", [], format="yaml")
    with pytest.raises(UsageError, match="unknown snapshot format 'xml'"):
        write_snapshot(tmp_path / "a.xml", [], format="xml")  # type: ignore[arg-type]
    assert write_snapshot(tmp_path / "a.txt", [], format="jsonl").path.read_bytes().startswith(b'{"exported_at"')
