"""Canaries: secrets that are put into every option that takes one, and looked for in everything that comes out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from ...loading.component_checks import options, types_in
from ...running.redact import secrets_of

CANARY = "lumos-canary-7f3a9c2e51"
"""No name, no text and no number of any system holds it."""

SHORTEST = 8
"""A real secret that is shorter may be a word that stands somewhere for another reason."""

_URL = re.compile(r"(?P<start>[a-zA-Z][\w+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)")


def places(config: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """Return the path of every option that is a secret."""
    for name, field in options(config):
        if {SecretStr, SecretBytes} & {*types_in(field.annotation)}:
            yield tuple(name.split("."))


def with_canary(given: Mapping[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    """Return options with a canary in place of one secret; of a URL, only the password is replaced."""
    first, *rest = place
    present = given.get(first)
    if rest:
        inner = present if isinstance(present, Mapping) else {}
        return {**given, first: with_canary(inner, tuple(rest))}
    text = present if isinstance(present, str) else ""
    return {**given, first: _URL.sub(rf"\g<start>{CANARY}", text) if _URL.search(text) else CANARY}


def values(config: Any) -> list[str]:
    """Return the secrets that a configuration holds and that are long enough to be recognised."""
    return [secret for secret in secrets_of(config) if len(secret) >= SHORTEST]
