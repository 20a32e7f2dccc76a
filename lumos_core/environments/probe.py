"""Run inside another environment, by its own interpreter: what is there, and does the kernel start?

The text of this file is handed to `python -I -c`, so that it works where the kernel is old, broken or missing.
"""

import base64
import contextlib
import hashlib
import importlib.metadata
import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

out = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
packages: dict[str, str] = {}
changed: list[str] = []
plugins: list[dict[str, Any]] = []
found: dict[str, Any] = {"python": sys.version.split()[0], "lumos_core": "", "api": "", "error": ""}


def altered(distribution: importlib.metadata.Distribution) -> Iterator[str]:
    """Files that are not what was installed, by the hashes of RECORD."""
    for path in distribution.files or ():
        if path.hash is None or path.hash.mode not in hashlib.algorithms_guaranteed:
            continue
        try:
            content = Path(str(distribution.locate_file(path))).read_bytes()
        except OSError:
            yield str(path)
            continue
        digest = base64.urlsafe_b64encode(hashlib.new(path.hash.mode, content).digest()).rstrip(b"=").decode()
        if digest != path.hash.value:
            yield str(path)


for one in importlib.metadata.distributions():
    name = one.metadata["Name"]
    if name and name not in packages:
        packages[name] = one.version
        if "files" in sys.argv:
            changed += altered(one)

try:
    import lumos_core
    from lumos_core.hookspecs import API_VERSION

    found["lumos_core"], found["api"] = lumos_core.__version__, API_VERSION
    with contextlib.redirect_stdout(sys.stderr):
        for plugin in lumos_core.plugins():
            told = {key: getattr(plugin, key) for key in ("name", "distribution", "version", "status", "reason", "fix")}
            plugins.append({**told, "components": [[kind, component.name] for kind, component in plugin.components]})
except BaseException:  # a plugin may end the program
    found["error"] = traceback.format_exc(limit=-1).strip().splitlines()[-1]

json.dump({**found, "packages": packages, "altered": changed, "plugins": plugins}, out)
out.flush()
