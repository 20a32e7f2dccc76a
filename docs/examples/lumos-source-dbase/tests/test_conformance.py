"""The conformance kit on the source `dbase`, and what it promises beyond that."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lumos_core.plugin_api import ConfigError, UnitError, urns
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.kit import SourceKit

ORDERS = urns.dataset("dbase", "ORDERS.DBF")
EXAMPLE = Path(__file__).parents[1] / "example"


class TestDbaseSource(SourceKit):
    name = "dbase"
    options = {"path": "."}
    hide = "ORDERS.DBF"

    def prepare(self, folder: Path) -> None:
        for path in EXAMPLE.iterdir():
            shutil.copy(path, folder)

    def warned(self, folder: Path) -> list[str]:
        ctx = MemoryContext()
        self.read(self.build(folder), ctx)
        return [warning.code for warning in ctx.warnings]

    def test_the_example_is_read(self, folder: Path) -> None:
        records = {record.urn: record.value for record in self.read(self.build(folder), MemoryContext())}
        fields = records[ORDERS].fields
        assert [(field.path, field.type, field.native_type) for field in fields] == [
            ("ID", "int32", "N(6)"),
            ("CUSTOMER", "int32", "N(6)"),
            ("PLACED", "date", "D(8)"),
            ("AMOUNT", "decimal(9,2)", "N(10,2)"),
            ("PAID", "bool", "L(1)"),
        ]
        (rows,) = [value.row_count for urn, value in records.items() if urn.startswith(f"{ORDERS}#")]
        assert rows == 3

    def test_a_table_that_cannot_be_read_is_named(self, folder: Path) -> None:
        (folder / "ORDERS.DBF").write_bytes(b"\x03 not a table")
        with pytest.raises(UnitError, match=r"ORDERS\.DBF"):
            self.read(self.build(folder), MemoryContext())

    def test_the_example_gives_no_warning(self, folder: Path) -> None:
        assert self.warned(folder) == []

    def test_an_encoding_that_nobody_knows_is_refused(self, folder: Path) -> None:
        with pytest.raises(ConfigError, match="cp850"):
            self.build(folder, encoding="klingon")
        assert self.build(folder, encoding="cp850").config.encoding == "cp850"

    def test_a_memo_file_that_is_missing_is_told(self, folder: Path) -> None:
        (folder / "CUSTOMER.DBT").unlink()
        assert self.warned(folder) == ["dbase-memo-missing"]

    def test_a_table_that_is_cut_is_told_and_has_no_row_count(self, folder: Path) -> None:
        path = folder / "ORDERS.DBF"
        path.write_bytes(path.read_bytes()[:-40])
        assert self.warned(folder) == ["dbase-truncated"]
        stats = [record for record in self.read(self.build(folder), MemoryContext()) if record.kind == "stats"]
        assert [record.value.row_count for record in stats] == [2, None]

    def test_names_in_an_unknown_encoding_are_told(self, folder: Path) -> None:
        path = folder / "ORDERS.DBF"
        path.write_bytes(path.read_bytes().replace(b"PAID", b"PA\x99D"))
        assert self.warned(folder) == ["dbase-encoding-guessed"]
