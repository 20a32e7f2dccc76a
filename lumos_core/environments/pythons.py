"""Which Python an environment is built with, and the name under which the lock keeps what fits it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigError
from .tools import Tool, Uv, run_tool

_ASK = (
    "import json, platform, sys; print(json.dumps([sys.platform, platform.machine(), sys.implementation.name, "
    "'.'.join(map(str, sys.version_info[:2])), sys.executable]))"
)


class Base(NamedTuple):
    """A Python that environments can be built with.

    Attributes:
        python: The interpreter.
        target: Platform and Python, as the lock names them: `linux-x86_64 cpython-3.11`.
    """

    python: Path
    target: str


def base_python(wanted: str, folder: Path, tool: Tool | None = None) -> Base:
    """Find the Python that an environment asks for.

    Args:
        wanted: A version (`3.11`), a path, or nothing for the present one.
        folder: Folder that a relative path starts from.
        tool: uv knows of more Pythons than the path.

    Raises:
        ConfigError: When there is none.
    """
    present = ".".join(map(str, sys.version_info[:2]))
    if wanted in {"", present}:
        target = _target(sys.platform, platform.machine(), sys.implementation.name, present)
        return Base(Path(sys.executable), target)
    fix = "install it, or name another: environments.NAME.python takes a version or a path"
    if os.sep in wanted or "/" in wanted:
        path = folder / Path(wanted).expanduser()
        found = _ask([str(path)])
        if found is None:
            raise ConfigError(f"there is no Python at {path}", why="it does not start", fix=fix)
        return Base(path, _target(*found[:4]))
    programs = [[f"python{wanted}"], *([["py", f"-{wanted}"]] if os.name == "nt" else []), ["python3"]]
    for program in programs:
        path_found = shutil.which(program[0])
        found = _ask([path_found, *program[1:]]) if path_found else None
        if found is not None and found[3] == wanted:
            return Base(Path(found[4]), _target(*found[:4]))
    if isinstance(tool, Uv):
        try:
            known = Path(run_tool("find a Python", [tool.program, "python", "find", "--no-project", wanted]).strip())
        except ConfigError:
            known = None
        found = _ask([str(known)]) if known else None
        if known and found is not None and found[3] == wanted:
            return Base(known, _target(*found[:4]))
    raise ConfigError(f"there is no Python {wanted} on this machine", why="it is not on the path", fix=fix)


def _target(system: str, machine: str, implementation: str, version: str, *_: str) -> str:
    return f"{system}-{machine.lower()} {implementation}-{version}"


def _ask(command: list[str]) -> list[str] | None:
    try:
        done = subprocess.run(
            [*command, "-I", "-c", _ASK],
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        answer = json.loads(done.stdout.strip().splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
    return [str(part) for part in answer] if isinstance(answer, list) and len(answer) == 5 else None
