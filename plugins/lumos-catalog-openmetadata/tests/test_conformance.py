from __future__ import annotations

import pytest

from lumos_core.plugin_api import KINDS, Entity
from lumos_core.testing.kit import CatalogKit

_KINDS = tuple(kind for kind, value in KINDS.items() if issubclass(value, Entity))


class TestOpenMetadata20(CatalogKit):
    name = "openmetadata"
    live = "openmetadata_second"
    kinds = _KINDS
    crowd = 150


@pytest.mark.heavy
class TestOpenMetadata16(CatalogKit):
    """What differs there is proven in the other files, which run in both families."""

    name = "openmetadata"
    live = "openmetadata_first"
    kinds = _KINDS
    crowd = 150


class TestRealOpenMetadata(CatalogKit):
    name = "openmetadata"
    live = "openmetadata_real"
    kinds = _KINDS
    crowd = 150
