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
