"""Presets: the one crawler under the name of a single format.

Example:
    ```python
    class CsvSourceConfig(CsvConfig, CrawlConfig):
        \"\"\"Options of the source `csv`: those of the crawler and those of the format.\"\"\"

    class CsvSource(PresetSource[CsvSourceConfig]):
        format_name = "csv"
        format_class = CsvFormat
        format_config = CsvConfig
    ```

    or, shorter, `CsvSource = preset_source("csv", CsvFormat, CsvConfig)`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from lumos_core.plugin_api import Config, Context, Format

from .config import CrawlConfig
from .source import FolderCrawler, L


class PresetSource(FolderCrawler[L]):
    """The crawler, fixed to one format.

    Attributes:
        format_name: Name of the format, as `layout.format` has it.
        format_class: Class of the format.
        format_config: Its configuration; the preset's own configuration has these options too.
    """

    format_name: ClassVar[str] = ""
    format_class: ClassVar[type[Format[Any]]]
    format_config: ClassVar[type[Config]]

    def formats(self, ctx: Context) -> dict[str, Format[Any]]:
        """Build the one format, from the options that are its own."""
        options = {name: getattr(self.config, name) for name in self.format_config.model_fields}
        return {self.format_name: self.format_class(self.format_config.model_construct(**options))}

    @classmethod
    def suggested_type(cls) -> str:
        """Return the `type` that `suggest` proposes."""
        return cls.format_name


def preset_source(name: str, format_class: type[Format[Any]], format_config: type[Config]) -> type[PresetSource[Any]]:
    """Make a source class fixed to one format, with its configuration as attribute `config_class`.

    Args:
        name: Name of the format and of the source.
        format_class: The format.
        format_config: Its configuration.
    """
    title = name.capitalize()
    config = type(
        f"{title}SourceConfig",
        (format_config, CrawlConfig),
        {"__module__": format_class.__module__, "__doc__": f"Options of the source `{name}`."},
    )
    return type(
        f"{title}Source",
        (PresetSource,),
        {
            "__module__": format_class.__module__,
            "__doc__": f"Datasets of {name} files in a folder.",
            "format_name": name,
            "format_class": format_class,
            "format_config": format_config,
            "config_class": config,
        },
    )
