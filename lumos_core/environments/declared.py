"""The environments of one pipeline: what its file and its lock say of them, and which components run in them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from ..config.api import read_pipeline_file
from ..config.pipeline import STATE
from ..config.problems import did_you_mean
from ..config.reading import failure, validate
from ..config.types import LocalPath
from ..config.variables import Resolved
from ..errors import ConfigError, UsageError
from .environment import FOLDER, EnvironmentConfig, Environments
from .lock import Lock, read_lock


class _Part(BaseModel):
    """What of a pipeline file is about environments; nothing else of it is validated, no other variable is needed."""

    model_config = ConfigDict(extra="ignore")

    environments: Environments = Field(default_factory=dict, description="See PipelineFile.")
    state: LocalPath = Field(default=Path(STATE), validate_default=True, description="See PipelineFile.")


class Use(NamedTuple):
    """A component that runs in an environment: its kind, type and label."""

    kind: str
    type: str
    name: str


class Declared(NamedTuple):
    """The environments of one pipeline.

    Attributes:
        file: The pipeline.
        folder: Folder that its relative paths start from.
        state: Its state folder.
        declared: Name -> declaration, as the file has it.
        used: Name -> components that run there.
        lock: Its lock.
    """

    file: Path
    folder: Path
    state: Path
    declared: Mapping[str, EnvironmentConfig]
    used: Mapping[str, list[Use]]
    lock: Lock

    def configs(self) -> dict[str, EnvironmentConfig]:
        """Return every environment that the file or the lock declares."""
        found = {name: entry.declaration() for name, entry in self.lock.environments.items()}
        return {**found, **self.declared}

    def chosen(self, names: Sequence[str]) -> dict[str, EnvironmentConfig]:
        """Return the named environments; all when none is named.

        Raises:
            UsageError: When one is not declared.
            ConfigError: When the pipeline uses one that is not declared.
        """
        known = self.configs()
        for name in names:
            if name not in known:
                fix = did_you_mean(name, known) or (f"declared are {', '.join(sorted(known))}" if known else "")
                raise UsageError(f"there is no environment '{name}'", fix=fix or f"declare it in {self.file}")
        for name, uses in {} if names else self.used.items():
            if name not in known:
                what = f"the {uses[0].kind} '{uses[0].name}' runs in the environment '{name}', which nobody declares"
                raise ConfigError(
                    what, fix=did_you_mean(name, known) or f"declare it in `environments:` of {self.file}"
                )
        return {name: known[name] for name in sorted(known) if not names or name in names}

    def home(self, name: str) -> Path:
        """Return the folder of an environment."""
        return self.state / FOLDER / name


def read_declared(pipeline: str | os.PathLike[str] | None) -> Declared:
    """Read what a pipeline says of its environments; the rest of it need not be valid, nor its variables set.

    Raises:
        ConfigError: When there is no pipeline, or this part of it or its lock is not valid.
    """
    file, node, folder = read_pipeline_file(pipeline)
    data = node.data()
    part = {key: data[key] for key in ("environments", "state") if data.get(key) is not None}
    made, problems = validate(_Part, part, {"base": folder})
    if made is None:
        raise failure(node, problems)
    return Declared(file, folder, made.state, made.environments, _used(data), read_lock(file))


def _used(data: Mapping[str, Any]) -> dict[str, list[Use]]:
    used: dict[str, list[Use]] = {}
    for section, kind in (("sources", "source"), ("catalogs", "catalog")):
        entries = data.get(section)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping) and "environment" in entry:
                label = Resolved({key: entry.get(key) for key in ("environment", "type", "name")}).data
                name, type_ = label["environment"], str(label["type"] or "")
                if isinstance(name, str):
                    used.setdefault(name, []).append(Use(kind, type_, str(label["name"] or type_)))
    return used
