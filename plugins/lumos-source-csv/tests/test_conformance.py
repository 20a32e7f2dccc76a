"""The conformance kit on the format `csv` and the source of the same name."""

from __future__ import annotations

import gzip
from pathlib import Path

from lumos_core.testing.kit import FormatKit, SourceKit


class TestCsv(FormatKit):
    name = "csv"
    sample = {
        "orders.csv": b"id,amount\n1,9.50\n2,7\n",
        "folder with space/b\xc3\xa4r.tsv.gz".encode().decode("unicode_escape"): gzip.compress(b"a\tb\n1\tx\n"),
        "no header.csv": b"1;2\n3;4\n",
    }
    broken = {
        "cut.csv.gz": gzip.compress(b"a,b\n" + b"1,2\n" * 99)[:-12],
        "picture.csv": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
    }


class TestCsvSource(SourceKit):
    name = "csv"
    options = {"path": "."}
    hide = "customers.csv"

    def prepare(self, folder: Path) -> None:
        content = b"id,amount\n1,9.50\n"
        for day in (1, 2):
            part = folder / f"orders/day=2026-01-0{day}"
            part.mkdir(parents=True)
            (part / "part-0.csv").write_bytes(content)
        (folder / "customers.csv").write_bytes(content)
