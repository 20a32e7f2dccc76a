"""An entry of the pipeline that names an environment: checked by the worker, where its plugin is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr

from ..config.problems import Problem
from ..config.types import ComponentSpec
from ..config.variables import Resolved
from ..contracts.component import ComponentKind, Config
from ..contracts.watch import WatchConfig
from ..environments.environment import Environment
from ..errors import LumosError
from .messages import Describe, Described
from .process import Worker

Finder = Callable[[str], Environment]
"""Finds an environment by its name; raises `ConfigError` when it is not ready."""


class IsolatedConfig(Config):
    """What the run knows of a component whose plugin is installed elsewhere."""

    secrets: tuple[SecretStr, ...] = Field(default=(), description="Values that no message may show.")
    capabilities: dict[str, Any] = Field(default_factory=dict, description="Aspect -> how well it is supported.")
    system: str = Field(default="", description="Of a catalog, the name under which its own ids stand.")
    deferred: frozenset[str] = Field(default=frozenset(), description="Of a catalog, keys of the second wave.")
    stats: frozenset[str] = Field(default=frozenset(), description="Of a catalog, types of volatile facts it takes.")
    foreign: bool = Field(default=False, description="It is a catalog that takes foreign records.")
    searches: bool = Field(default=False, description="It is a catalog that can search.")
    shows: bool = Field(default=False, description="It is a catalog that says what its own pages show.")
    tells: bool = Field(default=False, description="It is a source that tells of events.")


def check_isolated(
    kind: ComponentKind, entry: Mapping[str, Any], base: Path, name: str, find: Finder | None
) -> tuple[ComponentSpec | None, list[Problem]]:
    """Validate an entry in its environment.

    Args:
        kind: `source` or `catalog`.
        entry: Type, name and options, `${VAR}` unresolved; without `environment`.
        base: Folder that relative paths start from.
        name: Of the environment.
        find: How to find it; None where no environments can be declared.

    Returns:
        The spec (None when there are problems), and the problems, as `check_entry` gives them.
    """
    if find is None:
        fix = "declare it in `environments:` of a pipeline file"
        return None, [Problem(("environment",), "there are no environments here", fix)]
    try:
        environment = find(name)
        told = _described(environment, Describe(kind, dict(entry), str(base)))
    except LumosError as error:
        what = error.what + (f": {error.why}" if error.why else "")
        return None, [Problem(("environment",), what, error.fix)]
    if told.problems:
        return None, [Problem(**{**problem, "loc": tuple(problem["loc"])}) for problem in told.problems]
    options = {key: value for key, value in entry.items() if key not in ("type", "name")}
    config = IsolatedConfig(
        secrets=tuple(map(SecretStr, _at(Resolved(options).data, told.secrets))),
        capabilities=told.capabilities,
        system=told.system,
        deferred=told.deferred,
        stats=told.stats,
        foreign=told.foreign,
        searches=told.searches,
        shows=told.shows,
        tells=told.tells,
    )
    type_ = str(Resolved(entry["type"]).data)
    watch = None if told.watch is None else WatchConfig.model_validate(told.watch)
    spec = ComponentSpec(
        kind, type_, options, name=told.name, base=base, config=config, environment=environment, watch=watch
    )
    return spec, []


def _described(environment: Environment, request: Describe) -> Described:
    # Nobody knows yet which options are secret: what came out of a variable may be.
    worker = Worker.enter(environment, IsolatedConfig(secrets=tuple(map(SecretStr, Resolved(request.entry).values))))
    try:
        pieces = worker.call(request).pieces(lambda message: None, lambda: False)
        return next(piece for piece in pieces if isinstance(piece, Described))
    finally:
        worker.leave(stay=True)


def _at(options: Any, places: Sequence[Sequence[str | int]]) -> Iterator[str]:
    """The texts that stand at some places of plain data."""
    for place in places:
        value = options
        for step in place:
            try:
                value = value[step]
            except (LookupError, TypeError):
                value = None
        if isinstance(value, str) and value:
            yield value
            # What a worker prints comes line by line: those of a private key, for example.
            yield from (line for line in value.split("\n")[:-1] + value.split("\n")[1:] if len(line.strip()) > 7)
