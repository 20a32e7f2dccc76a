"""The vendor's own client, command and models against the fake: what keeps it honest.

Run by the nox session `vendor-openmetadata`, which names the interpreters of two environments: the last version of the
vendor's package under the Apache License, and the newest.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lumos_testing_openmetadata import OpenMetadataFake, Oracle, Verdict
from openmetadata_estate import Client, everything

pytestmark = pytest.mark.heavy
HERE = Path(__file__).parent
# The client of 1.5 refuses a server that says it is of another minor version.
VENDORS = (("1.5.11", "LUMOS_OPENMETADATA_15"), ("2.0", "LUMOS_OPENMETADATA_20"))
TABLES = """
create table customer(id integer primary key, name varchar(20) not null, amount decimal(10, 2));
create table orders(id int, customer_id int references customer(id));
create view big as select id, name from customer where amount > 3;
"""


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor[0])
def vendor(request: pytest.FixtureRequest) -> tuple[str, Path]:
    version, variable = request.param
    if not os.environ.get(variable):
        pytest.skip(f"{variable} names no interpreter: run `nox -s vendor-openmetadata`")
    return version, Path(os.environ[variable])


def judged(fake: OpenMetadataFake, python: Path) -> Verdict:
    """What the vendor's models say of all that came and all that is answered."""
    verdict = Oracle(python).judge([*fake.recorded, *fake.answers()])
    # The vendor's own model of a type refuses the names of some of the vendor's own types.
    kept = [line for line in verdict.complaints if not (line.startswith("type ") and "-cp: " in line)]
    return verdict._replace(complaints=kept)


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout


def test_every_request_and_every_answer_of_every_kind_parses(vendor: tuple[str, Path]) -> None:
    version, python = vendor
    with OpenMetadataFake(version) as fake:
        fake.record = True
        with Client(fake) as client:
            everything(client)
        verdict = judged(fake, python)
    assert verdict.complaints == []
    assert verdict.judged > 300
    assert verdict.unjudged == ([] if version == "2.0" else ["create metric", "metric", "persona"])


def test_the_models_refuse_what_is_wrong(vendor: tuple[str, Path]) -> None:
    """The judge can say no."""
    verdict = Oracle(vendor[1]).judge([("create database", b'{"name":"a"}'), ("database", b'{"id":"x"}')])
    assert len(verdict.complaints) == 2


def test_the_vendors_client_writes_and_reads(vendor: tuple[str, Path], tmp_path: Path) -> None:
    version, python = vendor
    with OpenMetadataFake(version) as fake:
        fake.record = True
        script = str(HERE / "vendor_openmetadata_client.py")
        told: dict[str, Any] = json.loads(
            run([str(python), "-W", "ignore", script, fake.url, fake.bot_token], tmp_path).splitlines()[-1]
        )
        assert judged(fake, python).complaints == []
        assert 500 not in fake.statuses
    assert told == {
        "healthy": True,
        "fqn": 'vendor."d.b".s.one',
        "found": "one",
        "absent": None,
        "listed": ["one", "three", "two"],
        "description": "by patch",
        "tags": ["PII.Sensitive"],
        "column_tags": ["PII.Sensitive"],
        "owners": ["vera"],
        "upstream": [True],
        "rows": 3.0,
        "left": ["one", "two"],
        "after": 0,
    }


def test_the_vendors_command_ingests_a_database(vendor: tuple[str, Path], tmp_path: Path) -> None:
    version, python = vendor
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.executescript(TABLES)
    connection.close()
    with OpenMetadataFake(version) as fake:
        fake.record = True
        source = {"type": "SQLite", "databaseMode": str(tmp_path / "shop.db"), "database": "shop"}
        server = {
            "hostPort": f"{fake.url}/api",
            "authProvider": "openmetadata",
            "securityConfig": {"jwtToken": fake.bot_token},
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
        (tmp_path / "ingest.json").write_text(json.dumps(workflow), encoding="utf-8")
        command = [str(python.parent / "metadata"), "ingest", "-c", "ingest.json"]
        run(command, tmp_path)
        names = {head.fqn: head.deleted for head in fake.world.store.heads.values() if head.kind == "table"}
        assert names == {f"lite.shop.main.{name}": False for name in ("customer", "orders", "big")}
        with sqlite3.connect(tmp_path / "shop.db") as connection:
            connection.execute("drop view big")
        connection.close()
        run(command, tmp_path)
        assert fake.world.store.heads[fake.world.store.find("table", "lite.shop.main.big") or ""].deleted
        assert judged(fake, python).complaints == []
        assert 500 not in fake.statuses
