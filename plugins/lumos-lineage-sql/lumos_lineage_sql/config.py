"""Options of the enricher `sql`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from lumos_core.plugin_api import Config, LocalPath


def _dialect(value: str) -> str:
    from .dialects import known, names

    if value and known(value) is None:
        raise ValueError(f"no dialect is called so; there are {', '.join(names())}")
    return value


Dialect = Annotated[str, AfterValidator(_dialect)]


class Place(Config):
    """Where the names in some SQL belong: what they are completed with to be found among the datasets."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    dialect: Dialect = Field(default="", description="Dialect of the SQL; by default that of the platform.")
    platform: str = Field(
        default="", description="Platform of the datasets, as in their URNs: `postgres`, `snowflake`."
    )
    database: str = Field(default="", description="Database of names that give none.")
    schema_: str = Field(default="", alias="schema", description="Schema of names that give none.")
    env: str = Field(default="PROD", description="Environment of the datasets, as in their URNs.")
    instance: str = Field(default="", description="Instance of the datasets, where the source has one.")


class SqlFiles(Place):
    """A folder of SQL scripts, or one file."""

    path: LocalPath = Field(description="The folder, or one file.")
    pattern: str = Field(default="**/*.sql", description="Which files of the folder are read.")


class QueryLog(Place):
    """A log of queries that ran: JSON lines with `query`, and as far as known `dialect`, `database`, `schema`, ..."""

    path: LocalPath = Field(description="The file of JSON lines.")
    max_queries: int = Field(
        default=20_000, ge=1, description="Different queries that are read; how many more there were is told."
    )


class DbtManifest(Place):
    """The manifest of a dbt project, after `dbt compile` or `dbt run`."""

    path: LocalPath = Field(description="Path of `manifest.json`.")


class SqlEnricherConfig(Config):
    """Which SQL is read."""

    definitions: bool = Field(default=True, description="Read the definitions of views that are among the records.")
    sql: list[SqlFiles] = Field(default=[], description="Folders of SQL scripts.")
    queries: list[QueryLog] = Field(default=[], description="Logs of queries that ran.")
    dbt: list[DbtManifest] = Field(default=[], description="Manifests of dbt.")
    influences: bool = Field(
        default=True,
        description="Also write which columns only decide about rows: in WHERE, JOIN ... ON and GROUP BY.",
    )
    max_statement: int = Field(
        default=500_000, ge=1_000, description="Characters of one statement; a longer one is a gap that is told."
    )
    max_text: int = Field(
        default=2_000_000, ge=1_000, description="Characters of one file; a larger one is a gap that is told."
    )
