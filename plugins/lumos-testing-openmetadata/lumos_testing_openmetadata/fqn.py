"""Fully qualified names: parts joined by dots, a part with a dot in double quotes."""

from __future__ import annotations

import re

from .errors import bad

LONGEST = 256
_PART = re.compile(r'"((?:[^"])+)"|([^".]+)')


def quote(name: str) -> str:
    """Write a name as a part of a fully qualified name.

    Quotes around the name are taken for its quoting, so that `"q"` and `q` are the same.
    """
    bare = unquote(name)
    return f'"{bare}"' if "." in bare else bare


def unquote(name: str) -> str:
    """Return a name without the quotes around it."""
    return name[1:-1] if len(name) > 2 and name[0] == name[-1] == '"' else name


def add(parent: str, name: str) -> str:
    """Append a name to the fully qualified name of its parent."""
    return f"{parent}.{quote(name)}" if parent else quote(name)


def split(fqn: str) -> list[str]:
    """Return the parts of a fully qualified name, without their quotes.

    Raises:
        Refusal: It does not follow the grammar (400).
    """
    parts, at = [], 0
    while True:
        found = _PART.match(fqn, at)
        if found is None:
            raise bad(f"Invalid fully qualified name {fqn}")
        parts.append(found[1] or found[2])
        at = found.end()
        if at == len(fqn):
            return parts
        if fqn[at] != ".":
            raise bad(f"Invalid fully qualified name {fqn}")
        at += 1


def normal(fqn: str) -> str:
    """Return a name with exactly the quotes that it needs."""
    return ".".join(map(quote, split(fqn)))


def check_name(name: str, longest: int | None = LONGEST) -> None:
    """Refuse what the server takes for no name of an entity.

    Raises:
        Refusal: Too short or long, or holding `::`, a newline or an inner double quote (400).
    """
    if not name or (longest is not None and len(name) > longest):
        raise bad(f"[query param name size must be between 1 and {longest}]")
    if "::" in name or "\n" in name or "\r" in name:
        raise bad('[name must match "^((?!::).)*$"]')
    if '"' in unquote(name):
        raise bad(f"Invalid name {name}")
