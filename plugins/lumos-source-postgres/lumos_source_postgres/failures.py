"""What the driver says, as errors that name the cause and the remedy, without any secret.

psycopg quotes the connection string where it cannot read it, and libpq may quote parts of it anywhere. So the driver's
text is never shown where a connection string was read, and cleaned of every secret elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus, unquote

import psycopg

from lumos_core.plugin_api import ConfigError, LumosError, RetryableError, UnitError

MASK = "***"
_ASSIGNED = re.compile(r"(?i)\b((?:ssl)?password|passfile)(\s*=\s*)('(?:[^'\\]|\\.)*'?|\S+)")
_URL = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@'\"]*:)[^\s'\"]*@")
_NETWORK = ("08", "57P", "53300", "40001", "40P01", "55P03", "58030")
_VANISHED = re.compile(r"cache lookup failed|could not open relation|does not exist")
_REMEDIES = {
    "28P01": "correct `user` or `password`",
    "28000": "allow this role and host in pg_hba.conf, or use another role",
    "3D000": "correct `database`; `databases` may hold globs",
    "42501": "grant the role what it needs (CONNECT on the database; the catalog is readable by default)",
    "57014": "raise `statement_timeout`, or read fewer schemas",
    "55P03": "raise `lock_timeout`, or run again when the lock is gone",
    "53300": "raise max_connections or free some",
}


class Redactor:
    """Takes secrets out of texts."""

    def __init__(self, secrets: Iterable[str | None] = ()) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        text = _ASSIGNED.sub(rf"\1\2{MASK}", text)
        return _URL.sub(rf"\1{MASK}@", text)


def _forms(secret: str) -> Iterator[str]:
    """The secret as it is, as a URL carries it, and as a quoted value."""
    yield from (secret, quote(secret, safe=""), quote_plus(secret), unquote(secret))
    yield secret.replace("\\", "\\\\").replace("'", "\\'")


@contextmanager
def translated(doing: str, redact: Redactor, where: str = "") -> Iterator[None]:
    """Turn what the driver raises into an error of Lumos.

    Raises:
        RetryableError: Connection lost, server starting or full, conflict with recovery, an object that vanished.
        UnitError: Anything else that the server refuses.
    """
    try:
        yield
    except psycopg.Error as error:
        raise translate(error, doing, redact, where) from None  # its own text may hold the connection string


def translate(error: psycopg.Error, doing: str, redact: Redactor, where: str = "") -> LumosError:
    """Return the error of Lumos for one of the driver."""
    state = error.sqlstate or ""
    primary = getattr(error.diag, "message_primary", None)
    why = redact(str(primary or _first_line(error)))
    if not state and isinstance(error, psycopg.OperationalError):
        state = next((code for code, sign in _SIGNS if sign in str(error)), "")
    fix = _REMEDIES.get(state, "")
    if "conflict with recovery" in why:
        return RetryableError(doing, why=why, where=where, fix="raise max_standby_streaming_delay on the replica")
    lost = not state and isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    if lost or state.startswith(_NETWORK) or (state in ("XX000", "42P01", "42704") and _VANISHED.search(why)):
        fix = fix or "check that the server is up and can be reached; what is read is tried again"
        return RetryableError(doing, why=why, fix=fix, where=where)
    return UnitError(doing, why=why, fix=fix or "see the log of the server", where=where)


_SIGNS = (
    ("28P01", "password authentication failed"),
    ("28P01", "no password supplied"),
    ("28000", "no pg_hba.conf entry"),
    ("3D000", "does not exist"),
    ("53300", "too many clients"),
    ("53300", "remaining connection slots"),
    ("42501", "permission denied"),
)
"""While a connection is made, libpq passes on the text of the server without its code."""


def _first_line(error: psycopg.Error) -> str:
    """What the server itself said, where libpq only wraps it; else the last line."""
    text = str(error)
    said = text.rpartition("FATAL:")[2] if "FATAL:" in text else text.strip().rpartition("\n")[2]
    return " ".join(said.split()) or type(error).__name__


def not_a_dsn() -> ConfigError:
    """Return the error for a connection string that cannot be read; its text is never shown."""
    return ConfigError(
        "the connection string cannot be read",
        why="it is neither a URL (postgresql://user@host:5432/database) nor a list of key=value",
        fix="quote values that hold spaces, percent-encode what is special in a URL",
        where="dsn",
    )
