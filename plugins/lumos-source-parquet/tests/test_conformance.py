"""The conformance kit on the format `parquet` and the source of the same name."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lumos_core.testing.kit import FormatKit, SourceKit, forbidden


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


class TestParquet(FormatKit):
    name = "parquet"

    def files(self) -> Mapping[str, bytes]:
        return {
            "orders of bär.parquet": parquet(pa.table({"id": [1], "lines": [[{"sku": "x"}]]})),
            "year=2024/part-0.parquet": parquet(pa.table({"a": pa.array(["x"]).dictionary_encode()})),
        }

    def broken_files(self) -> Mapping[str, bytes]:
        whole = parquet(pa.table({"id": [1]}))
        return {"cut.parquet": whole[:-30], "text.parquet": b"a,b\n1,2\n", "short.parquet": b"PA"}


class TestParquetSource(SourceKit):
    name = "parquet"
    options = {"path": "."}
    hide = "customers.parquet"

    def forbid(self, folder: Path) -> AbstractContextManager[None]:
        return forbidden(folder / "orders")  # of a folder, Python reads the listing; a file is opened by Arrow itself

    def prepare(self, folder: Path) -> None:
        content = parquet(pa.table({"id": [1], "amount": [9.5]}))
        for day in (1, 2):
            part = folder / f"orders/day=2026-01-0{day}"
            part.mkdir(parents=True)
            (part / "part-0.parquet").write_bytes(content)
        (folder / "customers.parquet").write_bytes(content)
