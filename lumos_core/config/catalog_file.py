"""A pipeline file of which only the catalogs are meant: for `lumos migrate` and `lumos sync`.

It may be a whole pipeline, whose sources are not looked at, or a file with nothing but `catalogs:`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from ..contracts.component import Config
from ..environments.environment import Environments
from .api import _conflicts, _explained, _finder, _pipeline_failure, read_pipeline_file
from .pipeline import STATE, CatalogSpec, PipelineFile, PublishConfig, RunConfig
from .problems import Problem, problems_of
from .types import ComponentSpec, LocalPath
from .variables import Resolved

_IGNORED = frozenset({"sources", "enrich", "cost", "store", "differ", "gate", "reports", "release", "executor"})


class _CatalogsOnly(Config):
    """The parts of a pipeline file that matter to catalogs; `catalogs` has no default here."""

    version: int = Field(default=1, ge=1, le=1, description="Version of this file's form.")
    name: str = Field(default="", description="Name of the pipeline.")
    catalogs: list[CatalogSpec] = Field(min_length=1, description="The catalogs.")
    publish: PublishConfig = Field(default_factory=PublishConfig, description="The guard.")
    run: RunConfig = Field(default_factory=RunConfig, description="Retries.")
    environments: Environments = Field(default_factory=dict, description="Environments of their own.")
    state: LocalPath = Field(default=Path(STATE), description="Folder of state, beside the file by default.")


class CatalogFile(NamedTuple):
    """What a pipeline file says about its catalogs.

    Attributes:
        path: The file.
        catalogs: Its catalogs, in its order.
        publish: The guard.
        retries: How often a batch is tried again.
        state: Folder of state.
    """

    path: Path
    catalogs: tuple[ComponentSpec, ...]
    publish: PublishConfig
    retries: int
    state: Path


def load_catalog_file(path: str | os.PathLike[str]) -> CatalogFile:
    """Read and validate the catalogs of a pipeline file; connects to nothing.

    Sources, and whatever else has nothing to do with catalogs, may be there or not; their plugins and variables are
    not needed.

    Raises:
        ConfigError: When the file names no catalog or is not valid; `problems` holds one per place.
    """
    from ..loading.registry import Registry

    file, node, base = read_pipeline_file(path)
    written = node.data()
    data = {key: value for key, value in written.items() if key not in _IGNORED and value is not None}
    plain = Resolved({key: value for key, value in data.items() if key != "catalogs"})
    whole = {key: plain.data.get(key, value) for key, value in data.items()}
    problems = list(plain.problems)
    if "catalogs" not in whole:
        fix = "say `catalogs:` and, below it, `- {type: NAME, ...}`; the default is not meant here"
        problems.append(Problem((), "it names no catalog", fix))
    context = {
        "base": base,
        "registry": Registry.load(),
        "unresolved": True,
        "environments": _finder(whole, file, base),
    }
    made: _CatalogsOnly | None = None
    try:
        if "catalogs" in whole:
            made = _CatalogsOnly.model_validate(whole, context=context)
    except ValidationError as error:
        unset = {problem.loc for problem in problems}
        # What a key may be called is said by the model of the whole file, for its did-you-mean.
        found = problems_of(error, PipelineFile, whole, plain.values)
        problems += [_explained(item, whole) for item in found if item.loc not in unset]
    problems += _conflicts({}, whole)
    if problems or made is None:
        raise _pipeline_failure(node, written, problems)
    return CatalogFile(file, tuple(made.catalogs), made.publish, made.run.retries, made.state)
