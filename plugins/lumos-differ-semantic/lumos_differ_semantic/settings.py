"""The configuration made ready: which roles count for which record, and what counts as sensitive."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

from lumos_core.plugin_api import Role, urns

from .config import Override, Policy, Profile, SemanticConfig

ROLES_OF: dict[Policy, tuple[Role, ...]] = {
    "standard": ("consumer", "writer", "history"),
    "strict": ("consumer", "writer", "history"),
    "lenient": ("consumer",),
    "consumer": ("consumer",),
    "writer": ("writer",),
    "history": ("history",),
    "full": ("consumer", "history"),
    "none": (),
}
"""Policy -> roles that count."""


class Stance(NamedTuple):
    """How the changes of one record are judged."""

    policy: Policy
    roles: tuple[Role, ...]
    profile: Profile

    @property
    def strict(self) -> bool:
        """Risky is taken for breaking."""
        return self.policy == "strict"

    @property
    def lenient_strings(self) -> bool:
        """Anything may become text."""
        return self.policy == "lenient"


def globs(patterns: Iterable[str], flags: int = 0) -> re.Pattern[str] | None:
    """Compile shell patterns into one expression; None when there are none."""
    texts = [translate(pattern) for pattern in patterns]
    return re.compile("|".join(texts), flags) if texts else None


class _Selector:
    """An override, compiled."""

    def __init__(self, override: Override, base: SemanticConfig) -> None:
        self.datasets = globs(override.datasets)
        self.tags = globs(override.tags)
        policy = override.policy or base.policy
        roles = override.roles
        if roles is None:
            roles = base.roles if base.roles is not None and override.policy is None else ROLES_OF[policy]
        self.stance = Stance(policy, roles, override.profile or base.profile)

    def fits(self, urn: str, tags: Iterable[str]) -> bool:
        if self.datasets is not None and not (self.datasets.match(urns.name(urn)) or self.datasets.match(urn)):
            return False
        return self.tags is None or any(self.tags.match(tag) for tag in tags)


class Settings:
    """What the detection modules ask of the configuration."""

    def __init__(self, config: SemanticConfig) -> None:
        self.config = config
        roles = ROLES_OF[config.policy] if config.roles is None else config.roles
        self._default = Stance(config.policy, roles, config.profile)
        self._selectors = [_Selector(override, config) for override in config.overrides]
        self._sensitive = globs(config.sensitive_tags, re.IGNORECASE)
        self._names = [(name, name.split("_")) for name in config.sensitive_names]
        self.levels = {name.lower(): rank for rank, name in enumerate(config.classification_levels)}
        self._renames = [(globs([r.dataset]), r.from_, r.to) for r in config.renames]
        self.sensitive = lru_cache(maxsize=4096)(self._is_sensitive)

    def stance(self, urn: str, tags: Iterable[str]) -> Stance:
        """Return how a record is judged; `tags` are the names of its tags before and after."""
        if self._selectors:
            names = list(tags)
            for selector in self._selectors:
                if selector.fits(urn, names):
                    return selector.stance
        return self._default

    @property
    def by_tag(self) -> bool:
        """True when any override asks for tags."""
        return any(selector.tags is not None for selector in self._selectors)

    def _is_sensitive(self, ref: str) -> bool:
        """Tell whether a tag or term marks sensitive data."""
        if self._sensitive is None:
            return False
        name = urns.name(ref)
        return any(self._sensitive.match(part) for part in (name, *re.split(r"[./]", name)))

    def level(self, ref: str) -> int | None:
        """Return the rank of a tag that classifies data, None for any other tag."""
        return self.levels.get(re.split(r"[./]", urns.name(ref))[-1].lower())

    def looks_sensitive(self, name: str) -> str:
        """Return which sensitive name a field's name is or contains; empty when none."""
        words = words_of(name)
        for known, tokens in self._names:
            size = len(tokens)
            if any(words[i : i + size] == tokens for i in range(len(words) - size + 1)):
                return known
        return ""

    def declared(self, urn: str) -> dict[str, str]:
        """Return the declared renames of a dataset's fields, old path -> new path."""
        if not self._renames:
            return {}
        name = urns.name(urn)
        return {
            old: new for glob, old, new in self._renames if glob is not None and (glob.match(name) or glob.match(urn))
        }


def words_of(name: str) -> list[str]:
    """Split a name in snake, kebab or camel case into lower-case words."""
    words = [""]
    for place, char in enumerate(name):
        last = name[place - 1] if place else ""
        follows = name[place + 1 : place + 2]
        begins = char.isupper() and (not last.isupper() or follows.islower())
        if not char.isalnum() or begins or char.isdigit() != last.isdigit():
            words.append("")
        if char.isalnum():
            words[-1] += char.lower()
    return [word for word in words if word]
