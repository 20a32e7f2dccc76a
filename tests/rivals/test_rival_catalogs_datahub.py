"""The catalog `datahub` with the vendor's own programs on the other side: its command, its client and its classes.

Run by the nox session `rival-catalogs`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import lumos_core
from lumos_core.plugin_api import Dataset, Description, Field, Owner, Record, TagLink, urns
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.estates import Estate

pytestmark = pytest.mark.heavy

HERE = Path(__file__).parent
TOKEN = "secret"
COMMAND = """
import sys
from datahub.entrypoints import main
from datahub.upgrade import upgrade
upgrade.check_upgrade_post = lambda *_, **__: None  # asks the network for a newer version
sys.argv = ["datahub", *sys.argv[1:]]
main()
"""
ESTATE = Estate(datasets=60, fields=12)
TABLES = """
create table customer(id integer primary key, name varchar(20) not null);
create table orders(id integer primary key, customer_id int not null, amount decimal(10, 2));
create view big as select id, amount from orders where amount > 3;
"""
ORDERS = "urn:li:dataset:(urn:li:dataPlatform:sqlite,main.orders,PROD)"
CUSTOMER = ORDERS.replace("orders", "customer")
BIG = ORDERS.replace("orders", "big")
OURS = urns.dataset("sqlite", "main.orders")
CSV = """resource,subresource,glossary_terms,tags,owners,ownership_type,description,domain,ownership_type_urn
"{orders}",,[urn:li:glossaryTerm:shop.order],[urn:li:tag:csv],[urn:li:corpuser:bob],BUSINESS_OWNER,,,
"{orders}",id,,[urn:li:tag:key],,,From a spreadsheet,,
"""


class Vendor:
    """The vendor's programs, pointed at a fake."""

    def __init__(self, fake: Any, python: Path, programs: Any) -> None:
        self.fake, self.python, self.programs, self.folder = fake, python, programs, programs.folder
        self.line = {"type": "datahub", "server": fake.url, "token": TOKEN}

    def __call__(self, *arguments: str) -> str:
        """Run the command `datahub`."""
        environ = {"DATAHUB_GMS_URL": self.fake.url, "DATAHUB_GMS_TOKEN": TOKEN}
        text: str = self.programs([self.python, "-c", COMMAND, *arguments], environ)
        return text

    def script(self, name: str) -> str:
        """Run a script of this folder by the vendor's Python."""
        text: str = self.programs([self.python, HERE / name, self.fake.url, TOKEN])
        return text

    def ingest(self, type_: str, **config: Any) -> None:
        """Run `datahub ingest` with a source and the sink `datahub-rest`."""
        sink = {"type": "datahub-rest", "config": {"server": self.fake.url, "token": TOKEN}}
        recipe = {"source": {"type": type_, "config": config}, "sink": sink}
        (self.folder / "recipe.json").write_text(json.dumps(recipe), encoding="utf-8")
        told = self("ingest", "-c", "recipe.json", "--no-progress", "--no-default-report")
        # Warnings are of the source; the sink has none of its own.
        assert "Pipeline finished" in told, told[-3000:]
        assert told.rpartition("Sink (datahub-rest) report:")[2].count("'failures': []") == 1, told[-3000:]

    def pipeline(self, name: str, records: Any) -> Path:
        """Write a pipeline that publishes records."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        ordered = sorted(records, key=lambda record: (record.kind, record.urn))
        lumos_core.write_snapshot(folder / "some.lumos.jsonl", ordered)
        pipeline = {"sources": [{"type": "snapshot", "path": "some.lumos.jsonl"}], "catalogs": [self.line]}
        (folder / "lumos.yaml").write_text(json.dumps({"version": 1, "name": name, **pipeline}), encoding="utf-8")
        return folder / "lumos.yaml"


@pytest.fixture
def vendor(interpreter: Callable[[str], Path], programs: Any) -> Iterator[Vendor]:
    """The vendor's programs and a fake."""
    from lumos_testing_datahub import DataHubFake

    with DataHubFake(token=TOKEN) as fake:
        yield Vendor(fake, interpreter("DATAHUB"), programs)


def published(path: Path) -> Any:
    """Run a pipeline; what it published."""
    result = lumos_core.run(path)
    assert not result.failures, [(notice.where, notice.message) for notice in result.failures][:5]
    return result.published[0]


def native(urn: str) -> str:
    """The native URN of what DataHub has an entity for, spelled out here and not by the plugin."""
    parsed = urns.parse(urn)
    plain = {"user": "corpuser", "group": "corpGroup", "term": "glossaryTerm", "property": "structuredProperty"}
    plain |= {"tag": "tag", "domain": "domain", "data_product": "dataProduct"}
    if parsed.type in plain:
        return f"urn:li:{plain[parsed.type]}:{parsed.name}"
    if parsed.type == "dataset":
        return f"urn:li:dataset:(urn:li:dataPlatform:{parsed.platform},{parsed.name},{parsed.env})"
    if parsed.type == "task":
        flow, _, task = parsed.name.partition("/")
        return f"urn:li:dataJob:(urn:li:dataFlow:({parsed.platform},{flow},PROD),{task})"
    assert parsed.type in ("chart", "dashboard"), urn
    return f"urn:li:{parsed.type}:({parsed.platform},{parsed.name})"


def shown(text: Description | None) -> str | None:
    """What a page shows of a description: people's words before the source's."""
    return (text.manual or text.source) if text else None


def expected(value: Dataset, host: str) -> dict[str, Any]:
    """What DataHub should say of a dataset."""
    types = {"technical_owner": "__system__technical_owner", "business_owner": "__system__business_owner"}
    lineage = value.lineage
    keys = {column for key in value.keys if key.type == "primary" for column in key.columns}

    def column(ref: str) -> list[str]:
        urn, _, path = ref.partition("#")
        return [native(urn or host), path]

    return {
        "name": value.name,
        "display": value.display_name.manual if value.display_name else None,
        "description": shown(value.description),
        "properties": dict(value.properties),
        "fields": {
            field.path: {
                "type": field.native_type or field.type,
                "nullable": bool(field.nullable),
                "description": shown(field.description),
                "tags": sorted(native(link.tag) for link in field.tags),
                "terms": sorted(native(link.term) for link in field.terms),
                "key": field.path in keys,
            }
            for field in value.fields
        },
        "owners": sorted(
            [native(one.owner), f"urn:li:ownershipType:{types.get(name := urns.parse(one.type).name, name)}"]
            for one in value.owners
        ),
        "tags": sorted(native(link.tag) for link in value.tags),
        "terms": sorted(native(link.term) for link in value.terms),
        "domains": sorted(map(native, value.domains)),
        "links": sorted([link.url, link.label] for link in value.links),
        "deprecated": value.lifecycle.deprecated.note if value.lifecycle and value.lifecycle.deprecated else None,
        "structured": sorted([native(one.property), list(map(float, one.values))] for one in value.structured),
        "upstreams": sorted(native(edge.urn) for edge in lineage.upstreams) if lineage else [],
        "columns": sorted(
            [[column(ref) for ref in edge.from_], [column(ref) for ref in edge.to]] for edge in lineage.columns
        )
        if lineage
        else [],
    }


def test_the_vendors_client_reads_what_lumos_wrote(vendor: Vendor, differences: Any) -> None:
    records = {record.urn: record for record in ESTATE.records()}
    published(vendor.pipeline("ours", records.values()))
    told = json.loads(vendor.script("vendor_datahub_reads.py").splitlines()[-1])
    datasets = {urn: record.value for urn, record in records.items() if record.kind == "dataset"}
    wanted = {native(urn): expected(value, urn) for urn, value in datasets.items()}
    for urn, facts in told["dataset"].items():
        facts["properties"].pop("cloud_version", None)  # what Lumos adds to a dataset of its own
        container = facts.pop("container")
        assert container in vendor.fake.store.entities
        above = vendor.fake.store.entities[container].value("containerProperties")["name"]
        assert above == urn.split(",")[1].split(".")[1]
    assert differences(wanted, told["dataset"]) == []
    assert len(wanted) == 60
    for key in ("display", "description", "owners", "tags", "terms", "domains", "links", "structured", "columns"):
        assert any(facts[key] for facts in wanted.values()), f"the estate says nothing of {key}"

    of_kind = lambda *kinds: {urn: one.value for urn, one in records.items() if urns.parse(urn).type in kinds}  # noqa: E731
    assert {urn: told["corpuser"][urn] for urn in map(native, of_kind("user"))} == {
        native(urn): [value.email, value.active is not False] for urn, value in of_kind("user").items()
    }
    assert {urn: told["corpGroup"][urn][1] for urn in map(native, of_kind("group"))} == {
        native(urn): value.email for urn, value in of_kind("group").items()
    }
    assert {urn: told["tag"][urn] for urn in map(native, of_kind("tag"))} == {
        native(urn): value.name for urn, value in of_kind("tag").items()
    }
    assert {urn: told["domain"][urn] for urn in map(native, of_kind("domain"))} == {
        native(urn): [value.name, native(value.parent) if value.parent else None]
        for urn, value in of_kind("domain").items()
    }
    assert {urn: told["glossaryTerm"][urn] for urn in map(native, of_kind("term"))} == {
        native(urn): [value.name, "urn:li:glossaryNode:shop"] for urn, value in of_kind("term").items()
    }
    jobs = {
        native(urn): [
            sorted(native(edge.urn) for edge in ends) for ends in (value.lineage.upstreams, value.lineage.downstreams)
        ]
        for urn, value in of_kind("task").items()
    }
    assert len(jobs) == 6
    assert told["dataJob"] == jobs
    charts = {
        native(urn): [native(edge.urn) for edge in one.lineage.upstreams] for urn, one in of_kind("chart").items()
    }
    assert told["chart"] == charts
    boards = {
        native(urn): sorted(native(one.target) for one in value.relations)
        for urn, value in of_kind("dashboard").items()
    }
    assert told["dashboard"] == boards

    urn = native(ESTATE.dataset(21))
    got = json.loads(vendor("get", "urn", "--urn", urn))
    assert got["datasetProperties"]["name"] == datasets[ESTATE.dataset(21)].name
    assert got["editableDatasetProperties"]["description"] == datasets[ESTATE.dataset(21)].description.manual
    assert got["upstreamLineage"]["upstreams"]
    assert "true" in vendor("exists", "--urn", urn)


def theirs(vendor: Vendor) -> None:
    """A catalog that the vendor's connectors and people have filled."""
    with sqlite3.connect(vendor.folder / "shop.db") as connection:
        connection.executescript(TABLES)
    connection.close()
    vendor.ingest("sqlalchemy", connect_uri=f"sqlite:///{vendor.folder}/shop.db", platform="sqlite")
    vendor.script("vendor_datahub_writes.py")
    (vendor.folder / "some.csv").write_text(CSV.format(orders=ORDERS), encoding="utf-8")
    vendor.ingest("csv-enricher", filename="some.csv", write_semantics="PATCH", delimiter=",", array_delimiter="|")


def lumos_says(description: str) -> Record:
    """What a source of Lumos says of the table that the vendor knows, too."""
    fields = [
        Field("id", type="int64", native_type="INTEGER", nullable=True, description=Description(source="The key")),
        Field("customer_id", type="int64", native_type="INTEGER", nullable=False),
        Field("amount", type="decimal(10,2)", native_type="DECIMAL(10, 2)", nullable=True),
        Field("added", type="string", native_type="TEXT", nullable=True),
    ]
    value = Dataset(name="orders", description=Description(source=description), fields=fields)
    value.tags = [TagLink(urns.plain("tag", "lumos"))]
    value.owners = [Owner(urns.plain("group", "platform"), type=urns.plain("ownership_type", "technical_owner"))]
    value.captured = ["description", "fields", "owners", "tags"]
    return Record(OURS, value)


def test_lumos_reads_what_the_vendors_connectors_wrote(vendor: Vendor, holding: Any) -> None:
    theirs(vendor)
    ctx = MemoryContext()
    held = holding(vendor.line, ctx)
    assert holding(vendor.line) == held
    assert ctx.warnings == []
    value = held[OURS].value
    assert [field.path for field in value.fields] == ["id", "customer_id", "amount"]
    fields = {field.path: field for field in value.fields}
    assert fields["customer_id"].nullable is False
    assert fields["amount"].native_type.startswith("DECIMAL")
    assert fields["amount"].description.manual == "With taxes"
    assert fields["id"].description.manual == "From a spreadsheet"
    assert [link.tag for link in fields["id"].tags] == ["urn:lumos:tag:key"]
    assert [link.tag for link in fields["amount"].tags] == ["urn:lumos:tag:gold"]
    assert [link.term for link in fields["amount"].terms] == ["urn:lumos:term:shop.order"]
    assert value.description.manual == "As **Ada** says"
    assert {one.owner for one in value.owners} == {"urn:lumos:user:ada", "urn:lumos:user:bob", "urn:lumos:group:shop"}
    assert {link.tag for link in value.tags} == {"urn:lumos:tag:csv"}
    assert {link.term for link in value.terms} == {"urn:lumos:term:shop.order"}
    assert value.domains == ["urn:lumos:domain:sales"]
    assert [(link.url, link.label) for link in value.links] == [("https://wiki.example.org/o", "Wiki")]
    assert [edge.urn for edge in value.lineage.upstreams] == [urns.dataset("sqlite", "main.customer")]
    assert [(edge.from_, edge.to) for edge in value.lineage.columns] == [
        ([urns.field(urns.dataset("sqlite", "main.customer"), "id")], ["#customer_id"])
    ]
    assert ["datahub", ORDERS] in [list(alias) for alias in value.aliases]
    assert held[urns.dataset("sqlite", "main.big")].value.subtype.lower() == "view"
    assert "select" in held[urns.dataset("sqlite", "main.big")].value.code[0].text.lower()
    assert held["urn:lumos:tag:gold"].value.description.manual == "Can be relied on"
    assert held["urn:lumos:domain:sales"].value.name == "Sales"
    (profile,) = [one.value for urn, one in held.items() if urn.startswith(f"{OURS}#profile@")]
    assert profile.row_count == 3
    foreign = [urn for urn, one in held.items() if one.kind == "foreign" and urn.startswith(OURS)]
    assert any("embed" in urn for urn in foreign)

    # The same, as a source of a pipeline.
    folder = vendor.folder / "read"
    folder.mkdir()
    source = {**vendor.line, "type": "catalog:datahub"}
    pipeline = {"version": 1, "name": "read", "sources": [source], "catalogs": []}
    (folder / "lumos.yaml").write_text(json.dumps(pipeline), encoding="utf-8")
    result = lumos_core.run(folder / "lumos.yaml")
    assert result.exit_code == 0
    assert not result.failures
    store = lumos_core.open_store(folder / ".lumos" / "store.db")
    try:
        lines = {json.loads(line)["urn"]: json.loads(line)["value"] for line in store.lines("head", kind="dataset")}
    finally:
        store.close()
    assert {urns.name(urn) for urn in lines} >= {"main.orders", "main.customer", "main.big"}
    assert lines[OURS]["description"]["manual"] == "As **Ada** says"


def test_a_publish_over_it_loses_nothing(vendor: Vendor, datahub_holds: Any, lost: Any) -> None:
    theirs(vendor)
    path = vendor.pipeline("over", [lumos_says("One row for each order")])
    before = datahub_holds(vendor.fake)
    plan = lumos_core.plan(path)
    assert datahub_holds(vendor.fake) == before, "a plan writes nothing"
    planned = {operation.urn for publication in plan.published for operation in publication.operations}
    assert OURS in planned
    done = published(path)
    assert {operation.urn for operation in done.operations} == planned
    after = datahub_holds(vendor.fake)

    touched = {urn: set(_changed(before.get(urn, {}), held)) for urn, held in after.items()}
    touched = {urn: names for urn, names in touched.items() if names}
    ours = {"datasetProperties", "schemaMetadata", "globalTags", "ownership"}
    ours |= {"editableSchemaMetadata"} & touched[ORDERS]
    assert touched.pop(ORDERS) == ours
    made = {urn.split(":")[2] for urn in touched}
    assert made <= {"tag", "corpGroup", "platformResource", "dataPlatform", "ownershipType"}
    assert not [urn for urn in touched if urn in before], "only what it needed was made"
    assert before.keys() <= after.keys()
    losses = [f"{urn}{place}" for urn, held in before.items() for place in lost(held, after[urn])]
    losses = [line for line in losses if ".schemaMetadata.lastModified.actor" not in line]  # who wrote it last
    assert not losses, "\n".join(losses)
    assert after[ORDERS]["datasetProperties"]["description"] == "One row for each order"
    assert after[ORDERS]["editableDatasetProperties"] == before[ORDERS]["editableDatasetProperties"]
    assert {one["tag"] for one in after[ORDERS]["globalTags"]["tags"]} == {"urn:li:tag:csv", "urn:li:tag:lumos"}
    assert len(after[ORDERS]["ownership"]["owners"]) == len(before[ORDERS]["ownership"]["owners"]) + 1
    assert "added" in [field["fieldPath"].rpartition(".")[2] for field in after[ORDERS]["schemaMetadata"]["fields"]]

    published(path)
    assert datahub_holds(vendor.fake) == after, "a second run writes nothing"
    # And the vendor's connectors may run again.
    vendor.ingest("sqlalchemy", connect_uri=f"sqlite:///{vendor.folder}/shop.db", platform="sqlite")
    assert vendor.fake.store.entities[ORDERS].value("editableDatasetProperties")["description"] == "As **Ada** says"


def _changed(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    yield from (name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def test_a_soft_delete_by_the_vendors_command_is_seen(vendor: Vendor, holding: Any) -> None:
    theirs(vendor)
    path = vendor.pipeline("over", [lumos_says("One row for each order")])
    published(path)
    vendor("delete", "--urn", CUSTOMER, "--soft", "--force")
    vendor("delete", "--urn", ORDERS, "--soft", "--force")
    held = holding(vendor.line)
    assert held[urns.dataset("sqlite", "main.customer")].value.lifecycle.removed
    assert held[OURS].value.lifecycle.removed
    assert not (big := held[urns.dataset("sqlite", "main.big")].value).lifecycle or not big.lifecycle.removed
    # It was taken away by a person, and the source still has it: the person's word stays.
    (publication,) = lumos_core.plan(path).published
    assert [(one.action, one.urn) for one in publication.operations if one.urn == OURS] == []
    published(path)
    assert vendor.fake.store.entities[ORDERS].value("status") == {"removed": True}
    vendor("delete", "--urn", ORDERS, "--hard", "--force")
    assert OURS not in holding(vendor.line)


def test_the_file_of_proposals_is_taken_by_the_vendors_programs(
    vendor: Vendor, holding: Any, plainly: Any, differences: Any
) -> None:
    from lumos_catalog_datahub import mcp_file

    records = list(ESTATE.records())
    count = mcp_file(records, vendor.folder / "estate.json")
    assert count > 500
    vendor.ingest("file", path="estate.json")
    held = {urn: plainly(record) for urn, record in holding(vendor.line).items()}
    wanted = {record.urn: plainly(record) for record in records}
    assert [line for line in differences(wanted, held) if not line.startswith("only there")] == []
    (vendor.folder / ".datahubenv").write_text(json.dumps({"gms": {"server": vendor.fake.url}}), encoding="utf-8")
    vendor("lite", "import", "estate.json")
    got = vendor("lite", "get", "--urn", native(ESTATE.dataset(21)))
    assert ESTATE.dataset(21).split(",")[1] in got
    assert "as *people* say" in got
