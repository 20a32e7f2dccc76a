"""Options that every catalog behind HTTP has."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator

from lumos_core.plugin_api import Config, LocalPath

_PROXY = re.compile(r"https?://", re.I)


def _proxy(value: SecretStr) -> SecretStr:
    # What is no address would be taken for a host, and a message names hosts.
    text = value.get_secret_value()
    if text and not (_PROXY.match(text) and _host(text)):
        raise ValueError("a proxy is an address that starts with `http://` or `https://`")
    return value


Proxy = Annotated[SecretStr, AfterValidator(_proxy)]
"""The address of a proxy, or nothing; a secret, since it may hold a password."""


class RemoteConfig(Config):
    """Where a service is, how to trust it, and how patient to be; `Client.of` takes it."""

    server: str = Field(
        description="Address of the service, `https://host[:port][/path]`.", examples=["https://catalog.example.org"]
    )
    timeout: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=60, description="Seconds to wait for an answer, and between two parts of it."
    )
    connect_timeout: Annotated[float, Field(gt=0, le=600)] = Field(
        default=10, description="Seconds to wait for a connection."
    )
    retries: Annotated[int, Field(ge=0, le=100)] = Field(
        default=5, description="How often a request is sent again when the service is busy or out of reach."
    )
    deadline: Annotated[float, Field(ge=0)] = Field(
        default=600, description="Seconds for one request with all its retries; 0 = no limit."
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        default=8, description="How many requests run at the same time."
    )
    page_size: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=100, description="How many things one request of a listing asks for."
    )
    verify: bool = Field(
        default=True, description="Check the TLS certificate of the service; false only where nothing is at stake."
    )
    ca: LocalPath | None = Field(
        default=None, description="Certificates of authorities to trust (PEM), instead of those of the system."
    )
    certificate: LocalPath | None = Field(default=None, description="Certificate of the client (PEM).")
    private_key: LocalPath | None = Field(
        default=None, description="Its private key (PEM), where it is not in the same file."
    )
    proxy: Proxy | None = Field(
        default=None,
        description='Proxy to use; without it `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are followed, and `""` '
        "uses none.",
        examples=["${CATALOG_PROXY}"],
    )
    headers: dict[str, SecretStr] = Field(
        default={}, description="Further headers of every request, for a gateway before the service for example."
    )

    @field_validator("server")
    @classmethod
    def _address(cls, value: str) -> str:
        return address(value)


def _host(value: str) -> str:
    """Return the host of an address; empty when it has none."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return ""
    return parts.hostname or ""


def address(value: str) -> str:
    """Return the address of a service without a slash at the end.

    Raises:
        ValueError: It is not an address of a service, or holds a user or password; the text never shows them.
    """
    try:
        parts = urlsplit(value.strip())
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        raise ValueError("not an address: `https://host[:port][/path]`") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address starts with `https://` or `http://` and a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("user and password do not stand in the address: they have options of their own")
    if parts.query or parts.fragment:
        raise ValueError("an address has no `?` and no `#`")
    return value.strip().rstrip("/")
