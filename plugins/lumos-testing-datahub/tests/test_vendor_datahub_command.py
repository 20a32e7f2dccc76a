"""The vendor's own command against the fake; run by the nox session `vendor-datahub`."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lumos_testing_datahub import DataHubFake, samples

HERE = importlib.util.find_spec("datahub") is not None
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(not HERE, reason="acryl-datahub is not installed here: nox -s vendor-datahub"),
]

TABLE = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.orders,PROD)"
VIEW = "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.public.sales,PROD)"
COMMAND = """
import sys
from datahub.entrypoints import main
from datahub.upgrade import upgrade
upgrade.check_upgrade_post = lambda *_, **__: None  # asks the network for a newer version
sys.argv = ["datahub", *sys.argv[1:]]
main()
"""
OFFLINE = {"DATAHUB_TELEMETRY_ENABLED": "false"}


@pytest.fixture
def datahub(tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """The `datahub` command, pointed at a fake."""
    with DataHubFake(token="secret") as fake:

        def run(*arguments: str, token: str = "secret", fails: bool = False) -> subprocess.CompletedProcess[str]:
            more = {"HOME": str(tmp_path), "DATAHUB_GMS_URL": fake.url, "DATAHUB_GMS_TOKEN": token}
            command = [sys.executable, "-c", COMMAND, *arguments]
            environment = {**os.environ, **OFFLINE, **more}
            done = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
            )
            assert (done.returncode != 0) == fails, done.stdout + done.stderr
            return done

        run.fake = fake  # type: ignore[attr-defined]
        yield run


def metadata(path: Path) -> None:
    """Write a file of metadata, in the two forms that `datahub ingest` reads."""
    proposal = {"entityType": "dataset", "entityUrn": TABLE, "changeType": "UPSERT", "aspectName": "datasetProperties"}
    aspects = [
        {"com.linkedin.pegasus2avro.common.Status": {"removed": False}},
        {
            "com.linkedin.pegasus2avro.schema.SchemaMetadata": {
                "schemaName": "sales",
                "platform": "urn:li:dataPlatform:postgres",
                "version": 0,
                "hash": "",
                "platformSchema": {"com.linkedin.pegasus2avro.schema.OtherSchema": {"rawSchema": ""}},
                "fields": [
                    {
                        "fieldPath": "id",
                        "type": {"type": {"com.linkedin.pegasus2avro.schema.NumberType": {}}},
                        "nativeDataType": "bigint",
                    }
                ],
            }
        },
    ]
    snapshot = {"com.linkedin.pegasus2avro.metadata.snapshot.DatasetSnapshot": {"urn": VIEW, "aspects": aspects}}
    events = [{**proposal, "aspect": {"json": {"name": "orders"}}}, {"proposedSnapshot": snapshot}]
    path.write_text(json.dumps(events), encoding="utf-8")


def test_the_command_ingests_reads_writes_and_deletes(datahub: Any, tmp_path: Path) -> None:
    fake = datahub.fake
    metadata(tmp_path / "metadata.json")
    recipe = {
        "source": {"type": "file", "config": {"path": "metadata.json"}},
        "sink": {"type": "datahub-rest", "config": {"server": fake.url, "token": "secret"}},
    }
    (tmp_path / "recipe.json").write_text(json.dumps(recipe), encoding="utf-8")
    assert "Pipeline finished successfully" in datahub("ingest", "-c", "recipe.json", "--no-progress").stdout
    assert fake.store.entities[TABLE].value("datasetProperties")["name"] == "orders"
    assert fake.store.entities[VIEW].value("schemaMetadata")["fields"][0]["fieldPath"] == "id"
    got = json.loads(datahub("get", "urn", "--urn", TABLE, "-a", "datasetProperties").stdout)
    assert got["datasetProperties"]["name"] == "orders"
    assert "true" in datahub("exists", "--urn", TABLE).stdout
    (tmp_path / "tags.json").write_text('{"tags": [{"tag": "urn:li:tag:a"}]}', encoding="utf-8")
    datahub("put", "aspect", "--urn", TABLE, "-a", "globalTags", "-d", "tags.json", "--run-id", "mine")
    assert fake.store.entities[TABLE].aspects["globalTags"].metadata()["runId"] == "mine"
    (tmp_path / "bad.json").write_text('{"tags": [{"tag": "a"}]}', encoding="utf-8")
    datahub("put", "aspect", "--urn", TABLE, "-a", "globalTags", "-d", "bad.json", fails=True)
    datahub("delete", "--urn", TABLE, "--soft", "--force")
    assert fake.store.entities[TABLE].removed
    datahub("delete", "--platform", "postgres", "--entity-type", "dataset", "--soft", "--force")
    assert fake.store.entities[VIEW].removed
    datahub("delete", "--urn", TABLE, "--hard", "--force")
    assert "false" in datahub("exists", "--urn", TABLE).stdout
    assert "noCode" in datahub("check", "server-config").stdout
    assert fake.statuses[401] == 0
    datahub("get", "urn", "--urn", VIEW, "-a", "status", token="wrong", fails=True)
    assert fake.statuses[401] > 0


def test_lite_imports_what_the_fake_holds(datahub: Any, tmp_path: Path) -> None:
    """What is read from the fake, written as a file of metadata, is a file that the vendor's own tool takes."""
    fake = datahub.fake
    for aspect in ("datasetProperties", "ownership", "globalTags"):
        value = samples.aspect(aspect, Random(3), full=True)
        fake.engine.commit([fake.engine.propose(TABLE, aspect, "UPSERT", value)])
    from datahub.emitter.serialization_helper import post_json_transform

    events = [
        {
            "entityType": "dataset",
            "entityUrn": TABLE,
            "changeType": "UPSERT",
            "aspectName": name,
            "aspect": {"json": post_json_transform(json.loads(stored.value))},
        }
        for name, stored in fake.store.entities[TABLE].aspects.items()
    ]
    (tmp_path / "all.json").write_text(json.dumps(events), encoding="utf-8")
    (tmp_path / ".datahubenv").write_text(json.dumps({"gms": {"server": fake.url}}), encoding="utf-8")
    datahub("lite", "import", "all.json")
    got = datahub("lite", "get", "--urn", TABLE).stdout
    assert "shop.public.orders" in got
