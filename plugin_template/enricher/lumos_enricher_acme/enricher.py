"""The enricher `acme`: owners of datasets, by patterns of their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from lumos_core.plugin_api import AnyRecord, Context, Dataset, Enricher, Owner, urns

from .config import AcmeEnricherConfig


class AcmeEnricher(Enricher[AcmeEnricherConfig]):
    """Owners of datasets, by patterns of their names."""

    writes = frozenset({"owners"})

    def enrich(self, records: Iterator[AnyRecord], ctx: Context) -> Iterable[AnyRecord]:
        """Add the owners, and pass everything on."""
        for record in records:
            if isinstance(record.value, Dataset):
                value = record.value
                known = {owner.owner for owner in value.owners}
                value.owners += [Owner(group) for group in self.groups(value.name or "") if group not in known]
                value.captured = sorted({*value.captured, *self.writes})
            yield record

    def groups(self, name: str) -> list[str]:
        """Return the groups that own a dataset, each once."""
        found = [group for pattern, group in self.config.owners.items() if fnmatchcase(name, pattern)]
        return [urns.plain("group", group) for group in dict.fromkeys(found)]
