"""The conformance kit on the differ `acme`, and what it promises beyond that."""

from __future__ import annotations

from pathlib import Path

from lumos_core.plugin_api import Field, Pair
from lumos_core.testing.kit import DifferKit
from lumos_core.testing.kit.differ import table

BOTH = frozenset({"record", "fields"})


class TestAcmeDiffer(DifferKit):
    name = "acme"

    def test_fields_come_go_and_change(self, folder: Path) -> None:
        before = table("orders", Field("id", type="int64"), Field("email", type="string"))
        after = table("orders", Field("id", type="string"), Field("phone", type="string"))
        found = self.changes(self.build(folder, type_changed="risky"), Pair(before, after, BOTH))
        assert [(change.rule, change.path, change.severity) for change in found] == [
            ("field-removed", "email", "breaking"),
            ("field-type-changed", "id", "risky"),
            ("field-added", "phone", "non-breaking"),
        ]

    def test_rules_say_what_is_configured(self, folder: Path) -> None:
        rules = {rule["id"]: rule["severity"] for rule in self.build(folder, type_changed="risky").rules()}
        assert rules["field-type-changed"] == "risky"
        assert rules["field-removed"] == "breaking"
