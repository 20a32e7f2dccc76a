"""Wheels as a build backend makes them: installed, installed editable, and two versions on one path."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="the group `build` is not installed")
pytest.importorskip("editables", reason="the group `build` is not installed")

PROJECT = """
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "lumos-source-real"
version = "{version}"
dependencies = ["lumos-core>=0.1,<0.2"]

[project.entry-points."lumos.plugins"]
real = "lumos_source_real.plugin"
"""
MANIFEST = """
from lumos_core.plugin_api import Component, hookimpl

@hookimpl
def lumos_sources():
    return [Component("real", "lumos_source_real.source:Real", "lumos_source_real.source:Options", "Real.")]
"""
LUMOS = """
import site, sys
for folder in reversed(sys.argv.pop(1).split(",")):
    site.addsitedir(folder)
    sys.path.insert(0, folder)
from lumos_core.cli import main
sys.argv[0] = "lumos"
main()
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    package = folder / "lumos_source_real"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text(MANIFEST)
    return folder


def install(checkout: Path, site: Path, version: str, hook: str = "build_wheel") -> None:
    """Build with the backend, and unpack as an installer does."""
    (checkout / "pyproject.toml").write_text(PROJECT.format(version=version))
    site.mkdir()
    code = f"from hatchling.build import {hook}; print({hook}({str(site)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(site / done.stdout.split()[-1]) as wheel:
        wheel.extractall(site)


def line(cwd: Path, *sites: Path) -> str:
    """The line of the plugin in `lumos plugins`."""
    env = {**os.environ, "COLUMNS": "1000", "NO_COLOR": "1"}
    command = [sys.executable, "-c", LUMOS, ",".join(map(str, sites)), "plugins"]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=True)
    lines = [" ".join(line.split()) for line in done.stdout.splitlines() if line.startswith("lumos-source-real")]
    assert len(lines) == 1, lines
    return lines[0]


def test_installed_and_editable_are_the_same(checkout: Path, tmp_path: Path) -> None:
    install(checkout, tmp_path / "wheel", "1.0")
    install(checkout, tmp_path / "editable", "1.0", "build_editable")
    expected = "lumos-source-real 1.0 ok source real"
    assert line(tmp_path, tmp_path / "wheel") == expected
    assert line(tmp_path, tmp_path / "editable") == expected
    assert line(checkout, tmp_path / "editable", tmp_path / "wheel") == expected, "one version twice is one plugin"


def test_of_two_versions_the_first_on_the_path_counts(checkout: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    install(checkout, old, "1.0")
    install(checkout, new, "2.0", "build_editable")
    note = "ok source real Note: version {} in {} is hidden by it"
    assert line(tmp_path, new, old) == f"lumos-source-real 2.0 {note.format('1.0', old)}"
    assert line(tmp_path, old, new) == f"lumos-source-real 1.0 {note.format('2.0', new)}"
