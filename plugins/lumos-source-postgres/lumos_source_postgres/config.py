"""Options of the source `postgres`."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from lumos_core.plugin_api import Config, ProfileOption, profile_option


class PostgresConfig(Config):
    """How to reach a server, which of its databases, schemas and tables to read, and how long to wait."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"dsn": "${SHOP_DSN}"}]})

    dsn: SecretStr | None = Field(
        default=None,
        description="Connection as a URL or in key=value form, with everything that libpq understands "
        "(`sslmode`, `sslrootcert`, `service`, several hosts, ...). The keys below overrule what it says.",
        examples=["${SHOP_DSN}"],
    )
    host: str | None = Field(default=None, description="Host, or several separated by commas.")
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(default=None, description="Port; default 5432.")
    database: str | None = Field(default=None, description="Database to connect to.")
    user: str | None = Field(default=None, description="Role to connect as.")
    password: SecretStr | None = Field(default=None, description="Its password.", examples=["${PGPASSWORD}"])
    sslmode: str | None = Field(
        default=None,
        pattern="^(disable|allow|prefer|require|verify-ca|verify-full)$",
        description="How TLS is used; `verify-full` checks the certificate and the host name.",
    )
    databases: list[str] = Field(
        default=[],
        description="Globs of databases of this server to read; empty = the one that the connection names.",
        examples=[["shop", "crm_*"]],
    )
    schemas: list[str] = Field(
        default=["*"],
        description="Globs of schemas to read. Those of the system only when they are named "
        "(`information_schema`, `pg_catalog`).",
    )
    exclude_schemas: list[str] = Field(default=[], description="Globs of schemas to leave out.")
    tables: list[str] = Field(
        default=["*"], description="Globs of relations to read, as `table` or `schema.table`.", examples=[["sales.*"]]
    )
    exclude_tables: list[str] = Field(default=[], description="Globs of relations to leave out.")
    roles: bool = Field(default=True, description="Record the roles of the server and who is a member of which.")
    usage: bool = Field(
        default=False,
        description="Record how tables are used, and the most frequent statements from `pg_stat_statements` as "
        "queries, where that extension is installed.",
    )
    usage_limit: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=500, description="How many statements `usage` records, the most frequent first."
    )
    profile: ProfileOption = profile_option()
    env: str = Field(default="PROD", min_length=1, description="Environment in the URNs.")
    instance: str = Field(
        default="", description="Name of this server; needed where two servers hold databases of the same name."
    )
    connect_timeout: Annotated[float, Field(ge=1)] = Field(default=10, description="Seconds to wait for a connection.")
    statement_timeout: Annotated[float, Field(gt=0)] = Field(
        default=300, description="Seconds that one query may take; the server then cancels it."
    )
    lock_timeout: Annotated[float, Field(gt=0)] = Field(
        default=5,
        description="Seconds to wait for a relation that somebody has locked exclusively; it is then not captured.",
    )
    watch_interval: Annotated[float, Field(gt=0)] = Field(
        default=60, description="Seconds between two looks of `watch`."
    )
    events: bool = Field(
        default=False,
        description="Let `watch` wait for notifications instead, which the event triggers of `lumos postgres setup` "
        "send; not through a pooler that shares sessions.",
    )

    @field_validator("instance", "env")
    @classmethod
    def _one_word(cls, value: str) -> str:
        if value != value.strip():
            raise ValueError("no spaces at the beginning or the end")
        return value

    @model_validator(mode="after")
    def _somewhere(self) -> PostgresConfig:
        if self.dsn is None and self.host is None and self.database is None:
            raise ValueError("give `dsn`, or `host` and `database`")
        return self
