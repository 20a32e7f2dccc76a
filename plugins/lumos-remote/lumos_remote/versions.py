"""Versions of services: only those that were understood are spoken to."""

from __future__ import annotations

import re

from .errors import FIXES, Unsupported


def version_of(text: object) -> tuple[int, ...]:
    """Return the leading numbers of a version: `1.6.2-SNAPSHOT` is (1, 6, 2), `v1.5.0rc1` (1, 5, 0); () for none."""
    found = re.match(r"\s*v?(\d{1,9}(?:\.\d{1,9})*)", str(text))
    return tuple(map(int, found[1].split("."))) if found else ()


def supported(text: object, *, name: str, since: str, before: str) -> tuple[int, ...]:
    """Return the numbers of a service's version when they lie in `since` <= version < `before`.

    Args:
        text: The version as the service says it.
        name: Name of the service, for the message.
        since: The oldest version that is spoken.
        before: The first that is not any more.

    Raises:
        Unsupported: It is older, newer, or no version at all.
    """
    version = version_of(text)
    if version and version_of(since) <= version < version_of(before):
        return version
    raise Unsupported(
        f"the server says it is {name} {str(text)[:40]!r}",
        why=f"this client speaks {name} from {since} to before {before}",
        fix=FIXES[Unsupported],
    )
