"""Every kind of the template, rendered, is green from birth: the kit, and the pipeline of its README.

The packages are not installed here, only put on the path with the metadata that an installation would write, so that
a change of a contract that breaks a template is seen at once. `nox -s template` does the whole of it from wheels.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import lumos_core
from lumos_core.contracts.component import COMPONENT_KINDS
from lumos_core.loading.new_plugin import COMMON, WORDS, template

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

NAME = "green-oak"
MOST_LINES = 80


def installed(folder: Path) -> None:
    """Write what an installer writes beside a package: who it is, and its entry points."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {project['version']}"]
    lines += [f"Requires-Dist: {line}" for line in project["dependencies"]]
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    points = project["entry-points"]["lumos.plugins"]
    text = "\n".join(f"{name} = {module}" for name, module in points.items())
    (info / "entry_points.txt").write_text(f"[lumos.plugins]\n{text}\n", encoding="utf-8")


@pytest.mark.parametrize("kind", COMPONENT_KINDS)
def test_it_passes_its_own_tests(kind: str, tmp_path: Path) -> None:
    made = lumos_core.new_plugin(kind, NAME, tmp_path)
    installed(Path(made.path))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]
    done = subprocess.run(
        command,
        cwd=made.path,
        env={**os.environ, "PYTHONPATH": made.path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) >= 10


@pytest.mark.parametrize("word", [COMMON, *WORDS.values()])
def test_no_component_is_long(word: str) -> None:
    """What a stranger has to read and replace stays small."""
    for path in (template() / word).rglob("lumos_*/*.py"):
        code = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        assert len(code) <= MOST_LINES, f"{path.name}: {len(code)} lines"


def test_it_asks_for_this_kernel() -> None:
    """The range of kernels that the template asks for holds this one, and ends before the next minor version."""
    project = tomllib.loads((template() / COMMON / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (needed,) = (Requirement(line) for line in project["dependencies"])
    assert needed.name == "lumos-core"
    major, minor = map(int, lumos_core.__version__.split(".")[:2])
    assert needed.specifier.contains(lumos_core.__version__)
    assert not needed.specifier.contains(f"{major}.{minor + 1}")
