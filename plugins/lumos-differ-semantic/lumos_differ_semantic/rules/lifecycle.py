"""Rules of lifecycle, promises and of the snapshot itself."""

from __future__ import annotations

from .rule import rule

_ANNOUNCE = "Add a replacement and a decommission date."
_CONSUMERS = "Agree on it with the consumers in the list of what is affected."
_VERSION = "Raise the declared version."

RULES = (
    rule(
        "deprecated-set", "lifecycle", "deprecation", "add", "N",
        "{subject} is deprecated now", "Its end was announced, with a date or a replacement.", "Plan the move.",
        mirrors="deprecation-cleared",
    ),
    rule(
        "deprecated-set-without-plan", "lifecycle", "deprecation", "add", "R",
        "{subject} is deprecated now, without a date and without a replacement",
        "Nobody can plan for it.", _ANNOUNCE, mirrors="deprecation-cleared",
    ),
    rule(
        "deprecation-cleared", "lifecycle", "deprecation", "remove", "I",
        "{subject} is not deprecated any more", "It stays.", "Nothing to do.",
        mirrors="deprecated-set deprecated-set-without-plan",
    ),
    rule(
        "deprecation-date-moved-earlier", "lifecycle", "deprecation", "change", "B",
        "The end of {subject} was moved forward from {before} to {after}",
        "Consumers were promised more time.", "Keep the date that was announced.",
        mirrors="deprecation-date-moved-later",
    ),
    rule(
        "deprecation-date-moved-later", "lifecycle", "deprecation", "change", "I",
        "The end of {subject} was put off from {before} to {after}", "Consumers get more time.", "Nothing to do.",
        mirrors="deprecation-date-moved-earlier",
    ),
    rule(
        "status-deprecated", "lifecycle", "status", "lower", "R",
        "The status of {subject} went from {before} to {after}", "Its end is near.", _ANNOUNCE,
        mirrors="status-changed status-removed",
    ),
    rule(
        "status-removed", "lifecycle", "status", "lower", "B",
        "The status of {subject} went from {before} to {after}", "Consumers are told not to use it any more.",
        "Deprecate it first, with a decommission date and a replacement.", mirrors="status-changed status-deprecated",
    ),
    rule(
        "status-changed", "lifecycle", "status", "change", "I",
        "The status of {subject} went from {before} to {after}", "It stands elsewhere in its life.", "Nothing to do.",
        mirrors="status-changed status-deprecated status-removed",
    ),
    rule(
        "tier-lowered", "operational", "tier", "lower", "R",
        "The tier of {subject} was lowered from {before} to {after}", "Less care is promised.", _CONSUMERS,
        mirrors="tier-raised",
    ),
    rule(
        "tier-raised", "operational", "tier", "raise", "I",
        "The tier of {subject} was raised from {before} to {after}", "More care is promised.", "Nothing to do.",
        mirrors="tier-lowered",
    ),
    rule(
        "environment-changed", "operational", "environment", "change", "B",
        "`{name}` moved from environment {before} to {after}", "Readers in the old environment find nothing.",
        "Keep both until the readers have moved.", mirrors="environment-changed",
    ),
    rule(
        "schedule-changed", "operational", "schedule", "change", "R",
        "The schedule of `{name}` changed from {before} to {after}", "Data comes at other times.", _CONSUMERS,
        mirrors="schedule-changed",
    ),
    rule(
        "schedule-added", "operational", "schedule", "add", "N",
        "`{name}` has a schedule now: {after}", "When data comes is declared.", "Nothing to do.",
        mirrors="schedule-removed",
    ),
    rule(
        "schedule-removed", "operational", "schedule", "remove", "R",
        "`{name}` has no schedule any more (it was {before})", "When data comes is not declared any more.",
        "Check that it still runs.", mirrors="schedule-added",
    ),
    rule(
        "availability-lag-increased", "operational", "schedule", "raise", "R",
        "Data of `{name}` may be {after} minutes late instead of {before}", "Consumers wait longer.", _CONSUMERS,
        mirrors="availability-lag-decreased",
    ),
    rule(
        "availability-lag-decreased", "operational", "schedule", "lower", "I",
        "Data of `{name}` may be {after} minutes late instead of {before}", "Consumers wait less.", "Nothing to do.",
        mirrors="availability-lag-increased",
    ),
    rule(
        "sla-weakened", "operational", "sla", "lower", "B",
        "Contract `{name}` promises less: {after} instead of {before}",
        "Consumers rely on what was promised.", _CONSUMERS, mirrors="sla-strengthened",
    ),
    rule(
        "sla-strengthened", "operational", "sla", "raise", "N",
        "Contract `{name}` promises more: {after} instead of {before}",
        "Consumers may rely on more.", "Check that it can be kept.", mirrors="sla-weakened",
    ),
    rule(
        "sla-changed", "operational", "sla", "change", "R",
        "Contract `{name}` promises something else: {after} instead of {before}",
        "Whether it is more or less cannot be read off the text.", "Compare the two.", mirrors="sla-changed",
    ),
    rule(
        "assertion-removed", "quality", "assertion", "remove", "R",
        "Assertion `{name}` was removed", "What it checked is not checked any more.",
        "Replace it in the same change.", mirrors="assertion-added",
    ),
    rule(
        "assertion-added", "quality", "assertion", "add", "N",
        "Assertion `{name}` was added", "More is checked.", "Nothing to do.", mirrors="assertion-removed",
    ),
    rule(
        "assertion-changed", "quality", "assertion", "change", "R",
        "What assertion `{name}` checks changed: {aspect} was {before}, is {after}",
        "Whether it checks more or less cannot be read off the text.", "Compare the two.",
        mirrors="assertion-changed",
    ),
    rule(
        "version-decreased", "lifecycle", "version", "lower", "R",
        "The declared version of `{name}` went back from {before} to {after}",
        "Consumers that pin a version get older promises.", _VERSION,
        one_way="A version that rises is what is expected.", anchors=("oasdiff",),
    ),
    rule(
        "version-not-bumped", "lifecycle", "version", "detect", "R",
        "`{name}` has a breaking change and still declares version {after}",
        "Consumers that pin a version are broken without a sign.", _VERSION,
        one_way="It judges another finding and has no direction of its own.", anchors=("oasdiff",),
    ),
    rule(
        "major-not-bumped", "lifecycle", "version", "detect", "R",
        "`{name}` has a breaking change, and its declared version went only from {before} to {after}",
        "Consumers that take every minor version are broken.", "Raise the major version.",
        one_way="It judges another finding and has no direction of its own.", anchors=("oasdiff",),
    ),
    rule(
        "snapshot-capability-lost", "lifecycle", "coverage", "detect", "R",
        "The source of `{name}` does not tell {before} any more",
        "What is not told is unknown, not gone: its removal is not reported.",
        "Mend the credentials or the connector; do not waive it.", mirrors="snapshot-capability-gained",
    ),
    rule(
        "snapshot-capability-gained", "lifecycle", "coverage", "detect", "I",
        "The source of `{name}` tells {after} now",
        "It was unknown before: what it says is no change.", "Nothing to do.",
        mirrors="snapshot-capability-lost lineage-coverage-dropped",
    ),
    rule(
        "attribute-changed", "lifecycle", "attribute", "change", "I",
        "{aspect} of {subject} changed", "No rule says what it means.", "Look at the two values.",
        mirrors="attribute-changed",
    ),
)  # fmt: skip
