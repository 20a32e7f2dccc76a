"""Rules of layout: how and where the data lies."""

from __future__ import annotations

from .rule import rule

_PRUNING = "Queries that filter by it read more or fewer files, and readers of paths look in the wrong place."

RULES = (
    rule(
        "partition-spec-added", "layout", "partition", "add", "N/R",
        "`{name}` is partitioned now: {after}",
        "Readers of paths must look into folders.", "Tell those who read the files directly.",
        mirrors="partition-spec-removed",
    ),
    rule(
        "partition-spec-removed", "layout", "partition", "remove", "R/B",
        "`{name}` is not partitioned any more (it was: {before})",
        "Readers of paths find nothing, and every query reads everything.",
        "Keep the partitioning, or move the readers of paths first.",
        mirrors="partition-spec-added",
    ),
    rule(
        "partition-column-changed", "layout", "partition", "change", "R/B",
        "The partition columns of `{name}` changed from {before} to {after}",
        _PRUNING, "Move the readers of paths first, and check the filters of large queries.",
        mirrors="partition-column-changed",
    ),
    rule(
        "partition-transform-changed", "layout", "partition", "change", "R",
        "How `{name}` is partitioned by `{path}` changed from {before} to {after}",
        _PRUNING, "Check the filters of large queries.",
        mirrors="partition-transform-changed",
    ),
    rule(
        "partition-granularity-changed", "layout", "partition", "change", "R",
        "`{name}` is partitioned by {after} of `{path}` instead of by {before}",
        _PRUNING, "Check the filters of large queries and the number of files.",
        mirrors="partition-granularity-changed",
    ),
    rule(
        "partition-column-type-changed", "layout", "partition", "change", "B",
        "The partition column `{path}` of `{name}` changed its type from {before} to {after}",
        "Values in paths are written and compared otherwise: old partitions are not found.",
        "Add a new partition column and write both for a while.",
        mirrors="partition-column-type-changed",
    ),
    rule(
        "clustering-changed", "layout", "clustering", "change", "I",
        "The clustering of `{name}` changed from {before} to {after}",
        "It changes speed, not meaning.", "Nothing to do.", mirrors="clustering-changed",
    ),
    rule(
        "sort-changed", "layout", "clustering", "change", "I",
        "The sort order of `{name}` changed from {before} to {after}",
        "It changes speed, not meaning.", "Nothing to do.", mirrors="sort-changed",
    ),
    rule(
        "bucketing-changed", "layout", "clustering", "change", "R",
        "The number of buckets of `{name}` changed: {before} became {after}",
        "Joins by bucket fall back to moving all rows, or mix old and new buckets.",
        "Rewrite the stored data with the new number.", mirrors="bucketing-changed",
    ),
    rule(
        "location-changed", "layout", "location", "change", "N/B",
        "`{name}` lies elsewhere: {after} instead of {before}",
        "Readers of paths find nothing, or what is left at the old place.",
        "Leave a link or a manifest at the old place until they have moved.",
        mirrors="location-changed",
    ),
    rule(
        "file-format-changed", "layout", "format", "change", "R/B",
        "The format of `{name}` changed from {before} to {after}",
        "Readers of the files cannot parse them; old and new files lie side by side.",
        "Rewrite the old files, and move the readers of files first.",
        mirrors="file-format-changed",
    ),
    rule(
        "table-format-changed", "layout", "format", "change", "R/B",
        "The table format of `{name}` changed from {before} to {after}",
        "Engines without support for it read stale or deleted rows, or nothing.",
        "Check every engine that reads it first.", mirrors="table-format-changed",
    ),
    rule(
        "format-version-upgraded", "layout", "format", "raise", "R",
        "The format version of `{name}` went up: {before} became {after}",
        "Older engines refuse to read it.", "Upgrade the engines first.",
        mirrors="format-version-downgraded",
    ),
    rule(
        "format-version-downgraded", "layout", "format", "lower", "R",
        "The format version of `{name}` went back: {before} became {after}",
        "What the newer version could say is lost.", "Check what relied on it.",
        mirrors="format-version-upgraded",
    ),
    rule(
        "compression-changed", "layout", "format", "change", "I/R",
        "The compression of `{name}` changed: {before} became {after}",
        "Readers of the files need the new codec.", "Check that all readers have it.",
        mirrors="compression-changed",
    ),
    rule(
        "encoding-changed", "layout", "format", "change", "R",
        "The character encoding of `{name}` changed: {before} became {after}",
        "Readers that assume the old one show wrong characters or fail.",
        "Rewrite the old files, and tell those who read the files directly.",
        writer="R", mirrors="encoding-changed",
    ),
    rule(
        "file-dialect-changed", "layout", "format", "change", "R",
        "How the files of `{name}` are written changed: {before} became {after}",
        "Readers of the files split rows or columns in the wrong place.",
        "Rewrite the old files, and tell those who read the files directly.",
        writer="R", mirrors="file-dialect-changed",
    ),
    rule(
        "layout-option-changed", "layout", "option", "change", "I",
        "A storage option of `{name}` changed: {before} became {after}",
        "It changes how the data is stored, not what it means.", "Nothing to do.",
        mirrors="layout-option-changed",
    ),
)  # fmt: skip
