"""The rules file: its form, and what each key means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

JobType = Literal["flow", "task", "process", "query", "procedure", "notebook"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Globs = Annotated[list[str], BeforeValidator(_listed)]
"""One glob or several; `*` and `?` are wildcards and letters of either case are alike."""


class Part(BaseModel):
    """Base of every part: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Named(Part):
    """Something that other parts refer to by its id."""

    id: str = Field(min_length=1, description="The id by which the rest of the file names it.")
    name: str | None = Field(default=None, description="The name that people see.")
    description: str | None = Field(default=None, description="Markdown.")


class GroupRule(Named):
    """A group of people."""

    email: str | None = Field(default=None, description="Where the group is reached.")
    parent: str | None = Field(default=None, description="Id of the group above.")


class UserRule(Named):
    """A person."""

    email: str | None = Field(default=None, description="Mail address.")
    title: str | None = Field(default=None, description="Function.")
    active: bool | None = Field(default=None, description="False for somebody who left.")
    groups: list[str] = Field(default=[], description="Ids of the groups that the person belongs to.")


class TreeRule(Named):
    """A tag, term or domain; all of them form trees."""

    parent: str | None = Field(default=None, description="Id of the one above.")


class TermRule(TreeRule):
    """A glossary term."""

    synonyms: list[str] = Field(default=[], description="Other words for it.")


class JobRule(Named):
    """What computes: `flow/task` for a task of an orchestrator."""

    platform: str = Field(description="Where it runs: airflow, dbt, spark, ...")
    env: str = Field(default="PROD", description="Environment.")
    type: JobType | None = Field(default=None, description="`task` when the id has a `/`, else `process`.")
    owners: list[OwnerRule] = Field(default=[], description="Who answers for it.")


class OwnerRule(Part):
    """Who answers for something."""

    owner: str = Field(description="`user:ID`, `group:ID` or a URN.")
    type: str | None = Field(default=None, description="technical_owner, business_owner, steward, ...")


class LinkRule(Part):
    """A web page about it."""

    url: str = Field(min_length=1, description="Address.")
    label: str | None = Field(default=None, description="What to show.")
    type: str | None = Field(default=None, description="documentation, runbook, source, ...")


def _cron(text: str) -> str:
    if len(text.split()) != 5:
        raise ValueError("five fields: minute, hour, day of month, month, day of week")
    return text


class ScheduleRule(Part):
    """When the data is due."""

    cron: Annotated[str, AfterValidator(_cron)] | None = Field(default=None, description="In the local time zone.")
    time_zone: str | None = Field(default=None, description="IANA name, such as Europe/Berlin.")
    lag_min: int | None = Field(default=None, ge=0, description="Minutes after the tick until it can be there.")
    lag_max: int | None = Field(default=None, ge=0, description="Minutes after the tick when it is late.")
    grain: str | None = Field(default=None, description="What one delivery holds: hour, day, month, ...")


class FieldRule(Part):
    """What is known about a field."""

    display_name: str | None = Field(default=None, description="The name that people see.")
    description: str | None = Field(default=None, description="Markdown.")
    tags: list[str] = Field(default=[], description="Ids of tags.")
    terms: list[str] = Field(default=[], description="Ids of terms.")


class DatasetRule(Part):
    """What is known about every dataset whose name fits; of single values the last fitting rule decides."""

    match: Globs = Field(min_length=1, description="Names (or URNs) of datasets; `*` and `?` are wildcards.")
    display_name: str | None = Field(default=None, description="The name that people see.")
    description: str | None = Field(default=None, description="Markdown.")
    owners: list[OwnerRule] = Field(default=[], description="Who answers for it.")
    tags: list[str] = Field(default=[], description="Ids of tags.")
    terms: list[str] = Field(default=[], description="Ids of terms.")
    domains: list[str] = Field(default=[], description="Ids of domains.")
    data_products: list[str] = Field(default=[], description="Ids of data products.")
    links: list[LinkRule] = Field(default=[], description="Web pages about it.")
    properties: dict[str, str] = Field(default={}, description="Custom properties.")
    schedule: ScheduleRule | None = Field(default=None, description="When it is due.")
    fields: dict[str, FieldRule] = Field(default={}, description="Field path (or glob) -> what is known of it.")


class PiiRule(Part):
    """Personal data by the names of fields: a guess, and marked as one."""

    match: Globs = Field(min_length=1, description="Field paths or last names; `*` and `?` are wildcards.")
    tag: str = Field(description="Id of the tag.")
    datasets: Globs = Field(default=["*"], description="Only in these datasets.")


class ColumnRule(Part):
    """Fields that become fields."""

    from_: Globs = Field(alias="from", min_length=1, description="`dataset#field`.")
    to: Globs = Field(min_length=1, description="Fields of the target.")
    expression: str | None = Field(default=None, description="How, in words or SQL.")


class LineageRule(Part):
    """Datasets that are made from datasets."""

    from_: Globs = Field(alias="from", min_length=1, description="Names, globs or URNs of the upstreams.")
    to: Globs = Field(min_length=1, description="Names, globs or URNs of what is made from them.")
    via: str | None = Field(default=None, description="Id of the job, or a URN.")
    type: str | None = Field(default=None, description="transformed, copy, view, ...")
    description: str | None = Field(default=None, description="Markdown.")
    columns: list[ColumnRule] = Field(default=[], description="The same for fields.")


class RulesFile(Part):
    """The whole file."""

    version: Literal[1] = Field(default=1, description="Version of this file's form.")
    users: list[UserRule] = Field(default=[], description="People.")
    groups: list[GroupRule] = Field(default=[], description="Groups of people.")
    ownership_types: list[Named] = Field(default=[], description="Kinds of ownership.")
    domains: list[TreeRule] = Field(default=[], description="Business domains.")
    data_products: list[Named] = Field(default=[], description="Data products.")
    terms: list[TermRule] = Field(default=[], description="Glossary terms.")
    tags: list[TreeRule] = Field(default=[], description="Tags.")
    datasets: list[DatasetRule] = Field(default=[], description="What is known about datasets.")
    pii: list[PiiRule] = Field(default=[], description="Personal data by the names of fields.")
    jobs: list[JobRule] = Field(default=[], description="What computes.")
    lineage: list[LineageRule] = Field(default=[], description="What is made from what.")


JobRule.model_rebuild()
