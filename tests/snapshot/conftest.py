"""What the tests of snapshots share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from lumos_core.model.coverage import Coverage
from lumos_core.model.record import AnyRecord
from lumos_core.model.scope import Covered, Scope
from lumos_core.snapshot.frame import SourceInfo
from lumos_core.snapshot.writer import SnapshotInfo, SnapshotWriter

Save = Callable[..., SnapshotInfo]

COVERAGE = Coverage([Covered(Scope(platform="postgres"), frozenset({"record", "fields"}))])


def save_records(path: Path, records: Iterable[AnyRecord], coverage: Coverage = COVERAGE) -> SnapshotInfo:
    writer = SnapshotWriter(path, [SourceInfo("postgres", ("source",))], exported_at="2026-01-15T10:30:00Z", memory=500)
    with writer:
        for record in records:
            writer.add(record)
        return writer.close(coverage)


@pytest.fixture(scope="session")
def save() -> Save:
    return save_records


@pytest.fixture(scope="session")
def coverage() -> Coverage:
    return COVERAGE
