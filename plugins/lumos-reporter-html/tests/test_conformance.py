"""The conformance kit, and what this page promises beyond it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lumos_reporter_html.layers import picture
from lumos_reporter_html.view import count, prose

from lumos_core.plugin_api import (
    Change,
    Covered,
    Dataset,
    Description,
    Field,
    GateResult,
    Graph,
    Layout,
    Many,
    Notice,
    Owner,
    PublishResult,
    Record,
    ReportError,
    RunResult,
    Scope,
    StageTiming,
    TagLink,
    Version,
    VersionChange,
    urns,
)
from lumos_core.testing.kit.reporter import ReporterKit

VOID = {"meta", "input", "br", "link", "img", "hr"}


class Page(HTMLParser):
    """Reads a page and insists that every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.external, self.words = [], [], [], [], []
        self.feed(text)
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag not in VOID and tag not in ("path", "rect"):
            self.open.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
        if values.get("href", "").startswith("#"):
            self.links.append(values["href"][1:])
        self.external += [v for k, v in attrs if k in ("src", "href") and v and not v.startswith("#")]

    def handle_endtag(self, tag):
        if tag not in ("path", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def many(items):
    return Many(lambda: items, len(items))


def estate(number):
    graph = Graph()
    records = []
    for index in range(number):
        urn = urns.dataset("file", f"t{index:04}")
        fields = [Field("id", type="int64", nullable=False), Field("name", description=Description(source="words"))]
        value = Dataset(
            name=f"t{index:04}",
            fields=fields,
            layout=Layout(format="csv"),
            owners=[Owner(urns.plain("group", "shop"))],
            tags=[TagLink(urns.plain("tag", "gold"))],
            description=Description(manual="typed by Ann"),
        )
        records.append(Record(urn, value))
        if index:
            graph.connect(urns.dataset("file", f"t{index // 2:04}"), urn)
    return records, graph


class TestHtml(ReporterKit):
    name = "html"
    options = {"path": "out/report.html"}

    def page(self, folder, result, **options):
        self.build(folder, **options).report(result)
        text = (folder / "out" / "report.html").read_text()
        return text, Page(text)

    def test_the_page_is_sound_and_loads_nothing(self, folder):
        text, page = self.page(folder, self.result())
        assert page.external == []
        assert "default-src 'none'" in text
        assert not re.search(r"https?://|@import|url\((?!#)", text)
        assert len(page.ids) == len(set(page.ids))
        assert set(page.links) <= set(page.ids)

    def test_it_shows_what_a_run_found(self, folder):
        records, graph = estate(12)
        orders = records[3].urn
        change = Change(
            rule="type-narrowed",
            urn=orders,
            severity="breaking",
            path="id",
            before="int64",
            after="int32",
            message="Type of `id` of `t0003` narrowed",
            why="Old values do not fit",
            fix="Add a new column",
            impact=(records[4].urn,),
            impact_count=9,
        )
        waived = Change(rule="x", urn=orders, severity="risky", waived="agreed")
        version = Version(schema="2.0.0", metadata="1.0.0", release="S-2", digest="0")
        text, page = self.page(
            folder,
            RunResult(
                run_id="r",
                pipeline="shop",
                exit_code=1,
                changed=True,
                release="S-2",
                counts={"dataset": 12, "property": 1},
                fields=24,
                severities={"breaking": 1, "risky": 1},
                records=many(records),
                changes=many([change, waived]),
                versions=many([VersionChange(urn=orders, version=version, before="1.0.0")]),
                gate=GateResult(enabled=True, passed=False, fail_on="breaking", failing=1, notes=("unused waiver",)),
                published=[
                    PublishResult(catalog="local", target="x.db", applied=True, planned={"update": 1}, written=1),
                    PublishResult(catalog="far", blocked="too much", conflicts=[(orders, "owners", "both sides")]),
                ],
                coverage=[Covered(Scope(platform="s3"), frozenset({"record"}), "failed", "denied")],
                not_captured=[("file", "owners", 7)],
                warnings=[Notice(code="w", message="look here", where="t.csv")],
                timings=[StageTiming("extract", 1.25)],
                graph=graph,
            ),
        )
        words = " ".join("".join(page.words).split())
        for part in (
            "The gate failed: 1 breaking change",
            "Type of id of t0003 narrowed",
            "int64",
            "int32",
            "Add a new column",
            "9 downstream: t0004",
            "agreed",
            "unused waiver",
            "1 dataset, release S-2",
            "12 datasets · 1 property",
            "typed by Ann",
            "too much",
            "both sides",
            "denied",
            "known before for 7 records",
            "look here",
            "extract 1.25",
        ):
            assert part in words, part
        assert text.count('class="arrow"') == 11

    def test_limits_are_said(self, folder):
        records, graph = estate(30)
        found = [Change(rule="x", urn=records[0].urn, severity="risky", path=f"f{n}") for n in range(40)]
        result = RunResult(
            run_id="r",
            pipeline="p",
            changed=True,
            counts={"dataset": 30},
            records=many(records),
            changes=many(found),
            severities={"risky": 40},
            graph=graph,
        )
        _, page = self.page(folder, result, max_changes=3, max_datasets=4, max_fields=1, max_lineage=5)
        words = "".join(page.words)
        for part in ("37 more changes", "26 more datasets", "1 more field.", "25 more are not drawn"):
            assert part in words, part

    @pytest.mark.parametrize(
        ("keys", "headline"),
        [
            ({}, "Nothing changed"),
            ({"first": True, "changed": True}, "Remembered for the first time"),
            ({"changed": True, "severities": {"risky": 2}}, "Changed: 2 risky"),
            ({"exit_code": 3, "failures": [Notice(code="c", message="m")]}, "Incomplete: 1 thing"),
            (
                {"exit_code": 1, "gate": GateResult(enabled=True, passed=False, fail_on="risky", failing=2)},
                "The gate failed: 2 changes at risky or worse",
            ),
        ],
    )
    def test_headlines(self, folder, keys, headline):
        text, _ = self.page(folder, RunResult(run_id="r", pipeline="p", **keys))
        assert headline in text

    def test_a_place_that_cannot_be_written(self, folder):
        (folder / "out").write_text("a file where a folder should be")
        with pytest.raises(ReportError, match=r"was not written"):
            self.build(folder).report(RunResult(run_id="r", pipeline="p"))


@given(st.text(max_size=20))
def test_prose_is_always_escaped(text):
    assert "<" not in re.sub("</?code>", "", str(prose(text)))


def test_nouns():
    assert [count(1, "tag"), count(2, "tag"), count(2, "property"), count(2, "data_product")] == [
        "1 tag",
        "2 tags",
        "2 properties",
        "2 data products",
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25), st.integers(0, 12))
def test_every_picture_is_whole(edges, limit):
    graph = Graph()
    for source, target in edges:
        graph.connect(urns.dataset("f", str(source)), urns.dataset("f", str(target)))
    drawn = picture(graph, limit)
    taking_part = {number for edge in edges if edge[0] != edge[1] for number in edge}
    assert len(drawn.boxes) == min(limit, len(taking_part))
    assert drawn.left_out == len(taking_part) - len(drawn.boxes)
    places = {box.urn: (box.x, box.y) for box in drawn.boxes}
    assert len(set(places.values())) == len(places), "no two boxes lie on each other"
    for box in drawn.boxes:
        assert 0 <= box.x < drawn.width
        assert 0 <= box.y < drawn.height
    for arrow in drawn.arrows:
        assert arrow.source in places
        assert arrow.target in places


def test_upstreams_stand_left():
    graph = Graph()
    for source, target in (("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")):
        graph.connect(urns.dataset("f", source), urns.dataset("f", target))
    x = {urns.name(box.urn): box.x for box in picture(graph, 10).boxes}
    assert x["a"] < x["b"] < x["c"] < x["d"]


def test_boxes_of_one_name_are_told_apart():
    graph = Graph()
    graph.connect(urns.dataset("f", "raw/shop/orders"), urns.dataset("f", "clean/shop/orders"))
    graph.connect(urns.dataset("f", "raw/shop/orders"), urns.dataset("f", "clean/shop/users"))
    assert {box.name for box in picture(graph, 10).boxes} == {"raw/shop/orders", "clean/shop/orders", "users"}
