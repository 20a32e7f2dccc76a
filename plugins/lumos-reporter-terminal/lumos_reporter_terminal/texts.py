"""Small texts: names made visible, numbers with their nouns, colours with their meaning."""

from __future__ import annotations

import re

from rich.console import Console
from rich.text import Text

from lumos_core.plugin_api import Severity, urns, visible

SIGNS: dict[Severity, tuple[str, str]] = {
    "breaking": ("✗", "bold red"),
    "risky": ("!", "yellow"),
    "non-breaking": ("+", "green"),
    "informational": ("·", "dim"),
}
"""Severity -> sign and style; the word always stands beside them, so that colour is never alone."""

_LEAD = re.compile(r" *(?:[✗!+·✓…] |not seen |\w+ {2,})?")


def name_of(urn: str) -> str:
    """Return the name of a record as people say it."""
    return visible(urns.name(urn))


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 dataset`, `12 datasets`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def shortened(text: str, limit: int = 60) -> str:
    """Return a text of at most so many characters, visible."""
    text = visible(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def ending(text: str, limit: int = 60) -> str:
    """Return a name of at most so many characters, visible: its end is what tells it from others."""
    text = visible(text)
    return text if len(text) <= limit else "…" + text[1 - limit :]


def styled(*parts: str | tuple[str, str]) -> Text:
    """Build a text from plain and styled parts; markup in them is never read."""
    return Text.assemble(*parts)


def hanging(line: Text, console: Console) -> Text:
    """Return a line that goes on, where it is too long, below its first word and not below its sign or label."""
    found = _LEAD.match(line.plain)
    lead = found.end() if found is not None else 0
    if line.cell_len <= console.width or lead >= console.width // 2:
        return line
    first, rest = line.divide([lead])
    wrapped = rest.wrap(console, console.width - lead, overflow="fold")
    return Text("\n").join([first + wrapped[0], *(Text(" " * lead) + part for part in wrapped[1:])])
