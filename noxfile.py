"""The one entry to every check.

``nox`` runs what a change must pass, ``nox -l`` lists the rest. Environments are made by uv from this
checkout, with ``constraints.txt`` pinning every third-party package and verifying its hash; each session has
its own.
"""

from __future__ import annotations

import ast
import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nox
from uv import find_uv_bin

ROOT = Path(__file__).parent
UV = find_uv_bin()
CONSTRAINTS = "constraints.txt"
PLUGINS = sorted(found.parent.name for found in ROOT.glob("plugins/*/pyproject.toml"))
WITH_CODE = [name for name in PLUGINS if name != "lumos"]
KINDS = sorted(found.parts[-2] for found in ROOT.glob("plugin_template/*/lumos_*"))
EXAMPLES = sorted(found.parent.name for found in ROOT.glob("docs/examples/*/pyproject.toml"))
PYTEST = ["pytest", "-q", "-m", "not servers and not benchmark and not heavy"]
# A process per core; the tests of a file stay together, and so do the servers that they start.
EVENLY = ["-n", "auto", "--dist", "loadfile"]
RUNS = [f"tests/{name}" for name in ("bad_days", "docs", "end_to_end", "equality", "manners", "template")]
SMALL = "0.1"

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "kernel", "plugin(lumos-source-csv)", "template(source)"]
nox.options.sessions += ["benchmarks-small", "tests", "runs"]


@functools.cache
def follow_pip() -> None:
    """Hand pip's index and certificates to uv, which does not read them: one mirror works for both."""
    os.environ.setdefault("UV_SYSTEM_CERTS", "1")
    os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    listed.sort(key=lambda line: line.startswith(":env:"))  # the environment overrules the files
    found = {key.rpartition(".")[2]: value for key, _, value in (line.partition("=") for line in listed)}
    known = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}
    for key, variable in known.items():
        if key in found:
            os.environ.setdefault(variable, " ".join(ast.literal_eval(found[key]).split()))


def install(session: nox.Session, *what: str) -> None:
    """Install into the session's environment: third-party packages as locked, their hashes verified."""
    follow_pip()
    session.install("--constraint", CONSTRAINTS, *what)


def checkout() -> list[str]:
    """Arguments that install the kernel and every plugin from the working tree."""
    return [part for name in PLUGINS for part in ("--editable", f"plugins/{name}")] + ["--editable", "."]


def import_name(distribution: str) -> str:
    """The import package of a distribution."""
    return distribution.replace("-", "_")


def first_party(name: str) -> list[str]:
    """The distributions of this repository that a plugin or its tests need, itself included."""
    needed: list[str] = []
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in needed or current not in [*PLUGINS, "lumos-core"]:
            continue
        needed.append(current)
        if current == "lumos-core":
            continue
        project = nox.project.load_toml(ROOT / "plugins" / current / "pyproject.toml")
        wanted = project["project"].get("dependencies", [])
        if current == name:
            wanted = wanted + project.get("dependency-groups", {}).get("test", [])
        waiting += [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in wanted]
    return needed


def others(name: str) -> list[str]:
    """What a plugin's tests need that is not of this repository."""
    project = nox.project.load_toml(ROOT / "plugins" / name / "pyproject.toml")
    wanted = project.get("dependency-groups", {}).get("test", [])
    return [line for line in wanted if re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] not in PLUGINS]


def wheels(session: nox.Session, names: list[str]) -> list[str]:
    """Build the named distributions, each on its own, and return the paths of the wheels."""
    follow_pip()
    out = Path(session.create_tmp()) / "wheels"
    shutil.rmtree(out, ignore_errors=True)
    for name in names:
        folder = "." if name == "lumos-core" else f"plugins/{name}"
        build = [UV, "build", "--quiet", "--wheel", "--out-dir", str(out), "--build-constraints", CONSTRAINTS]
        session.run(*build, folder, external=True)
    return sorted(str(path.absolute()) for path in out.glob("*.whl"))


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: rules and format."""
    install(session, "--group", "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, on the kernel."""
    install(session, "--group", "types", "--group", "tests", *checkout())
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """All unit, property and conformance tests in one environment; coverage by package."""
    install(session, "--group", "tests", *checkout())
    if session.posargs:  # a part of the tests says nothing about coverage
        session.run(*PYTEST, *session.posargs)
        return
    packages = ["lumos_core", *map(import_name, WITH_CODE)]
    data = Path(session.create_tmp()) / "coverage.json"
    measured = [f"--cov={package}" for package in packages]
    session.run("coverage", "erase")
    left_out = [f"--ignore={folder}" for folder in RUNS]
    session.run(*PYTEST, *EVENLY, *left_out, *measured, "--cov-report=", f"--cov-report=json:{data}")
    session.run("python", ".ci/coverage_by_package.py", str(data), *packages)


@nox.session
def runs(session: nox.Session) -> None:
    """Whole runs, most in processes of their own: the documentation's commands, bad days, all catalogs alike."""
    install(session, "--group", "tests", *checkout())
    session.run(*PYTEST, *(session.posargs or [*EVENLY, *RUNS]))


@nox.session(reuse_venv=False)
@nox.parametrize("name", [nox.param(name, id=name) for name in WITH_CODE])
def plugin(session: nox.Session, name: str) -> None:
    """One plugin from its built wheel, in an environment of its own, against its own tests."""
    install(session, "--group", "tests", *others(name), *wheels(session, first_party(name)))
    where = f"import {import_name(name)} as p; assert 'site-packages' in p.__file__, p.__file__"
    session.run("python", "-c", where)
    session.run(*PYTEST, f"plugins/{name}", *session.posargs)


@nox.session(reuse_venv=False)
def kernel(session: nox.Session) -> None:
    """The kernel's wheel alone: how many distributions, how many bytes, and does it start."""
    install(session, *wheels(session, ["lumos-core"]))
    session.run("python", ".ci/kernel_alone.py")


def as_a_stranger(session: nox.Session, folder: Path, built: list[str]) -> None:
    """Do with a plugin's folder what its author does, then with its wheel what a user does who has nothing else."""
    with session.chdir(folder):
        session.run("ruff", "check", ".")
        session.run("ruff", "format", "--check", ".")
        session.run("mypy")
        session.run("pytest", "-q")
        session.run(UV, "build", "--quiet", "--wheel", "--out-dir", "dist", external=True)
    (wheel,) = folder.glob("dist/*.whl")
    clean, away, name = folder.parent / "clean", folder.parent / "away", folder.name
    commands = clean / ("Scripts" if sys.platform == "win32" else "bin")
    session.run(UV, "venv", "--quiet", "--python", f"{session.bin}/python", str(clean), external=True)
    into = [UV, "pip", "install", "--quiet", "--python", str(clean), "--constraint", CONSTRAINTS]
    session.run(*into, *built, f"{wheel}[test]", external=True)
    away.mkdir()
    for part in ("tests", "example", "README.md", "pyproject.toml"):
        (shutil.copytree if (folder / part).is_dir() else shutil.copy)(folder / part, away / part)
    shown = re.search(r"```yaml\n(.*?)```", (away / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown, f"the README of {name} shows no pipeline"
    (away / "lumos.yaml").write_text(shown[1], encoding="utf-8")
    where = f"import {import_name(name)} as p; assert 'site-packages' in p.__file__, p.__file__"
    with session.chdir(away):
        session.run(str(commands / "python"), "-c", where, external=True)
        session.run(str(commands / "python"), "-m", "pytest", "-q", external=True)
        session.run(str(commands / "lumos"), "plugin", "check", name, external=True)
        session.run(str(commands / "lumos"), "run", external=True)


@nox.session(reuse_venv=False)
@nox.parametrize("kind", [nox.param(kind, id=kind) for kind in KINDS])
def template(session: nox.Session, kind: str) -> None:
    """A plugin made with the wheel of the kernel: linted, typed, tested, built, and used from its own wheel."""
    built = wheels(session, first_party("lumos"))
    install(session, *built)
    new = ["lumos", "plugin", "new", {"cost": "cost-model"}.get(kind, kind)]
    with TemporaryDirectory() as folder:  # outside of the checkout, whose settings would be found
        for name in ("oak", "o", "twenty-four-letters-long"):
            session.run(*new, name, "--dir", folder)
        install(session, *built, "--editable", f"{folder}/lumos-{kind}-oak[dev]")
        for name in ("o", "twenty-four-letters-long"):  # no name makes lines too long, or short enough to be joined
            session.run("ruff", "check", f"{folder}/lumos-{kind}-{name}")
            session.run("ruff", "format", "--check", f"{folder}/lumos-{kind}-{name}")
        as_a_stranger(session, Path(folder, f"lumos-{kind}-oak"), built)


@nox.session(reuse_venv=False)
@nox.parametrize("name", [nox.param(name, id=name) for name in EXAMPLES])
def examples(session: nox.Session, name: str) -> None:
    """A third-party plugin of the documentation, as its author and its users have it: apart from this checkout."""
    built = wheels(session, first_party("lumos"))
    with TemporaryDirectory() as folder:
        copy = Path(folder, name)
        shutil.copytree(ROOT / "docs/examples" / name, copy, ignore=shutil.ignore_patterns("*_cache", "__pycache__"))
        install(session, *built, "--editable", f"{copy}[dev]")
        as_a_stranger(session, copy, built)


@nox.session
def docs(session: nox.Session) -> None:
    """Every command and example of the documentation, run; the generated reference compared."""
    install(session, "--group", "tests", *checkout())
    session.run("pytest", "-q", "tests/docs", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests against the oldest versions of third-party packages that each project says it supports."""
    follow_pip()
    session.install("--resolution", "lowest-direct", "--group", "tests", *checkout())
    session.run(*PYTEST, *session.posargs)


def measure(session: nox.Session, scale: str) -> None:
    install(session, "--group", "tests", *checkout())
    chosen = session.posargs or ["tests/benchmarks"]
    session.run("pytest", "-q", "-s", "-m", "benchmark", *chosen, env={"LUMOS_BENCH_SCALE": scale})


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Ratios and memory at full size (long)."""
    measure(session, os.environ.get("LUMOS_BENCH_SCALE", "1"))


@nox.session(name="benchmarks-small")
def benchmarks_small(session: nox.Session) -> None:
    """The same benchmarks at a tenth of their size."""
    measure(session, SMALL)


@nox.session
def rivals(session: nox.Session) -> None:
    """Two SDKs that exclude each other, in one pipeline (installs about 600 MB)."""
    install(session, "--group", "tests", "--group", "ci", *checkout())
    session.run("pytest", "-q", "-s", "-m", "heavy", "tests/rivals/test_rivals.py", *session.posargs)


@nox.session
def servers(session: nox.Session) -> None:
    """Tests against large real servers, which are fetched or built once.

    Apache Atlas (290 MB, 45 s to start, 0.7 GB), MinIO and versitygw (by Go, six minutes on two cores), ElasticMQ.
    """
    install(session, "--group", "tests", *checkout())
    session.run("pytest", "-q", "-m", "servers", *(session.posargs or ["tests", "plugins"]))


@nox.session(name="rival-datahub")
def rival_datahub(session: nox.Session) -> None:
    """One PostgreSQL read by `datahub ingest` and by `lumos run`: seconds and facts (installs about 220 MB)."""
    install(session, "--group", "tests", *checkout())
    # DataHub requires the compiled parser; with us it is the extra `fast`.
    parser = [UV, "pip", "install", "--quiet", "--python", f"{session.bin}/python", "./plugins/lumos-lineage-sql[fast]"]
    session.run(*parser, external=True)
    theirs = Path(session.create_tmp(), "datahub")
    python = theirs / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    session.run(UV, "venv", "--quiet", "--clear", "--python", f"{session.bin}/python", str(theirs), external=True)
    into = [UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
    session.run(*into, "acryl-datahub[postgres]==1.7.0.17", external=True)
    chosen = ["tests/rivals/test_rival_datahub.py", *session.posargs]
    session.run("pytest", "-q", "-s", "-m", "heavy", *chosen, env={"LUMOS_RIVAL_DATAHUB": str(python.absolute())})


@nox.session(name="rival-catalogs")
def rival_catalogs(session: nox.Session) -> None:
    """The catalogs of DataHub and OpenMetadata, their vendors' programs on the other side (installs 1.5 GB)."""
    install(session, "--group", "tests", "--group", "ci", *checkout())
    # Each is only ever run in an environment of its own; see `vendor-openmetadata` for the pins of the older one.
    wanted = {
        "HOST": wheels(session, ["lumos-core"]),
        "DATAHUB": ["acryl-datahub[datahub-rest,sqlalchemy,csv-enricher,datahub-lite]==1.7.0.17", "duckdb"],
        "OPENMETADATA_15": ["openmetadata-ingestion==1.5.0.0", "setuptools<81", "dbt-core<1.12"],
        "OPENMETADATA_20": ["openmetadata-ingestion>=2.0,<2.1", "dbt-core<1.12"],
    }
    named = {}
    for short, packages in wanted.items():
        theirs = Path(session.create_tmp(), short.lower())
        python = theirs / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        if not python.exists() or short == "HOST":
            session.run(UV, "venv", "--quiet", "--clear", "--python", "3.11", str(theirs), external=True)
            into = [UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
            session.run(*into, *packages, external=True)
        named[f"LUMOS_RIVAL_CATALOGS_{short}"] = str(python.absolute())
    chosen = session.posargs or sorted(str(path) for path in Path("tests/rivals").glob("test_rival_catalogs_*.py"))
    session.run("pytest", "-q", "-s", "-m", "heavy", *chosen, env=named)


@nox.session(name="vendor-datahub")
def vendor_datahub(session: nox.Session) -> None:
    """The fake of DataHub, and our catalog, against the vendor's own code (installs about 250 MB)."""
    needed = dict.fromkeys(first_party("lumos-testing-datahub") + first_party("lumos-catalog-datahub"))
    install(session, "--group", "tests", *wheels(session, list(needed)))
    session.install("acryl-datahub[datahub-rest,datahub-lite]==1.7.0.17")
    tested = ["plugins/lumos-testing-datahub", "plugins/lumos-catalog-datahub"]
    session.run("pytest", "-q", "-s", "-m", "heavy", *tested, *session.posargs)


@nox.session(name="vendor-openmetadata")
def vendor_openmetadata(session: nox.Session) -> None:
    """The fake of OpenMetadata, and our requests, against the vendor's code, old and new (installs about 600 MB)."""
    install(session, "--group", "tests", *wheels(session, first_party("lumos-catalog-openmetadata")))
    # Each is only ever run in an environment of its own. The older one, under the Apache License, asks for a newer
    # setuptools to be absent; its pins exclude Python 3.12 and later.
    wanted = {"15": ["openmetadata-ingestion==1.5.0.0", "setuptools<81"], "20": ["openmetadata-ingestion>=2.0,<2.1"]}
    named = {}
    for short, packages in wanted.items():
        theirs = Path(session.create_tmp(), f"openmetadata-{short}")
        python = theirs / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        if not python.exists():
            session.run(UV, "venv", "--quiet", "--clear", "--python", "3.11", str(theirs), external=True)
            into = [UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
            session.run(*into, *packages, "dbt-core<1.12", external=True)
        named[f"LUMOS_OPENMETADATA_{short}"] = str(python.absolute())
    theirs_and_ours = ["lumos-testing-openmetadata/tests/test_openmetadata_vendor.py"]
    theirs_and_ours += ["lumos-catalog-openmetadata/tests/test_openmetadata_bodies.py"]
    theirs_and_ours += ["lumos-catalog-openmetadata/tests/test_conformance.py"]
    chosen = [*(f"plugins/{file}" for file in theirs_and_ours), *session.posargs]
    session.run("pytest", "-q", "-m", "heavy", *chosen, env=named)


@nox.session(name="table-format-oracles")
def table_format_oracles(session: nox.Session) -> None:
    """Tables of Delta, Iceberg and Hudi against the libraries of those formats (installs about 450 MB)."""
    formats = {"delta", "iceberg", "hudi"}
    ours = sorted({needed for name in formats for needed in first_party(f"lumos-format-{name}")})
    install(session, "--group", "tests", *wheels(session, ours))
    session.install("deltalake==1.6.6", "pyiceberg[sql-sqlite,pyarrow,pyiceberg-core]==0.12.0", "hudi==0.5.0")
    tests = [f"plugins/lumos-format-{name}/tests/test_{name}_oracle.py" for name in sorted(formats)]
    session.run("pytest", "-q", *tests, *session.posargs)


@nox.session(name="sql-oracle")
def sql_oracle(session: nox.Session) -> None:
    """Lineage from SQL against another implementation of it, whose dependencies stay out of everything else."""
    install(session, "--group", "tests", *wheels(session, first_party("lumos-lineage-sql")))
    session.install("sqllineage==1.5.9")
    session.run("pytest", "-q", "plugins/lumos-lineage-sql/tests/test_lineage_oracle.py", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Known vulnerabilities among the locked packages (asks a public database)."""
    follow_pip()
    session.install("pip-audit")
    for locked in (CONSTRAINTS, ".ci/requirements.txt"):
        session.run("pip-audit", "--strict", "--require-hashes", "--disable-pip", "-r", locked)


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Write the constraints anew: for every system and Python from 3.10, with hashes, no index address."""
    follow_pip()
    compile_ = [UV, "pip", "compile", "--quiet", "--universal", "--python-version", "3.10", *session.posargs]
    compile_ += ["--generate-hashes", "--no-emit-index-url", "--no-annotate"]
    compile_ += ["--custom-compile-command", "nox -s lock"]
    ours = [part for name in [*PLUGINS, "lumos-core"] for part in ("--no-emit-package", name)]
    sources = ["plugins/requirements.txt", "--group", "dev"]
    session.run(*compile_, *ours, "--output-file", CONSTRAINTS, *sources, external=True)
    group = ["--group", "ci", "--constraint", CONSTRAINTS]
    session.run(*compile_, "--output-file", ".ci/requirements.txt", *group, external=True)
