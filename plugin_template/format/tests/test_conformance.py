"""The conformance kit on the format `acme`, and what it promises beyond that."""

from __future__ import annotations

from pathlib import Path

from lumos_core.testing.kit import FormatKit
from lumos_core.testing.kit.format import SampleFile


class TestAcmeFormat(FormatKit):
    name = "acme"
    sample = {
        "orders.acme": b"id number\nplaced day\n",
        "folder with space/customers.acme": b"id number\nname text\n",
    }
    broken = {
        "no type.acme": b"id number\nname\n",
        "picture.acme": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
    }

    def test_types_are_translated(self, folder: Path) -> None:
        file = SampleFile("places.acme", "größe number\nplace point\n".encode("windows-1252"))
        (record,) = self.inspected(self.build(folder, encoding="windows-1252"), [file])
        assert [(field.path, field.type, field.native_type) for field in record.value.fields] == [
            ("größe", "float64", "number"),
            ("place", "unknown", "point"),
        ]
