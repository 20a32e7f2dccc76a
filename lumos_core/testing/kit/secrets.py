"""Canaries: secrets that are put into every option that takes one, and looked for in everything that comes out."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

CANARY = "lumos-canary-7f3a9c2e51"
"""No name, no text and no number of any system holds it."""

SHORTEST = 8
"""A real secret that is shorter may be a word that stands somewhere for another reason."""

_URL = re.compile(r"(?P<start>[a-zA-Z][\w+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)")


def places(config: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the path of every option that is a secret."""
    for name, field in config.model_fields.items():
        place = (*path, field.alias or name)
        found = list(_types(field.annotation))
        if SecretStr in found or SecretBytes in found:
            yield place
        for inner in found:
            if issubclass(inner, BaseModel) and inner is not config and len(place) < 4:
                yield from places(inner, place)


def _types(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and not typing.get_args(hint):
        yield hint
    for argument in typing.get_args(hint):
        yield from _types(argument)


def with_canary(options: Mapping[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    """Return options with a canary in place of one secret; of a URL, only the password is replaced."""
    first, *rest = place
    present = options.get(first)
    if rest:
        inner = present if isinstance(present, Mapping) else {}
        return {**options, first: with_canary(inner, tuple(rest))}
    text = present if isinstance(present, str) else ""
    return {**options, first: _URL.sub(rf"\g<start>{CANARY}", text) if _URL.search(text) else CANARY}


def values(config: Any) -> Iterator[str]:
    """Return the secrets that a configuration holds and that are long enough to be recognised."""
    if isinstance(config, (SecretStr, SecretBytes)):
        secret = config.get_secret_value()
        text = secret if isinstance(secret, str) else secret.decode("utf-8", "replace")
        if len(text) >= SHORTEST:
            yield text
    elif isinstance(config, BaseModel):
        for name in type(config).model_fields:
            yield from values(getattr(config, name))
    elif isinstance(config, Mapping):
        for part in config.values():
            yield from values(part)
    elif isinstance(config, (list, tuple, set, frozenset)):
        for part in config:
            yield from values(part)
