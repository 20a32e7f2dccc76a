"""`${VAR}` and `${VAR:-default}` in texts, and `$$` for a dollar sign."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .problems import Loc, Problem

_REFERENCE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^${}]*))?\}|\$\{")


class Resolved:
    """Plain data with its variables filled in.

    Attributes:
        data: The same shape; a text with a problem is None.
        problems: Missing variables and malformed references.
        values: The values that came from the environment; no message may hold them.
    """

    def __init__(self, data: Any, environment: Mapping[str, str] | None = None) -> None:
        self.problems: list[Problem] = []
        self.values: set[str] = set()
        self._environment = os.environ if environment is None else environment
        self.data = self._walk(data, ())

    def _walk(self, value: Any, loc: Loc) -> Any:
        if isinstance(value, str):
            return self._text(value, loc) if "$" in value else value
        if isinstance(value, Mapping):
            return {key: self._walk(inner, (*loc, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._walk(inner, (*loc, index)) for index, inner in enumerate(value)]
        return value

    def _text(self, text: str, loc: Loc) -> str | None:
        before = len(self.problems)

        def fill(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            if match[1] is None:
                fix = "write ${NAME} or ${NAME:-default}; a dollar sign itself is written $$"
                self.problems.append(Problem(loc, "a reference to a variable is not complete", fix))
                return ""
            value = self._environment.get(match[1])
            if match[2] is not None:
                value = value or match[2]  # as in a shell, `:-` also replaces an empty value
            if value is None:
                fix = f"export {match[1]}=..., or give a default: ${{{match[1]}:-default}}"
                self.problems.append(Problem(loc, f"the environment variable {match[1]} is not set", fix))
                return ""
            if len(value) >= 4:
                self.values.add(value)
            return value

        filled = _REFERENCE.sub(fill, text)
        return filled if len(self.problems) == before else None


def references(value: Any) -> Iterator[tuple[str, bool]]:
    """Return (name, whether it has a default) of every variable that plain data refer to."""
    if isinstance(value, str):
        yield from ((match[1], match[2] is not None) for match in _REFERENCE.finditer(value) if match[1])
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def escape(value: Any) -> Any:
    """Return plain data that resolves to `value`."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: escape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [escape(inner) for inner in value]
    return value
