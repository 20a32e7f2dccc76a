"""Wheels for tests: tiny ones written by hand, and real ones put together again from what is installed here."""

from __future__ import annotations

import hashlib
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from lumos_core import __version__
from lumos_core.hookspecs import API_VERSION

FAKE_KERNEL = {
    "lumos_core/__init__.py": f"__version__ = {__version__!r}\n\ndef plugins():\n    return []\n",
    "lumos_core/hookspecs.py": f"API_VERSION = {API_VERSION!r}\n",
}
"""A kernel of two files, for tests that need none that works."""


def write_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    requires: tuple[str, ...] = (),
    files: Mapping[str, str] | None = None,
    points: str = "",
) -> Path:
    """Write a pure wheel; without `files` it holds one module of its name."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Requires-Dist: {x}" for x in requires),
    ]
    content = dict(files) if files is not None else {f"{stem}.py": f"VERSION = {version!r}\n"}
    content[f"{info}/METADATA"] = "\n".join(lines) + "\n"
    content[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if points:
        content[f"{info}/entry_points.txt"] = points
    return _zip(
        folder / f"{stem}-{version}-py3-none-any.whl", {key: text.encode() for key, text in content.items()}, info
    )


def fake_kernel(folder: Path, version: str = __version__, **files: str) -> Path:
    """Write a kernel that starts and offers nothing."""
    return write_wheel(folder, "lumos-core", version, files={**FAKE_KERNEL, **files})


def repack(name: str, folder: Path) -> Path:
    """Put an installed distribution together again as a wheel."""
    found = distribution(name)
    files: dict[str, bytes] = {}
    info, tags = "", []
    for path in found.files or ():
        if ".." in path.parts or "__pycache__" in path.parts or path.name in {"RECORD", "INSTALLER", "REQUESTED"}:
            continue
        files[path.as_posix()] = Path(str(found.locate_file(path))).read_bytes()
        if path.name == "WHEEL" and path.parent.name.endswith(".dist-info"):
            info = path.parent.name
            lines = files[path.as_posix()].decode().splitlines()
            tags = [line.partition(": ")[2] for line in lines if line.startswith("Tag: ")]
    folder.mkdir(parents=True, exist_ok=True)
    tag = "-".join(".".join(dict.fromkeys(part)) for part in zip(*(one.split("-") for one in tags), strict=True))
    return _zip(folder / f"{info.removesuffix('.dist-info')}-{tag}.whl", files, info)


def needed_by(name: str) -> list[str]:
    """Return everything that an installed distribution requires, directly or not."""
    names: list[str] = []
    waiting = [name]
    while waiting:
        current = waiting.pop()
        try:
            requires = distribution(current).requires or []
        except PackageNotFoundError:
            continue
        names.append(current)
        for line in requires:
            requirement = Requirement(line)
            applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if applies and requirement.name not in [*names, *waiting]:
                waiting.append(requirement.name)
    return names[1:]


def _zip(path: Path, files: Mapping[str, bytes], info: str) -> Path:
    record = ""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
            digest = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(content)}\n"
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), f"{record}{info}/RECORD,,\n")
    return path
