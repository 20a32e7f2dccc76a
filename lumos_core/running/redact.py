"""Secrets never reach a log, a report, a snapshot or a traceback.

Every value of a `SecretStr` in any component's configuration, and the password inside every URL, is replaced in
whatever text leaves a run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar
from urllib.parse import quote, quote_plus, unquote

from pydantic import BaseModel, SecretBytes, SecretStr

MASK = "***"
LONG = 12
"""A part of a secret address that has so many characters is a secret itself: servers repeat the path that was asked."""
_URL_PASSWORD = re.compile(r"(?P<start>\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@'\"]*:)[^\s/@'\"]+(?=@)")


class Redactor:
    """Replaces known secrets in text."""

    _every: ClassVar[set[str]] = set()

    def __init__(self, configs: Iterable[BaseModel | None] = ()) -> None:
        secrets = {form for config in configs for secret in secrets_of(config) for form in _forms(secret)}
        self._pattern = _pattern(secrets)
        self._every.update(secrets)

    @classmethod
    def of_everything(cls) -> Redactor:
        """Return one that knows every secret that this process has met: for tracebacks of what nobody foresaw."""
        redactor = cls()
        redactor._pattern = _pattern(cls._every)
        return redactor

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return _URL_PASSWORD.sub(rf"\g<start>{MASK}", text)


def _pattern(secrets: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted((secret for secret in secrets if len(secret) > 2), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _forms(secret: str) -> set[str]:
    """The secret as it is, as a URL or JSON would carry it, and the long parts of one that is a URL."""
    whole = {secret}
    if secret.startswith(("https://", "http://")):  # of other addresses the path is a name, not a key
        parts = re.split(r"[/?&#=]", secret.partition("://")[2].partition("/")[2])
        whole.add(unquote(secret))
        whole.update(form for part in parts if len(part) >= LONG for form in (part, unquote(part)))
    ways = (quote, lambda text: quote(text, safe=""), quote_plus, lambda text: json.dumps(text)[1:-1])
    return {way(one) for one in whole for way in ways} | whole


def secrets_of(value: Any) -> Iterator[str]:
    """Return every secret that a configuration holds, nested components included."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("utf-8", "replace")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_of(getattr(value, name))
    elif isinstance(value, dict):
        for part in value.values():
            yield from secrets_of(part)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for part in value:
            yield from secrets_of(part)
    elif hasattr(value, "config") and not isinstance(value, type):
        yield from secrets_of(value.config)
