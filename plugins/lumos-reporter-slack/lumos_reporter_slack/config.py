"""Options of the reporter `slack`."""

from __future__ import annotations

import re

from lumos_remote.config import address
from lumos_remote.hook import HookConfig, HookUrl
from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from lumos_core.plugin_api import Config, NotifierConfig

_MENTION = re.compile(r"<(?:@[UW][A-Z0-9]+|!subteam\^S[A-Z0-9]+|!here|!channel|!everyone)>\Z")
_CHANNEL = re.compile(r"(?:[CDGU][A-Z0-9]{6,}|#?[^\s#<>&,]{1,80})\Z")


class Destination(Config):
    """Where in Slack it is told, and whom it names; a base of its own, so that these options come first."""

    url: HookUrl | None = Field(
        default=None,
        description="Address of an incoming webhook; a secret, so that only its host is ever shown.",
        examples=["${SLACK_WEBHOOK_URL}"],
    )
    token: SecretStr | None = Field(
        default=None, description="Token of a bot with the right `chat:write`, in place of `url`; needs `channel`."
    )
    channel: str = Field(
        default="", description="Channel for `token`: its id (best) or its name.", examples=["C024BE91L"]
    )
    api: str = Field(default="https://slack.com/api", description="Address of the API of Slack, for `token`.")
    mentions: dict[str, str] = Field(
        default={},
        description="Owner -> whom to name where something of theirs changed: a URN, a name, or a glob of either; "
        "`<@U012AB3CD>` is a person, `<!subteam^S012AB3CD>` a group, `<!here>` whoever is there.",
        examples=[{"urn:lumos:group:finance": "<!subteam^S012AB3CD>", "ann@example.org": "<@U012AB3CD>"}],
    )

    @field_validator("api")
    @classmethod
    def _address(cls, value: str) -> str:
        return address(value)

    @field_validator("channel")
    @classmethod
    def _a_channel(cls, value: str) -> str:
        if value and not _CHANNEL.match(value):
            raise ValueError("a channel is an id such as `C024BE91L`, or a name")
        return value

    @field_validator("mentions")
    @classmethod
    def _mentions(cls, value: dict[str, str]) -> dict[str, str]:
        if not all(_MENTION.match(text) for text in value.values()):
            raise ValueError("a mention is `<@U...>`, `<!subteam^S...>`, `<!here>`, `<!channel>` or `<!everyone>`")
        return value


class SlackReporterConfig(HookConfig, NotifierConfig, Destination):
    """Where in Slack it is told, whom it names, and what it tells."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "${SLACK_WEBHOOK_URL}"}]})

    max_events: int = Field(
        default=10, ge=1, le=20, description="So many events are named in one message, the worst; the rest is counted."
    )

    @model_validator(mode="after")
    def _one_way(self) -> SlackReporterConfig:
        if (self.url is None) == (self.token is None):
            raise ValueError("give either `url`, or `token` and `channel`")
        if (self.token is not None) != bool(self.channel):
            raise ValueError("`token` and `channel` belong together; an incoming webhook knows its channel")
        return self
