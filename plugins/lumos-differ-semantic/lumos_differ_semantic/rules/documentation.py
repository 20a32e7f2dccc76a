"""Rules of documentation."""

from __future__ import annotations

from .rule import rule

_CARRY = "Carry the text over from the version before."

RULES = (
    rule(
        "description-added", "documentation", "description", "add", "N",
        "{subject} has a description now", "It can be understood.", "Nothing to do.",
        mirrors="description-removed field-description-removed",
    ),
    rule(
        "description-removed", "documentation", "description", "remove", "R",
        "{subject} has no description any more", "It can no longer be understood.", _CARRY,
        mirrors="description-added",
    ),
    rule(
        "field-description-removed", "documentation", "description", "remove", "I",
        "{subject} has no description any more", "It can no longer be understood.", _CARRY,
        mirrors="description-added",
    ),
    rule(
        "description-changed", "documentation", "description", "change", "I",
        "The description of {subject} was edited", "Somebody said it better, or it means something else.",
        "Nothing to do.", mirrors="description-changed",
    ),
    rule(
        "doc-coverage-decreased", "documentation", "description", "lower", "R",
        "The share of described fields of `{name}` fell from {before} to {after}",
        "Descriptions were lost at once, most often by a tool.", _CARRY,
        one_way="New descriptions are told one by one as description-added.",
        tuned="Counts fields of both sides only, so that a new nullable field stays non-breaking; from 10 points on.",
    ),
    rule(
        "display-name-changed", "documentation", "name", "change", "I",
        "The display name of {subject} changed from {before} to {after}", "People look for another name.",
        "Nothing to do.", mirrors="display-name-changed",
    ),
    rule(
        "link-added", "documentation", "link", "add", "I",
        "{subject} has a link more: {after}", "More can be read about it.", "Nothing to do.", mirrors="link-removed",
    ),
    rule(
        "link-removed", "documentation", "link", "remove", "I",
        "{subject} has a link less: {before}", "Less can be read about it.", "Check that the page still exists.",
        mirrors="link-added",
    ),
    rule(
        "property-added", "documentation", "property", "add", "N",
        "{subject} has a property more: {after}", "More is known about it.", "Nothing to do.",
        mirrors="property-removed",
    ),
    rule(
        "property-removed", "documentation", "property", "remove", "N",
        "{subject} has a property less: {before}", "Less is known about it.", "Nothing to do.",
        mirrors="property-added",
    ),
    rule(
        "property-changed", "documentation", "property", "change", "I",
        "A property of {subject} changed: {before} became {after}", "It says something else.",
        "Nothing to do.", mirrors="property-changed",
    ),
    rule(
        "relation-added", "documentation", "relation", "add", "N",
        "{subject} is related to something more: {after}", "More is known about it.", "Nothing to do.",
        mirrors="relation-removed",
    ),
    rule(
        "relation-removed", "documentation", "relation", "remove", "N",
        "{subject} lost a relation: {before}", "Less is known about it.", "Nothing to do.", mirrors="relation-added",
    ),
)  # fmt: skip
