"""The source `json`: the crawler of `lumos-lake`, fixed to this format."""

from __future__ import annotations

from lumos_lake import CrawlConfig, PresetSource

from .config import JsonConfig
from .format import JsonFormat


class JsonSourceConfig(JsonConfig, CrawlConfig):
    """Options of the source `json`: those of the crawler and those of the format."""


class JsonSource(PresetSource[JsonSourceConfig]):
    """Datasets of JSON files in a folder."""

    capabilities = frozenset({"fields", "layout", "properties", "record"})
    format_name = "json"
    format_class = JsonFormat
    format_config = JsonConfig
