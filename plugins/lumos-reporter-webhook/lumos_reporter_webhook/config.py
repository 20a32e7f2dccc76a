"""Options of the reporter `webhook`."""

from __future__ import annotations

import re
from typing import Annotated

from lumos_remote.hook import HookConfig, HookUrl
from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_validator

from lumos_core.plugin_api import Config, NotifierConfig

from .signing import key_of

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")
_OURS = frozenset(("content-length", "content-type", "host", "transfer-encoding"))


def _key(value: SecretStr) -> SecretStr:
    key_of(value.get_secret_value())
    return value


class Destination(Config):
    """Where it is sent, and how it is signed; a base of its own, so that these options come first."""

    url: HookUrl = Field(
        description="Where it is posted. It may hold a secret, so that only its host is ever shown.",
        examples=["${WEBHOOK_URL}"],
    )
    secret: Annotated[SecretStr, AfterValidator(_key)] | None = Field(
        default=None,
        description="Signs every request as Standard Webhooks says: `whsec_` and 24 to 64 random bytes in base64. "
        "Without it a receiver cannot know who is speaking.",
        examples=["${WEBHOOK_SECRET}"],
    )
    headers: dict[str, SecretStr] = Field(
        default={}, description="Further headers of every request.", examples=[{"Authorization": "Bearer ${TOKEN}"}]
    )

    @field_validator("headers")
    @classmethod
    def _sendable(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, text in value.items():
            if not _TOKEN.match(name) or name.lower() in _OURS or name.lower().startswith("webhook-"):
                raise ValueError("a header has a name that cannot be used, or that this reporter writes itself")
            if not _VALUE.match(text.get_secret_value()):
                raise ValueError("the value of a header has characters that cannot be sent")
        return value


class WebhookReporterConfig(HookConfig, NotifierConfig, Destination):
    """Where the JSON is sent, how it is signed, and what it tells."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "${WEBHOOK_URL}", "secret": "${WEBHOOK_SECRET}"}]}
    )

    max_events: int = Field(
        default=100, ge=1, le=1000, description="So many events are in one request; more go into several."
    )
    max_bytes: int = Field(
        default=262_144,
        ge=4_096,
        le=64 << 20,
        description="So long is the body of a request at most; what does not fit goes into the next one. An event that "
        "is longer by itself is cut: it comes without schemas, impact and metadata, and with 10 findings at most.",
    )
