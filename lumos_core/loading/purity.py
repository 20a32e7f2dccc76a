"""What importing a manifest costs and does, seen from a process of its own.

A manifest is imported by every `lumos` command in an environment, whether or not anybody uses its plugin. It
therefore imports `lumos_core.plugin_api` and the standard library, and touches nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import NamedTuple

from .manifest import SLOW

_PROBE = r"""
import importlib, io, json, os, sys, time
sys.path[:0] = [path for path in json.loads(sys.argv[2]) if path not in sys.path]
import lumos_core.plugin_api, lumos_core.contracts.descriptor
deeds, watching, before = [], True, set(sys.modules)
TELLING = {"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.fork",
           "os.exec", "os.posix_spawn", "sqlite3.connect", "os.mkdir", "os.remove", "os.rename", "shutil.rmtree"}

def watch(event, arguments):
    if not watching:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = any(sign in mode for sign in "wax+") if isinstance(mode, str) else flags & (os.O_WRONLY | os.O_RDWR)
        if writes and not str(path).endswith(os.devnull):
            deeds.append(f"writes {path}")
    elif event in TELLING:
        deeds.append(f"{event} {arguments[:2]}"[:200])

sys.addaudithook(watch)
real, sys.stdout = sys.stdout, io.StringIO()
error, started = "", time.perf_counter()
try:
    importlib.import_module(sys.argv[1])
except BaseException as problem:
    error = f"{type(problem).__name__}: {problem}"
seconds, watching = time.perf_counter() - started, False
if sys.stdout.getvalue():
    deeds.append(f"prints {sys.stdout.getvalue()[:100]!r}")
new = [name for name in sys.modules if name not in before]
told = {"seconds": seconds, "modules": new, "deeds": deeds, "error": error, "standard": sorted(sys.stdlib_module_names)}
print(json.dumps(told), file=real)
"""


class Purity(NamedTuple):
    """What one import of a manifest did.

    Attributes:
        seconds: How long it took, `lumos_core.plugin_api` being there already.
        modules: What it imported, in order.
        drivers: Those of these that are of neither the standard library, the kernel, nor its own package.
        deeds: What it did beyond importing: files written, connections, processes, prints.
        error: Why it could not be imported; empty when it could.
    """

    seconds: float
    modules: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    deeds: tuple[str, ...] = ()
    error: str = ""

    @property
    def problems(self) -> list[str]:
        """What is wrong, one text each; empty when nothing is."""
        found = [f"importing it fails: {self.error}"] if self.error else []
        if self.drivers:
            tops = dict.fromkeys(name.partition(".")[0] for name in self.drivers)
            found.append(f"it imports {', '.join(tops)} ({len(self.drivers)} modules beyond its own and the kernel's)")
        found += [f"importing it {deed}" for deed in self.deeds]
        if self.seconds > SLOW:
            found.append(f"importing it takes {self.seconds:.1f} s")
        return found

    def lacks(self, module: str) -> bool:
        """Tell whether the manifest itself, or a package that it lies in, is not there."""
        names = [module.rsplit(".", depth)[0] for depth in range(module.count(".") + 1)]
        return any(self.error.endswith(f"No module named {name!r}") for name in names)

    def __str__(self) -> str:
        shown = ", ".join(self.modules[:8]) + (f" and {len(self.modules) - 8} more" if len(self.modules) > 8 else "")
        return f"{self.seconds * 1000:.0f} ms, {len(self.modules)} modules ({shown})"


FIX = "a manifest holds strings only: move the import, and whatever it does, into the module that `target` names"


def purity(module: str) -> Purity:
    """Import a manifest in a process of its own and tell what that did; the faster of two when it is slow.

    Args:
        module: The manifest module, as its entry point names it.
    """
    found = _probe(module)
    return min(found, _probe(module)) if found.seconds > SLOW and not found.error else found


def _probe(module: str) -> Purity:
    command = [sys.executable, "-B", "-c", _PROBE, module, json.dumps([path for path in sys.path if path])]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=60)
    except subprocess.TimeoutExpired:
        return Purity(60.0, error="it did not end within 60 s")
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"])[-1]
        return Purity(0.0, error=last)
    told = json.loads(lines[-1])
    own = {*told["standard"], module.partition(".")[0], "lumos_core", "pluggy"}
    drivers = tuple(name for name in told["modules"] if name.partition(".")[0] not in own)
    return Purity(told["seconds"], tuple(told["modules"]), drivers, tuple(told["deeds"]), told["error"])
