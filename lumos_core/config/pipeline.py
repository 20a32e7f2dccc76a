"""The pipeline: the file as people write it, and the plan of a run that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from ..contracts.component import ComponentKind, Config
from ..environments.environment import EnvironmentConfig, Environments
from ..model.change import Severity
from ..publish.guard import GuardConfig
from ..publish.merge import Policy
from .types import ComponentSpec, LocalPath, SpecOf
from .watched import ChangeDetection

FILE = "lumos.yaml"
"""Name of a pipeline file that nobody names."""

STATE = ".lumos"
"""Folder of runs, memo, and by default the store, beside the pipeline file."""

SourceSpec = Annotated[ComponentSpec, SpecOf("source")]
EnricherSpec = Annotated[ComponentSpec, SpecOf("enricher")]
StoreSpec = Annotated[ComponentSpec, SpecOf("store")]
DifferSpec = Annotated[ComponentSpec, SpecOf("differ")]
CatalogSpec = Annotated[ComponentSpec, SpecOf("catalog")]
CostModelSpec = Annotated[ComponentSpec, SpecOf("cost_model")]
ReporterSpec = Annotated[ComponentSpec, SpecOf("reporter")]
ExecutorSpec = Annotated[ComponentSpec, SpecOf("executor")]


class GateConfig(Config):
    """Which changes fail a run."""

    fail_on: Severity = Field(
        default="breaking", description="The severity from which a change fails the run (exit code 1)."
    )
    waivers: LocalPath | None = Field(default=None, description="YAML file of changes that were agreed upon.")
    before: Literal["publish"] | None = Field(
        default=None,
        description="`publish`: nothing is published while the gate is red; judges what was not published yet.",
    )


class ReleaseConfig(Config):
    """How releases are named."""

    prefix: str = Field(
        default="S-", pattern=r"^[A-Za-z0-9._-]*$", description="What stands before the number of a release (`S-312`)."
    )
    start: int = Field(default=1, ge=0, description="Number of the first release.")


class RunConfig(Config):
    """How work is done."""

    retries: int = Field(
        default=2, ge=0, le=100, description="How often a unit or a batch that may succeed is tried again."
    )
    parallel: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Units at the same time with the default executor; as it judges by default.",
    )


class PublishConfig(Config):
    """How catalogs are written."""

    guard: GuardConfig = Field(
        default_factory=lambda: GuardConfig.model_validate({}),
        description="Stops publishing when too much would be removed at once.",
    )
    policy: dict[str, Policy] = Field(
        default_factory=dict,
        description="Aspect -> who wins where source and catalog differ: `source`, `catalog` or `merge`.",
    )


class PipelineFile(Config):
    """A pipeline file. Every part but `sources` has a default."""

    version: Literal[1] = Field(default=1, description="Version of this file's form.")
    name: str = Field(
        default="",
        pattern=r"^[^\x00-\x1f/\\]*$",
        max_length=200,
        description="Name of the pipeline; the file's own by default.",
    )
    sources: list[SourceSpec] = Field(
        min_length=1, description="Where metadata is read; of two that know a thing, the earlier wins."
    )
    enrich: list[EnricherSpec] = Field(
        default_factory=list, description="What adds owners, tags, documentation and lineage, in this order."
    )
    cost: CostModelSpec | None = Field(default=None, description="What attributes money to datasets and jobs.")
    store: StoreSpec | None = Field(default=None, description=f"The memory; `sqlite` in `{STATE}/store.db` by default.")
    differ: DifferSpec | None = Field(default=None, description="What says what a change means; `semantic` by default.")
    gate: GateConfig | None = Field(default=None, description="Which changes fail a run; without it none does.")
    catalogs: list[CatalogSpec] | None = Field(default=None, description="Where it is published; `local` by default.")
    reports: list[ReporterSpec] = Field(default_factory=list, description="Files and messages about each run.")
    executor: ExecutorSpec | None = Field(default=None, description="Where units run; `threads` by default.")
    publish: PublishConfig = Field(
        default_factory=lambda: PublishConfig(), description="How catalogs are written, and what is refused."
    )
    release: ReleaseConfig = Field(
        default_factory=lambda: ReleaseConfig(), description="How releases are named: prefix and first number."
    )
    run: RunConfig = Field(default_factory=lambda: RunConfig(), description="Retries and parallelism.")
    change_detection: ChangeDetection | None = Field(
        default=None, description="Another way to write `watch` of the sources; read as if it stood there."
    )
    environments: Environments = Field(
        default_factory=dict,
        description="Name -> an environment of its own, for sources and catalogs that say `environment: NAME`; "
        "`lumos env sync` builds it.",
        json_schema_extra={"additionalProperties": False},
    )
    state: LocalPath = Field(
        default=Path(STATE), description="Folder of runs and caches, beside the pipeline by default."
    )


class Pipeline(NamedTuple):
    """A validated pipeline, every default filled in.

    Attributes:
        name: Of the pipeline.
        path: The file.
        base: Folder that relative paths start from.
        sources, enrich, store, differ, catalogs, cost, reports, executor: Its components; `cost` may be None.
        gate: None when there is no gate.
        publish, release, run: Options of these parts.
        state: Folder of runs and caches.
        environments: Name -> what an environment of its own holds.
        version: Of the file's form.
    """

    name: str
    path: Path
    base: Path
    sources: tuple[ComponentSpec, ...]
    enrich: tuple[ComponentSpec, ...]
    store: ComponentSpec
    differ: ComponentSpec
    catalogs: tuple[ComponentSpec, ...]
    cost: ComponentSpec | None
    reports: tuple[ComponentSpec, ...]
    executor: ComponentSpec
    gate: GateConfig | None
    publish: PublishConfig
    release: ReleaseConfig
    run: RunConfig
    state: Path
    environments: Mapping[str, EnvironmentConfig]
    version: int = 1

    @property
    def retries(self) -> int:
        """How often a unit or a batch is tried again."""
        return self.run.retries

    def components(self) -> Iterator[ComponentSpec]:
        """Return every component, in the order of the flow."""
        yield from self.sources
        yield from self.enrich
        if self.cost is not None:
            yield self.cost
        yield from (self.store, self.differ, *self.catalogs, *self.reports, self.executor)


def with_defaults(data: Mapping[str, Any], type_of: Callable[[ComponentKind, str], str]) -> dict[str, Any]:
    """Return the data of a file with the embedded default of every component that it does not name.

    Args:
        data: What the file holds.
        type_of: Kind and name of a default -> its `type`.
    """
    state = data.get("state")
    store = f"{state}/store.db" if isinstance(state, str) and state else f"{STATE}/store.db"
    run = data.get("run")
    parallel = run.get("parallel") if isinstance(run, Mapping) else None
    defaults: dict[str, Any] = {
        "store": {"type": type_of("store", "sqlite"), "path": store},
        "differ": {"type": type_of("differ", "semantic")},
        "catalogs": [{"type": type_of("catalog", "local")}],
        "executor": {"type": type_of("executor", "threads"), **({"workers": parallel} if parallel is not None else {})},
    }
    # A key with nothing after it is a section whose entries were commented out.
    return {**defaults, **{key: value for key, value in data.items() if value is not None}}
