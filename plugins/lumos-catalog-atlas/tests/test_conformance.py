from __future__ import annotations

import pytest

from lumos_core.plugin_api import KINDS, Entity
from lumos_core.testing.kit import CatalogKit

KIND_NAMES = tuple(kind for kind, value in KINDS.items() if issubclass(value, Entity))


@pytest.mark.servers
class TestRealAtlas(CatalogKit):
    name = "atlas"
    live = "real_atlas"
    kinds = KIND_NAMES
    crowd = 230


class TestAtlasAsRecorded(CatalogKit):
    name = "atlas"
    live = "fake_options"
    kinds = KIND_NAMES
    crowd = 230
