"""Names are data: nothing in them may become markup."""

from __future__ import annotations

import re

from lumos_core.plugin_api import visible

_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~])")
_CODE_BREAKS = {"|": "\\|", "<": "&lt;", ">": "&gt;", "&": "&amp;"}


def plain(text: str) -> str:
    """Escape text for a paragraph or table cell."""
    return _MARKUP.sub(r"\\\1", visible(text)).replace("&", "&amp;").replace("\\<", "&lt;").replace("\\>", "&gt;")


def prose(text: str) -> str:
    """Escape a sentence in which what stands in backquotes is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(code(part) if number % 2 else plain(part) for number, part in enumerate(parts))


def code(text: str) -> str:
    """Return a code span that is safe inside a table, whatever backquotes are in it."""
    text = visible(text)
    if any(char in text for char in "`|<>&"):
        escaped = "".join(_CODE_BREAKS.get(char, char) for char in text).replace("`", "&#96;").replace("\\|", "&#124;")
        return f"<code>{escaped}</code>"
    return f"`{text}`" if text.strip() else '`" "`'
