"""The source `files`: the crawler over a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from lumos_core.plugin_api import ConfigError, Context, Format, Scope, Unit, read_yaml

from .config import CrawlConfig, FilesConfig
from .crawler import Crawler, named_formats
from .discovery import Overrides
from .discovery.noise import never_listed
from .probe import suggest
from .storage import Gap, LocalStorage

L = TypeVar("L", bound=CrawlConfig)

OVERRIDES = "discovery.yaml"
"""The overrides that are used when none are named, in the folder itself."""


class FolderCrawler(Crawler[L], Generic[L]):
    """The crawler over a folder, or over a single file."""

    @property
    def root_name(self) -> str:
        """Name of the folder."""
        return self.config.path.name or "root"

    @property
    def title(self) -> str:
        """Name of the folder, as it is in messages."""
        return self.config.path.name

    def storage(self, gaps: list[Gap], skipped: list[str]) -> LocalStorage:
        """Open the folder."""
        return LocalStorage(
            self.config.path,
            follow_symlinks=self.config.follow_symlinks,
            prune=never_listed,
            on_gap=gaps.append,
            on_skip=skipped.append,
        )

    def narrows(self) -> bool:
        """Tell whether a part may be listed alone: not where a link may lead from one part to another."""
        return not self.config.follow_symlinks

    def overrides(self) -> Overrides:
        """Read the overrides that are named, else those in the folder.

        Raises:
            ConfigError: When the file cannot be read.
        """
        beside = self.config.path / OVERRIDES
        if self.config.overrides is None and beside.is_file():
            return read_yaml(beside, Overrides)
        return super().overrides()

    def check_files(self) -> None:
        """Prove that the overrides are valid, and the globs.

        Raises:
            ConfigError: When they are not.
        """
        self.filter()

    def check(self, ctx: Context) -> None:
        """Prove that the folder and the overrides can be read.

        Raises:
            ConfigError: When they cannot.
        """
        path = self.config.path
        if not path.exists():
            dangling = os.path.lexists(path)
            raise ConfigError(
                f"{path} does not exist",
                why=f"it is a link to {path.readlink()}, which is not there" if dangling else "",
                fix="mend the link, or name another folder"
                if dangling
                else "correct `path`; relative paths start from the folder of the pipeline file",
                where="path",
            )
        try:
            if path.is_dir():
                with os.scandir(path):
                    pass
            else:
                with path.open("rb"):
                    pass
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be read",
                why=error.strerror or str(error),
                fix="grant the right to read it",
                where="path",
            ) from error
        self.filter()

    def plan(self, within: Scope, ctx: Context) -> Iterable[Unit]:
        """Plan as every crawler; a single file speaks for nothing but itself.

        Raises:
            ConfigError: When the folder is missing or cannot be read.
        """
        if self.config.path.is_file():
            only = Scope(urns=frozenset({self.names.dataset(self.config.path.name)}))
            narrowed = only.narrowed(within)
            if narrowed is None:
                return
            within = narrowed
        yield from super().plan(within, ctx)

    @classmethod
    def suggested_type(cls) -> str:
        """Return the `type` that `suggest` proposes; empty for none."""
        return ""

    def suggest(self, path: str) -> Iterable[dict[str, Any]]:
        """Suggest nothing: the source `files` speaks for all formats."""
        return ()


class FilesSource(FolderCrawler[FilesConfig]):
    """Datasets in a folder of files, of every format that is named."""

    def formats(self, ctx: Context) -> dict[str, Format[Any]]:
        """Build the formats that the configuration names."""
        return named_formats(self.config.formats, ctx)

    @classmethod
    def suggested_type(cls) -> str:
        """Return the `type` that `suggest` proposes."""
        return "files"

    def suggest(self, path: str) -> Iterable[dict[str, Any]]:
        """Look at a folder and suggest this source with the formats that are in it, table formats included."""
        return suggest(path)
