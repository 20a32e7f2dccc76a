"""The lock beside a pipeline: every environment, package by package, with its hashes.

It is JSON with one package per line group, made to be read in a review and committed. It names no host of an index and
no folder of the machine that wrote it, so that another machine builds the same from it.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from packaging.utils import canonicalize_name
from pydantic import Field, ValidationError

from ..contracts.component import Config
from ..errors import ConfigError
from ..files import atomic_write
from .environment import NAME, EnvironmentConfig

SUFFIX = ".environments.lock"

_HASH = r"^[a-z0-9]+:[0-9a-f]+$"
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


class LockedPackage(Config):
    """One package, as exactly as it can be named."""

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", description="Normalised name.")
    version: str = Field(pattern=r"^[^\s;@]+$", description="Its one version.")
    hashes: list[Annotated[str, Field(pattern=_HASH)]] = Field(
        min_length=1, description="Hashes of the files that may be installed, as `sha256:...`."
    )
    made_from: str = Field(
        default="", description="The requirement that the wheel is made from here, where it comes from no index."
    )
    source: str = Field(default="", description="Hash of what the wheel is made from.")

    @property
    def pin(self) -> str:
        """`name==version`."""
        return f"{self.name}=={self.version}"


class LockedSet(Config):
    """What one environment holds on one platform with one Python."""

    resolved_by: str = Field(default="", description="The tool that chose the versions.")
    packages: list[LockedPackage] = Field(description="Every package, sorted by name.")

    def digest(self) -> str:
        """Return a hash of what gets installed."""
        lines = [f"{package.pin} {' '.join(sorted(package.hashes))}\n" for package in self.packages]
        return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()

    def versions(self) -> dict[str, str]:
        """Return name -> version."""
        return {package.name: package.version for package in self.packages}


class LockedEnvironment(Config):
    """One environment: what was asked for, and what that came to."""

    requirements: list[str] = Field(default_factory=list, description="As declared; without credentials.")
    python: str = Field(default="", description="As declared.")
    deadline: float = Field(default=600.0, gt=0, description="Used where the pipeline file does not declare it.")
    locked: dict[str, LockedSet] = Field(default_factory=dict, description="Platform and Python -> what is installed.")

    def declaration(self) -> EnvironmentConfig:
        """Return the declaration of an environment that only the lock names."""
        return EnvironmentConfig(requirements=self.requirements, python=self.python, deadline=self.deadline)


class Lock(Config):
    """The file."""

    version: Literal[1] = Field(default=1, description="Version of this file's form.")
    note: str = Field(default="Written by `lumos env sync`; commit it.", description="For readers.")
    environments: dict[Annotated[str, Field(pattern=NAME)], LockedEnvironment] = Field(
        default_factory=dict, description="Name -> environment."
    )


def lock_path(pipeline_file: Path) -> Path:
    """Return where the lock of a pipeline lies: `lumos.environments.lock` beside `lumos.yaml`."""
    return pipeline_file.with_name(pipeline_file.stem + SUFFIX)


def read_lock(pipeline_file: Path) -> Lock:
    """Read the lock of a pipeline; an empty one when there is none.

    Raises:
        ConfigError: When it cannot be read or is no lock.
    """
    path = lock_path(pipeline_file)
    fix = "take it back from version control, or remove it and run `lumos env sync`"
    try:
        return Lock.model_validate(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise ConfigError("cannot read the lock", why=error.strerror or str(error), where=str(path)) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError("the lock is not valid", why=f"{place}: {first['msg']}", fix=fix, where=str(path)) from None
    except ValueError as error:
        raise ConfigError("the lock is not valid JSON", why=str(error), fix=fix, where=str(path)) from None


def write_lock(pipeline_file: Path, lock: Lock) -> bool:
    """Write the lock of a pipeline, whole or not at all.

    Returns:
        False when the file says the same already and was left alone.

    Raises:
        DiskError: When it cannot be written.
    """
    path = lock_path(pipeline_file)
    text = render(lock)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    with atomic_write(path) as file:
        file.write(text)
    return True


def render(lock: Lock) -> str:
    """Return the text of a lock: sorted, so that a review shows what changed and nothing else."""
    data = lock.model_dump(exclude_defaults=True)
    environments: dict[str, Any] = {}
    for name, entry in sorted(data.get("environments", {}).items()):
        locked = {target: entry["locked"][target] for target in sorted(entry.get("locked", {}))}
        for found in locked.values():
            found["packages"] = [
                {**package, "hashes": sorted(package["hashes"])}
                for package in sorted(found["packages"], key=lambda item: str(item["name"]))
            ]
        environments[name] = {**entry, "locked": locked}
    whole = {"version": lock.version, "note": lock.note, "environments": environments}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def without_credentials(requirement: str) -> str:
    """Return a requirement as the lock may hold it: a URL loses its `user:password@`."""
    return _CREDENTIALS.sub("", requirement)


def is_stale(entry: LockedEnvironment, config: EnvironmentConfig) -> bool:
    """Tell whether a declaration has changed since it was locked; the order of requirements does not matter."""
    wanted = sorted(without_credentials(line) for line in config.requirements)
    return sorted(entry.requirements) != wanted or entry.python != config.python


def normal(name: str) -> str:
    """Return the one spelling of a distribution's name."""
    return str(canonicalize_name(name))
