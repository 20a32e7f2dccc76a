"""The conformance kit on the catalog `acme`, and what it promises beyond that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lumos_core.plugin_api import CatalogError
from lumos_core.testing.kit import CatalogKit


class TestAcmeCatalog(CatalogKit):
    name = "acme"
    options = {"path": "catalog"}

    def test_a_file_that_cannot_be_read_is_named(self, component: Any, folder: Path) -> None:
        self.write(component, self.create("orders"))
        (path,) = (folder / "catalog").iterdir()
        path.write_bytes(b"{")
        with pytest.raises(CatalogError, match=path.name):
            self.read(component)
