"""Who we are, as headers: fixed, or of a login that is renewed once when the service no longer knows us."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping


class Auth:
    """Headers that say who we are; subclass for other ways."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers of a request; called for each, from any thread."""
        return {}

    def refresh(self, rejected: Mapping[str, str]) -> bool:
        """Get new credentials after a 401; False when there are no others.

        Args:
            rejected: The headers that were not accepted; when others are in use by now, there is nothing to do.
        """
        return False

    def secrets(self) -> list[str]:
        """Return what must never be shown, beyond the values of the headers."""
        return []


class Bearer(Auth):
    """A token.

    Args:
        token: The token, or a function that returns it; a function is asked again after a 401.
        header: Name of the header.
        scheme: What stands before it there; "" for nothing.
    """

    def __init__(
        self, token: str | Callable[[], str], *, header: str = "Authorization", scheme: str = "Bearer"
    ) -> None:
        self._get = token if callable(token) else None
        self._token = "" if callable(token) else token
        self._header = header
        self._scheme = scheme
        self._lock = threading.Lock()

    def headers(self) -> Mapping[str, str]:
        """Return the header with the token, which is got when it is first needed."""
        if not self._token and self._get is not None:
            with self._lock:
                self._token = self._token or self._get()
        return {self._header: f"{self._scheme} {self._token}".strip()}

    def refresh(self, rejected: Mapping[str, str]) -> bool:
        """Ask for the token again; once, however many threads were rejected with the old one."""
        if self._get is None:
            return False
        with self._lock:
            if rejected.get(self._header, "").endswith(self._token):
                self._token = self._get()
        return True

    def secrets(self) -> list[str]:
        """Return the token."""
        return [self._token]


class Basic(Auth):
    """User and password (RFC 7617, UTF-8).

    Args:
        user: The user.
        password: The password.
    """

    def __init__(self, user: str, password: str) -> None:
        self._password = password
        self._value = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def headers(self) -> Mapping[str, str]:
        """Return the header."""
        return {"Authorization": self._value}

    def secrets(self) -> list[str]:
        """Return the password."""
        return [self._password]
