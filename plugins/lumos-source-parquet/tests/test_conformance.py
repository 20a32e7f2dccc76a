"""The conformance kit on the format `parquet`."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from lumos_core.testing.kit import FormatKit


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
