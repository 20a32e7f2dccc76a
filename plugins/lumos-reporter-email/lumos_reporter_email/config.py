"""Options of the reporter `email`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from lumos_core.plugin_api import Config, LocalPath, NotifierConfig

from .addresses import mailbox

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _mailbox(value: str) -> str:
    mailbox(value)
    return value


MailAddress = Annotated[str, AfterValidator(_mailbox)]


class Destination(Config):
    """By which server it is sent, from whom and to whom; a base of its own, so that these options come first."""

    host: str = Field(min_length=1, description="Mail server.", examples=["smtp.example.org"])
    port: int | None = Field(
        default=None, ge=1, le=65_535, description="Its port; by default 587, with `security: tls` 465, with `none` 25."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="`starttls`: encrypted from the first command that matters, or nothing is sent. `tls`: encrypted "
        "from the start. `none`: as plain text, and without a password.",
    )
    username: str = Field(default="", description="Who logs in; empty for a server that asks nobody.")
    password: SecretStr | None = Field(default=None, description="The password.", examples=["${SMTP_PASSWORD}"])
    from_: MailAddress = Field(
        alias="from", description="Sender: an address, or `Name <address>`.", examples=["Lumos <lumos@example.org>"]
    )
    to: list[MailAddress] = Field(
        default=[], max_length=100, description="Who is told everything.", examples=[["data-team@example.org"]]
    )
    owners: bool = Field(
        default=False,
        description="Tell owners too, each in a mail of their own what happened to datasets of theirs: those of whom "
        "`addresses` knows the address, or whose name is one.",
    )
    addresses: dict[str, MailAddress] = Field(
        default={},
        description="Owner (URN or name) -> address.",
        examples=[{"urn:lumos:group:finance": "finance@example.org"}],
    )
    timeout: float = Field(
        default=20, gt=0, le=600, allow_inf_nan=False, description="Seconds to wait for each answer of the server."
    )
    verify: bool = Field(
        default=True, description="Check the certificate of the server; false only where nothing is at stake."
    )
    ca: LocalPath | None = Field(
        default=None, description="Certificates of authorities to trust (PEM), instead of those of the system."
    )

    @field_validator("host")
    @classmethod
    def _a_host(cls, value: str) -> str:
        if any(char.isspace() or not char.isprintable() or char in "/@" for char in value):
            raise ValueError("a mail server is a name or an IP address; its port has an option of its own")
        return value

    @property
    def at_port(self) -> int:
        """The port."""
        return self.port or _PORTS[self.security]


class EmailReporterConfig(NotifierConfig, Destination):
    """By which server it is sent, from whom, to whom, and what it tells."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"host": "smtp.example.org", "from": "lumos@example.org", "to": ["data-team@example.org"]},
            ]
        }
    )

    @model_validator(mode="after")
    def _sound(self) -> EmailReporterConfig:
        if bool(self.username) != (self.password is not None):
            raise ValueError("`username` and `password` belong together")
        if self.password is not None and self.security == "none":
            raise ValueError("a password is not sent as plain text: choose `security: starttls` or `tls`")
        if not self.to and not self.owners:
            raise ValueError("nobody is told: give `to`, or `owners: true`")
        return self
