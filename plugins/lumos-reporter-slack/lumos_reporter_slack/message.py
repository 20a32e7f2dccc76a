"""A message as Block Kit, within the limits of Slack.

Limits: https://docs.slack.dev/reference/block-kit/blocks (50 blocks, 150 characters in a header, 3,000 in a text
object, 10 elements in a context). That all blocks together may hold about 12,000 characters is told by no page, only
by the error `msg_blocks_too_long` (https://github.com/slackapi/bolt-js/issues/2867): so `_ROOM` stays well below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from lumos_core.plugin_api import ChangeEvent, Gathered, RunResult, Told, tell, urns, visible

_SECTION = 2_900
_ROOM = 9_000
_TEXT = 300
_FACT = 150
_HEADER = 150
_NAMED = 20
_SIGNS = {
    "breaking": ":red_circle:",
    "risky": ":large_orange_circle:",
    "non-breaking": ":large_blue_circle:",
    "informational": ":white_circle:",
}


def message(gathered: Gathered, result: RunResult, mentions: dict[str, str]) -> dict[str, Any]:
    """Return a message: `text` for notifications, `blocks` for the channel.

    Args:
        gathered: What is told.
        result: The run that tells it.
        mentions: Owner (URN, name or glob) -> mention.
    """
    head = {"type": "header", "text": {"type": "plain_text", "text": _cut(gathered.headline, _HEADER), "emoji": False}}
    blocks: list[dict[str, Any]] = [head]
    used = named = 0
    for event in gathered.events:
        pair = _blocks(tell(event), _mentioned(event, mentions))
        size = len(msgspec.json.encode(pair).decode())
        if named and used + size > _ROOM:
            break
        blocks += pair
        used += size
        named += 1
    left = gathered.total - named
    foot = f"pipeline {code(result.pipeline)} · run {code(result.run_id)} · notice `{gathered.id}`"
    if left:
        foot = f"*and {left} more {'dataset' if left == 1 else 'datasets'}* · {foot}"
    return {
        "text": escape(gathered.headline),
        "blocks": [*blocks, _context([foot])],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def escape(text: str) -> str:
    """Escape the three characters that steer Slack's markup (https://docs.slack.dev/messaging/formatting-message-text).

    Example:
        >>> escape("<!channel> & co")
        '&lt;!channel&gt; &amp; co'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """Return a text as code, in which Slack obeys no markup; a backtick, which cannot be escaped, becomes `ˋ`."""
    return f"`{escape(_cut(visible(text), _FACT).replace('`', 'ˋ')) or ' '}`"


def _blocks(told: Told, mentioned: Sequence[str]) -> list[dict[str, Any]]:
    title = f"{_SIGNS.get(told.severity, ':white_circle:')} {code(told.name)} {told.happened}"
    if told.severity:
        title += f" · *{escape(told.severity)}*"
    if mentioned:
        title += f" · {' '.join(mentioned)}"
    lines, left = [title], told.unnamed
    for number, (severity, sentence) in enumerate(told.findings):
        line = f"• {f'{escape(severity)}: ' if severity else ''}{escape(_cut(sentence, _TEXT))}"
        if sum(map(len, lines)) + len(lines) + len(line) > _SECTION:
            left += len(told.findings) - number
            break
        lines.append(line)
    if left:
        lines.append(f"• and {left} more findings")
    facts = [f"{what} {escape(_cut(value, _FACT))}" for what, value in told.facts]
    facts = [*([escape(told.place)] if told.place else []), *facts, f"event {code(told.id)}"]
    return [_section("\n".join(lines)), _context(facts)]


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(texts: Iterable[str]) -> dict[str, Any]:
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": text, "verbatim": True} for text in texts],
    }


def _mentioned(event: ChangeEvent, mentions: dict[str, str]) -> list[str]:
    """Whom to name for an event, each once, in the order of the options."""
    fits = [mention for key, mention in mentions.items() if any(map(_owner(key), event.owners))]
    return list(dict.fromkeys(fits))[:_NAMED]


def _owner(key: str) -> Callable[[str], bool]:
    return lambda urn: any(text == key or fnmatchcase(text, key) for text in _spellings(urn))


def _spellings(urn: str) -> Iterator[str]:
    yield urn
    yield urns.name(urn)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
