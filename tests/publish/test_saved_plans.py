"""A plan is saved, looked at, and applied later: exactly, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import lumos_core
from lumos_core.errors import PlanError
from lumos_core.plugin_api import Dataset, Description, Field, Foreign, Record, Stats, decode, urns
from lumos_core.testing.reference import WORLDS, World

REFERENCE = "lumos_core.testing.reference"
URN = urns.dataset("memory", "orders")


def table(name, text):
    captured = ["description", "fields"]
    value = Dataset(name=name, captured=captured, fields=[Field("id", type="int64")], description=Description(text))
    value.description = Description(source=text)
    return Record(urns.dataset("memory", name), value)


class Home:
    """A pipeline with a source and a catalog in memory."""

    def __init__(self, folder):
        self.folder, self.path, self.file = folder, folder / "lumos.yaml", folder / "plan.json"
        self.source, self.catalog = World([table("orders", "one"), table("items", "two")]), World()
        WORLDS[f"{folder}/s"], WORLDS[f"{folder}/c"] = self.source, self.catalog
        self.configure()

    def configure(self, name="shop", catalog="memory", **publish):
        config = {
            "name": name,
            "sources": [{"type": f"{REFERENCE}:MemorySource", "name": "memory", "world": f"{self.folder}/s"}],
            "differ": {"type": f"{REFERENCE}:ShapeDiffer"},
            "catalogs": [{"type": f"{REFERENCE}:MemoryCatalog", "name": catalog, "world": f"{self.folder}/c"}],
            "publish": publish,
        }
        self.path.write_text(json.dumps(config))

    def plan(self, **options):
        return lumos_core.plan(self.path, out=self.file, **options)

    def apply(self):
        return lumos_core.apply(self.file, self.path)

    def refused(self, why):
        before = dict(self.catalog.records)
        with pytest.raises(PlanError, match=why) as error:
            self.apply()
        assert error.value.exit_code == 2
        assert error.value.fix
        assert self.catalog.records == before, "nothing was written"

    def published(self):
        store = lumos_core.validate(self.path).store.build()
        try:
            return sorted(store.lines("published/memory")), sorted(store.lines("publishing/memory"))
        finally:
            store.close()


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def test_what_was_planned_is_what_is_written_and_a_run_afterwards_writes_nothing(home):
    urn = f"{URN}#memory/raw"
    home.source.records[urn] = Record(urn, Foreign(body="{}"))
    planned = home.plan().published[0]
    assert home.catalog.records == {}
    result = home.apply()
    assert (result.mode, result.exit_code, result.published[0].written) == ("apply", 0, 3)
    assert [operation.urn for operation in planned.operations] == [
        operation.urn for operation in result.published[0].operations
    ]
    assert home.catalog.records[urn].value.body == "{}"
    lines, doubtful = home.published()
    assert [decode(line).urn for line in lines] == [urns.dataset("memory", "items"), URN, urn]
    assert doubtful == []
    run = lumos_core.run(home.path)
    assert run.published[0].written == 0
    assert run.published[0].planned == {}, "nothing differs from what the plan said would be there"


def test_updates_and_removals_are_applied_too(home):
    lumos_core.run(home.path)
    home.source.records[URN] = table("orders", "three")
    del home.source.records[urns.dataset("memory", "items")]
    home.plan()
    result = home.apply()
    assert result.published[0].planned == {"update": 1, "remove": 1}
    assert home.catalog.records[URN].value.description.source == "three"
    assert home.catalog.records[urns.dataset("memory", "items")].value.lifecycle.removed
    assert lumos_core.run(home.path).published[0].written == 0


def test_the_document_is_json_in_a_fixed_order_with_before_and_after(home):
    lumos_core.run(home.path)
    home.source.records[URN] = table("orders", "three")
    home.plan()
    data = json.loads(home.file.read_text())
    (catalog,) = data["catalogs"]
    (step,) = catalog["steps"]
    assert (data["format"], data["pipeline"], catalog["catalog"]) == ("lumos-plan/1", "shop", "memory")
    assert step["held"]["value"]["description"] == {"source": "one"}
    assert step["set"]["value"]["description"] == {"source": "three"}
    assert step["reasons"] == [["description", "changed at the source"]]
    first = home.file.read_text().splitlines()[1:]
    home.plan()
    assert home.file.read_text().splitlines()[1:-1] == first[:-1]


def test_the_published_schema_describes_it(home):
    schema = json.loads((Path(__file__).parents[2] / "docs" / "reference" / "plan.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    home.plan()
    validator.validate(json.loads(home.file.read_text()))
    home.catalog.broken[URN] = RuntimeError("refused")
    lumos_core.run(home.path)
    home.catalog.broken.clear()
    del home.source.records[urns.dataset("memory", "items")]
    home.plan()
    data = json.loads(home.file.read_text())
    validator.validate(data)
    steps = data["catalogs"][0]["steps"]
    assert {step["action"] for step in steps} == {"create", "remove"}
    assert [step["urn"] for step in steps if step.get("doubtful")] == [URN]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(b'"one"', b'"uno"'),
        lambda text: text[: len(text) // 2],
        lambda text: text[:-1],
        lambda text: text + b"\n",
        lambda text: json.dumps(json.loads(text)).encode(),
        lambda text: b"",
        lambda text: b"{}\n",
    ],
)
def test_a_plan_that_is_not_as_it_was_written_is_refused(home, spoil):
    home.plan()
    home.file.write_bytes(spoil(home.file.read_bytes()))
    home.refused("no saved plan|not as it was written")


def test_a_plan_is_refused_when_the_catalog_moved_under_it(home):
    lumos_core.run(home.path)
    home.source.records[URN] = table("orders", "three")
    home.plan()
    home.catalog.records[URN].value.description = Description(source="one", manual="typed")
    home.refused("not in memory as it was")
    home.plan()
    home.apply()
    assert home.catalog.records[URN].value.description == Description(source="three", manual="typed")


def test_a_plan_is_refused_when_a_record_appeared_that_it_would_make(home):
    home.plan()
    home.catalog.records[URN] = table("orders", "somebody else")
    home.refused("not in memory as it was")


def test_a_plan_is_refused_when_a_run_came_between(home):
    home.plan()
    lumos_core.run(home.path)
    home.refused("a run has changed what is known")


def test_a_plan_is_applied_once(home):
    home.plan()
    home.apply()
    home.refused("something was published")


def test_a_plan_is_refused_by_another_pipeline_and_for_another_catalog(home):
    home.plan()
    home.configure(name="other")
    home.refused("made by the pipeline 'shop'")
    home.configure(catalog="elsewhere")
    home.refused("no catalog 'memory'")


def test_a_plan_for_another_target_is_refused(home, monkeypatch):
    home.plan()
    monkeypatch.setattr(f"{REFERENCE}.MemoryCatalog.target", "http://elsewhere", raising=False)
    home.refused("now http://elsewhere")


def test_a_plan_of_another_version_is_refused(home):
    import hashlib

    home.plan()
    *lines, _ = home.file.read_bytes().replace(b"lumos-plan/1", b"lumos-plan/9").splitlines(keepends=True)
    body = b"".join(lines) + b'],"sha256":"'
    home.file.write_bytes(body + hashlib.sha256(body).hexdigest().encode() + b'"}\n')
    home.refused("lumos-plan/9")


def test_what_the_guard_refused_cannot_be_applied(home):
    for number in range(8):
        record = table(f"t{number}", "x")
        home.source.records[record.urn] = record
    lumos_core.run(home.path)
    home.source.records.clear()
    home.source.records[URN] = table("orders", "one")
    assert "would be removed" in home.plan().published[0].blocked
    home.refused("refused by the guard")
    home.configure(guard={"max_removed_percent": 100})
    home.refused("refused by the guard")
    home.plan()
    home.configure()
    home.refused("refused by the guard")
    home.configure(guard={"max_removed_percent": 100})
    assert home.apply().published[0].written == 9


def test_what_fails_stays_in_doubt_and_the_next_run_mends_it(home):
    home.plan()
    home.catalog.broken[URN] = RuntimeError("refused")
    result = home.apply()
    assert (result.exit_code, result.published[0].written, result.published[0].failed) == (3, 1, 1)
    assert [decode(line).urn for line in home.published()[1]] == [URN]
    home.catalog.broken.clear()
    assert lumos_core.run(home.path).published[0].written == 1
    assert home.published()[1] == []


def test_a_catalog_that_does_not_answer_is_told(home):
    home.plan()
    home.catalog.listing = ConnectionError("gone")
    result = home.apply()
    assert result.exit_code == 3
    assert not result.published[0].applied
    assert "gone" in result.failures[0].message


def test_facts_are_saved_and_applied(home):
    urn = f"{URN}#profile@2026-01-15T00:00:00Z"
    home.source.records[urn] = Record(urn, Stats(row_count=3))
    planned = home.plan().published[0]
    assert (planned.planned, planned.facts) == ({"create": 2}, 1)
    assert home.apply().published[0].facts == 1
    assert home.catalog.records[urn].value.row_count == 3
