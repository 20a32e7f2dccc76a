"""Which files are one dataset, and what is in them: crawling, discovery, schema union and Arrow conversion.

Names are imported when they are first used, so that a manifest costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import CrawlConfig, FilesConfig, LakeConfig
    from .crawler import Crawler, named_formats
    from .discovery import Grouping, PartitionColumn, discover
    from .presets import PresetSource, preset_source
    from .schema_union import join_fields, join_types
    from .source import FilesSource
    from .storage import Entry, Gap, LocalStorage, Storage, StoredFile

_WHERE = {
    "config": "CrawlConfig FilesConfig LakeConfig",
    "crawler": "Crawler named_formats",
    "discovery": "Grouping PartitionColumn discover",
    "presets": "PresetSource preset_source",
    "schema_union": "join_fields join_types",
    "source": "FilesSource",
    "storage": "Entry Gap LocalStorage Storage StoredFile",
}
_HOME = {name: module for module, names in _WHERE.items() for name in names.split()}

__all__ = [
    "CrawlConfig",
    "Crawler",
    "Entry",
    "FilesConfig",
    "FilesSource",
    "Gap",
    "Grouping",
    "LakeConfig",
    "LocalStorage",
    "PartitionColumn",
    "PresetSource",
    "Storage",
    "StoredFile",
    "discover",
    "join_fields",
    "join_types",
    "named_formats",
    "preset_source",
]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'lumos_lake' has no attribute {name!r}")
    value = getattr(import_module(f"lumos_lake.{_HOME[name]}"), name)
    globals()[name] = value
    return value
