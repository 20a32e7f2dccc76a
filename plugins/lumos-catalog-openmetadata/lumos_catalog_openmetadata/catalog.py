"""The catalog `openmetadata`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from lumos_core.plugin_api import (
    AnyRecord,
    Cancelled,
    Catalog,
    Context,
    Entity,
    Hit,
    Operation,
    Outcome,
    Scope,
    Support,
    in_order,
)

from .capabilities import CAPABILITIES
from .config import OpenMetadataConfig
from .mapping import projector
from .names import Names
from .reading import read, unique
from .searching import search
from .server import Server, api
from .writing import write


class OpenMetadata(Catalog[OpenMetadataConfig]):
    """OpenMetadata 1.6 to 2.x, over its REST API.

    What its pages cannot show is kept in the property `lumos` of each entity, and read back. What is written is
    verified by what the server then says.
    """

    capabilities: ClassVar[Mapping[str, Support]] = CAPABILITIES
    system = "openmetadata"
    deferred = frozenset({"lineage"})
    stats = frozenset({"profile"})
    foreign = True

    def __init__(self, config: OpenMetadataConfig) -> None:
        super().__init__(config)
        self._names: Names | None = None

    @property
    def target(self) -> str:
        """The address of the server, for people."""
        return api(self.config.server).removesuffix("/api/v1")

    def check(self, ctx: Context) -> None:
        """Prove that the server is there, that we speak its version, and that it knows us.

        Raises:
            LumosError: With what to do about it.
        """
        with Server(self.config, ctx.cancelled) as server:
            server.family()
            server.client.get("/users/loggedInUser")

    def native(self, record: AnyRecord) -> AnyRecord:
        """Return what OpenMetadata's own pages say of a record, without the property `lumos`."""
        if not isinstance(record.value, Entity):
            return record
        return projector(self._names or Names(services=self.config.services))(record)

    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Return the records of a scope, sorted by (kind, URN).

        Raises:
            CatalogError: A listing is not complete; nothing is concluded then.
        """
        if ctx.cancelled():
            raise Cancelled("Reading the catalog was cancelled")
        with Server(self.config, ctx.cancelled) as server:
            self._names = server.names
            yield from unique(in_order(read(server, scope, ctx)), ctx)

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Apply operations, idempotently, with one outcome each, in order.

        Raises:
            RetryableError: The server asks for patience, or cannot be reached.
            CatalogError: What answers is not the server, or does not know us.
        """
        with Server(self.config, ctx.cancelled, self._names) as server:
            self._names = server.names
            return write(server, batch, ctx)

    def search(self, query: str, limit: int = 20) -> Iterable[Hit]:
        """Search with OpenMetadata's index, which may not know yet what was written a moment ago.

        Args:
            query: In the query language of the index; what it does not take is searched word by word.
            limit: At most so many hits; the index gives no more than 10,000.

        Raises:
            CatalogError: What answers is not the server, or does not know us.
        """
        with Server(self.config, names=self._names) as server:
            self._names = server.names
            return list(search(server, query, limit))
