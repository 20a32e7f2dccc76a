"""The catalog `atlas`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import ClassVar

from lumos_core.plugin_api import (
    AnyRecord,
    Cancelled,
    Catalog,
    CatalogError,
    Context,
    Entity,
    Operation,
    Outcome,
    Scope,
    Support,
    in_order,
    urns,
)

from . import claims, mapping, models, names, tagdefs
from .config import AtlasConfig
from .held import SYSTEM, Held, Reader, record_types
from .server import Server
from .writing import Writer


class AtlasCatalog(Catalog[AtlasConfig]):
    """Apache Atlas 2.x: official models where they fit, and what they cannot say in the property `lumos`."""

    capabilities: ClassVar[Mapping[str, Support]] = claims.CAPABILITIES
    system = SYSTEM
    deferred = frozenset({"lineage", "lineage.columns", "relations"})
    foreign = True

    def __init__(self, config: AtlasConfig) -> None:
        super().__init__(config)
        self._server: Server | None = None
        self._reader: Reader | None = None
        self._writer: Writer | None = None
        self._written: set[str] = set()
        self._lock = Lock()
        self._ctx: Context | None = None

    @property
    def target(self) -> str:
        """Address of the server, for people."""
        return self.config.server

    def _open(self, ctx: Context) -> tuple[Server, Reader, Writer]:
        self._ctx = ctx
        if self._server is None or self._reader is None or self._writer is None:
            config = self.config
            self._server = Server(config, lambda: bool(self._ctx and self._ctx.cancelled()))
            self._reader = Reader(self._server, config.cluster, config.workers)
            self._writer = Writer(self._server, self._reader, config.cluster, config.batch, config.attribute_length)
        return self._server, self._reader, self._writer

    def check(self, ctx: Context) -> None:
        """Ask for version, state and types.

        Raises:
            CatalogError: It is no Atlas, of a version that is not spoken, or does not know us.
            RetryableError: It is out of reach.
        """
        server, _, _ = self._open(ctx)
        server.check()
        server.types()

    def close(self) -> None:
        """Close all connections."""
        if self._server is not None:
            self._server.close()

    def native(self, record: AnyRecord) -> AnyRecord:
        """Return what the pages of Atlas say of a record, without the property `lumos`."""
        if not isinstance(record.value, Entity):
            return record
        if record.kind == "tag":
            return tagdefs.project(record)
        return mapping.project(record, self.config.cluster)

    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Return what Atlas holds of a scope, sorted by (kind, URN); soft-deleted records carry `lifecycle.removed`.

        Raises:
            CatalogError: When a listing is not complete.
            RetryableError: When the server is out of reach.
        """
        return in_order(self._found(scope, ctx))

    def _found(self, scope: Scope, ctx: Context) -> Iterator[AnyRecord]:
        server, reader, _ = self._open(ctx)
        if ctx.cancelled():
            raise Cancelled("Reading Atlas was cancelled")
        exact = bool(scope.urns) and not scope.prefixes
        held: Iterable[Held]
        kinds = {urns.KIND_OF_TYPE.get(type_, "asset") for type_ in scope.types}
        if not kinds or "tag" in kinds:
            tags = reader.tags(server.tag_types().values())
            for item in tags:
                if scope.matches(item.record.urn):
                    yield from self._told(item, ctx)
        if kinds == {"tag"}:
            return
        if exact:
            wanted = [urn for urn in scope.urns if scope.matches(urn) and self._is_entity(urn)]
            held = map(reader.held, reader.by_urn(wanted, ctx).values())
        else:
            types = [type_ for type_ in record_types(server.types()) if _may_fit(type_, scope)]
            held = map(reader.held, reader.listed(sorted(self._written), ctx, types, scope.matches))
        for item in held:
            yield from self._told(item, ctx)

    def _told(self, held: Held, ctx: Context) -> Iterator[AnyRecord]:
        for key in held.stale:
            ctx.warn("stale-shadow", f"`{key}` was edited in Atlas; its value there is taken", held.record.urn)
        yield held.record
        yield from held.foreign.values()

    def _is_entity(self, urn: str) -> bool:
        try:
            id_ = names.native_id(urn, self.config.cluster)
            assert self._reader is not None
            return self._reader.urn(id_) == urn
        except ValueError:
            return False

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Apply operations: what they name is read, changed and written, some records in each request.

        Raises:
            CatalogError: When the server does not know us.
            RetryableError: When it is out of reach.
        """
        if ctx.cancelled():
            raise Cancelled("Writing to Atlas was cancelled")
        _, _, writer = self._open(ctx)
        with self._lock:  # upserts of one name at the same moment make several entities of it
            outcomes = writer.write(batch, ctx)
        for outcome in outcomes:
            if outcome.status in ("written", "unchanged"):
                try:
                    if urns.parse(outcome.urn).kind not in ("tag", "foreign"):
                        self._written.add(urns.host(outcome.urn))
                except ValueError:
                    raise CatalogError(f"no URN: {outcome.urn}") from None
        return outcomes


def _may_fit(type_: str, scope: Scope) -> bool:
    """Tell whether entities of a type can be in a scope; when in doubt, they can."""
    if not scope.types:
        return True
    if type_ in models.GLOSSARY_TYPES:
        return models.GLOSSARY_TYPES[type_] in scope.types
    known = models.URN_TYPES.get(type_)
    if known is not None:
        return known in scope.types
    kind = type_.removeprefix("lumos_")
    return kind == type_ or kind not in ("domain", "data_product", "property", "user") or kind in scope.types
