"""The two tools that resolve and install: uv where it is at hand, else pip; both follow pip's configuration."""

from __future__ import annotations

import ast
import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from packaging.requirements import Requirement

from ..errors import ConfigError, DiskError, LumosError
from .environment import interpreter
from .lock import LockedPackage, normal

ToolName = Literal["uv", "pip"]

_TOLD = 15
"""Last lines of a tool that an error repeats."""

_URL_SECRET = re.compile(r"(?<=://)[^/@\s]+@")

_OFFLINE_FIX = "put the missing wheels into the folder of `wheels:`, or run without --offline"
_CONFLICT_FIX = "loosen what the requirements pin, or give the rivals an environment each"
_REMEDIES = (
    (
        r"hash mismatch|do not match the hashes",
        "somebody changed a file after it was locked: find out who, or accept it with `lumos env sync --upgrade`",
    ),
    (
        r"error sending request|dns error|failed to fetch|max retries|name resolution|newconnectionerror"
        r"|connection (refused|error|reset)|timed out|error trying to connect",
        "check the network and the index in pip's configuration, or give the wheels in a folder (`wheels:`) and use "
        "--offline",
    ),
    (r"resolutionimpossible|conflicting dependencies", _CONFLICT_FIX),
    (
        r"no matching distribution|not found in the |there (is|are) no versions? of",
        "check its name and version, and which index pip's configuration names",
    ),
    (r"no solution found", _CONFLICT_FIX),
)
"""What the tools say -> what to do about it; the first that fits."""


class Options(NamedTuple):
    """Where files may come from.

    Attributes:
        wheels: A folder that is looked at beside the index.
        offline: No index at all.
    """

    wheels: Path | None = None
    offline: bool = False

    def arguments(self) -> list[str]:
        """Return them as both tools write them."""
        found = ["--find-links", str(self.wheels)] if self.wheels is not None else []
        return [*found, *(["--no-index"] if self.offline else [])]


class Tool(Protocol):
    """What environments are made with."""

    name: ToolName

    def create(self, python: Path, folder: Path) -> None:
        """Make an empty environment."""

    def resolve(
        self, python: Path, lines: Sequence[str], options: Options, prefer: Iterable[str] = ()
    ) -> list[LockedPackage]:
        """Choose every package that the requirements come to, with the hashes of its files."""

    def install(self, folder: Path, lines: Sequence[str], options: Options) -> None:
        """Install lines `name==version --hash=...` and nothing else."""

    def wheel(self, python: Path, source: Path, out: Path, options: Options) -> None:
        """Build a wheel from a folder or an archive."""


class Uv:
    """uv: quick, and its lock knows the hashes of every platform's files."""

    name: ToolName = "uv"

    def __init__(self, program: str) -> None:
        self.program = program

    def create(self, python: Path, folder: Path) -> None:
        """See `Tool`."""
        self._run("make the environment", "venv", "--no-project", "--python", str(python), str(folder))

    def resolve(
        self, python: Path, lines: Sequence[str], options: Options, prefer: Iterable[str] = ()
    ) -> list[LockedPackage]:
        """See `Tool`; versions in `prefer` (`name==version`) are kept where they still fit."""
        with tempfile.TemporaryDirectory(prefix="lumos-env-") as name:
            wanted, chosen = Path(name, "wanted.txt"), Path(name, "chosen.txt")
            wanted.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            chosen.write_text("".join(f"{line}\n" for line in prefer), encoding="utf-8")
            plain = ["--no-header", "--no-annotate", "--generate-hashes"]
            files = [str(wanted), "--output-file", str(chosen)]
            self._run("resolve the requirements", "pip", "compile", *plain, *files, *_python(python),
                      *options.arguments(), cwd=name)  # fmt: skip
            return _parse(chosen.read_text(encoding="utf-8"))

    def install(self, folder: Path, lines: Sequence[str], options: Options) -> None:
        """See `Tool`."""
        with _requirements(lines) as path:
            exact = ["--require-hashes", "--no-deps", "--requirement", str(path)]
            where = _python(interpreter(folder))
            self._run("install", "pip", "install", *where, *exact, *options.arguments(), cwd=path.parent)

    def wheel(self, python: Path, source: Path, out: Path, options: Options) -> None:
        """See `Tool`."""
        what = f"build {source.name}"
        places = ["--out-dir", str(out), str(source)]
        self._run(what, "build", "--wheel", *_python(python), *options.arguments(), *places, cwd=out)

    def _run(self, what: str, *arguments: str, cwd: str | Path | None = None) -> None:
        command = [self.program, *arguments[:2], "--quiet", "--color=never", *arguments[2:]]
        run_tool(what, command, {**os.environ, **pip_for_uv()}, cwd)


class Pip:
    """venv and pip: what every Python has."""

    name: ToolName = "pip"

    def create(self, python: Path, folder: Path) -> None:
        """See `Tool`."""
        run_tool("make the environment", [str(python), "-I", "-m", "venv", "--without-pip", str(folder)])

    def resolve(
        self, python: Path, lines: Sequence[str], options: Options, prefer: Iterable[str] = ()
    ) -> list[LockedPackage]:
        """See `Tool`; pip has no preferences: every version is chosen anew."""
        with _requirements(lines) as path:
            report = path.with_name("report.json")
            plain = ["--dry-run", "--ignore-installed", "--report", str(report), "--requirement", str(path)]
            self._run("resolve the requirements", python, "install", *plain, *options.arguments())
            return _from_report(json.loads(report.read_bytes()))

    def install(self, folder: Path, lines: Sequence[str], options: Options) -> None:
        """See `Tool`."""
        with _requirements(lines) as path:
            exact = ["--require-hashes", "--no-deps", "--requirement", str(path)]
            self._run("install", interpreter(folder), "install", *exact, *options.arguments())

    def wheel(self, python: Path, source: Path, out: Path, options: Options) -> None:
        """See `Tool`."""
        places = ["--wheel-dir", str(out), str(source)]
        self._run(f"build {source.name}", python, "wheel", "--no-deps", *options.arguments(), *places)

    def _run(self, what: str, python: Path, command: str, *arguments: str) -> None:
        pip = _pip()
        if not pip:
            raise ConfigError(f"cannot {what}", why="there is neither uv nor pip", fix="pip install uv")
        plain = ["--no-input", "--disable-pip-version-check", "--no-color"]
        run_tool(what, [*pip, "--python", str(python), command, *plain, "--progress-bar=off", *arguments])


def choose(name: ToolName | None = None) -> Tool:
    """Return uv when it is on the path or importable, else pip.

    Args:
        name: The one that is wanted.

    Raises:
        ConfigError: When uv is wanted and not there.
    """
    program = _uv() if name != "pip" else ""
    if name == "uv" and not program:
        raise ConfigError("there is no uv", why="it is neither on the path nor importable", fix="pip install uv")
    return Uv(program) if program else Pip()


def _uv() -> str:
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv") or ""


def pip_for_uv() -> Mapping[str, str]:
    """Return pip's index, wheels and certificates as the variables of uv, which does not read them.

    What uv was told itself wins.
    """
    found = _pip_settings()
    known = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "trusted-host": "UV_INSECURE_HOST",
        "cert": "SSL_CERT_FILE",
        "client-cert": "SSL_CLIENT_CERT",
        "proxy": "ALL_PROXY",
    }
    variables = {"UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never"}
    for key, variable in known.items():
        if key in found:
            joint = "," if key == "find-links" else " "
            variables[variable] = joint.join(found[key].split())
    if found.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        variables["UV_NO_INDEX"] = "1"
    return {name: value for name, value in variables.items() if name not in os.environ}


def _pip_settings() -> dict[str, str]:
    """What pip's files and variables say; the variables win."""
    prefix = "PIP_"
    variables = {
        name.removeprefix(prefix).lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.startswith(prefix)
    }
    return {**_pip_files(os.environ.get("PIP_CONFIG_FILE", "")), **variables}


@functools.cache
def _pip_files(named: str) -> Mapping[str, str]:
    """What pip's configuration files say; `named` is one more of them, and part of the cache's key."""
    pip = _pip()
    done = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False) if pip else None
    settings: dict[str, str] = {}
    for line in done.stdout.splitlines() if done else ():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in {"global", "install"}:
            settings[name] = " ".join(str(ast.literal_eval(value)).split())
    return settings


def _pip() -> list[str]:
    """How to start pip: the installed one, else the one that Python brings to bootstrap others; may be nothing."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    spec = importlib.util.find_spec("ensurepip")
    for place in spec.submodule_search_locations or () if spec else ():
        for wheel in sorted(Path(place, "_bundled").glob("pip-*.whl")):
            return [sys.executable, f"{wheel}/pip"]
    return []


def _python(path: Path) -> list[str]:
    return ["--python", str(path)]


@contextmanager
def _requirements(lines: Sequence[str]) -> Iterator[Path]:
    """A requirements file for as long as a command runs: credentials in a URL stand in no list of processes."""
    with tempfile.TemporaryDirectory(prefix="lumos-env-") as folder:
        path = Path(folder, "requirements.txt")
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        yield path


def _parse(text: str) -> list[LockedPackage]:
    """Read what `uv pip compile` writes."""
    packages = []
    for line in text.replace("\\\n", " ").splitlines():
        words = line.split(" --hash=")
        if not words[0].strip() or words[0].lstrip().startswith(("#", "-")):
            continue
        requirement = Requirement(words[0].strip())
        versions = [item.version for item in requirement.specifier if item.operator == "=="]
        version = versions[0] if versions else ""
        packages.append((requirement, version, [word.strip() for word in words[1:]]))
    return [
        _package(requirement.name, version, hashes, requirement.url or "") for requirement, version, hashes in packages
    ]


def _from_report(report: Mapping[str, Any]) -> list[LockedPackage]:
    """Read the installation report of pip."""
    packages = []
    for item in report["install"]:
        metadata, source = item["metadata"], item["download_info"]
        found = source.get("archive_info", {})
        hashes = found.get("hashes") or dict([found["hash"].split("=", 1)] if found.get("hash") else [])
        texts = [f"{algorithm}:{value}" for algorithm, value in sorted(hashes.items())]
        url = source["url"] if item.get("is_direct") else ""
        packages.append(_package(metadata["name"], metadata["version"], texts, url))
    return packages


def _package(name: str, version: str, hashes: list[str], url: str) -> LockedPackage:
    if not hashes:
        why = "the index or the URL offers none" if not url.startswith("git") else "a git URL has none"
        fix = "install it from a folder (`./name`) or a wheel instead"
        raise ConfigError(f"there is no hash of {name}", why=why, fix=fix)
    return LockedPackage(name=normal(name), version=version or "0", hashes=sorted(hashes), made_from=url)


def run_tool(
    what: str, command: Sequence[str], env: Mapping[str, str] | None = None, cwd: str | Path | None = None
) -> str:
    """Run a tool and return what it says.

    Raises:
        ConfigError: With the last lines of what it said, and what to do about them.
        DiskError: When there is no room.
    """
    fixed = {**(os.environ if env is None else env), "SOURCE_DATE_EPOCH": "315532800", "PYTHONUTF8": "1"}
    # The environment that is active here is not the one that is meant.
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"):
        fixed.pop(name, None)
    try:
        done = subprocess.run(
            [*command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=fixed,
            cwd=cwd,
            check=False,
        )
    except OSError as error:
        raise ConfigError(f"cannot {what}", why=error.strerror or str(error), fix=f"mend {command[0]}") from error
    if done.returncode:
        raise _failure(what, done.stdout, offline="--no-index" in command)
    return done.stdout


def _failure(what: str, output: str, *, offline: bool) -> LumosError:
    lines = [line.rstrip() for line in _URL_SECRET.sub("***@", output).splitlines() if line.strip()]
    # pip tells its whole story first; what matters begins at its first error.
    start = next((index for index, line in enumerate(lines) if line.lower().startswith("error")), 0)
    why = "\n".join(lines[start:][-_TOLD:]) or "it said nothing"
    if re.search(r"no space left|disk quota|not enough space", output, re.IGNORECASE):
        return DiskError(f"cannot {what}", why=why, fix="free some space, then run it again")
    fix = next((fix for pattern, fix in _REMEDIES if re.search(pattern, output, re.IGNORECASE)), "")
    if offline and fix.startswith("check"):
        fix = _OFFLINE_FIX
    return ConfigError(f"cannot {what}", why=why, fix=fix or "mend what it says, then run `lumos env sync` again")
