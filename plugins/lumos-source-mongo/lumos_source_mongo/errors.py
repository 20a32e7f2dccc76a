"""What the driver's errors mean, said without anything that could be a secret.

The text of an error of the connection or of the URI is never passed on: the driver quotes hosts, users and parts of
the URI there. Only what a server says of a command is, with every known secret taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from bson.errors import BSONError
from pymongo import errors

from lumos_core.plugin_api import ConfigError, LumosError, RetryableError, UnitError

MASK = "***"
DENIED = frozenset({13, 8000, 33})
"""Codes of `Unauthorized`, of Atlas' own refusal, and of `UserNotFound`."""
LOGIN = frozenset({18, 11})
"""Codes of `AuthenticationFailed` and of `UserNotFound` while logging in."""
GONE = frozenset({26})
"""Code of `NamespaceNotFound`."""
AGAIN = frozenset({6, 7, 43, 50, 89, 91, 112, 133, 134, 136, 175, 189, 237, 262, 290, 9001, 10107, 11600, 11602, 13388})
"""Codes after which the same command may succeed: timeouts, killed cursors and plans, elections, shutdowns."""
_URL = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s'\"]+")
_SHORTEST = 3


class Redactor:
    """Takes secrets out of texts: known ones, and every URL as a whole."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {
            form
            for secret in secrets
            for form in (secret, quote(secret, safe=""), quote_plus(secret), unquote(secret), unquote_plus(secret))
            if form
        }
        self._short = any(len(form) < _SHORTEST for form in forms)
        found = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, found))) if found else None

    def __call__(self, text: str) -> str:
        """Return the text without secrets; nothing of it when a secret is too short to be told from other words."""
        if self._short:
            return MASK
        text = _URL.sub(MASK, text)
        return self._pattern.sub(MASK, text) if self._pattern else text


def reason(error: Exception, redact: Redactor) -> str:
    """Return in a few words why something failed."""
    if isinstance(error, errors.OperationFailure):
        if error.code in LOGIN:
            return "the server refuses user or password"
        name = str((error.details or {}).get("codeName") or "")
        said = str((error.details or {}).get("errmsg") or "")
        code = f"code {error.code}" if error.code is not None else ""
        label = ", ".join(part for part in (redact(name), code) if part)
        if error.code in DENIED:
            return f"the role may not do this ({label})"
        return " ".join(filter(None, (redact(said)[:300], f"({label})" if said and label else label))) or "it failed"
    if isinstance(error, errors.ServerSelectionTimeoutError):
        return "no server answers"
    if isinstance(error, errors.NetworkTimeout):
        return "the server does not answer in time"
    if isinstance(error, errors.ConnectionFailure):
        return "the connection was lost"
    if isinstance(error, (errors.InvalidURI, errors.ConfigurationError)):
        return "the driver does not accept it"
    if isinstance(error, errors.ProtocolError):
        return "the server's answer breaks the protocol"
    if isinstance(error, errors.InvalidName):
        return "the driver refuses the name"
    if isinstance(error, BSONError):
        return "the server sends what is no BSON"
    return type(error).__name__


def denied(error: Exception) -> bool:
    """Tell whether the role lacks a right."""
    return isinstance(error, errors.OperationFailure) and error.code in DENIED


def translate(error: Exception, what: str, redact: Redactor) -> LumosError:
    """Return the error of Lumos that says how to recover.

    Args:
        error: What the driver raised.
        what: What could not be done.
        redact: Takes secrets out.
    """
    why = reason(error, redact)
    if isinstance(error, errors.OperationFailure):
        if error.code in LOGIN:
            fix = "correct user, password and `auth_source` (the database that knows the user)"
            return ConfigError(what, why=why, fix=fix, where="uri")
        if error.code in DENIED:
            return UnitError(what, why=why, fix="grant the role `read` on the database, or leave it out")
        if error.code in AGAIN:
            return RetryableError(what, why=why, fix="try again; raise `timeout` when the server is slow")
        return UnitError(what, why=why)
    if isinstance(error, errors.ServerSelectionTimeoutError):
        fix = "check `uri` or `host`, TLS and the network; raise `connect_timeout` when the server is slow"
        return RetryableError(what, why=why, fix=fix)
    if isinstance(error, errors.ConnectionFailure):
        return RetryableError(what, why=why, fix="try again; raise `timeout` when the server is slow")
    if isinstance(error, errors.ConfigurationError):
        return ConfigError(what, why=why, fix="correct the options of the connection", where="uri")
    return UnitError(what, why=why)
