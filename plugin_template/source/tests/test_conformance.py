"""The conformance kit on the source `acme`, and what it promises beyond that."""

from __future__ import annotations

from pathlib import Path

import pytest
from lumos_core.plugin_api import Scope, UnitError
from lumos_core.testing.context import MemoryContext
from lumos_core.testing.kit import SourceKit


class TestAcmeSource(SourceKit):
    name = "acme"
    options = {"path": "."}
    hide = "orders.acme"

    def prepare(self, folder: Path) -> None:
        (folder / "orders.acme").write_text("id number\nplaced day\n", encoding="utf-8")
        (folder / "customers.acme").write_text("id number\nname text\n", encoding="utf-8")

    def test_types_are_translated(self, folder: Path) -> None:
        (folder / "orders.acme").write_text("id number\nplace point\n", encoding="utf-8")
        fields = self.read(self.build(folder), MemoryContext())[-1].value.fields
        assert [(field.path, field.type, field.native_type) for field in fields] == [
            ("id", "float64", "number"),
            ("place", "unknown", "point"),
        ]

    def test_a_file_that_cannot_be_read_is_named(self, folder: Path) -> None:
        (folder / "orders.acme").write_text("nothing but a name\n\n", encoding="utf-8")
        with pytest.raises(UnitError, match=r"orders\.acme.*line 2"):
            self.read(self.build(folder), MemoryContext())

    def test_an_instance_speaks_only_of_itself(self, folder: Path, ctx: MemoryContext) -> None:
        records = self.read(self.build(folder, instance="north"), ctx, Scope())
        assert all(",north:" in record.urn and ctx.coverage.complete(record.urn) for record in records)
        assert not ctx.coverage.complete(records[0].urn.replace("north:", ""))
