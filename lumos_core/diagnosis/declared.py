"""The pipeline file: whether it is valid, its variables, its environments."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..config.api import load_pipeline, none_to_find, pipeline_path
from ..config.pipeline import FILE, STATE, Pipeline
from ..config.reading import read_node
from ..config.variables import references
from ..errors import LumosError
from ..running.line import waiver_file
from .finding import Finding

AREA = "pipeline"


def load(path: str | os.PathLike[str] | None) -> tuple[Pipeline | None, list[Finding]]:
    """Load a pipeline; what is wrong with it becomes findings."""
    if none_to_find(path):
        fix = "name a pipeline with `-p`, set LUMOS_CONFIG, or write one with `lumos init`"
        return None, [Finding(AREA, FILE, "ok", "there is no pipeline here; nothing of one was looked at", fix=fix)]
    try:
        loaded = load_pipeline(path)
        waiver_file(loaded)
    except LumosError as error:
        problems = getattr(error, "problems", ()) or (error,)
        file = str(pipeline_path(path))
        return None, [Finding(AREA, item.where or file, "fail", item.what, item.why, item.fix) for item in problems]
    what = f"valid: {sum(1 for _ in loaded.components())} components"
    return loaded, [Finding(AREA, loaded.path.name, "ok", what), *_variables(loaded.path)]


def state_of(path: str | os.PathLike[str] | None, loaded: Pipeline | None) -> Path:
    """Return the folder that runs write to, as well as it can be told."""
    return loaded.state if loaded is not None else pipeline_path(path).parent / STATE


def _variables(path: Path) -> Iterator[Finding]:
    """Name the variables that the file reads; never their values."""
    named = dict(references(read_node(path).data()))
    given = sorted(name for name in named if os.environ.get(name))
    defaults = sorted(name for name in named if name not in given)
    if given:
        yield Finding(AREA, "variables", "ok", f"set: {', '.join(given)}")
    if defaults:
        yield Finding(AREA, "variables", "ok", f"not set, so that their defaults count: {', '.join(defaults)}")


def environments(path: str | os.PathLike[str] | None) -> Iterator[Finding]:
    """Look into the environments that the pipeline declares."""
    from ..environments.api import env_check

    for checked in env_check(path):
        if checked.ok:
            what = f"Python {checked.python}, lumos-core {checked.lumos_core}, {checked.packages} packages, as locked"
            yield Finding("environments", checked.name, "ok", what)
        for problem in checked.problems:
            yield Finding("environments", checked.name, "fail", problem, fix=checked.fix)
