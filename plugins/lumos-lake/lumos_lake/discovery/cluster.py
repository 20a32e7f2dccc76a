"""A cluster: files that may be one dataset, on their way from a leaf folder up to the folder that names them."""

from __future__ import annotations

from ..storage import Entry
from .words import words

GENERIC_FOLDERS = words(
    """
    data dataset datasets lake datalake raw bronze silver gold landing staging stage stg curated refined
    cleansed warehouse dwh db database files file input inputs in output outputs out export exports
    import imports archive archives backup backups tmp temp source sources src s3 gcs adls bucket tables
    table public default root home prod dev test incoming ingest ingestion inbox outbox drop zone daily
    hourly monthly weekly
    """
)
"""Names of folders that say where data stands in a process, not what it is."""


class Cluster:
    """Files of one format that differ in nothing but shard names and partition folders.

    Attributes:
        rel: Folder names that carry meaning, from the folder under consideration down.
        stem: What the file names have in common (a template); empty for shards.
        format: Name of the format.
        files: The files.
        positional: Segment index -> name of a partition level without a key.
        partitioned: Whether a partition folder is among its folders.
        variable: Whether its file names vary by number, date or identifier.
        folders: How many folders hold its files.
        confidence: Lowered by every decision that could be wrong.
        evidence: Why it is one dataset.
        findings: (code, message) about what is odd.
    """

    __slots__ = (
        "confidence",
        "evidence",
        "files",
        "findings",
        "folders",
        "format",
        "partitioned",
        "positional",
        "rel",
        "stem",
        "variable",
    )

    def __init__(self, stem: str, format: str, files: list[Entry], variable: bool) -> None:
        self.rel: tuple[str, ...] = ()
        self.stem = stem
        self.format = format
        self.files = files
        self.positional: dict[int, str] = {}
        self.partitioned = False
        self.variable = variable
        self.folders = 1
        self.confidence = 1.0
        self.evidence: dict[str, None] = {}
        self.findings: list[tuple[str, str]] = []

    def because(self, reason: str, confidence: float = 1.0) -> None:
        """Add a reason, and what is left of the confidence."""
        self.evidence[reason] = None
        self.confidence = min(self.confidence, confidence)

    def add(self, other: Cluster) -> None:
        """Take in another cluster's files and reasons."""
        self.files.extend(other.files)
        self.positional.update(other.positional)
        self.partitioned |= other.partitioned
        self.variable |= other.variable
        self.folders += other.folders
        self.confidence = min(self.confidence, other.confidence)
        self.evidence.update(other.evidence)
        self.findings.extend(other.findings)
        if self.stem != other.stem:
            self.stem = ""


def unite(clusters: list[Cluster]) -> Cluster:
    """Unite clusters into the one with most files."""
    base = max(clusters, key=lambda cluster: len(cluster.files))
    for cluster in clusters:
        if cluster is not base:
            base.add(cluster)
    return base
