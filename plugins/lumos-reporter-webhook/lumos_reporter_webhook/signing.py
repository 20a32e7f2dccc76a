"""Signatures of Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks, specification 1.0)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Raises:
        ValueError: It is no secret of Standard Webhooks; the text shows nothing of it.
    """
    wrong = ValueError("a secret is `whsec_` and 24 to 64 bytes in base64; `openssl rand -base64 32` makes them")
    if not secret.startswith(_PREFIX):
        raise wrong
    try:
        key = base64.b64decode(secret[len(_PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        raise wrong from None
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise wrong
    return key


def signature(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header `webhook-signature`.

    Args:
        key: The key; see `key_of`.
        id: The header `webhook-id`.
        timestamp: The header `webhook-timestamp`, in Unix seconds.
        body: The body as it is sent.
    """
    digest = hmac.new(key, b".".join((id.encode(), str(timestamp).encode(), body)), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
