"""The source `csv`: the crawler of `lumos-lake`, fixed to this format."""

from __future__ import annotations

from lumos_lake import CrawlConfig, PresetSource

from .config import CsvConfig
from .format import CsvFormat


class CsvSourceConfig(CsvConfig, CrawlConfig):
    """Options of the source `csv`: those of the crawler and those of the format."""


class CsvSource(PresetSource[CsvSourceConfig]):
    """Datasets of CSV files in a folder."""

    capabilities = frozenset({"fields", "layout", "properties", "record"})
    format_name = "csv"
    format_class = CsvFormat
    format_config = CsvConfig
