"""The repository keeps its own rules: what every distribution has, and what no tracked file may hold."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))
WITH_CODE = [path for path in PLUGINS if path.name != "lumos"]
# Libraries and test tools offer no component, so that they have no manifest.
LIBRARIES = {"lumos-profile", "lumos-remote", "lumos-testing-datahub", "lumos-testing-openmetadata"}
OFFERING = [path for path in WITH_CODE if path.name not in LIBRARIES]
TOP = {
    *("lumos_core", "plugins", "plugin_template", "configs", "docs", "tests", "pyproject.toml", "noxfile.py"),
    *("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md"),
    *(".ci", ".github", ".gitignore", ".gitattributes", "constraints.txt"),
}
# Spelled in halves, so that this file does not hold what it looks for.
HOSTS = [
    "".join(halves)
    for halves in (
        ("pypi", ".org"),
        ("python", "hosted.org"),
        ("npm", "js.org"),
        ("npm", "js.com"),
        ("yarn", "pkg.com"),
        ("crates", ".io"),
        ("proxy.", "golang.org"),
        ("sum.", "golang.org"),
        ("maven", ".org"),
        ("ruby", "gems.org"),
        ("conda", ".anaconda.org"),
        ("docker", ".io"),
        ("ghcr", ".io"),
        ("quay", ".io"),
    )
]


def tracked() -> list[Path]:
    """What git tracks, or would with the next ``git add``; every file where there is no git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    names = {name for name in listed.decode("utf-8", "surrogateescape").split("\0") if name}
    return sorted(path for path in map(ROOT.joinpath, names) if path.is_file())


def project(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_no_tracked_file_names_a_registry_host() -> None:
    pattern = re.compile("|".join(map(re.escape, HOSTS)).encode())
    found = [str(path.relative_to(ROOT)) for path in tracked() if pattern.search(path.read_bytes())]
    assert found == []


def test_no_uv_lock_is_tracked() -> None:
    assert not [path for path in tracked() if path.name == "uv.lock"]
    assert "uv.lock" in read(".gitignore").split()


def test_the_top_level_holds_what_the_map_says() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} - TOP == set()


@pytest.mark.parametrize("locked", ["constraints.txt", ".ci/requirements.txt"])
def test_the_locks_pin_with_hashes_and_without_an_index(locked: str) -> None:
    text = read(locked)
    assert "://" not in text
    requirements = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    loose = [line for line in requirements if "==" not in line.split(";")[0] or "--hash=sha256:" not in line]
    assert requirements
    assert loose == []


def test_the_lock_fits_every_dependency() -> None:
    """Each requirement of each project is locked, in a version that it allows."""
    locked: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", read("constraints.txt"), flags=re.M):
        locked.setdefault(name, []).append(version)
    ours = {"lumos-core", *(path.name for path in PLUGINS)}
    wrong = []
    for folder in [ROOT, *PLUGINS]:
        found = project(folder)
        lists = [found["project"].get("dependencies", []), *found.get("dependency-groups", {}).values()]
        lists += found["project"].get("optional-dependencies", {}).values()
        for line in (line for lines in lists for line in lines if isinstance(line, str)):
            wanted = Requirement(line)
            versions = locked.get(canonicalize_name(wanted.name), [])
            fits = versions and all(wanted.specifier.contains(version) for version in versions)
            if canonicalize_name(wanted.name) not in ours and not fits:
                wrong.append(f"{folder.name}: {line}, locked {versions}; run `nox -s lock`")
    assert wrong == []


@pytest.mark.parametrize("folder", OFFERING, ids=lambda path: path.name)
def test_a_plugin_has_the_rooms_that_every_plugin_has(folder: Path) -> None:
    package = folder / folder.name.replace("-", "_")
    rooms = ["README.md", "tests/test_conformance.py"]
    rooms += [f"{package.name}/{name}" for name in ("__init__.py", "plugin.py", "py.typed")]
    assert [room for room in rooms if not (folder / room).is_file()] == []


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_declares_what_users_and_the_kernel_need(folder: Path) -> None:
    found = project(folder)["project"]
    assert found["name"] == folder.name
    assert found["requires-python"] == ">=3.10"
    assert found["license"] == "Apache-2.0"
    assert found["readme"] == "README.md"
    kernel = project(ROOT)["project"]["version"]
    major, minor = map(int, kernel.split(".")[:2])
    assert f"lumos-core>={major}.{minor},<{major}.{minor + 1}" in found["dependencies"]
    if folder in OFFERING:
        package = folder.name.replace("-", "_")
        assert f"{package}.plugin" in found["entry-points"]["lumos.plugins"].values()


@pytest.mark.parametrize("folder", [ROOT, *WITH_CODE], ids=lambda path: path.name)
def test_the_version_in_the_code_is_that_of_the_distribution(folder: Path) -> None:
    """A package that says its version says the one of its pyproject."""
    package = "lumos_core" if folder == ROOT else folder.name.replace("-", "_")
    source = (folder / package / "__init__.py").read_text(encoding="utf-8")
    said = re.search(r"^__version__ = \"(.*)\"$", source, flags=re.M)
    if said is not None:
        assert said[1] == project(folder)["project"]["version"]


def test_the_list_for_pip_names_every_distribution() -> None:
    lines = read("plugins/requirements.txt").splitlines()
    listed = [line for line in lines if line and not line.startswith("#")]
    assert sorted(listed) == sorted([".", *(f"./plugins/{path.name}" for path in PLUGINS)])


def test_the_uv_workspace_names_every_distribution() -> None:
    sources = project(ROOT)["tool"]["uv"]["sources"]
    assert sorted(sources) == sorted(["lumos-core", *(path.name for path in PLUGINS if path.name != "lumos")])


def test_plugins_import_only_the_kernels_door() -> None:
    """No plugin reaches behind ``lumos_core.plugin_api``, and none imports another but the shared libraries."""
    allowed = {"lumos_core.plugin_api", "lumos_core.testing", "lumos_lake", "lumos_profile", "lumos_remote"}
    wrong = []
    for folder in WITH_CODE:
        own = folder.name.replace("-", "_")
        for path in sorted((folder / own).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    names = [f"{node.module}.{alias.name}" for alias in node.names]
                for name in names:
                    if name.startswith("lumos_") and not name.startswith((own, *allowed)):
                        wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}")
    assert wrong == []


def test_the_kernel_imports_no_plugin() -> None:
    pattern = re.compile(r"^\s*(?:from|import) (lumos_(?!core)\w+)", flags=re.M)
    files = sorted((ROOT / "lumos_core").rglob("*.py"))
    found = {path: pattern.findall(path.read_text(encoding="utf-8")) for path in files}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_changelog_has_a_place_for_what_comes() -> None:
    text = read("CHANGELOG.md")
    assert re.search(r"^## \[Unreleased\]$", text, flags=re.M)


def test_ci_runs_the_command_of_the_readme() -> None:
    """What CI runs is what the README tells, word for word."""
    command = next(line.strip() for line in read(".ci/run").splitlines() if "bin/nox" in line)
    command = command.removeprefix("{ ").removesuffix(" \\").removesuffix("; }")
    assert command.startswith("python3 -m venv")
    for page in ("README.md", "CONTRIBUTING.md"):
        assert command in read(page).splitlines(), page


def test_the_workflows_run_sessions_that_exist() -> None:
    found = re.findall(r"^def (\w+)\(session", read("noxfile.py"), flags=re.M)
    sessions = {name.replace("_", "-") for name in found}
    for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                called = re.search(r"nox -s ([a-z -]+?)(?: --|$)", step.get("run", ""))
                assert called is None or set(called[1].split()) <= sessions, (path.name, step["run"])
                uses = step.get("uses", "")
                assert not uses or re.search(r"@[0-9a-f]{40}$", uses), f"{path.name}: {uses} is not pinned"
            for item in job.get("strategy", {}).get("matrix", {}).get("include", []):
                assert item["session"] in sessions


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in (path for path in tracked() if path.suffix == ".md"):
        text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.S)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            outside = "://" in target or target.startswith("mailto:")
            if not outside and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []
