"""The named environments of a pipeline: how they are declared, where they lie, and whether one is ready for a run.

`lumos env sync` builds them (`building`); a run only looks here, and never builds one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from ..config.types import LocalPath
from ..contracts.component import Config

FOLDER = "environments"
"""Folder of the built environments, inside the state folder of the pipeline."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""What an environment may be called: it becomes the name of a folder."""


class EnvironmentConfig(Config):
    """What one named environment holds, and how patient a run is with its workers."""

    requirements: list[str] = Field(
        default_factory=list,
        description="What to install, as pip writes it: `acryl-datahub[postgres]`, `./my-plugin`, `x @ https://...`. "
        "`lumos-core` is added.",
    )
    python: str = Field(
        default="", description="Version (`3.11`) or path of the Python to build it with; the present one by default."
    )
    wheels: LocalPath | None = Field(
        default=None, description="Folder of wheels that are looked at before the package index."
    )
    existing: LocalPath | None = Field(
        default=None,
        description="Folder of an environment that somebody else builds (a virtual environment, a Conda prefix); "
        "Lumos checks it and leaves it as it is.",
    )
    deadline: float = Field(
        default=600.0,
        gt=0,
        description="Seconds that a component in it may be silent (no record, no progress, no question) before its "
        "worker is ended and the unit counts as failed.",
    )


class Environment(NamedTuple):
    """An environment that is ready to run components.

    Attributes:
        name: As the pipeline calls it.
        python: Its interpreter.
        deadline: Seconds of silence that a run bears.
    """

    name: str
    python: Path
    deadline: float


def interpreter(folder: Path) -> Path:
    """Return where the Python of an environment lies."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
