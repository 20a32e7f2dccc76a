"""Two SDKs that exclude each other, in one pipeline: DataHub's and OpenMetadata's.

Needs the package index and several gigabytes; run by the nox session `rivals` alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import lumos_core
from lumos_core.environments.lock import read_lock

pytestmark = pytest.mark.heavy

HERE = Path(__file__).parent
PIPELINE = """\
name: rivals
environments:
  datahub: {{requirements: ["{here}/lumos-rival-datahub"]}}
  openmetadata: {{requirements: ["{here}/lumos-rival-openmetadata"]}}
sources:
  - {{type: rival-datahub, path: events.json, environment: datahub}}
  - {{type: rival-openmetadata, path: tables.jsonl, environment: openmetadata}}
"""
EVENT = {
    "proposedSnapshot": {
        "com.linkedin.pegasus2avro.metadata.snapshot.DatasetSnapshot": {
            "urn": "urn:li:dataset:(urn:li:dataPlatform:postgres,shop.orders,PROD)",
            "aspects": [
                {
                    "com.linkedin.pegasus2avro.schema.SchemaMetadata": {
                        "schemaName": "shop.orders",
                        "platform": "urn:li:dataPlatform:postgres",
                        "version": 0,
                        "hash": "",
                        "platformSchema": {"com.linkedin.pegasus2avro.schema.OtherSchema": {"rawSchema": ""}},
                        "fields": [
                            {
                                "fieldPath": "id",
                                "nullable": False,
                                "type": {"type": {"com.linkedin.pegasus2avro.schema.NumberType": {}}},
                                "nativeDataType": "bigint",
                            }
                        ],
                    }
                }
            ],
        }
    }
}
TABLE = {
    "name": "customers",
    "databaseSchema": "service.db.public",
    "columns": [{"name": "id", "dataType": "BIGINT"}, {"name": "email", "dataType": "VARCHAR", "dataLength": 80}],
}


def test_they_meet_in_one_pipeline(tmp_path):
    (tmp_path / "lumos.yaml").write_text(PIPELINE.format(here=HERE))
    (tmp_path / "events.json").write_text(json.dumps([EVENT]))
    (tmp_path / "tables.jsonl").write_text(json.dumps(TABLE) + "\n")
    for synced in lumos_core.env_sync(tmp_path / "lumos.yaml"):
        assert synced.action == "built"
    assert_they_exclude_each_other(tmp_path)
    result = lumos_core.run(tmp_path / "lumos.yaml")
    assert result.exit_code == 0, result.failures
    assert result.counts["dataset"] == 2
    store = lumos_core.open_store(tmp_path / ".lumos" / "store.db")
    try:
        lines = [json.loads(line) for line in store.lines("head", kind="dataset")]
    finally:
        store.close()
    found = {line["value"]["name"]: line["value"] for line in lines}
    assert [field["path"] for field in found["shop.orders"]["fields"]] == ["id"]
    assert [field["path"] for field in found["service.db.public.customers"]["fields"]] == ["id", "email"]
    versions = {dict(value["properties"])["sqlglot"] for value in found.values()}
    assert len(versions) == 2, "both ran on the same sqlglot"
    assert lumos_core.run(tmp_path / "lumos.yaml").changed == 0


def assert_they_exclude_each_other(folder):
    """What was locked for one cannot be installed beside the other; else this proof needs another pair of rivals."""
    wanted = {"acryl-datahub": "acryl-datahub[postgres]", "openmetadata-ingestion": "openmetadata-ingestion"}
    pins = [
        f"{wanted[package.name]}=={package.version}"
        for environment in read_lock(folder / "lumos.yaml").environments.values()
        for locked in environment.locked.values()
        for package in locked.packages
        if package.name in wanted
    ]
    assert len(pins) == 2
    (folder / "both.in").write_text("\n".join([*pins, "dbt-core<1.12"]))
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "both.in"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "sqlglot" in done.stderr
