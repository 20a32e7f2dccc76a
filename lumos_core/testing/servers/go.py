"""Servers that are programs of Go, built once from their pinned module; the client checks what it fetches."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import Unavailable
from .mongo import _locked, cache

BUILD = 1200.0
"""Seconds that a build may take; on two cores MinIO takes five minutes, versitygw one."""


def built(name: str, package: str, version: str, go: tuple[int, int]) -> Path:
    """Return a program; it is built once.

    Args:
        name: Of the program.
        package: The package that it is.
        version: Of its module.
        go: The oldest version of Go that builds it.

    Raises:
        Unavailable: When there is no Go, or an older one, or the build fails.
    """
    target = cache() / f"{name}-{version.lstrip('v')}"
    with _locked(cache() / f"{target.name}.lock"):
        if (target / ".done").is_file():
            return target / name
        program = shutil.which("go")
        said = subprocess.run([program, "version"], capture_output=True, text=True, check=False) if program else None
        found = re.search(r"go(\d+)\.(\d+)", said.stdout) if said else None
        wanted = f"{go[0]}.{go[1]}"
        if program is None or not found or (int(found[1]), int(found[2])) < go:
            raise Unavailable(f"{name} is built by Go {wanted} or later, which is not here: install it")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        command = [program, "install", f"{package}@{version}"]
        environment = {**os.environ, "GOBIN": str(target), "GOFLAGS": "-buildvcs=false"}
        try:
            done = subprocess.run(
                command, cwd=target, env=environment, capture_output=True, text=True, check=False, timeout=BUILD
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"{name} cannot be built: {type(error).__name__}") from None
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise Unavailable(f"{name} cannot be built: {last[0][:300]}")
        (target / ".done").touch()
    return target / name
