"""A folder of files that tells which of them changed, as a bucket does: each line of a file beside it is a path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lumos_lake.config import FilesConfig
from lumos_lake.crawler import named_formats
from lumos_lake.source import FolderCrawler
from pydantic import Field

from lumos_core.plugin_api import Context, Event, Format, LocalPath


class TellingConfig(FilesConfig):
    """Options of the source."""

    told: LocalPath = Field(description="Where the paths stand that changed.")


class TellingSource(FolderCrawler[TellingConfig]):
    """Files that tell of their changes."""

    def formats(self, ctx: Context) -> dict[str, Format[Any]]:
        """Build the formats that are named."""
        return named_formats(self.config.formats, ctx)

    def watch(self, ctx: Context) -> Iterable[Event]:
        """Tell what stands in the file."""
        path = self.config.told
        paths = sorted(set(path.read_text(encoding="utf-8").splitlines())) if path.exists() else []
        scopes = self.touched(paths, ctx) if paths else {}
        for one in paths:
            yield Event(scopes[one], one, "created", one)

    def ack(self, tokens: Sequence[str]) -> None:
        """Forget what was told, when all of it is done."""
        path = self.config.told
        left = set(path.read_text(encoding="utf-8").splitlines()) - set(tokens)
        path.write_text("".join(f"{one}\n" for one in sorted(left)), encoding="utf-8")
