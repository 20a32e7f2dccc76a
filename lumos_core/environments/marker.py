"""The file that says that an environment is ready, and what it was built from; written last, replaced in one step."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field, ValidationError

from ..contracts.component import Config
from ..files import atomic_write
from .environment import MARKER, interpreter


class Marker(Config):
    """What was built, where, and from what."""

    folder: str = Field(pattern=r"^[0-9a-z-]+$", description="Folder of the environment itself, beside this file.")
    digest: str = Field(description="Of the locked set that it was built from.")
    target: str = Field(description="Platform and Python, as the lock names them.")
    python: str = Field(description="Whole version of its Python.")
    lumos_core: str = Field(description="Version of the kernel in it.")
    api: str = Field(description="Version of the plugin API in it.")
    packages: int = Field(description="How many packages it holds.")
    built_with: str = Field(default="", description="The tool that installed them.")

    def python_path(self, folder: Path) -> Path:
        """Return its interpreter, inside the folder that holds the marker."""
        return interpreter(folder / self.folder)


def read_marker(folder: Path) -> Marker | None:
    """Return the marker of an environment's folder; None when it is not there, or not whole."""
    try:
        return Marker.model_validate(json.loads((folder / MARKER).read_bytes()))
    except (OSError, ValueError, ValidationError):
        return None


def write_marker(folder: Path, marker: Marker) -> None:
    """Make an environment the ready one.

    Raises:
        DiskError: When it cannot be written.
    """
    with atomic_write(folder / MARKER) as file:
        file.write(json.dumps(marker.model_dump(), indent=1) + "\n")
