"""The catalog `local`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from lumos_core.plugin_api import (
    AnyRecord,
    Cancelled,
    Catalog,
    CatalogError,
    Context,
    Operation,
    Outcome,
    Scope,
    SqliteFile,
    Support,
    aspects,
    decode,
)

from .config import LocalCatalogConfig
from .database import CATALOG
from .explore import Asked, explore
from .page import SearchHit, SearchPage
from .reading import lines
from .writing import rebuild, write

_POLL = 256
_LOSSLESS = Support(read=True, write=True, lossless=True)


class LocalCatalog(Catalog[LocalCatalogConfig]):
    """The embedded catalog: records as canonical lines in one SQLite file, with full-text, field and fuzzy search.

    Lines, search index and vocabulary move in one transaction per batch. Readers see one state and never wait for a
    writer (write-ahead log); several processes may use the file at once.
    """

    capabilities: ClassVar[Mapping[str, Support]] = dict.fromkeys(sorted(aspects.ASPECTS - {aspects.RECORD}), _LOSSLESS)
    system = "local"
    foreign = True
    stats = frozenset({"audit", "cost", "incident", "operation", "profile", "result", "run", "usage"})

    def __init__(self, config: LocalCatalogConfig) -> None:
        super().__init__(config)
        self._file = SqliteFile(CATALOG, config.path, config.timeout)

    @property
    def target(self) -> str:
        """The path of the file, for people."""
        return str(self.config.path)

    def check(self, ctx: Context) -> None:
        """Prove that the file can be written, without making it.

        Raises:
            CatalogError: When it cannot.
            RetryableError: When another program keeps writing for longer than the timeout.
        """
        self._file.check()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Return the records of a scope, sorted by (kind, URN), from one state of the file.

        Raises:
            CatalogError: When the file cannot be read, or holds something that is not a record.
        """
        if not self._file.exists():
            return
        with self._file.reading() as connection:
            for number, line in enumerate(lines(connection, scope)):
                if number % _POLL == 0 and ctx.cancelled():
                    raise Cancelled("Reading the catalog was cancelled")
                yield self._decoded(line)

    def _decoded(self, line: bytes) -> AnyRecord:
        try:
            return decode(line)
        except ValueError as error:
            raise CatalogError(
                "the catalog holds a record that cannot be read",
                why=str(error),
                fix="upgrade Lumos if a newer version wrote it; else restore a copy of the file",
                where=str(self.config.path),
            ) from error

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Apply operations in one transaction: all are there afterwards, or none.

        Raises:
            CatalogError: When the file cannot be written.
            RetryableError: When another program keeps writing for longer than the timeout.
            DiskError: When the disk is full.
        """
        with self._file.writing() as connection:
            return write(connection, batch)

    def search(self, query: str, limit: int = 20) -> Iterable[SearchHit]:
        """Return the records that match a query, the best first; fields, when the query asks only for fields.

        Words are found in names, fields, tags, owners and descriptions, the last one also as the beginning of a word.
        A query that finds nothing is answered with words that are close to it. Soft-deleted records are not found.

        Args:
            query: `"a phrase"`, `name: field: tag: owner: description: kind: type: platform: env: domain:`, `-not`.
                No text is a syntax error.
            limit: At most so many.

        Raises:
            CatalogError: When the file cannot be read.
        """
        if limit < 1 or not self._file.exists():
            return []
        with self._file.reading() as connection:
            return list(Asked(connection, query).hits(limit))

    def explore(
        self,
        query: str = "",
        limit: int = 20,
        offset: int = 0,
        filters: Mapping[str, Sequence[str]] | None = None,
        include_removed: bool = False,
        fields: bool | None = None,
    ) -> SearchPage:
        """Return one page of results with how many there are, facets and suggestions.

        Args:
            query: As for `search`; empty: everything.
            limit: Results on a page.
            offset: Results to skip.
            filters: Facet (`kind`, `type`, `platform`, `env`, `tag`, `owner`, `domain`) -> values, one of which must
                fit; case does not matter, and `pii` includes `pii.email`.
            include_removed: Find soft-deleted records too.
            fields: True: one result per field that matches; None: when the query asks only for fields.

        Raises:
            CatalogError: When the file cannot be read.
        """
        if not self._file.exists():
            return SearchPage(empty=True)
        with self._file.reading() as connection:
            return explore(
                connection,
                query,
                limit=max(limit, 0),
                offset=max(offset, 0),
                filters=filters or {},
                include_removed=include_removed,
                fields=fields,
            )

    def rebuild(self) -> int:
        """Make the search index anew from the records and return how many there are.

        Raises:
            CatalogError: When the file cannot be written.
        """
        with self._file.writing() as connection:
            return rebuild(connection)
