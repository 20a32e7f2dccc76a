"""The vendor's own classes and command against what we write, and we against what they wrote; nox: `vendor-datahub`."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lumos_catalog_datahub import mcp_file
from lumos_catalog_datahub.catalog import DataHubCatalog
from lumos_catalog_datahub.config import DataHubConfig
from lumos_testing_datahub import DataHubFake, samples
from lumos_testing_datahub.registry import registry

from lumos_core.plugin_api import KINDS, Entity, Operation, Record, Scope, canonical, urns
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.samples import samples as rich

HERE = importlib.util.find_spec("datahub") is not None
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(not HERE, reason="acryl-datahub is not installed here: nox -s vendor-datahub"),
]
COMMAND = """
import sys
from datahub.entrypoints import main
from datahub.upgrade import upgrade
upgrade.check_upgrade_post = lambda *_, **__: None  # asks the network for a newer version
sys.argv = ["datahub", *sys.argv[1:]]
main()
"""


def everything() -> list[Any]:
    """A rich record of every kind, and every aspect."""
    found = []
    for kind, struct in KINDS.items():
        if issubclass(struct, Entity):
            found += [Record(record.urn, record.value, kind) for record in rich(kind).values()]
    first = {record.urn: record for record in found}
    return list(first.values())


def command(home: Path, fake: DataHubFake, *arguments: str) -> str:
    more = {"HOME": str(home), "DATAHUB_GMS_URL": fake.url, "DATAHUB_GMS_TOKEN": "secret"}
    environment = {**os.environ, "DATAHUB_TELEMETRY_ENABLED": "false", **more}
    call = [sys.executable, "-c", COMMAND, *arguments]
    done = subprocess.run(
        call, cwd=home, env=environment, capture_output=True, text=True, check=False, timeout=300, input="y\n"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lines(catalog: DataHubCatalog) -> list[bytes]:
    return [canonical(record) for record in catalog.read(Scope(), MemoryContext())]


def test_every_proposal_decodes_with_the_vendors_classes() -> None:
    from lumos_testing_datahub import oracle

    with DataHubFake(oracle=oracle.sdk()) as fake:
        catalog = DataHubCatalog(DataHubConfig(server=fake.url))
        operations = [Operation(kind=one.kind, urn=one.urn, action="create", set=one.value) for one in everything()]
        for operation in operations:
            operation.set.captured = []  # type: ignore[union-attr]
        outcomes = list(catalog.write(operations, MemoryContext()))
        assert [one for one in outcomes if one.status not in ("written", "unchanged")] == []


def test_a_file_of_ours_is_ingested_by_the_vendors_command(tmp_path: Path) -> None:
    records = everything()
    assert mcp_file(records, tmp_path / "ours.json") > len(records)
    with DataHubFake(token="secret") as fake, DataHubFake() as ours:
        sink = {"type": "datahub-rest", "config": {"server": fake.url, "token": "secret"}}
        recipe = {"source": {"type": "file", "config": {"path": "ours.json"}}, "sink": sink}
        (tmp_path / "recipe.yml").write_text(json.dumps(recipe), encoding="utf-8")
        command(tmp_path, fake, "ingest", "-c", "recipe.yml")
        options = DataHubConfig(server=fake.url, token="secret")  # type: ignore[arg-type]
        theirs, direct = DataHubCatalog(options), DataHubCatalog(DataHubConfig(server=ours.url))
        operations = [Operation(kind=one.kind, urn=one.urn, action="create", set=one.value) for one in records]
        list(direct.write(operations, MemoryContext()))
        wanted = {record.urn: record.value for record in direct.read(Scope(), MemoryContext())}
        found = {record.urn: record.value for record in theirs.read(Scope(), MemoryContext())}
        more = {urn: value.body for urn, value in found.items() if urn not in wanted}
        assert (more, set(wanted) - set(found)) == ({}, set())
        for urn, value in wanted.items():
            assert found[urn] == value, urn


def test_a_file_of_ours_is_imported_by_datahub_lite(tmp_path: Path) -> None:
    if importlib.util.find_spec("duckdb") is None:
        pytest.skip("DataHub Lite needs duckdb: nox -s vendor-datahub")
    table = urns.dataset("postgres", "shop.public.orders")
    mcp_file([one for one in everything() if one.kind == "dataset"], tmp_path / "ours.json")
    with DataHubFake(token="secret") as fake:
        (tmp_path / ".datahubenv").write_text(f"gms: {{server: {fake.url}}}\n", encoding="utf-8")
        command(tmp_path, fake, "lite", "init", "--type", "duckdb", "--file", str(tmp_path / "lite.db"))
        command(tmp_path, fake, "lite", "import", "--file", "ours.json")
        listed = command(tmp_path, fake, "lite", "list-urns")
    assert "urn:li:dataset:(urn:li:dataPlatform:kit," in listed
    assert table.startswith("urn:lumos")


def test_what_the_vendors_client_wrote_is_read_and_written_back_equal(tmp_path: Path) -> None:
    from datahub.emitter.mcp import MetadataChangeProposalWrapper
    from datahub.emitter.rest_emitter import DatahubRestEmitter
    from datahub.emitter.serialization_helper import post_json_transform
    from datahub.metadata.schema_classes import ASPECT_NAME_MAP

    random = Random(11)
    with DataHubFake(token="secret") as fake, DataHubFake() as other:
        emitter = DatahubRestEmitter(fake.url, token="secret")
        for entity, aspects in (
            ("dataset", ["schemaMetadata", "datasetProperties", "ownership", "globalTags", "upstreamLineage", "embed"]),
            ("dataJob", ["dataJobInfo", "dataJobInputOutput", "ownership"]),
            ("glossaryTerm", ["glossaryTermInfo", "glossaryRelatedTerms"]),
            ("chart", ["chartInfo", "inputFields"]),
            ("corpuser", ["corpUserInfo", "groupMembership"]),
            ("test", ["testInfo"]),
        ):
            for _ in range(3):
                subject = samples.urn(entity, random)
                for name in aspects:
                    value = ASPECT_NAME_MAP[name].from_obj(post_json_transform(samples.aspect(name, random)))
                    emitter.emit(MetadataChangeProposalWrapper(entityUrn=subject, aspect=value))
        options = DataHubConfig(server=fake.url, token="secret")  # type: ignore[arg-type]
        source, target = DataHubCatalog(options), DataHubCatalog(DataHubConfig(server=other.url))
        read = sorted(source.read(Scope(), MemoryContext()), key=lambda one: one.kind in ("foreign", "stats"))
        operations = [Operation(kind=one.kind, urn=one.urn, action="create", set=one.value) for one in read]
        for operation in operations:
            (outcome,) = target.write([operation], MemoryContext())
            assert outcome.status in ("written", "unchanged"), outcome
        for ours, theirs in zip(lines(target), lines(source), strict=True):
            assert ours == theirs
        assert registry().source.startswith("acryl-datahub")
