"""The reporter `slack`."""

from __future__ import annotations

from typing import Any

import msgspec
from lumos_remote import Hook

from lumos_core.plugin_api import Context, Reporter, ReportError, RetryableError, RunResult, gather

from .config import SlackReporterConfig
from .message import message

_AGAIN = "the events are told again by the next run"
_FIXES = {
    "channel_not_found": "give the id of the channel, and invite the bot into it when it is private",
    "not_in_channel": "invite the bot into the channel",
    "is_archived": "choose another channel",
    "channel_is_archived": "choose another channel",
    "missing_scope": "give the bot the right `chat:write`, and install it again",
    **dict.fromkeys(
        ("invalid_auth", "not_authed", "account_inactive", "token_expired", "token_revoked"),
        "get a new token of the bot",
    ),
    **dict.fromkeys(("no_service", "no_team", "invalid_token"), "make a new incoming webhook and put it into `url`"),
}
_LATER = frozenset(("ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"))
_LATER |= {"request_timeout", "team_added_to_org", "rollup_error"}
_EMPTY = frozenset(("no_text", "invalid_payload", "missing_text_or_fallback_or_attachments"))


class SlackReporter(Reporter[SlackReporterConfig]):
    """Tells a channel of Slack what changed, and names the people who care; at least once."""

    notifies = True

    def check(self, ctx: Context) -> None:
        """Ask Slack who we are; an incoming webhook is offered nothing to say, which a living one refuses.

        Raises:
            RetryableError: Slack is out of reach.
            ReportError: Slack does not know the token or the address.
        """
        with self._hook("auth.test") as hook:
            try:
                answer = _post(hook, b"{}", repeatable=True)
            except ReportError as error:
                if self.config.url is not None and any(word in error.why for word in _EMPTY):
                    return
                raise
            self._understood(hook, answer)

    def report(self, result: RunResult) -> None:
        """Post one message; nothing without events.

        Raises:
            RetryableError: Slack is busy or out of reach.
            ReportError: Slack refuses.
        """
        gathered = gather(result.events, self.config)
        if gathered is None:
            return
        body = message(gathered, result, self.config.mentions)
        if self.config.token is not None:
            body["channel"] = self.config.channel
        with self._hook("chat.postMessage") as hook:
            # Slack does not know a message again: one whose answer was lost is left to the next run.
            answer = _post(hook, msgspec.json.encode(body), repeatable=False)
            self._understood(hook, answer)

    def _hook(self, method: str) -> Hook:
        config = self.config
        if config.url is not None:
            return Hook(config.url.get_secret_value(), config, name="Slack")
        token = "" if config.token is None else config.token.get_secret_value()
        url = f"{config.api}/{method}"
        return Hook(url, config, name="Slack", headers={"Authorization": f"Bearer {token}"}, secrets=[token])

    def _understood(self, hook: Hook, answer: bytes) -> None:
        """See what the API says with status 200; an incoming webhook says `ok` alone."""
        if self.config.url is not None:
            return
        try:
            value: Any = msgspec.json.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            value = None
        if isinstance(value, dict) and value.get("ok") is True:
            return
        said = value.get("error") if isinstance(value, dict) else "no answer of the API"
        needed = f" (needs {value['needed']})" if isinstance(value, dict) and value.get("needed") else ""
        why = hook.redact(f"{said}{needed}")
        if said in _LATER:
            raise RetryableError("Slack did not take the message", why=why, fix=_AGAIN)
        fix = _FIXES.get(str(said), f"mend what it names; {_AGAIN}")
        raise ReportError("Slack did not take the message", why=why, fix=fix)


def _post(hook: Hook, body: bytes, *, repeatable: bool) -> bytes:
    try:
        answer: bytes = hook.post(body, {}, repeatable=repeatable).value
    except ReportError as error:
        error.fix = next((fix for said, fix in _FIXES.items() if said in error.why), error.fix)
        raise
    return answer
