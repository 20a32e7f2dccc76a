"""Options of the catalog `openmetadata`."""

from __future__ import annotations

from lumos_remote.config import RemoteConfig
from pydantic import ConfigDict, Field, SecretStr, model_validator


class OpenMetadataConfig(RemoteConfig):
    """Where the server is, who we are there, and what services are called.

    Say either `token` (of a bot or a person) or `email` and `password`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"server": "https://openmetadata.example.org", "token": "${OPENMETADATA_TOKEN}"}]
        }
    )

    token: SecretStr | None = Field(
        default=None, description="JWT of a bot or a person.", examples=["${OPENMETADATA_TOKEN}"]
    )
    email: str | None = Field(default=None, description="Mail address of a person, where the server has basic login.")
    password: SecretStr | None = Field(
        default=None, description="The person's password.", examples=["${OPENMETADATA_PASSWORD}"]
    )
    services: dict[str, str] = Field(
        default={},
        description="Platform, or `platform:instance`, to the name of its service in OpenMetadata, where it is not "
        "the name of the instance or of the platform.",
        examples=[{"postgres": "shop_postgres"}],
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> OpenMetadataConfig:
        if self.token is not None and (self.email is not None or self.password is not None):
            raise ValueError("say `token`, or `email` and `password`, not both")
        if (self.email is None) != (self.password is None):
            raise ValueError("`email` and `password` go together")
        if self.token is None and self.email is None:
            raise ValueError("say who we are: `token`, or `email` and `password`")
        if len(set(self.services.values())) < len(self.services):
            raise ValueError("two entries of `services` name the same service")
        return self
