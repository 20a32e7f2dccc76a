"""A cluster: files that may be one dataset, on their way from a leaf folder up to the folder that names them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from .words import words

GENERIC_FOLDERS = words(
    """
    data dataset datasets lake datalake raw bronze silver gold landing staging stage stg curated refined
    cleansed warehouse dwh db database files file input inputs in output outputs out export exports
    import imports archive archives backup backups tmp temp source sources src s3 gcs adls bucket tables
    table public default root home prod dev test incoming ingest ingestion inbox outbox drop zone daily
    hourly monthly weekly api apis rest ftp sftp http download downloads upload uploads dump dumps extract
    extracts feed feeds
    """
)
"""Names of folders that say where data stands in a process, not what it is."""


Trait = tuple[Any, ...]
"""All of a cluster but its rows, as a value that clusters of one kind share."""


class Cluster:
    """Files of one format that differ in nothing but shard names and partition folders.

    Attributes:
        rel: Folder names that carry meaning, from the folder under consideration down.
        stem: What the file names have in common (a template); empty for shards.
        format: Name of the format.
        rows: The files, as rows of the spool.
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
        "findings",
        "folders",
        "format",
        "partitioned",
        "positional",
        "rel",
        "rows",
        "stem",
        "variable",
    )

    def __init__(self, stem: str, format: str, rows: array[int], variable: bool) -> None:
        self.rel: tuple[str, ...] = ()
        self.stem = stem
        self.format = format
        self.rows = rows
        self.positional: Mapping[int, str] = {}
        self.partitioned = False
        self.variable = variable
        self.folders = 1
        self.confidence = 1.0
        self.evidence: tuple[str, ...] = ()
        self.findings: tuple[tuple[str, str], ...] = ()

    def because(self, reason: str, confidence: float = 1.0) -> None:
        """Add a reason, and what is left of the confidence."""
        self.evidence = _union(self.evidence, (reason,))
        self.confidence = min(self.confidence, confidence)

    def add(self, other: Cluster) -> None:
        """Take in another cluster's files and reasons."""
        self.rows.extend(other.rows)
        if other.positional != self.positional:
            self.positional = {**self.positional, **other.positional}
        self.partitioned |= other.partitioned
        self.variable |= other.variable
        self.folders += other.folders
        self.confidence = min(self.confidence, other.confidence)
        self.evidence = _union(self.evidence, other.evidence)
        self.findings = _union(self.findings, other.findings)
        if self.stem != other.stem:
            self.stem = ""

    @property
    def trait(self) -> Trait:
        """All but the rows."""
        return (
            self.rel,
            self.stem,
            self.format,
            tuple(self.positional.items()),
            self.partitioned,
            self.variable,
            self.folders,
            self.confidence,
            self.evidence,
            self.findings,
        )


def thaw(trait: Trait, rows: Iterable[int]) -> Cluster:
    """Make the cluster again of which these were the trait and the rows."""
    rel, stem, format, positional, partitioned, variable, folders, confidence, evidence, findings = trait
    cluster = Cluster(stem, format, array("Q", rows), variable)
    cluster.rel = rel
    cluster.positional = dict(positional)
    cluster.partitioned = partitioned
    cluster.folders = folders
    cluster.confidence = confidence
    cluster.evidence = evidence
    cluster.findings = findings
    return cluster


T = TypeVar("T")


def _union(first: tuple[T, ...], second: tuple[T, ...]) -> tuple[T, ...]:
    if first == second or not second:
        return first
    return tuple(dict.fromkeys((*first, *second)))


def unite(clusters: Iterable[Cluster]) -> Cluster:
    """Unite clusters into the one with most files."""
    clusters = list(clusters)
    base = max(clusters, key=lambda cluster: len(cluster.rows))
    for cluster in clusters:
        if cluster is not base:
            base.add(cluster)
    return base
