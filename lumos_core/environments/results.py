"""What `lumos env` tells: plain data, stable in `--json`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .checking import PluginThere

State = Literal["ready", "stale", "not built", "unfinished", "existing", "missing"]


class Synced(Struct, frozen=True, kw_only=True):
    """What a sync did with one environment.

    Attributes:
        name: Of the environment.
        action: `built`, `unchanged`, or `checked` when somebody else builds it.
        reason: Why it was built.
        locked: True when its part of the lock was written.
        changes: What changed in the lock (`acme 1.0 -> 1.1`).
        packages: How many packages are in it.
        python: Version of its Python.
        lumos_core: Version of the kernel in it.
        api: Version of the plugin API in it.
        tool: What resolved and installed it.
    """

    name: str
    action: Literal["built", "unchanged", "checked"]
    reason: str = ""
    locked: bool = False
    changes: list[str] = []
    packages: int = 0
    python: str = ""
    lumos_core: str = ""
    api: str = ""
    tool: str = ""


class EnvironmentInfo(Struct, frozen=True, kw_only=True):
    """One environment of a pipeline.

    Attributes:
        name: Of the environment.
        declared: Where: `pipeline`, `lock`, or nowhere any more (a leftover folder).
        locked: It is in the lock.
        state: `ready`, `stale` (a sync would build it anew), `not built`, `unfinished` (interrupted), `existing`
            (somebody else builds it), `missing` (and has not).
        reason: Why it is not `ready`.
        python: Version of its Python.
        packages: How many packages are in it.
        bytes: What it takes on the disk.
        used_by: Components of the pipeline that run in it (`source shop`).
        folder: Where it lies.
    """

    name: str
    declared: Literal["pipeline", "lock", ""]
    locked: bool
    state: State
    reason: str = ""
    python: str = ""
    packages: int = 0
    bytes: int = 0
    used_by: list[str] = []
    folder: str = ""


class Checked(Struct, frozen=True, kw_only=True):
    """Whether one environment is what it should be.

    Attributes:
        name: Of the environment.
        ok: Nothing is wrong.
        problems: What is wrong.
        fix: What to do about it.
        python: Version of its Python.
        lumos_core: Version of the kernel there.
        api: Version of the plugin API there.
        packages: How many packages are there.
        plugins: The plugins there, with their status.
    """

    name: str
    ok: bool
    problems: list[str] = []
    fix: str = ""
    python: str = ""
    lumos_core: str = ""
    api: str = ""
    packages: int = 0
    plugins: list[PluginThere] = []
