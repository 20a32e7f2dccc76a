from __future__ import annotations

from lumos_core.plugin_api import KINDS, Entity
from lumos_core.testing.kit import CatalogKit


class TestDataHubCatalog(CatalogKit):
    name = "datahub"
    live = "datahub"
    kinds = tuple(kind for kind, value in KINDS.items() if issubclass(value, Entity))
