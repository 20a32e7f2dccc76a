"""The conformance kit on the format `orc` and the source of the same name."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pyarrow.orc as orc_file

from lumos_core.testing.kit import FormatKit, SourceKit, forbidden


def orc(table: pa.Table) -> bytes:
    out = io.BytesIO()
    orc_file.write_table(table, out)
    return out.getvalue()


class TestOrc(FormatKit):
    name = "orc"

    def files(self) -> Mapping[str, bytes]:
        return {
            "orders of bär.orc": orc(pa.table({"id": [1], "lines": [[{"sku": "x"}]]})),
            "year=2024/part-0.orc": orc(pa.table({"a": ["x"]})),
        }

    def broken_files(self) -> Mapping[str, bytes]:
        whole = orc(pa.table({"id": [1]}))
        return {"cut.orc": whole[:-30], "text.orc": b"a,b\n1,2\n", "short.orc": b"OR"}


class TestOrcSource(SourceKit):
    name = "orc"
    options = {"path": "."}
    hide = "customers.orc"

    def forbid(self, folder: Path) -> AbstractContextManager[None]:
        return forbidden(folder / "orders")  # of a folder, Python reads the listing; a file is opened by Arrow itself

    def prepare(self, folder: Path) -> None:
        content = orc(pa.table({"id": [1], "amount": [9.5]}))
        for day in (1, 2):
            part = folder / f"orders/day=2026-01-0{day}"
            part.mkdir(parents=True)
            (part / "part-0.orc").write_bytes(content)
        (folder / "customers.orc").write_bytes(content)
