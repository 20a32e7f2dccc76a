"""How things of one server are named, and what a source may speak of."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from lumos_core.plugin_api import Scope, urns

PLATFORM = "mongodb"


class Names(Struct, frozen=True):
    """Identity: platform `mongodb`, datasets `[instance:]database.collection`, a container per database."""

    env: str
    instance: str

    def dataset(self, database: str, collection: str) -> str:
        """Return the URN of a collection or view."""
        return urns.dataset(PLATFORM, f"{database}.{collection}", self.env, instance=self.instance)

    def container(self, database: str) -> str:
        """Return the URN of a database."""
        return urns.container(PLATFORM, database, self.env, instance=self.instance)

    @property
    def scope(self) -> Scope:
        """Everything of this server: its instance alone, or all names that have none."""
        prefix = f"{urns.encode(self.instance)}:" if self.instance else ""
        return Scope(
            types=frozenset({"dataset", "container"}),
            platform=PLATFORM,
            env=urns.encode(self.env),
            prefixes=(prefix,),
        )

    def within(self, database: str) -> Scope:
        """Everything inside a database."""
        prefix = self.scope.prefixes[0] + urns.encode(database) + "."
        return msgspec.structs.replace(self.scope, prefixes=(prefix,))

    def narrow(self, within: Scope) -> Scope | None:
        """Return what of this server is asked for; None when nothing is."""
        mine = self.scope
        if within.everything or within.includes(mine):
            return mine
        kinds = mine.types & within.types if within.types else mine.types
        if not kinds or within.platform not in ("", mine.platform) or within.env not in ("", mine.env):
            return None
        if not within.prefixes and not within.urns:
            return msgspec.structs.replace(mine, types=kinds)
        own = mine.prefixes[0]
        if own:
            prefixes = tuple(max(own, prefix, key=len) for prefix in within.prefixes if _meet(own, prefix))
        else:
            prefixes = tuple(prefix for prefix in within.prefixes if ":" not in prefix)
        exact = frozenset(urn for urn in within.urns if mine.matches(urn))
        if not prefixes and not exact:
            return None
        return msgspec.structs.replace(mine, types=kinds, prefixes=prefixes, urns=exact)


def _meet(own: str, prefix: str) -> bool:
    return bool(prefix) and (own.startswith(prefix) or prefix.startswith(own))
