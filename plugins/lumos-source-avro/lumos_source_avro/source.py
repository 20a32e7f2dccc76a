"""The source `avro`: the crawler of `lumos-lake`, fixed to this format."""

from __future__ import annotations

from lumos_lake import CrawlConfig, PresetSource

from .config import AvroConfig
from .format import AvroFormat


class AvroSourceConfig(AvroConfig, CrawlConfig):
    """Options of the source `avro`: those of the crawler and those of the format."""


class AvroSource(PresetSource[AvroSourceConfig]):
    """Datasets of Avro files in a folder."""

    capabilities = frozenset(
        {
            "description",
            "fields",
            "fields.description",
            "fields.properties",
            "layout",
            "native_schema",
            "properties",
            "record",
        }
    )
    format_name = "avro"
    format_class = AvroFormat
    format_config = AvroConfig
