"""Names against globs: `*` and `?` only, since brackets are part of field paths; letters of either case are alike."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lumos_core.plugin_api import urns


class Glob:
    """Several globs as one pattern.

    Attributes:
        used: Whether it ever fitted, so that a misspelt name can be reported.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        self._pattern = re.compile("|".join(map(_regex, self.patterns)), re.IGNORECASE | re.DOTALL)
        self.used = False

    def __call__(self, *names: str) -> bool:
        """Tell whether any of the names fits as a whole."""
        fits = any(self._pattern.fullmatch(name) for name in names)
        self.used = self.used or fits
        return fits

    def __str__(self) -> str:
        return ", ".join(self.patterns)


def _regex(pattern: str) -> str:
    return "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)


def names_of(urn: str) -> tuple[str, str]:
    """Return what a dataset can be called in a rule: its name and its URN."""
    return urns.name(urn), urn
