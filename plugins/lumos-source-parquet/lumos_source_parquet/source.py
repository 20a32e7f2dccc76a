"""The source `parquet`: the crawler of `lumos-lake`, fixed to this format."""

from __future__ import annotations

from lumos_lake import CrawlConfig, PresetSource

from .config import ParquetConfig
from .format import ParquetFormat


class ParquetSourceConfig(ParquetConfig, CrawlConfig):
    """Options of the source `parquet`: those of the crawler and those of the format."""


class ParquetSource(PresetSource[ParquetSourceConfig]):
    """Datasets of Parquet files in a folder."""

    capabilities = frozenset({"fields", "fields.description", "fields.properties", "layout", "properties", "record"})
    format_name = "parquet"
    format_class = ParquetFormat
    format_config = ParquetConfig
