"""Random records of every kind through the fake server: what is written is read back equal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lumos_catalog_openmetadata.catalog import OpenMetadata
from lumos_catalog_openmetadata.config import OpenMetadataConfig
from lumos_testing_openmetadata import OpenMetadataFake

from lumos_core.plugin_api import KINDS, AnyRecord, Entity, Operation, Scope, canonical, decode
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.strategies import records

KINDS_OF_RECORDS = sorted(kind for kind, value in KINDS.items() if issubclass(value, Entity))
MET = "two URNs meet"
"""The one reason for which a random record may be refused."""


def catalog(fake: OpenMetadataFake) -> OpenMetadata:
    return OpenMetadata(OpenMetadataConfig(server=fake.url, token=fake.bot_token, workers=2, retries=0))


def bare(record: AnyRecord) -> bytes:
    """A record without what reading adds."""
    copy: Any = decode(canonical(record))
    copy.value.captured = []
    copy.value.aliases = [alias for alias in copy.value.aliases if alias[0] != "openmetadata"]
    return canonical(copy)


def quoted(urn: str) -> bytes:
    """How a line begins to name a record, or a field of it."""
    return json.dumps(urn, ensure_ascii=False)[:-1].encode()


@pytest.mark.parametrize(("kind", "version"), [("dataset", "1.6"), *((kind, "2.0") for kind in KINDS_OF_RECORDS)])
def test_random_records_come_back_equal(kind: str, version: str) -> None:
    """What names another record of its batch may need a second writing; the engine defers lineage for that."""
    with OpenMetadataFake(version) as fake:
        subject = catalog(fake)
        seen: set[str] = set()

        @settings(max_examples=3, suppress_health_check=list(HealthCheck), deadline=None, database=None)
        @given(st.lists(records(kind), min_size=1, max_size=4, unique_by=lambda record: record.urn))
        def holds(found: list[AnyRecord]) -> None:
            found = [record for record in found if record.urn not in seen]
            seen.update(record.urn for record in found)
            lines = {record.urn: bare(record) for record in found}
            batch = [
                Operation(kind=kind, urn=urn, action="create", set=decode(line).value) for urn, line in lines.items()
            ]
            outcomes = list(subject.write(batch, MemoryContext()))
            for outcome in outcomes:
                assert outcome.status == "written" or MET in outcome.reason, outcome
            written = {outcome.urn for outcome in outcomes if outcome.status == "written"}
            if not written:
                return
            ctx = MemoryContext()
            held = {record.urn: bare(record) for record in subject.read(Scope(urns=frozenset(written)), ctx)}
            assert held == {urn: lines[urn] for urn in written}
            assert not ctx.warnings
            batch = [one for one in batch if one.urn in written]
            again = list(subject.write(batch, MemoryContext()))
            early = {urn for urn in written if not any(quoted(other) in lines[urn] for other in written - {urn})}
            assert {outcome.status for outcome in again if outcome.urn in early} <= {"unchanged"}, again
            again = list(subject.write(batch, MemoryContext()))
            assert {outcome.status for outcome in again} == {"unchanged"}, again

        holds()
