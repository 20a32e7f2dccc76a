"""The catalog `openmetadata` with the vendor's own programs on the other side: its command, its client and its models.

Run by the nox session `rival-catalogs`, with the last version under the Apache License and the newest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import lumos_core
from lumos_core.plugin_api import Dataset, Description, Field, Record, TagLink, urns
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.estates import Estate

pytestmark = pytest.mark.heavy

HERE = Path(__file__).parent
ESTATE = Estate(datasets=60, fields=12)
# The client of 1.5 talks to no server of another minor version, and Lumos to none before 1.6: the fake says 1.6 to the
# one and 1.5 to the other; its rules are those of the family that both belong to.
VENDORS = (("1.6.0", "1.5.11", "OPENMETADATA_15"), ("2.0.0", "2.0.0", "OPENMETADATA_20"))
TABLES = """
create table customer(id integer primary key, name varchar(20) not null);
create table orders(id integer primary key, customer_id int not null, amount decimal(10, 2));
create view big as select id, amount from orders where amount > 3;
"""
OURS = urns.dataset("lite", "shop.main.orders")


class Vendor:
    """The vendor's programs, pointed at a fake."""

    def __init__(self, fake: Any, versions: tuple[str, str], python: Path, programs: Any) -> None:
        self.fake, self.python, self.programs, self.folder = fake, python, programs, programs.folder
        self._for_lumos, self._for_vendor = versions
        self.line = {"type": "openmetadata", "server": fake.url, "token": fake.bot_token}

    def lumos(self) -> dict[str, Any]:
        """Let the fake be of a version that Lumos takes; its line of `catalogs:`."""
        self.fake.world.version = self._for_lumos
        return self.line

    def script(self, name: str) -> str:
        """Run a script of this folder by the vendor's Python."""
        self.fake.world.version = self._for_vendor
        command = [self.python, "-W", "ignore", HERE / name, self.fake.url, self.fake.bot_token]
        text: str = self.programs(command)
        return text

    def ingest(self) -> None:
        """Run `metadata ingest` with a database of SQLite."""
        self.fake.world.version = self._for_vendor
        source = {"type": "SQLite", "databaseMode": str(self.folder / "shop.db"), "database": "shop"}
        server = {
            "hostPort": f"{self.fake.url}/api",
            "authProvider": "openmetadata",
            "securityConfig": {"jwtToken": self.fake.bot_token},
        }
        workflow = {
            "source": {
                "type": "sqlite",
                "serviceName": "lite",
                "serviceConnection": {"config": source},
                "sourceConfig": {"config": {"type": "DatabaseMetadata", "includeViews": True}},
            },
            "sink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {"openMetadataServerConfig": server},
        }
        (self.folder / "ingest.json").write_text(json.dumps(workflow), encoding="utf-8")
        self.programs([self.python.parent / "metadata", "ingest", "-c", "ingest.json"])

    def pipeline(self, name: str, records: Any) -> Path:
        """Write a pipeline that publishes records."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        ordered = sorted(records, key=lambda record: (record.kind, record.urn))
        lumos_core.write_snapshot(folder / "some.lumos.jsonl", ordered)
        pipeline = {"sources": [{"type": "snapshot", "path": "some.lumos.jsonl"}], "catalogs": [self.lumos()]}
        (folder / "lumos.yaml").write_text(json.dumps({"version": 1, "name": name, **pipeline}), encoding="utf-8")
        return folder / "lumos.yaml"

    def complaints(self, least: int) -> list[str]:
        """What the vendor's models say against anything that came, or that is answered."""
        from lumos_testing_openmetadata import Oracle

        verdict = Oracle(self.python).judge([*self.fake.recorded, *self.fake.answers()])
        assert verdict.judged >= least, verdict.judged
        # The vendor's own model of a type refuses the names of some of the vendor's own types.
        return [line for line in verdict.complaints if not (line.startswith("type ") and "-cp: " in line)]


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor[1])
def vendor(request: pytest.FixtureRequest, interpreter: Callable[[str], Path], programs: Any) -> Iterator[Vendor]:
    """The vendor's programs and a fake."""
    from lumos_testing_openmetadata import OpenMetadataFake

    first, second, name = request.param
    with OpenMetadataFake(first) as fake:
        fake.record = True
        yield Vendor(fake, (first, second), interpreter(name), programs)


def published(path: Path) -> Any:
    """Run a pipeline; what it published."""
    result = lumos_core.run(path)
    assert not result.failures, [(notice.where, notice.message) for notice in result.failures][:5]
    return result.published[0]


def shown(text: Description | None) -> str | None:
    """What a page shows of a description: people's words before the source's."""
    return (text.manual or text.source) if text else None


def name_of(urn: str) -> str:
    """The name in a URN."""
    return urns.parse(urn).name


def fqn_of(urn: str) -> str:
    """The name of a table of the estate in OpenMetadata, spelled out here and not by the plugin."""
    return f"postgres.{name_of(urn)}"


def owners_of(value: Dataset) -> list[list[str]]:
    """Owners as OpenMetadata takes them: any number of users, or else one team."""
    found = [(urns.parse(one.owner).type, name_of(one.owner)) for one in value.owners]
    users = sorted(["user", name] for kind, name in found if kind == "user")
    return users or [["team", name] for kind, name in found if kind == "group"][:1]


def column_lineage(value: Dataset, host: str, edges: Any) -> Iterator[list[Any]]:
    """Lineage of columns, where the job of the column is that of the edge."""
    jobs = {edge.urn: edge.via for edge in edges}
    for one in value.lineage.columns:
        (origin,), (to,) = one.from_, one.to
        if jobs[origin.partition("#")[0]] == one.via:
            source, _, path = origin.partition("#")
            yield [[f"{fqn_of(source)}.{path}"], f"{fqn_of(host)}.{to.removeprefix('#')}"]


def expected(value: Dataset, host: str) -> dict[str, Any]:
    """What OpenMetadata should say of a table."""
    database, schema, _ = name_of(host).split(".")
    edges = value.lineage.upstreams if value.lineage else []
    return {
        "name": value.name,
        "display": value.display_name.manual if value.display_name else None,
        "description": shown(value.description),
        "schema": schema,
        "database": database,
        "owners": owners_of(value),
        "tags": sorted(name_of(link.tag) for link in value.tags),
        "terms": sorted(name_of(link.term) for link in value.terms),
        "domains": sorted(name_of(urn) for urn in value.domains),
        "products": sorted(name_of(link.product) for link in value.data_products),
        "columns": {
            field.path: {
                "display": field.native_type or field.type,
                "description": shown(field.description),
                "tags": sorted(name_of(link.tag) for link in field.tags),
                "terms": sorted(name_of(link.term) for link in field.terms),
                "required": field.nullable is False,
            }
            for field in value.fields
        },
        "keys": sorted(["PRIMARY_KEY", key.columns] for key in value.keys),
        "upstreams": sorted(fqn_of(edge.urn) for edge in edges),
        "edges": sorted(column_lineage(value, host, edges)) if value.lineage else [],
    }


def test_the_vendors_client_reads_what_lumos_wrote(vendor: Vendor, differences: Any) -> None:
    records = {record.urn: record for record in ESTATE.records()}
    published(vendor.pipeline("ours", records.values()))
    told = json.loads(vendor.script("vendor_openmetadata_reads.py").splitlines()[-1])
    datasets = {urn: record.value for urn, record in records.items() if record.kind == "dataset"}
    wanted = {fqn_of(urn): expected(value, urn) for urn, value in datasets.items()}
    assert differences(wanted, told["table"]) == []
    assert len(wanted) == 60
    for key in ("display", "description", "owners", "tags", "terms", "domains", "products", "keys", "edges"):
        assert any(facts[key] for facts in wanted.values()), f"the estate says nothing of {key}"

    of_type = lambda kind: {name_of(urn): one.value for urn, one in records.items() if urns.parse(urn).type == kind}  # noqa: E731
    users, teams, domains = of_type("user"), of_type("group"), of_type("domain")
    assert {name: told["user"][name] for name in users} == {name: one.email for name, one in users.items()}
    assert {name: told["team"][name] for name in teams} == {name: one.email for name, one in teams.items()}
    assert {name: told["domain"][name] for name in domains} == {
        name: shown(one.description) for name, one in domains.items()
    }
    terms = of_type("term")
    assert {name: _words(told["term"][name]) for name in terms} == {
        name: shown(one.description) for name, one in terms.items()
    }
    flows = of_type("flow")
    assert {name: told["pipeline"][f"airflow.{name}"] for name in flows} == {
        name: [one.schedule.cron, [task.partition("/")[2] for task in of_type("task") if task.startswith(f"{name}/")]]
        for name, one in flows.items()
    }
    assert told["dashboard"] == {
        f"superset.{name}": sorted(name_of(one.target) for one in board.relations)
        for name, board in of_type("dashboard").items()
    }
    assert told["chart"] == sorted(f"superset.{name}" for name in of_type("chart"))
    assert 500 not in vendor.fake.statuses
    assert vendor.complaints(600) == []


def _words(text: str) -> str:
    """A description without the comment in which Lumos keeps more."""
    return text.partition("\n\n<!-- lumos ")[0]


def theirs(vendor: Vendor) -> None:
    """A catalog that the vendor's connector and people have filled."""
    with sqlite3.connect(vendor.folder / "shop.db") as connection:
        connection.executescript(TABLES)
    connection.close()
    vendor.ingest()
    vendor.script("vendor_openmetadata_writes.py")


def test_lumos_reads_what_the_vendors_connector_wrote(vendor: Vendor, holding: Any) -> None:
    theirs(vendor)
    ctx = MemoryContext()
    held = holding(vendor.lumos(), ctx)
    assert holding(vendor.lumos()) == held
    assert ctx.warnings == []
    tables = {name_of(urn): urn for urn in held if urns.parse(urns.host(urn)).type == "dataset" and "#" not in urn}
    orders = held[next(urn for name, urn in tables.items() if name.endswith("main.orders"))]
    value = orders.value
    assert [field.path for field in value.fields] == ["id", "customer_id", "amount"]
    fields = {field.path: field for field in value.fields}
    assert fields["customer_id"].nullable is False
    assert fields["amount"].type == "decimal(10,2)"
    assert fields["amount"].description.manual == "With taxes"
    assert [link.tag for link in fields["amount"].tags] == ["urn:lumos:tag:PII.Sensitive"]
    assert value.description.manual == "As **Ada** says"
    assert {one.owner for one in value.owners} == {"urn:lumos:user:ada"}
    assert {link.tag for link in value.tags} == {"urn:lumos:tag:PII.NonSensitive"}
    assert [name_of(edge.urn) for edge in value.lineage.upstreams] == [
        name for name in tables if name.endswith("main.customer")
    ]
    assert [one.to for one in value.lineage.columns] == [["#customer_id"]]
    view = held[next(urn for name, urn in tables.items() if name.endswith("main.big"))].value
    assert view.subtype == "view"
    # The connector of 1.5 does not send the text of a view of SQLite; what it sends is read.
    sent = [json.loads(body).get("schemaDefinition") for what, body in vendor.fake.answers() if what == "table"]
    assert ["select" in one.text.lower() for one in view.code] == [True] * len({text for text in sent if text})
    assert view.code or vendor.fake.world.family == 1
    parents = {one.value.name for one in held.values() if one.kind == "container"}
    assert {"lite", "shop", "main"} <= parents


def test_a_publish_over_it_loses_nothing(
    vendor: Vendor, holding: Any, openmetadata_holds: Any, lost: Any, differences: Any
) -> None:
    theirs(vendor)
    held = holding(vendor.lumos())
    urn = next(urn for urn in held if "#" not in urn and urns.parse(urn).type == "dataset" and "main.orders" in urn)
    known = held[urn].value
    fields = [
        Field(one.path, type=one.type, native_type=one.native_type, nullable=one.nullable) for one in known.fields
    ]
    fields[0].description = Description(source="The key")
    fields.append(Field("added", type="string", native_type="TEXT", nullable=True))
    value = Dataset(name="orders", description=Description(source="One row for each order"), fields=fields)
    value.tags = [TagLink("urn:lumos:tag:lumos.made")]
    value.captured = ["description", "fields", "tags"]
    path = vendor.pipeline("over", [Record(urn, value)])

    before = openmetadata_holds(vendor.fake)
    plan = lumos_core.plan(path)
    assert differences(before, openmetadata_holds(vendor.fake)) == [], "a plan writes nothing"
    planned = {operation.urn for publication in plan.published for operation in publication.operations}
    assert planned == {urn}
    done = published(path)
    assert {operation.urn for operation in done.operations} == planned
    after = openmetadata_holds(vendor.fake)

    table = "table lite.shop.main.orders"
    changed = {name for name in before if before[name] != after.get(name)}
    assert table in changed
    # A property of their own, of which the type tells, is what Lumos needs besides.
    assert {name for name in changed if name != table and not name.startswith("type ")} == set()
    made = {name.split()[0] for name in after.keys() - before.keys()}
    assert made <= {"tag", "classification"}
    ignored = (".version", ".updatedBy", ".changeDescription", ".incrementalChangeDescription")
    losses = [place for place in lost(before[table], after[table]) if not place.startswith(ignored)]
    assert not losses, "\n".join(losses)
    assert after[table]["description"] == before[table]["description"] == "As **Ada** says"
    columns = {column["name"]: column for column in after[table]["columns"]}
    assert columns["amount"]["description"] == "With taxes"
    assert columns["id"]["description"] == "The key"
    assert "added" in columns
    assert {one["tagFQN"] for one in after[table]["tags"]} == {"PII.NonSensitive", "lumos.made"}

    # A second run writes nothing; and the vendor's connector may run again.
    published(path)
    assert differences(after, openmetadata_holds(vendor.fake)) == []
    vendor.ingest()
    again = openmetadata_holds(vendor.fake)[table]
    assert again["description"] == "As **Ada** says"
    assert {one["tagFQN"] for one in again["tags"]} >= {"PII.NonSensitive", "lumos.made"}
    assert vendor.complaints(150) == []


def test_a_soft_delete_by_the_vendors_connector_is_seen(vendor: Vendor, holding: Any) -> None:
    theirs(vendor)
    with sqlite3.connect(vendor.folder / "shop.db") as connection:
        connection.execute("drop view big")
    connection.close()
    vendor.ingest()
    held = holding(vendor.lumos())
    (big,) = [one.value for urn, one in held.items() if "main.big" in urn and "#" not in urn]
    assert big.lifecycle.removed
    (orders,) = [one.value for urn, one in held.items() if "main.orders" in urn and "#" not in urn]
    assert not orders.lifecycle or not orders.lifecycle.removed
