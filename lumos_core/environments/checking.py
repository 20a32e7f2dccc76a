"""Looking into an environment from outside: what is installed there, is it what was locked, does the kernel start?"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..errors import ConfigError
from ..hookspecs import API_VERSION
from ..loading.distributions import KERNEL
from .lock import LockedSet, normal

_SEEDS = {"pip", "setuptools", "wheel"}
_SHOWN = 5


class PluginThere(Struct, frozen=True, kw_only=True):
    """A plugin of an environment, as the kernel there sees it.

    Attributes:
        name: Of its entry point.
        distribution: That it comes from.
        version: Of the distribution.
        status: `ok`, `incompatible`, `broken` or `disabled`.
        reason: Why it is not `ok`.
        fix: What to do about that.
        components: (kind, name) of what it offers.
    """

    name: str
    distribution: str
    version: str
    status: str
    reason: str = ""
    fix: str = ""
    components: list[tuple[str, str]] = []


class Inside(Struct, frozen=True, kw_only=True):
    """What an environment says about itself.

    Attributes:
        python: Version of its Python.
        lumos_core: Version of the kernel there; empty when it cannot be imported.
        api: Version of the plugin API there.
        error: Why the kernel there does not start.
        plugins: The plugins there.
        packages: Normalised name -> version of everything installed.
        altered: Files that differ from what was installed (RECORD); only when asked for.
    """

    python: str
    lumos_core: str
    api: str
    error: str
    plugins: list[PluginThere]
    packages: dict[str, str]
    altered: list[str] = []


def look(python: Path, *, files: bool = False, seconds: float = 300.0) -> Inside:
    """Ask an environment about itself, by its own interpreter.

    Args:
        python: That interpreter.
        files: Compare every installed file with its hash in RECORD too.
        seconds: How long it may take.

    Raises:
        ConfigError: When the interpreter does not start or does not answer.
    """
    script = Path(__file__).with_name("probe.py").read_text(encoding="utf-8")
    command = [str(python), "-I", "-c", script, *(["files"] if files else [])]
    fix = "build it again with `lumos env sync`"
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False, env=_environment()
        )
        data: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError("the environment does not start", why=why, fix=fix, where=str(python)) from error
    except ValueError:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = said[-1] if said else f"it ended with code {done.returncode}"
        raise ConfigError("the environment does not start", why=why, fix=fix, where=str(python)) from None
    plugins = [
        PluginThere(**{**plugin, "components": [(kind, name) for kind, name in plugin["components"]]})
        for plugin in data.pop("plugins")
    ]
    packages = {normal(name): version for name, version in data.pop("packages").items()}
    return Inside(**data, plugins=plugins, packages=packages)


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV_CORE"))}


def compatible(api: str) -> str:
    """Say why a plugin API there does not fit the one here; empty when it does.

    The major versions must be equal; a newer minor version only adds.
    """
    if api.partition(".")[0] == API_VERSION.partition(".")[0]:
        return ""
    return f"it speaks plugin API {api or 'of no known version'}, and this kernel speaks {API_VERSION}"


def unusable(inside: Inside) -> str:
    """Say why no component can run there; empty when some can."""
    if inside.error:
        return f"lumos-core does not start there: {inside.error}"
    return compatible(inside.api)


def differences(inside: Inside, locked: LockedSet) -> list[str]:
    """Return what is installed there that was not locked so, and what is missing."""
    wanted = locked.versions()
    found = {name: version for name, version in inside.packages.items() if name not in _SEEDS or name in wanted}
    problems = []
    for name in sorted({*wanted, *found}):
        if name not in found:
            problems.append(f"{name} {wanted[name]} is missing")
        elif name not in wanted:
            problems.append(f"{name} {found[name]} is not in the lock")
        elif found[name] != wanted[name]:
            problems.append(f"{name} is {found[name]}, and {wanted[name]} is locked")
    return problems


def plugin_problems(inside: Inside, wanted: Iterable[tuple[str, str]]) -> list[str]:
    """Return what is wrong with the plugins there.

    Args:
        inside: The environment.
        wanted: (kind, type) of the components that a pipeline runs there.
    """
    problems = [
        f"the plugin {plugin.distribution} is {plugin.status}: {plugin.reason}"
        for plugin in inside.plugins
        if plugin.status != "ok" and normal(plugin.distribution) != KERNEL
    ]
    offered = {offer for plugin in inside.plugins for offer in plugin.components}
    for kind, type_ in wanted:
        if type_.startswith("catalog:"):
            kind, type_ = "catalog", type_.removeprefix("catalog:")
        name = type_.rpartition("/")[2]
        if ":" not in name and (kind, name) not in offered and not inside.error:
            there = sorted(offer for offered_kind, offer in offered if offered_kind == kind)
            told = f"there are {', '.join(there)}" if there else "no plugin there offers any"
            problems.append(f"the {kind} '{type_}', which the pipeline runs there, is not installed ({told})")
    return problems


def shortened(items: Sequence[str]) -> list[str]:
    """Return the first few of many lines, and how many more there are."""
    return [*items[:_SHOWN], f"and {len(items) - _SHOWN} more"] if len(items) > _SHOWN + 1 else [*items]
