from __future__ import annotations

import json
from pathlib import Path

import pytest
from lumos_catalog_datahub import mcp_file
from lumos_testing_datahub import DataHubFake

from lumos_core.plugin_api import (
    Dataset,
    Field,
    Foreign,
    Property,
    Record,
    Stats,
    StructuredValue,
    Tag,
    TagLink,
    UsageError,
    urns,
)

TABLE = urns.dataset("postgres", "shop.orders")
RETENTION = urns.plain("property", "retention")


def test_a_file_holds_proposals_that_datahub_takes(tmp_path: Path) -> None:
    records = [
        Record(
            TABLE,
            Dataset(
                name="orders",
                fields=[Field("id", type="int64")],
                tags=[TagLink(urns.plain("tag", "pii"), value="x")],
                structured=[StructuredValue(RETENTION, [30]), StructuredValue(urns.plain("property", "unknown"), [1])],
            ),
        ),
        Record(f"{TABLE}#datahub/embed", Foreign(body='{"renderUrl":"https://bi"}'), "foreign"),
        Record(f"{TABLE}#profile@2026-01-15T10:00:00Z", Stats(row_count=3, file_count=2), "stats"),
        Record(RETENTION, Property(name="Retention", type="int64")),
        Record(urns.plain("tag", "pii"), Tag(name="pii", exclusive=True)),
    ]
    path = tmp_path / "out" / "shop.mcp.json"
    count = mcp_file(records, path)
    proposals = json.loads(path.read_text(encoding="utf-8"))
    assert len(proposals) == count
    with DataHubFake() as fake:
        for one in proposals:
            change = fake.engine.propose(one["entityUrn"], one["aspectName"], one["changeType"], one["aspect"]["json"])
            fake.engine.commit([change])
        held = fake.store.entities["urn:li:dataset:(urn:li:dataPlatform:postgres,shop.orders,PROD)"]
        assert [one["propertyUrn"] for one in held.value("structuredProperties")["properties"]] == [
            "urn:li:structuredProperty:retention"
        ]
        assert held.value("embed") == {"renderUrl": "https://bi"}
        kept = [urn for urn in fake.store.entities if urn.startswith("urn:li:platformResource:lumos-")]
        assert len(kept) == 3  # of the tag, of the fact, and of the type of the property


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    lost = Record("urn:lumos:tag:x#datahub/embed", Foreign(body="{}"), "foreign")
    with pytest.raises(UsageError, match="cannot be written to DataHub"):
        mcp_file([lost], tmp_path / "x.json")
    assert not list(tmp_path.iterdir())
