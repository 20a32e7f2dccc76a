"""A Hudi table as the crawler finds it: one dataset, whatever lies below its marker."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lumos_format_hudi.config import HudiConfig
from lumos_format_hudi.format import HudiFormat
from lumos_lake import CrawlConfig
from lumos_lake.source import FolderCrawler

from lumos_core.plugin_api import Dataset, Scope, Stats
from lumos_core.testing.context import MemoryContext

DATA = Path(__file__).parent / "data"


class HudiLake(FolderCrawler[CrawlConfig]):
    def formats(self, ctx):
        return {"hudi": HudiFormat(HudiConfig())}


def crawl(root: Path, ctx: MemoryContext) -> tuple[dict[str, Dataset], list[str]]:
    """Return the datasets by name, and what statistics there are."""
    source = HudiLake(CrawlConfig(path=root, containers=False))
    records = [record for unit in source.plan(Scope(), ctx) for record in source.extract(unit, ctx)]
    datasets = {record.value.name: record.value for record in records if isinstance(record.value, Dataset)}
    return datasets, sorted(
        record.urn.rpartition(",PROD)#")[2][:7] for record in records if isinstance(record.value, Stats)
    )


@pytest.fixture
def lake(tmp_path):
    root = tmp_path / "lake"
    for version in ("v6", "v8", "v9"):
        for name in ("cow", "mor"):
            shutil.copytree(DATA / version / name, root / f"{name}_{version}")
            data = root / f"{name}_{version}" / "day=2026-01-01"
            data.mkdir()
            (data / "leftover_0_1.parquet").write_bytes(b"PAR1 of an older version")
            (data / ".hoodie_partition_metadata").write_text("depth=1")
    return root


def test_a_table_is_one_dataset_and_its_metadata_table_none(lake):
    ctx = MemoryContext()
    found, stats = crawl(lake, ctx)
    assert sorted(found) == [f"{name}_{version}" for name in ("cow", "mor") for version in ("v6", "v8", "v9")]
    for table in found.values():
        assert table.layout.format == "hudi" and [part.path for part in table.layout.partition_by] == ["day"]
        assert {"fields", "keys", "layout"} <= set(table.captured)
    assert stats == ["operati"] * 6 + ["profile"] * 6
    assert ctx.warnings == []


def test_what_cannot_be_read_is_known_and_not_captured(lake):
    (lake / "cow_v8" / ".hoodie" / "hoodie.properties").write_text("rubbish")
    newest = max((lake / "mor_v6" / ".hoodie").glob("*.deltacommit"))
    newest.write_text(newest.read_text()[:100])
    ctx = MemoryContext()
    found, _ = crawl(lake, ctx)
    for name in ("cow_v8", "mor_v6"):
        assert "fields" not in found[name].captured and found[name].fields == []
    gaps = {urn: covered.reason for covered in ctx.declared for urn in covered.scope.urns or () if covered.reason}
    assert len(gaps) == 2
    assert any("hoodie.properties" in why for why in gaps.values())
    assert any(newest.name in why and "wait until its writer has finished" in why for why in gaps.values())
