"""Every kind of the template, rendered, is green from birth: the kit, and the pipeline of its README.

The packages are not installed here, only put on the path with the metadata that an installation would write, so that
a change of a contract that breaks a template is seen at once. `nox -s template` does the whole of it from wheels.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from packaging.requirements import Requirement

import lumos_core
from lumos_core.contracts.component import COMPONENT_KINDS
from lumos_core.loading.new_plugin import COMMON, WORDS, render, template

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

NAME = "green-oak"
EXAMPLES = sorted(path.parent for path in Path(__file__).parents[2].glob("docs/examples/*/pyproject.toml"))
MOST_LINES = 90


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


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[ElementTree.Element]:
    """The tests of all packages, run by one pytest of their own: what became of each."""
    root = tmp_path_factory.mktemp("packages")
    folders = [lumos_core.new_plugin(kind, NAME, root).path for kind in COMPONENT_KINDS]
    for example in EXAMPLES:
        folders.append(str(root / example.name))
        shutil.copytree(example, folders[-1], ignore=shutil.ignore_patterns("*cache*", "*.dist-info"))
    for folder in folders:
        installed(Path(folder))
    report = root / "report.xml"
    options = ["-q", "-c", f"{folders[0]}/pyproject.toml", "--rootdir", str(root), f"--junitxml={report}"]
    options += ["--continue-on-collection-errors", "--ignore-glob=*/test_schema.py"]  # it needs a validator of XML
    options += ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *folders],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout[-6000:] + done.stderr[-2000:]
    return list(ElementTree.parse(report).iter("testcase"))


@pytest.mark.parametrize(
    "name", [*(f"lumos-{word}-{NAME}" for word in WORDS.values()), *(one.name for one in EXAMPLES)]
)
def test_it_passes_its_own_tests(name: str, results: list[ElementTree.Element]) -> None:
    word = f"{name}."
    ours = [case for case in results if f"{case.get('classname')}.{case.get('name')}".lstrip(".").startswith(word)]
    wrong = [f"{case.get('name')}: {part.text}" for case in ours for part in case if part.tag in ("failure", "error")]
    if wrong:
        pytest.fail("\n\n".join(wrong), pytrace=False)
    passed = [case for case in ours if not len(case)]
    assert len(passed) >= 10
    assert "test_the_pipeline_of_the_readme_runs" in {case.get("name") for case in passed}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_what_the_template_makes_of_it_today(example: Path) -> None:
    """What an author does not touch is the same in the examples of the documentation as in a fresh package."""
    kind, name = example.name.removeprefix("lumos-").split("-")
    assert kind in COMPONENT_KINDS
    fresh = render(kind, name)
    kept = [place for place in render(kind, name) if place.endswith((".md", "LICENSE", ".yml", "readme.py", "ignore"))]
    assert len(kept) == 6
    changed = [place for place in kept if (example / place).read_text(encoding="utf-8") != fresh[place]]
    assert changed == ["README.md"]


@pytest.mark.parametrize("word", WORDS.values())
def test_no_component_is_long(word: str) -> None:
    """What a stranger has to read and replace stays small."""
    paths = list((template() / word).rglob("lumos_*/*.py"))
    assert len(paths) >= 4, "package, manifest, configuration and component"
    for path in paths:
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
