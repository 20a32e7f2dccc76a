"""What an answer says: JSON, a page, a reason."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

_TITLE = re.compile(rb"(?is)<title[^>]*>(.*?)</title>|<h1[^>]*>(.*?)</h1>")
_REASONS = ("message", "errorMessage", "exceptionMessage", "msgDesc", "detail", "error_description", "msg", "error")


class NotJson(ValueError):
    """The body is not JSON; the text says what it is instead."""


def is_page(body: bytes, headers: Mapping[str, str]) -> bool:
    """Tell whether a body is a page for people."""
    kind = headers.get("Content-Type", "").lower()
    return "html" in kind or body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html"))


def title(body: bytes) -> str:
    """Return the title of a page."""
    found = _TITLE.search(body[:65_536])
    raw = (found[1] or found[2] or b"") if found else b""
    return html.unescape(" ".join(re.sub(rb"<[^>]*>", b" ", raw).decode("utf-8", "replace").split()))[:200]


def parse(body: bytes) -> Any:
    """Return the JSON value of a body; None for an empty one.

    What strict JSON refuses and services send all the same is taken: halves of surrogate pairs (replaced by U+FFFD),
    undecodable bytes (likewise), NaN and infinities, numbers out of range.

    Raises:
        NotJson: It is something else.
    """
    if not body.strip():
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _mended(json.loads(body.decode("utf-8-sig", "replace")))
    except RecursionError:
        raise NotJson("JSON that is nested too deeply") from None
    except ValueError as error:
        if body.lstrip()[:1] in (b"{", b"["):
            at = getattr(error, "pos", len(body))
            raise NotJson(f"JSON that is cut or broken at character {at} of {len(body)}") from None
        raise NotJson(f"{body[:60]!r}") from None


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not value.isascii() else value
    if isinstance(value, list):
        return [_mended(element) for element in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(element) for key, element in value.items()}
    return value


def reason(value: Any, body: bytes, headers: Mapping[str, str], status: int = 0) -> str:
    """Return what an answer says about its failure, unredacted."""
    if is_page(body, headers):
        if status in (401, 403):  # the service itself says no in a page, where it runs in a servlet container
            return title(body)
        return f"a page, not data: {title(body)!r}; a login page or a proxy?"
    if isinstance(value, Mapping):
        for key in _REASONS:
            if isinstance(value.get(key), str) and value[key].strip():
                return str(value[key])
        for inner in value.values():
            if isinstance(inner, Mapping) and (text := reason(inner, b"", {})):
                return text
    if value is None or isinstance(value, bytes):
        return body[:1000].decode("utf-8", "replace")
    return msgspec.json.encode(value)[:1000].decode("utf-8", "replace")
