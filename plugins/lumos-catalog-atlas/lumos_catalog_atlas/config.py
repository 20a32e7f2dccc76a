"""Options of the catalog `atlas`."""

from __future__ import annotations

from typing import Annotated

from lumos_remote.config import RemoteConfig
from pydantic import Field, SecretStr, model_validator


class AtlasConfig(RemoteConfig):
    """Where Atlas is, who we are, and how its things are named."""

    user: str = Field(default="", description="Who logs in with a password.")
    password: SecretStr | None = Field(default=None, description="The password.", examples=["${ATLAS_PASSWORD}"])
    token: SecretStr | None = Field(
        default=None, description="A token for a gateway before Atlas, in place of user and password."
    )
    cluster: Annotated[str, Field(pattern=r"^[^@\s]+$")] = Field(
        default="primary",
        description="Name of the cluster: qualified names end in `@` and it. Hooks call it `atlas.metadata.namespace`.",
    )
    batch: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=50, description="How many records one request writes; each comes with its columns."
    )
    attribute_length: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="Characters that the server takes in one custom attribute; longer texts are split. 0 = no limit.",
    )

    @model_validator(mode="after")
    def _who(self) -> AtlasConfig:
        if bool(self.user) != (self.password is not None):
            raise ValueError("user and password belong together: give both, or a token")
        if self.token is not None and self.user:
            raise ValueError("give either a token, or user and password")
        return self
