"""A strict fake of the two ways into Slack: an incoming webhook and `chat.postMessage`.

What it refuses is what Slack documents: https://docs.slack.dev/reference/block-kit, /messaging/sending-messages-using-
incoming-webhooks, /reference/methods/chat.postMessage. The limit of all blocks together is that of
https://github.com/slackapi/bolt-js/issues/2867.
"""

from __future__ import annotations

import json
import re
from typing import Any

from lumos_core.testing.servers.http import Answer, HttpFake, Refusal, Request, route

TOKEN = "xoxb-1234567890-s3cr3tTokenOfABot"
PATH = "/services/T024BE7LD/B024BE7LE/s3cr3tOfTheHook"
CHANNELS = {"C024BE91L": "", "C0ARCHIVED": "is_archived", "C0FOREIGN": "not_in_channel"}
_MARKUP = re.compile(r"<(?:@[UW][A-Z0-9]+|!subteam\^S[A-Z0-9]+|!here|!channel|!everyone)>")


class SlackFake(HttpFake):
    """Keeps the messages that it took.

    Attributes:
        messages: Bodies of messages.
    """

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []

    @route("POST", PATH)
    def hook(self, request: Request) -> Answer:
        """An incoming webhook: words, no JSON."""
        body = self._body(request, lambda error: Answer(400, error.encode()))
        self.messages.append(body)
        return Answer(200, b"ok")

    @route("POST", "/services/{rest:path}")
    def other(self, request: Request, rest: str) -> Answer:
        """A webhook that was taken away."""
        return Answer(404, b"no_service")

    @route("POST", "/api/chat.postMessage")
    def post(self, request: Request) -> Any:
        """The API: status 200, whatever it says."""
        self._known(request)
        body = self._body(request, lambda error: Answer.json({"ok": False, "error": error}))
        wrong = CHANNELS.get(body.get("channel", ""), "channel_not_found")
        if wrong:
            return {"ok": False, "error": wrong}
        self.messages.append(body)
        return {"ok": True, "channel": body["channel"], "ts": "1503435956.000247"}

    @route("POST", "/api/auth.test")
    def who(self, request: Request) -> Any:
        """Who a token belongs to."""
        self._known(request)
        return {"ok": True, "user": "lumos"}

    def _known(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(Answer.json({"ok": False, "error": "invalid_auth"}))

    def _body(self, request: Request, refused: Any) -> dict[str, Any]:
        try:
            body: dict[str, Any] = json.loads(request.body)
        except ValueError:
            raise Refusal(refused("invalid_payload")) from None
        if error := _wrong(body):
            raise Refusal(refused(error))
        return body


def texts(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all text objects of a message."""
    found = []
    for block in message["blocks"]:
        found += block["elements"] if block["type"] == "context" else [block["text"]]
    return found


def _wrong(body: dict[str, Any]) -> str:
    if not body.get("text"):
        return "no_text"
    blocks = body.get("blocks", [])
    if len(blocks) > 50:
        return "invalid_blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) > 12_000 or len(body["text"]) > 40_000:
        return "msg_blocks_too_long"
    return "" if all(map(_sound, blocks)) else "invalid_blocks"


def _sound(block: dict[str, Any]) -> bool:
    if block["type"] == "header":
        text = block["text"]
        return text["type"] == "plain_text" and 1 <= len(text["text"]) <= 150
    if block["type"] == "section":
        return _text(block["text"])
    return block["type"] == "context" and 1 <= len(block["elements"]) <= 10 and all(map(_text, block["elements"]))


def _text(text: dict[str, Any]) -> bool:
    """Limits, and that nothing but a mention is markup: whatever else has `<` or a bare `&` was not escaped."""
    rest = _MARKUP.sub("", text["text"])
    escaped = not re.search(r"[<>]|&(?!amp;|lt;|gt;)", rest)
    return text["type"] == "mrkdwn" and 1 <= len(text["text"]) <= 3_000 and escaped
