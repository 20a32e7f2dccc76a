from __future__ import annotations

from lumos_core.testing.kit import CatalogKit


class TestLocalCatalog(CatalogKit):
    name = "local"
    options = {}
