"""What is known of a table while its log is read from the newest action to the oldest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from .actions import Action, Add, DeletionVector, MetaData, Protocol, rows_of

CLUSTERING = "delta.clustering"
"""The domain in which a table keeps the columns that it is clustered by."""


@dataclass
class State:
    """A table, as far as its log was read. Of everything that a log repeats, the newest counts.

    Attributes:
        metadata: What the table is.
        protocol: What reading and writing it takes.
        domains: Name of a domain -> its configuration; None for one that was removed.
        files: Number of files.
        size: Bytes in them, or None when a file does not tell.
        rows: Rows in them, or None when a file does not tell.
        modified: When the newest of them was written, milliseconds since 1970.
        seen: Hashes of the files that newer actions added or removed: eight bytes each, whatever the length of a path.
    """

    metadata: MetaData | None = None
    protocol: Protocol | None = None
    domains: dict[str, str | None] = field(default_factory=dict)
    files: int = 0
    size: int | None = 0
    rows: int | None = 0
    modified: int = 0
    seen: set[int] = field(default_factory=set)

    @property
    def known(self) -> bool:
        """True when the newest schema and protocol are known."""
        return self.metadata is not None and self.protocol is not None

    @property
    def settled(self) -> bool:
        """True when nothing older can add to what the table is; its files apart."""
        if self.metadata is None or self.protocol is None:
            return False
        return "clustering" not in (self.protocol.writerFeatures or ()) or CLUSTERING in self.domains

    def copy(self) -> State:
        """Return a copy to come back to; of `seen` none is made, since a checkpoint adds nothing to it."""
        return replace(self, domains=dict(self.domains))

    def take(self, action: Action) -> None:
        """Take what an action says, where nothing newer said it."""
        if action.metaData is not None:
            self.metadata = self.metadata or action.metaData
        if action.protocol is not None:
            self.protocol = self.protocol or action.protocol
        if (domain := action.domainMetadata) is not None:
            self.domains.setdefault(domain.domain, None if domain.removed else domain.configuration)

    def take_remove(self, path: str, vector: DeletionVector | None) -> None:
        """Note that a file does not belong to the table any more."""
        self.seen.add(hash((path, _vector_id(vector))))

    def take_add(self, add: Add, *, last: bool = False) -> None:
        """Count a file, unless a newer action was about it.

        Args:
            add: The action.
            last: Nothing older is read after this checkpoint, in which no file occurs twice.
        """
        key = hash((add.path, _vector_id(add.deletionVector))) if self.seen or not last else 0
        if key in self.seen:
            return
        if not last:
            self.seen.add(key)
        self._count(add.size, add.modificationTime, rows_of(add.stats), add.deletionVector)

    def take_file(
        self,
        path: str,
        size: int | None,
        modified: int | None,
        stats: Any,
        vector: dict[str, Any] | None,
        *,
        parsed: bool,
    ) -> None:
        """Count a file of a checkpoint, unless a newer action was about it.

        Args:
            path: As the log has it.
            size: Bytes.
            modified: Milliseconds since 1970.
            stats: Number of rows, or JSON text of its statistics.
            vector: Of its deleted rows.
            parsed: `stats` is a number.
        """
        deleted = None
        if vector is not None and vector.get("storageType"):
            deleted = msgspec.convert(vector, DeletionVector, strict=False)
        if self.seen and hash((path, _vector_id(deleted))) in self.seen:
            return
        self._count(size, modified, stats if parsed else rows_of(stats), deleted)

    def _count(self, size: int | None, modified: int | None, rows: int | None, vector: DeletionVector | None) -> None:
        self.files += 1
        self.size = None if self.size is None or size is None else self.size + size
        deleted = vector.cardinality if vector is not None else 0
        self.rows = None if self.rows is None or rows is None else self.rows + rows - deleted
        self.modified = max(self.modified, modified or 0)


def _vector_id(vector: DeletionVector | None) -> str:
    """Return what tells a file with deleted rows from itself with others (protocol: "Derived Fields")."""
    if vector is None:
        return ""
    offset = "" if vector.offset is None else f"@{vector.offset}"
    return f"{vector.storageType}{vector.pathOrInlineDv}{offset}"
