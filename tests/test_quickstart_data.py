"""The files of the quickstart are what their maker writes, and small."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
SHOP = CONFIGS / "quickstart" / "shop"


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop, made anew."""
    pytest.importorskip("pyarrow")
    pytest.importorskip("fastavro")
    folder = tmp_path_factory.mktemp("shop")
    runpy.run_path(str(CONFIGS / "quickstart" / "make.py"))["main"](folder)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_committed_files_are_those_that_the_script_makes(again: Path) -> None:
    assert names(SHOP) == names(again)


def test_text_is_the_same_bytes(again: Path) -> None:
    """Parquet names the version of its writer, so it is compared as a table below."""
    same = [name for name in names(SHOP) if not name.endswith((".parquet", ".avro"))]
    assert [name for name in same if (SHOP / name).read_bytes() != (again / name).read_bytes()] == []


def test_parquet_and_avro_hold_the_same_rows(again: Path) -> None:
    import fastavro
    import pyarrow.parquet as pq

    for name in names(SHOP):
        if name.endswith(".parquet"):
            kept, made = pq.ParquetFile(SHOP / name).read(), pq.ParquetFile(again / name).read()
            assert kept.schema == made.schema, name
            assert kept.equals(made), name
        elif name.endswith(".avro"):
            with (SHOP / name).open("rb") as old, (again / name).open("rb") as new:
                kept_rows, made_rows = fastavro.reader(old), fastavro.reader(new)
                assert kept_rows.writer_schema == made_rows.writer_schema
                assert list(kept_rows) == list(made_rows)


def test_one_column_came_and_one_widened_between_two_days() -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    before = pq.read_schema(SHOP / "orders/day=2026-01-02/part-0.parquet")
    after = pq.read_schema(SHOP / "orders/day=2026-01-03/part-0.parquet")
    assert set(after.names) - set(before.names) == {"coupon_code"}
    assert (str(before.field("quantity").type), str(after.field("quantity").type)) == ("int32", "int64")


def test_the_example_is_small() -> None:
    files = [path for path in (CONFIGS / "quickstart").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 300_000
