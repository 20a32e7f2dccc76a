"""The environment: Python, the kernel, modules that hide others, the encoding, the disk."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import importlib_metadata

from .. import __version__
from ..loading.distributions import KERNEL
from ..loading.registry import PluginInfo
from ..texts import size
from .finding import Finding

AREA = "environment"
TIGHT, SCARCE = 1 << 30, 50 << 20
"""Free bytes below which the doctor warns, and below which a run cannot be expected to end well."""


def environment(state: Path, plugins: Iterable[PluginInfo], encoding: str) -> Iterator[Finding]:
    """Look at everything that is there before any pipeline.

    Args:
        state: The folder that runs write to; it need not exist.
        plugins: The installed plugins.
        encoding: Of stdout; empty when there is none.
    """
    yield Finding(AREA, "python", "ok", f"Python {platform.python_version()} on {platform.system()}, {sys.prefix}")
    yield _kernel()
    yield from _hidden_modules(plugins)
    yield _encoding(encoding)
    yield from _disk(state)


def _kernel() -> Finding:
    folder = Path(__file__).parents[1]
    try:
        installed = importlib_metadata.version(KERNEL)
    except importlib_metadata.PackageNotFoundError:
        installed = __version__  # run from a checkout
    if installed == __version__:
        return Finding(AREA, KERNEL, "ok", f"{__version__} in {folder}")
    what = f"the code that runs is version {__version__}, and version {installed} is installed"
    fix = "leave the folder that hides the installed copy, or reinstall: pip install --force-reinstall lumos-core"
    return Finding(AREA, KERNEL, "warn", what, f"it is imported from {folder}", fix)


def _hidden_modules(plugins: Iterable[PluginInfo]) -> Iterator[Finding]:
    targets = (component.target for plugin in plugins for _, component in plugin.components)
    for module in sorted({"lumos_core", *(target.partition(".")[0].partition(":")[0] for target in targets)}):
        copies = list(dict.fromkeys(_copies(module)))
        if len(copies) > 1:
            what = f"the module lies more than once in the path; {copies[0]} is used"
            why = f"it hides {', '.join(copies[1:])}"
            fix = "uninstall or move away the copy that you do not mean, or start lumos in another folder"
            yield Finding(AREA, module, "warn", what, why, fix)


def _copies(module: str) -> Iterator[str]:
    for folder in map(Path, sys.path):
        for place in (folder / module, folder / f"{module}.py"):
            if (place / "__init__.py").is_file() if not place.suffix else place.is_file():
                yield str(place.resolve())


def _encoding(encoding: str) -> Finding:
    if encoding.lower().replace("-", "") == "utf8":
        return Finding(AREA, "output", "ok", "UTF-8")
    why = "names that it does not know are shown escaped"
    return Finding(
        AREA, "output", "warn", f"the encoding of stdout is {encoding or 'not known'}", why, "export PYTHONUTF8=1"
    )


def _disk(state: Path) -> Iterator[Finding]:
    folder = state.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        what = f"{state} cannot be written"
        why = f"{folder} is not a folder that you may write to"
        yield Finding(AREA, "disk", "fail", what, why, "mend its permissions, or name another folder with `state:`")
        return
    free = shutil.disk_usage(folder).free
    told = f"{size(free)} free for {state}"
    if free < SCARCE:
        yield Finding(AREA, "disk", "fail", told, "a run writes what it found before it compares", "free some space")
    elif free < TIGHT:
        yield Finding(AREA, "disk", "warn", told, "a big run may need more", "free some space")
    else:
        yield Finding(AREA, "disk", "ok", told)
