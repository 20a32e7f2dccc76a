"""Options of the source `mongo`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from lumos_core.plugin_api import Config, LocalPath, ProfileOption, profile_option

ReadPreference = Literal["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"]


class MongoConfig(Config):
    """Which server, which collections, and how much of them is read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"uri": "${MONGO_URI}"}]})

    uri: SecretStr | None = Field(
        default=None,
        description="Connection string, `mongodb://` or `mongodb+srv://`; user and password in it are percent-encoded. "
        "Instead of `host`.",
    )
    host: str = Field(default="", description="Host, or several of a replica set, separated by commas; without `uri`.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(default=27017, description="Port of hosts that name none.")
    username: str = Field(default="", description="User.")
    password: SecretStr | None = Field(default=None, description="Password.")
    auth_source: str = Field(default="", description="Database that knows the user; `admin` by default.")
    auth_mechanism: str = Field(
        default="",
        description="`SCRAM-SHA-256`, `SCRAM-SHA-1`, `MONGODB-X509`, ...; agreed with the server by default.",
    )
    replica_set: str = Field(default="", description="Name of the replica set.")
    direct: bool | None = Field(default=None, description="Talk to the named host alone, whatever set it belongs to.")
    read_preference: ReadPreference | None = Field(
        default=None,
        description="Which member of a replica set is read; `secondaryPreferred` keeps the load off the primary.",
    )
    tls: bool | None = Field(default=None, description="Encrypt the connection; implied by `mongodb+srv://`.")
    tls_ca_file: LocalPath | None = Field(default=None, description="Certificates of authorities to trust (PEM).")
    tls_certificate_key_file: LocalPath | None = Field(
        default=None, description="Certificate and private key of the client (PEM)."
    )
    tls_certificate_key_file_password: SecretStr | None = Field(
        default=None, description="Password of the private key."
    )
    connect_timeout: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10, description="Seconds to wait for a server that answers."
    )
    timeout: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=30, description="Seconds that one command or one batch of documents may take, on both sides."
    )
    databases: list[str] = Field(
        default=[],
        description="Globs of the databases to read; empty = all but `admin`, `config` and `local`.",
        examples=[["shop", "crm_*"]],
    )
    exclude_databases: list[str] = Field(default=[], description="Globs of databases to leave out.")
    collections: list[str] = Field(
        default=[],
        description="Globs of `collection` or `database.collection` to read; empty = all.",
        examples=[["orders", "crm.*"]],
    )
    exclude_collections: list[str] = Field(
        default=[], description="Globs of `collection` or `database.collection` to leave out."
    )
    documents: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=1000,
        description="Documents to read of each collection; 0 = none, so that only declared schemas are known.",
    )
    sample: Literal["spread", "random"] = Field(
        default="spread",
        description="`spread` reads evenly along `_id`, the newest included: the same documents while nothing changes. "
        "`random` is MongoDB's `$sample`, which has no seed: other documents every time.",
    )
    read_views: bool = Field(
        default=True, description="Run views to see their documents; otherwise only their definition is read."
    )
    profile: ProfileOption = profile_option()
    instance: str = Field(
        default="", description="Name that tells this server from another one that holds databases of the same names."
    )
    env: str = Field(default="PROD", min_length=1, description="Environment in the URNs.")
    poll_seconds: Annotated[float, Field(gt=0)] = Field(default=60, description="Seconds between two looks of `watch`.")

    @field_validator("instance", "env")
    @classmethod
    def _one_word(cls, value: str) -> str:
        if value != value.strip():
            raise ValueError("no spaces at the beginning or the end")
        return value

    @model_validator(mode="after")
    def _one_server(self) -> MongoConfig:
        if (self.uri is None) == (not self.host):
            raise ValueError("give either `uri` or `host`")
        if self.uri is not None and (self.username or self.password):
            raise ValueError("with `uri`, user and password stand in it")
        return self
