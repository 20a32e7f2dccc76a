"""Options of the catalog `datahub`."""

from __future__ import annotations

from typing import Annotated

from lumos_remote.config import RemoteConfig, address
from pydantic import Field, SecretStr, field_validator


class DataHubConfig(RemoteConfig):
    """Where DataHub's metadata service (GMS) is, who we are there, and how much is asked at a time."""

    server: str = Field(
        default="",
        description="Address of the metadata service (GMS), `http://host:8080`, or of the frontend with `/api/gms`. "
        "Without it, `DATAHUB_GMS_URL` and then `~/.datahubenv`, which `datahub init` writes, are read.",
        examples=["${DATAHUB_GMS_URL}"],
    )
    token: SecretStr | None = Field(
        default=None,
        description="Access token. Without it, `DATAHUB_GMS_TOKEN` and then `~/.datahubenv` are read.",
        examples=["${DATAHUB_GMS_TOKEN}"],
    )
    instances: list[str] = Field(
        default=[],
        description="Names of platform instances: with `eu`, DataHub's `eu.shop.orders` is `shop.orders` of the "
        "instance `eu`.",
    )
    page_size: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1000, description="How many things one request of a listing asks for."
    )
    slices: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="Into how many parts a listing is cut, read at the same time; for a million things."
    )
    batch: Annotated[int, Field(ge=1, le=200)] = Field(
        default=100, description="How many entities one request reads, or aspects one request writes."
    )

    @field_validator("server")
    @classmethod
    def _address(cls, value: str) -> str:
        return address(value) if value else ""
