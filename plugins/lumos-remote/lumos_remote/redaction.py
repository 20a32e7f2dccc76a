"""Secrets never reach a message: those that are known by value, and what looks like one."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from lumos_core.plugin_api import visible

HIDDEN = "**********"
_SHORTEST = 4
_LONGEST = 20_000
# Lengths are bounded, so that a long text of a stranger costs no more than its length.
_LOOKS = [
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^/?#\s\"'<>]{0,500}@"), rf"\1{HIDDEN}@"),
    (
        re.compile(r"\b((?i:bearer|basic|digest|negotiate|token|apikey))(\s+)(?=\S{0,99}[\dA-Z=])[\w.~+/=-]{8,}"),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"\beyJ[\w-]{4,4000}\.[\w-]{1,4000}(?:\.[\w-]*)?"), HIDDEN),
    (
        re.compile(
            r"(?i)((?:passw(?:or)?d|secret|token|api[_-]?key|authorization|credential|signature|cookie)"
            r"[\w-]{0,30}[\"']?\s{0,5}[=:]\s{0,5})(\"[^\"]*\"|'[^']*'|[^\s&,;\"'<>{}\[\]]+)"
        ),
        rf"\1{HIDDEN}",
    ),
]


class Redactor:
    """Takes secrets out of texts; thread-safe.

    Values shorter than 4 characters are not looked for: they would hide half of every message.

    Args:
        secrets: What must not be shown, in any of the ways that HTTP spells it.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._spellings: list[str] = []
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Hide further values."""
        fresh = {secret for secret in secrets if len(secret) >= _SHORTEST} - self._known
        if not fresh:
            return
        with self._lock:
            self._known |= fresh
            spelled = {form for secret in self._known for form in _spellings(secret)}
            self._spellings = sorted(spelled, key=len, reverse=True)

    def __call__(self, text: object, limit: int = 500) -> str:
        """Return a text fit to be shown: without secrets and control characters, cut at `limit` characters."""
        shown = str(text)
        for spelling in self._spellings:
            shown = shown.replace(spelling, HIDDEN)
        shown = " ".join(shown.split())[:_LONGEST]
        for pattern, instead in _LOOKS:
            shown = pattern.sub(instead, shown)
        shown = visible(shown)
        return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _spellings(secret: str) -> Iterable[str]:
    raw = secret.encode("utf-8", "surrogateescape")
    yield secret
    yield visible(secret)
    yield " ".join(secret.split()) if len("".join(secret.split())) >= _SHORTEST else secret
    yield quote(raw, safe="")
    yield quote_plus(raw)
    yield base64.b64encode(raw).decode()
    yield base64.urlsafe_b64encode(raw).decode()
    yield secret.replace("\\", "\\\\").replace('"', '\\"')
