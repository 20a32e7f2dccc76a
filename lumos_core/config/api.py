"""`load_pipeline`, `pipeline_schema` and `init`, for the command line and for Python users."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from ..contracts.component import ComponentKind
from ..environments.environment import Environment, EnvironmentConfig, find
from ..errors import ConfigError
from ..loading.registry import Registry
from .document import Node
from .entries import check_entry
from .pipeline import FILE, STATE, Pipeline, PipelineFile, with_defaults
from .problems import Problem, problems_of
from .reading import failure, plain_failure, read_node
from .schema import pipeline_schema
from .suggest import init
from .types import ComponentSpec
from .variables import Resolved, escape
from .watched import merged

if TYPE_CHECKING:
    from ..isolation.entries import Finder

__all__ = [
    "catalogs_of",
    "database_spec",
    "init",
    "load_pipeline",
    "make_pipeline",
    "none_to_find",
    "part_of",
    "pipeline_path",
    "pipeline_schema",
    "read_pipeline_file",
]

COMPONENTS = ("sources", "enrich", "cost", "store", "differ", "catalogs", "reports", "executor")
DATABASES = (".db", ".sqlite", ".sqlite3")


def none_to_find(path: object) -> bool:
    """Tell whether no pipeline is named and there is none in its usual place, so that the defaults are meant."""
    return path is None and not os.environ.get("LUMOS_CONFIG") and not Path(FILE).exists()


def pipeline_path(path: str | os.PathLike[str] | None) -> Path:
    """Return the pipeline file that is meant, there or not: `LUMOS_CONFIG`, else `lumos.yaml`, when none is named.

    A folder means the `lumos.yaml` in it.
    """
    file = Path(path if path is not None else os.environ.get("LUMOS_CONFIG") or FILE)
    return file / FILE if file.is_dir() else file


def read_pipeline_file(path: str | os.PathLike[str] | None) -> tuple[Path, Node, Path]:
    """Return the pipeline file that is meant, what it holds, and the folder that its relative paths start from.

    Raises:
        ConfigError: When nobody names one and there is none in its usual place, or it cannot be read.
    """
    file = pipeline_path(path)
    if path is None and not file.exists():
        fix = "name a pipeline file, set LUMOS_CONFIG, or write one with `lumos init`"
        raise ConfigError("there is no pipeline", why=f"there is no file {file}", fix=fix)
    return file, read_node(file), Path(os.path.abspath(file.parent))  # noqa: PTH100 - keeps symbolic links


def database_spec(kind: ComponentKind, name: str, path: object) -> ComponentSpec | None:
    """Return the component of a database file that is named where a pipeline could be; None for anything else.

    Args:
        kind: Of the component that keeps such files.
        name: Of that component; it takes the file as its option `path`.
        path: What was named.
    """
    if not isinstance(path, (str, os.PathLike)) or Path(path).suffix not in DATABASES:
        return None
    return ComponentSpec(kind, name, escape({"path": os.fspath(Path(path).absolute())}))


def load_pipeline(path: str | os.PathLike[str] | None = None) -> Pipeline:
    """Read and validate a pipeline file; reads nothing else, connects to nothing.

    Args:
        path: The file; `LUMOS_CONFIG`, else `lumos.yaml`, by default.

    Returns:
        The pipeline, with every component's configuration validated and every default filled in.

    Raises:
        ConfigError: `problems` holds every problem of every component, each with `file:line:column`.
    """
    file, node, base = read_pipeline_file(path)
    data = node.data()
    pipeline, problems = _validated(data, file, base)
    if pipeline is None:
        raise _pipeline_failure(node, data, problems)
    return pipeline


def part_of(path: str | os.PathLike[str] | None, key: Literal["store", "differ"]) -> ComponentSpec:
    """Read one component of a pipeline file and nothing else of it.

    Who only reads the history needs neither the plugins nor the variables of the sources.

    Args:
        path: The file; `LUMOS_CONFIG`, else `lumos.yaml`, by default.
        key: Which component.

    Raises:
        ConfigError: When the file cannot be read or this component is not valid.
        PluginError: When its plugin cannot be used.
    """
    _, node, base = read_pipeline_file(path)
    registry = Registry.load()
    return registry.spec(key, with_defaults(node.data(), registry.default)[key], base)


def catalogs_of(path: str | os.PathLike[str] | None = None) -> list[ComponentSpec]:
    """Read the catalogs of a pipeline file and nothing else of it.

    Who only searches needs neither the plugins nor the variables of the sources.

    Args:
        path: The file; `LUMOS_CONFIG`, else `lumos.yaml`, by default.

    Raises:
        ConfigError: When the file cannot be read or a catalog is not valid; `problems` holds one per place.
    """
    file, node, base = read_pipeline_file(path)
    registry = Registry.load()
    data = with_defaults(node.data(), registry.default)
    entries = data["catalogs"] if isinstance(data["catalogs"], list) else [data["catalogs"]]
    environments = _finder(data, file, base)
    specs, problems = [], []
    for index, entry in enumerate(entries):
        spec, found = check_entry(registry, "catalog", entry, base, environments=environments)
        problems += [problem.under("catalogs", index) for problem in found]
        specs += [spec] if spec is not None else []
    if problems:
        raise _pipeline_failure(node, node.data(), problems)
    return specs


def make_pipeline(data: Mapping[str, Any], base: str | os.PathLike[str] | None = None) -> Pipeline:
    """Validate a pipeline that is a mapping instead of a file.

    Args:
        data: What the file would hold, `${VAR}` unresolved.
        base: Folder that relative paths start from; the present one by default.

    Raises:
        ConfigError: As `load_pipeline`, with key paths as places.
    """
    folder = Path(base) if base is not None else Path.cwd()
    pipeline, problems = _validated(data, folder / FILE, folder)
    if pipeline is None:
        raise plain_failure("pipeline", problems)
    return pipeline


def _validated(data: Mapping[str, Any], file: Path, base: Path) -> tuple[Pipeline | None, list[Problem]]:
    registry = Registry.load()
    watched = merged(data)
    filled = with_defaults(watched.data, registry.default)
    # Components keep what is written, and fill in their variables themselves.
    plain = Resolved({key: value for key, value in filled.items() if key not in COMPONENTS})
    whole = {key: plain.data.get(key, value) for key, value in filled.items()}
    context = {
        "base": base,
        "registry": registry,
        "unresolved": True,
        "environments": _finder(whole, file, base),
    }
    problems = list(plain.problems)
    made: PipelineFile | None = None
    try:
        made = PipelineFile.model_validate(whole, context=context)
    except ValidationError as error:
        unset = {problem.loc for problem in problems}
        found = problems_of(error, PipelineFile, whole, plain.values)
        problems += [_explained(watched.place(item), whole) for item in found if item.loc not in unset]
    problems += watched.problems
    problems += _conflicts(data, whole)
    if problems or made is None:
        return None, problems
    return _pipeline(made, file, base), []


def _finder(data: Mapping[str, Any], file: Path, base: Path) -> Finder:
    """How the entries of a file find the environments that it declares; a wrong declaration is told at its place."""

    def find_one(name: str) -> Environment:
        declared: dict[str, EnvironmentConfig] = {}
        section = data.get("environments")
        for key, value in section.items() if isinstance(section, Mapping) else ():
            with suppress(ValidationError):
                declared[str(key)] = EnvironmentConfig.model_validate(value, context={"base": base})
        return find(name, declared, file, base / Path(str(data.get("state") or STATE)).expanduser())

    return find_one


def _explained(problem: Problem, data: Mapping[str, Any]) -> Problem:
    if problem.loc == ("version",):
        what = "expected 1, the one version of this file's form that this Lumos reads"
        return Problem(("version",), what, "upgrade Lumos if the file is newer")
    if "sources" not in data and "catalogs" in data and problem.what == "the key 'sources' is required":
        fix = "say where metadata is read; without `sources`, a file serves `lumos migrate` and `lumos sync` only"
        return problem._replace(fix=fix)
    return problem


def _conflicts(data: Mapping[str, Any], whole: Mapping[str, Any]) -> list[Problem]:
    """What is wrong between parts that are right by themselves."""
    problems: list[Problem] = []
    catalogs = whole.get("catalogs")
    seen: set[str] = set()
    for index, entry in enumerate(catalogs if isinstance(catalogs, list) else ()):
        fields = entry if isinstance(entry, Mapping) else {"type": entry}
        name = Resolved(fields.get("name") or fields.get("type")).data
        if isinstance(name, str) and name in seen:
            fix = "give each its own `name:`, under which its state is kept"
            problems.append(Problem(("catalogs", index), f"two catalogs are called '{name}'", fix))
        elif isinstance(name, str):
            seen.add(name)
    run = data.get("run")
    if isinstance(run, Mapping) and run.get("parallel") is not None and data.get("executor") is not None:
        fix = "give the executor its own option instead"
        problems.append(Problem(("run", "parallel"), "only the default executor is told `parallel`", fix, at_key=True))
    return problems


def _pipeline(made: PipelineFile, file: Path, base: Path) -> Pipeline:
    def given(spec: ComponentSpec | None) -> ComponentSpec:
        assert spec is not None  # with_defaults filled it in
        return spec

    return Pipeline(
        name=made.name or file.stem,
        path=file,
        base=base,
        sources=tuple(made.sources),
        enrich=tuple(made.enrich),
        store=given(made.store),
        differ=given(made.differ),
        catalogs=tuple(made.catalogs or ()),
        cost=made.cost,
        reports=tuple(made.reports),
        executor=given(made.executor),
        gate=made.gate,
        publish=made.publish,
        release=made.release,
        run=made.run,
        state=made.state,
        environments=made.environments,
        version=made.version,
    )


def _pipeline_failure(node: Node, data: Mapping[str, Any], problems: list[Problem]) -> ConfigError:
    shown: list[Problem] = []
    for problem in problems:
        part = problem.loc[0] if problem.loc else ""
        if part in COMPONENTS and data.get(str(part)) is None and part != "sources":
            # A default that cannot be used: the file does not mention it, so say where it comes from.
            what = f"{problem.what} (it is the default of `{part}`)"
            problem = problem._replace(loc=(part,), what=what)
        shown.append(problem)
    return failure(node, shown)
