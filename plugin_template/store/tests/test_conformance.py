"""The conformance kit on the store `acme`, and what it promises beyond that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lumos_core.plugin_api import StoreError
from lumos_core.testing.kit import StoreKit
from lumos_core.testing.kit.store import row


class TestAcmeStore(StoreKit):
    name = "acme"

    def test_a_record_that_comes_twice_is_refused(self, component: Any) -> None:
        with pytest.raises(StoreError):
            self.commit(component, row("a"), row("a", "view"))
        assert component.resolve("head") is None

    def test_a_file_that_is_no_store_is_named(self, component: Any, folder: Path) -> None:
        (folder / ".lumos").mkdir()
        (folder / ".lumos" / "acme.db").write_text("a text of somebody else's", encoding="utf-8")
        with pytest.raises(StoreError, match=r"acme\.db"):
            component.resolve("head")

    def test_reading_makes_no_file(self, component: Any, folder: Path) -> None:
        assert list(component.lines("head")) == []
        assert list(folder.iterdir()) == []
