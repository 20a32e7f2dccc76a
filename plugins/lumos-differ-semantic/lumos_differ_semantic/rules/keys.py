"""Rules of keys and constraints."""

from __future__ import annotations

from .rule import rule

_ATLAS = "Atlas schema lint"

RULES = (
    rule(
        "primary-key-removed", "keys", "key", "remove", "B",
        "`{name}` has no primary key any more (it was {before})",
        "Rows may repeat: joins fan out and upserts append.",
        "Keep the key, or declare another.",
        mirrors="primary-key-added",
    ),
    rule(
        "primary-key-added", "keys", "key", "add", "R/N",
        "`{name}` has a primary key now: {after}",
        "Stored rows may repeat it, and writers of repeated or empty keys are refused.",
        "Verify that the columns are unique and never null first.",
        direction="narrows", writer="B", mirrors="primary-key-removed", anchors=(f"{_ATLAS} MF101",),
    ),
    rule(
        "primary-key-columns-changed", "keys", "key", "change", "B",
        "The primary key of `{name}` changed from {before} to {after}",
        "One row stands for something else than before.",
        "Publish it as a new dataset.",
        mirrors="primary-key-columns-changed",
    ),
    rule(
        "grain-changed", "keys", "key", "change", "B",
        "The grain of `{name}` changed from {before} to {after}",
        "One row stands for something else than before: sums and counts are off.",
        "Publish it as a new dataset.",
        mirrors="grain-changed",
    ),
    rule(
        "unique-added", "keys", "key", "add", "R/N",
        "{after} of `{name}` must be unique now",
        "Stored rows may repeat, and writers of repeated values are refused.",
        "Verify uniqueness first.",
        direction="narrows", writer="B", mirrors="unique-removed", anchors=(f"{_ATLAS} MF101",),
    ),
    rule(
        "unique-removed", "keys", "key", "remove", "N/B",
        "{before} of `{name}` need not be unique any more",
        "Joins on it may fan out.",
        "Keep the constraint, or deduplicate where it is read.",
        direction="widens", mirrors="unique-added",
    ),
    rule(
        "foreign-key-added", "keys", "key", "add", "R/N",
        "`{name}` has a foreign key now: {after}",
        "Stored rows may point nowhere, and writers of such rows are refused.",
        "Look for orphans first.",
        direction="narrows", mirrors="foreign-key-removed",
    ),
    rule(
        "foreign-key-removed", "keys", "key", "remove", "N/R",
        "`{name}` lost a foreign key: {before}",
        "Rows may point nowhere: inner joins lose them.",
        "Keep the constraint, or test the relation.",
        direction="widens", mirrors="foreign-key-added", anchors=(f"{_ATLAS} CD101",),
    ),
    rule(
        "foreign-key-retargeted", "keys", "key", "change", "B",
        "A foreign key of `{name}` points elsewhere: {before} became {after}",
        "Joins along it find other rows or none.",
        "Add a new column for the new relation.",
        mirrors="foreign-key-retargeted",
    ),
    rule(
        "constraint-check-tightened", "keys", "constraint", "narrow", "B/N",
        "`{name}` has a constraint more: {after}",
        "Stored rows may violate it, and writers of such rows are refused.",
        "Verify the stored rows first.",
        direction="narrows", writer="B", mirrors="constraint-check-loosened",
    ),
    rule(
        "constraint-check-loosened", "keys", "constraint", "widen", "N/R",
        "`{name}` has a constraint less: {before}",
        "Readers meet values that they never met.",
        "Keep the constraint, or check where it is read.",
        direction="widens", mirrors="constraint-check-tightened",
    ),
    rule(
        "constraint-check-changed", "keys", "constraint", "change", "R",
        "A constraint of `{name}` changed from {before} to {after}",
        "Whether it became tighter or looser cannot be read off its text.",
        "Compare the two conditions.",
        writer="R", mirrors="constraint-check-changed",
    ),
    rule(
        "constraint-enforcement-dropped", "keys", "constraint", "lower", "N/R",
        "{subject} of `{name}` is declared but no longer enforced",
        "Rows that violate it may appear.",
        "Test the constraint where it matters.",
        direction="widens", mirrors="constraint-enforcement-added",
    ),
    rule(
        "constraint-enforcement-added", "keys", "constraint", "raise", "R/N",
        "{subject} of `{name}` is enforced now",
        "Writers of rows that violate it are refused.",
        "Verify the stored rows first.",
        direction="narrows", writer="R", mirrors="constraint-enforcement-dropped",
    ),
    rule(
        "index-added", "keys", "index", "add", "I",
        "`{name}` has an index more: {after}",
        "It changes speed, not meaning.", "Nothing to do.", mirrors="index-removed",
    ),
    rule(
        "index-removed", "keys", "index", "remove", "I",
        "`{name}` lost an index: {before}",
        "Lookups by it become slower.", "Check the queries that used it.", mirrors="index-added",
    ),
)  # fmt: skip
