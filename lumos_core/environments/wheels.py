"""Wheels that come from no index: of folders and archives that a pipeline names, and of the kernel as it runs here."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from .. import __version__
from ..errors import ConfigError
from ..loading.distributions import KERNEL
from .environment import is_local
from .lock import normal
from .tools import Options, Tool

FOLDER = ".wheels"
"""Folder of wheels that were built here, beside the environments; no environment can have this name."""

_AS_IT_RUNS = "lumos-core as it runs here"
_LEFT_OUT = {".git", ".hg", ".svn", "__pycache__", ".venv", "venv", "node_modules", ".nox", ".tox", ".lumos"}
_LEFT_OUT |= {".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
_BUILT = {"build", "dist"}
_EPOCH = (1980, 1, 1, 0, 0, 0)


class MadeWheel:
    """A requirement whose wheel is made, or lies, on this machine.

    Attributes:
        requirement: As declared; what the lock keeps as `made_from`.
        extras: `[postgres]`, or nothing.
        source: Hash of what the wheel is made from.
    """

    def __init__(self, requirement: str, base: Path) -> None:
        path, bracket, extras = requirement.partition("[")
        self.requirement = requirement
        self.extras = bracket + extras
        self.path = Path(os.path.abspath(base / Path(path).expanduser()))  # noqa: PTH100 - keeps symbolic links
        if not self.path.exists():
            fix = "paths of requirements are relative to the pipeline file"
            raise ConfigError(f"the requirement {requirement} is not there", why=f"there is no {self.path}", fix=fix)
        self.source = tree_hash(self.path)

    def wheel(self, tool: Tool, python: Path, options: Options, store: Path) -> Path:
        """Return the wheel, building it when it was not built from the same source before."""
        if self.path.suffix == ".whl":
            return self.path
        place = store / self.source.partition(":")[2][:16] / python_key(python)
        ready = sorted(place.glob("*.whl"))
        if ready:
            return ready[0]
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=store) as folder:
            tool.wheel(python, self.path, Path(folder), options)
            made = sorted(Path(folder).glob("*.whl"))
            if len(made) != 1:
                why = f"its build made {len(made)} wheels"
                raise ConfigError(f"cannot build {self.requirement}", why=why, fix="mend its build configuration")
            place.mkdir(parents=True, exist_ok=True)
            return Path(shutil.move(made[0], place / made[0].name))


class KernelWheel(MadeWheel):
    """The kernel that runs here.

    Its wheel is put together from the installed files: both sides of an environment run the same code, be it published,
    patched or a checkout; no build tool and no index is needed; and it comes out the same on every machine.
    """

    def __init__(self) -> None:
        self.requirement, self.extras = _AS_IT_RUNS, ""
        self._files = dict(_kernel_files())
        lines = (f"{name} {hashlib.sha256(content).hexdigest()}\n" for name, content in self._files.items())
        self.source = f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"

    def wheel(self, tool: Tool, python: Path, options: Options, store: Path) -> Path:
        """Return the wheel, writing it when it is not there."""
        place = store / self.source.partition(":")[2][:16]
        path = place / f"lumos_core-{__version__}-py3-none-any.whl"
        if not path.exists():
            place.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            _write_wheel(partial, self._files, f"lumos_core-{__version__}.dist-info")
            partial.replace(path)
        return path


def made_wheels(requirements: list[str], base: Path) -> list[MadeWheel]:
    """Return what of the requirements is made on this machine, and the kernel, where they do not name it themselves.

    Raises:
        ConfigError: When something that is named is not there.
    """
    made: list[MadeWheel] = [MadeWheel(line, base) for line in requirements if is_local(line)]
    named = any(normal(Requirement(line).name) == KERNEL for line in requirements if not is_local(line))
    if not named and not any(_is_kernel(item.path) for item in made):
        made.append(KernelWheel())
    return made


def _is_kernel(path: Path) -> bool:
    return path.name.startswith("lumos_core-") or (path / "lumos_core" / "hookspecs.py").exists()


def version_of(wheel: Path) -> tuple[str, str]:
    """Return the name and the version of a wheel.

    Raises:
        ConfigError: When its file name is not that of a wheel.
    """
    try:
        name, version, *_ = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename as error:
        raise ConfigError(f"{wheel.name} is no wheel", why=str(error), fix="do not rename wheels") from None
    return str(name), str(version)


def file_hash(path: Path) -> str:
    """Return `sha256:...` of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"


def tree_hash(path: Path) -> str:
    """Return a hash of a file, or of every file in a folder; what tools leave there is left out."""
    if path.is_file():
        return file_hash(path)
    digest = hashlib.sha256()
    for file in _sources(path):
        digest.update(f"{file.relative_to(path).as_posix()}\n{file_hash(file)}\n".encode(errors="surrogateescape"))
    return f"sha256:{digest.hexdigest()}"


def _sources(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        top = Path(folder) == root
        folders[:] = sorted(
            name
            for name in folders
            if name not in _LEFT_OUT and not name.endswith(".egg-info") and not (top and name in _BUILT)
        )
        for name in sorted(files):
            path = Path(folder, name)
            if not name.endswith((".pyc", ".pyo")) and path.is_file():
                yield path


def python_key(python: Path) -> str:
    """Return a short name for an interpreter: compiled wheels fit one."""
    return hashlib.sha256(os.fsencode(python)).hexdigest()[:8]


def _kernel_files() -> Iterator[tuple[str, bytes]]:
    """Every file of the kernel that runs here, as it stands in a wheel, without RECORD."""
    package = Path(__file__).resolve().parents[1]
    for path in _sources(package):
        yield f"{package.name}/{path.relative_to(package).as_posix()}", path.read_bytes()
    info = f"lumos_core-{__version__}.dist-info"
    try:
        distribution = Distribution.from_name(KERNEL)
    except PackageNotFoundError as error:
        fix = "install this checkout: pip install --editable ."
        raise ConfigError("this lumos-core was not installed", why="it has no metadata", fix=fix) from error
    for name in ("METADATA", "entry_points.txt"):
        text = distribution.read_text(name) or ""
        # An editable install keeps the metadata of the day that it was made.
        yield f"{info}/{name}", re.sub(r"(?m)^Version: .*$", f"Version: {__version__}", text, count=1).encode()
    yield f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: lumos\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def _write_wheel(path: Path, files: dict[str, bytes], info: str) -> None:
    lines = []
    for name, content in files.items():
        digest = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    record = f"{info}/RECORD"
    whole = {**files, record: "".join([*lines, f"{record},,\n"]).encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in whole.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
