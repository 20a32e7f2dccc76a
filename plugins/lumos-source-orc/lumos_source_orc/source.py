"""The source `orc`: the crawler of `lumos-lake`, fixed to this format."""

from __future__ import annotations

from lumos_lake import CrawlConfig, PresetSource

from .config import OrcConfig
from .format import OrcFormat


class OrcSourceConfig(OrcConfig, CrawlConfig):
    """Options of the source `orc`: those of the crawler and those of the format."""


class OrcSource(PresetSource[OrcSourceConfig]):
    """Datasets of ORC files in a folder."""

    capabilities = frozenset({"fields", "fields.properties", "layout", "properties", "record"})
    format_name = "orc"
    format_class = OrcFormat
    format_config = OrcConfig
