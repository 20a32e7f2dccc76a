"""The conformance kit on the source `files`."""

from __future__ import annotations

from pathlib import Path

from lumos_core.testing.kit import SourceKit


class TestFiles(SourceKit):
    name = "files"
    options = {"path": ".", "formats": ["lake_tiny_formats:TinyCsv", "lake_tiny_formats:TinyRec"]}
    hide = "sales/products.csv"
    unproven = dict.fromkeys(
        ("description", "fields.description", "fields.properties", "keys", "native_schema"),
        "only some formats know it, and the tiny ones of these tests do not",
    )

    def prepare(self, folder: Path) -> None:
        for day in (1, 2, 3):
            part = folder / f"sales/orders/day=2026-01-0{day}"
            part.mkdir(parents=True)
            (part / "part-0.csv").write_text("id:int64,total:float64?\n1,2\n")
        (folder / "sales/products.csv").write_text("sku,name\na,b\n")
        (folder / "clicks.rec").write_bytes(b'REC1{"at":"timestamp(us)"}')
