"""The named environments of a pipeline: how they are declared, where they lie, and whether one is ready for a run.

`lumos env sync` builds them (`building`); a run only looks here, and never builds one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, Field, model_validator

from ..config.types import LocalPath
from ..contracts.component import Config
from ..errors import ConfigError

FOLDER = "environments"
"""Folder of the built environments, inside the state folder of the pipeline."""

MARKER = "lumos-environment.json"
"""File in the folder of an environment that is ready; written last."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""What an environment may be called: it becomes the name of a folder."""

_ARCHIVES = (".whl", ".tar.gz", ".zip")


def is_local(requirement: str) -> bool:
    """Tell whether a requirement is a folder, a wheel or an archive of this machine: `./my-plugin`, `dist/x.whl`."""
    path = requirement.partition("[")[0]
    if "://" in path or "@" in path:
        return False
    return path.startswith((".", "~", "/")) or path.endswith(_ARCHIVES) or os.sep in path or "/" in path


def _requirement(text: str) -> str:
    stripped = text.strip()
    if not stripped or stripped.startswith(("-", "#")) or "\n" in stripped:
        raise ValueError("expected one requirement; options such as --index-url belong into pip's configuration")
    if is_local(stripped):
        return stripped
    try:
        Requirement(stripped)
    except InvalidRequirement:
        raise ValueError(
            "expected a requirement such as `acme-sdk[postgres]>=1.2`, or a path such as ./my-plugin"
        ) from (None)
    return stripped


def _python(text: str) -> str:
    if os.sep in text or "/" in text or not text:
        return text
    try:
        release = Version(text).release
    except InvalidVersion:
        release = ()
    if len(release) != 2:
        raise ValueError('expected a version such as "3.11" (in quotes), or the path of a Python')
    return text


class EnvironmentConfig(Config):
    """What one named environment holds, and how patient a run is with its workers."""

    requirements: list[Annotated[str, AfterValidator(_requirement)]] = Field(
        default_factory=list,
        description="What to install, as pip writes it: `acryl-datahub[postgres]`, `./my-plugin`, `x @ https://...`. "
        "`lumos-core` is added.",
    )
    python: Annotated[str, AfterValidator(_python)] = Field(
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

    @model_validator(mode="after")
    def _one_builder(self) -> EnvironmentConfig:
        if self.existing is not None and (self.requirements or self.python or self.wheels):
            raise ValueError("`existing` is built by somebody else: requirements, python and wheels do not apply to it")
        return self


Environments = dict[Annotated[str, Field(pattern=NAME)], EnvironmentConfig]
"""The key `environments` of a pipeline."""


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


def existing_python(name: str, config: EnvironmentConfig) -> Path:
    """Return the Python of an environment that somebody else builds.

    Raises:
        ConfigError: When there is none.
    """
    folder = config.existing or Path()
    # Conda on Windows keeps its Python at the top.
    python = next((path for path in (interpreter(folder), folder / "python.exe") if path.exists()), None)
    if python is None:
        fix = f"build it, or mend `environments.{name}.existing`"
        raise ConfigError(f"the environment '{name}' is not there", why=f"there is no {interpreter(folder)}", fix=fix)
    return python


def find(name: str, declared: Mapping[str, EnvironmentConfig], pipeline_file: Path, state: Path) -> Environment:
    """Find an environment that is ready for a run; builds nothing, starts nothing, reads two small files.

    Args:
        name: As the pipeline calls it.
        declared: The environments of the pipeline file.
        pipeline_file: The pipeline; its lock lies beside it.
        state: State folder of the pipeline.

    Raises:
        ConfigError: When nobody declares it, or it is not built, half built, or built from something else than what is
            declared and locked now; the fix is the command that mends it.
    """
    from .lock import is_stale, read_lock
    from .marker import read_marker

    lock = read_lock(pipeline_file)
    known: dict[str, Any] = {**lock.environments, **declared}
    if name not in known:
        from ..config.problems import did_you_mean

        fix = did_you_mean(name, known) or f"declare it in `environments:` of {pipeline_file}"
        why = f"declared are {', '.join(sorted(known))}" if known else "the pipeline declares no environments"
        raise ConfigError(f"there is no environment '{name}'", why=why, fix=fix)
    config = declared.get(name)
    if config is not None and config.existing is not None:
        return Environment(name, existing_python(name, config), config.deadline)
    fix = f"run `lumos env sync {pipeline_file} {name}`"
    folder = state / FOLDER / name
    marker = read_marker(folder)
    entry = lock.environments.get(name)
    if marker is None or not marker.python_path(folder).exists():
        why = "a `lumos env sync` of it did not finish" if folder.exists() else "it was not built in this state folder"
        raise ConfigError(f"the environment '{name}' is not ready", why=why, fix=fix)
    if entry is None or (config is not None and is_stale(entry, config)):
        why = "what is declared has changed since it was locked" if entry else "it is not in the lock"
        raise ConfigError(f"the environment '{name}' is not ready", why=why, fix=fix)
    locked = entry.locked.get(marker.target)
    if locked is None or locked.digest() != marker.digest:
        raise ConfigError(f"the environment '{name}' is not ready", why="it was built from another lock", fix=fix)
    deadline = config.deadline if config is not None else entry.deadline
    return Environment(name, marker.python_path(folder), deadline)
