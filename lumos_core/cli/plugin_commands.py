"""Commands that plugins bring: entry points of the group `lumos.commands`, listed without importing anything.

`importlib.metadata` alone costs more than the whole of `lumos --help`; looking into the folders of `sys.path` for the
few files that name the group costs some milliseconds.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

from ..errors import PluginError

GROUP = "lumos.commands"
_METADATA = (".dist-info", ".egg-info")


def plugin_commands() -> dict[str, str]:
    """Return name -> distribution of every command that an installed plugin brings, sorted by name."""
    disabled = {_normal(name) for name in os.environ.get("LUMOS_DISABLE_PLUGINS", "").split(",")}
    if "*" in disabled:
        return {}
    return {
        name: distribution
        for name, (distribution, _) in sorted(_scan().items())
        if not {_normal(name), _normal(distribution)} & disabled
    }


def load_plugin_command(name: str) -> click.Command | None:
    """Import the command of a plugin; None when there is none of this name.

    Raises:
        PluginError: When it cannot be imported, or is not a command.
    """
    if name not in plugin_commands():
        return None
    distribution, target = _scan()[name]
    module, _, attribute = target.partition(":")
    try:
        value = import_module(module)
        for part in attribute.split("."):
            value = getattr(value, part)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may even call `sys.exit`
        why = f"importing {target} raised {type(error).__name__}: {error}"
        fix = f"pip install --force-reinstall {distribution}, or tell its authors"
        raise PluginError(f"the command '{name}' of {distribution} cannot be loaded", why=why, fix=fix) from error
    if not isinstance(value, click.Command):
        why = f"{target} is a {type(value).__name__}, not a click command"
        raise PluginError(f"the command '{name}' of {distribution} cannot be loaded", why=why, fix="tell its authors")
    return value


def _scan() -> dict[str, tuple[str, str]]:
    """Name -> (distribution, target), the first on `sys.path` winning."""
    found: dict[str, tuple[str, str]] = {}
    seen: set[str] = set()
    for folder in dict.fromkeys(sys.path):
        try:
            names = sorted(entry for entry in os.listdir(folder or ".") if entry.endswith(_METADATA))  # noqa: PTH208
        except OSError:
            continue
        for name in names:
            distribution = name.rpartition(".")[0].partition("-")[0]
            if _normal(distribution) in seen:
                continue
            seen.add(_normal(distribution))
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), encoding="utf-8") as file:  # noqa: PTH118, PTH123
                    text = file.read()
            except (OSError, UnicodeDecodeError):
                continue
            for command, target in _section(text):
                found.setdefault(command, (_normal(distribution), target))
    return found


def _section(text: str) -> list[tuple[str, str]]:
    """The lines of the group in an `entry_points.txt`."""
    inside, lines = False, []
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            inside = line == f"[{GROUP}]"
        elif inside and "=" in line:
            name, _, target = line.partition("=")
            lines.append((name.strip(), target.partition("[")[0].strip()))
    return lines


def _normal(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")
