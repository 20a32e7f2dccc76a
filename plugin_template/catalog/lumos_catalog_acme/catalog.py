"""The catalog `acme`: a folder with a JSON file for each record, named by the digest of its URN."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from lumos_core.plugin_api import (
    AnyRecord,
    Catalog,
    CatalogError,
    Context,
    Hit,
    LumosError,
    Operation,
    Outcome,
    Scope,
    Support,
    aspects,
    atomic_write,
    canonical,
    decode,
)

from .config import AcmeCatalogConfig


class AcmeCatalog(Catalog[AcmeCatalogConfig]):
    """A folder with a JSON file for each record."""

    capabilities = dict.fromkeys(aspects.ASPECTS - {aspects.RECORD}, Support(read=True, write=True, lossless=True))
    system = "acme"

    def read(self, scope: Scope, ctx: Context) -> Iterable[AnyRecord]:
        """Read every file whose record is in the scope.

        Raises:
            CatalogError: When one cannot be read.
        """
        held = (self._load(path) for path in self.config.path.glob("*.json"))
        found = [record for record in held if record is not None and scope.matches(record.urn)]
        return sorted(found, key=lambda record: (record.kind, record.urn.encode()))

    def write(self, batch: Sequence[Operation], ctx: Context) -> Iterable[Outcome]:
        """Apply each operation to its file."""
        for operation in batch:
            try:
                yield Outcome(operation.urn, "written" if self._apply(operation) else "unchanged")
            except (LumosError, KeyError, ValueError, AttributeError) as error:
                yield Outcome(operation.urn, "failed", f"{type(error).__name__}: {error}")

    def search(self, query: str, limit: int = 20) -> Iterable[Hit]:
        """Find records whose name holds the query, shorter names first."""
        held = (self._load(path) for path in self.config.path.glob("*.json"))
        found = [Hit(urn=one.urn, name=one.value.name or one.urn, kind=one.kind) for one in held if one is not None]
        found = [hit for hit in found if query.lower() in hit.name.lower()]
        return sorted(found, key=lambda hit: (len(hit.name), hit.urn))[:limit]

    def _apply(self, operation: Operation) -> bool:
        path = self.config.path / f"{hashlib.sha256(operation.urn.encode()).hexdigest()}.json"
        before = self._load(path)
        line = canonical(operation.apply(before))
        if before is not None and canonical(before) == line:
            return False
        with atomic_write(path, "wb") as file:
            file.write(line)
        return True

    def _load(self, path: Path) -> AnyRecord | None:
        try:
            return decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise CatalogError("cannot read the file", why=str(error), fix="mend it", where=str(path)) from error
