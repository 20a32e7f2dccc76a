from __future__ import annotations

from lumos_core.plugin_api import KINDS, Entity
from lumos_core.testing.kit import CatalogKit


class TestLocalCatalog(CatalogKit):
    name = "local"
    kinds = tuple(kind for kind, value in KINDS.items() if issubclass(value, Entity))
