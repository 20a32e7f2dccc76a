"""What becomes of each field when an entity is written again: it depends on who writes, how, and to which version.

| field | a bot's PUT | a person's PUT | PATCH |
|---|---|---|---|
| description, displayName | fills what is empty, else silently ignored | overwrites; omitting deletes | overwrites |
| tags | merged | merged | as patched |
| owners | overwritten if sent (2.x: kept once set) | overwritten if sent | replaces |
| domain, domains | kept once set | overwritten if sent | replaces |
| extension | ignored once present | omitting deletes | replaces |
| all else | omitting deletes (2.x: constraints, retention, certification are kept) | omitting deletes | replaces |
"""

from __future__ import annotations

from typing import NamedTuple

from . import labels
from .changes import Changes
from .store import Document
from .world import World

_KEPT_BY_2 = ("tableConstraints", "retentionPeriod", "certification")
_KEPT_IF_OMITTED = ("owners", "domain", "domains", "lifeCycle")


class Rules(NamedTuple):
    """The rules of one write.

    Attributes:
        family: Of the version.
        put: It is a PUT, not a PATCH.
        bot: A bot writes.
        override: A bulk request with `overrideMetadata=true`.
    """

    family: int
    put: bool
    bot: bool
    override: bool = False

    @property
    def protects(self) -> bool:
        """Whether what is there is kept from the writer."""
        return self.put and self.bot and not self.override

    def text(self, old: Document, new: Document, name: str, label: str, changes: Changes, nested: bool = False) -> None:
        """Update a text that people write, in `new`."""
        always = nested and name == "displayName" and self.family == 2 and self.put and self.bot
        if old.get(name) and (self.protects or always):
            new[name] = old[name]
        changes.record(label, old.get(name), new.get(name))

    def labels(self, world: World, old: Document, new: Document, label: str, changes: Changes) -> None:
        """Update tags and terms, in `new`."""
        if self.put:
            new["tags"] = labels.merge(world, old.get("tags"), new.get("tags"))
        changes.listed(label, old.get("tags"), new.get("tags"))

    def other(self, old: Document, new: Document, name: str, changes: Changes) -> None:
        """Update any other field, in `new`."""
        before, after = old.get(name), new.get(name)
        if self.put and not after and name in _KEPT_IF_OMITTED:
            after = before
        if self.protects and before and self._kept(name):
            after = before
        if after is None:
            new.pop(name, None)
        else:
            new[name] = after
        if isinstance(before, list) or isinstance(after, list):
            changes.listed(name, before, after)
        else:
            changes.record(name, before, after)

    def _kept(self, name: str) -> bool:
        if name in ("domain", "domains", "extension"):
            return True
        return self.family == 2 and name in ("owners", *_KEPT_BY_2)
