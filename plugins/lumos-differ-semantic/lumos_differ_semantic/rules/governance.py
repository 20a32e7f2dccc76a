"""Rules of governance; those that bear on security are never demoted by usage."""

from __future__ import annotations

from .rule import rule

_RESTORE = "Restore it, or get a security approver and attach the evidence (dropped, masked or profiled again)."
_POLICY = "Apply the policy again before this is merged."
_PRIVACY = "Get approval from privacy."

RULES = (
    rule(
        "sensitive-tag-removed", "governance", "tag", "remove", "B",
        "{subject} is not marked as {before} any more",
        "Masking, access rules and audits go by that mark.", _RESTORE,
        security=True, mirrors="sensitive-tag-added",
    ),
    rule(
        "sensitive-tag-added", "governance", "tag", "add", "R",
        "{subject} is marked as {after} now",
        "Masking and access rules may take it away from its consumers.",
        "Tell its consumers, and check that they keep the access they need.",
        security=True, mirrors="sensitive-tag-removed",
    ),
    rule(
        "classification-lowered", "governance", "tag", "lower", "B",
        "The classification of {subject} was lowered from {before} to {after}",
        "More people may see it than before.", _RESTORE,
        security=True, mirrors="classification-raised",
    ),
    rule(
        "classification-raised", "governance", "tag", "raise", "R",
        "The classification of {subject} was raised from {before} to {after}",
        "Consumers may lose access.", "Tell its consumers.",
        security=True, mirrors="classification-lowered",
    ),
    rule(
        "sensitive-field-added-untagged", "governance", "field", "detect", "R",
        "New field `{path}` of `{name}` looks like {after} and carries no sensitive tag",
        "Personal data without a mark is not masked.", "Tag the field, or record that it is harmless.",
        security=True, one_way="It judges a new field; taking the field away is told as field-removed.",
    ),
    rule(
        "sensitive-data-propagated-untagged", "governance", "field", "detect", "B",
        "Sensitive data of {before} flows into `{path}` of `{name}`, which carries no sensitive tag",
        "What is protected at its source is open here.",
        "Copy the tag, or record what makes it harmless (hash, aggregate, mask).",
        security=True, one_way="It judges a new flow; ending the flow is told as column-lineage-removed.",
    ),
    rule(
        "masking-policy-removed", "governance", "policy", "remove", "B",
        "{subject} is not masked any more ({before})",
        "Values that were hidden can be read.", _POLICY, security=True, mirrors="masking-policy-added",
    ),
    rule(
        "masking-policy-added", "governance", "policy", "add", "R",
        "{subject} is masked now ({after})",
        "Consumers read masked values.", "Tell its consumers.", security=True, mirrors="masking-policy-removed",
    ),
    rule(
        "masking-policy-changed", "governance", "policy", "change", "R",
        "The masking policy of {subject} changed: {before} became {after}",
        "Whether it hides more or less cannot be read off its name.", "Compare the two policies.",
        security=True, mirrors="masking-policy-changed",
    ),
    rule(
        "row-access-policy-removed", "governance", "policy", "remove", "B",
        "The rows of {subject} are not protected any more ({before})",
        "Rows that were hidden can be read.", _POLICY, security=True, mirrors="row-access-policy-added",
    ),
    rule(
        "row-access-policy-added", "governance", "policy", "add", "R",
        "The rows of {subject} are protected now ({after})",
        "Consumers read fewer rows.", "Tell its consumers.", security=True, mirrors="row-access-policy-removed",
    ),
    rule(
        "row-access-policy-changed", "governance", "policy", "change", "R",
        "The row access policy of {subject} changed: {before} became {after}",
        "Whether it hides more or less cannot be read off its name.", "Compare the two policies.",
        security=True, mirrors="row-access-policy-changed",
    ),
    rule(
        "encryption-metadata-removed", "governance", "policy", "remove", "B",
        "{subject} is not declared as encrypted any more (it was {before})",
        "Data at rest may be readable.", _POLICY, security=True, mirrors="encryption-metadata-added",
    ),
    rule(
        "encryption-metadata-added", "governance", "policy", "add", "N",
        "{subject} is declared as encrypted now ({after})",
        "Data at rest is protected.", "Nothing to do.", security=True, mirrors="encryption-metadata-removed",
    ),
    rule(
        "encryption-metadata-changed", "governance", "policy", "change", "R",
        "The encryption of {subject} changed: {before} became {after}",
        "Readers need another key; whether it is stronger cannot be read off its name.",
        "Check that the readers have the key.", security=True, mirrors="encryption-metadata-changed",
    ),
    rule(
        "access-grant-broadened", "governance", "grant", "add", "B",
        "{subject} can be used by everybody now: {after}",
        "More people than intended may see it.", "Grant to a named group instead.",
        security=True, mirrors="access-grant-revoked",
    ),
    rule(
        "access-grant-added", "governance", "grant", "add", "N",
        "{subject} has a grant more: {after}",
        "Somebody may use it who could not.", "Nothing to do.", security=True, mirrors="access-grant-revoked",
    ),
    rule(
        "access-grant-revoked", "governance", "grant", "remove", "R",
        "{subject} has a grant less: {before}",
        "Somebody loses access.", "Tell those who lose it.",
        security=True, mirrors="access-grant-added access-grant-broadened",
    ),
    rule(
        "retention-policy-removed", "governance", "retention", "remove", "B",
        "{subject} has no retention policy any more (it was {before})",
        "Data is kept too long or deleted too early.", _PRIVACY, security=True, mirrors="retention-policy-added",
    ),
    rule(
        "retention-policy-added", "governance", "retention", "add", "N",
        "{subject} has a retention policy now: {after}",
        "Data is deleted by rule.", "Check that nobody needs older data.",
        security=True, mirrors="retention-policy-removed",
    ),
    rule(
        "retention-shortened", "governance", "retention", "lower", "R",
        "{subject} is kept for {after} instead of {before}",
        "Readers of older data find none.", "Tell those who read history.", mirrors="retention-lengthened",
    ),
    rule(
        "retention-lengthened", "governance", "retention", "raise", "I",
        "{subject} is kept for {after} instead of {before}",
        "It costs more, and personal data is kept longer.", "Check that it may be kept so long.",
        mirrors="retention-shortened",
    ),
    rule(
        "retention-changed", "governance", "retention", "change", "R",
        "The retention of {subject} changed from {before} to {after}",
        "Whether it is longer or shorter cannot be read off the text.", "Compare the two.",
        mirrors="retention-changed",
    ),
    rule(
        "legal-hold-removed", "governance", "retention", "remove", "B",
        "{subject} is not under legal hold any more ({before})",
        "Evidence may be deleted.", _PRIVACY, security=True, mirrors="legal-hold-added",
    ),
    rule(
        "legal-hold-added", "governance", "retention", "add", "N",
        "{subject} is under legal hold now ({after})",
        "Nothing of it may be deleted.", "Stop its deletion jobs.", security=True, mirrors="legal-hold-removed",
    ),
    rule(
        "glossary-term-removed", "governance", "term", "remove", "R",
        "{subject} does not carry the term {before} any more",
        "What it means is less clear.", "Restore the term, or name another.", mirrors="glossary-term-added",
    ),
    rule(
        "glossary-term-added", "governance", "term", "add", "N",
        "{subject} carries the term {after} now",
        "What it means is clearer.", "Nothing to do.", mirrors="glossary-term-removed",
    ),
    rule(
        "tag-removed", "governance", "tag", "remove", "N",
        "{subject} does not carry the tag {before} any more",
        "What goes by the tag no longer finds it.", "Nothing to do.", mirrors="tag-added",
    ),
    rule(
        "tag-added", "governance", "tag", "add", "N",
        "{subject} carries the tag {after} now",
        "What goes by the tag finds it.", "Nothing to do.", mirrors="tag-removed",
    ),
    rule(
        "tag-propagation-source-changed", "governance", "tag", "change", "I",
        "Who set a tag on {subject} changed: {before} became {after}",
        "The mark is the same, its origin is not.", "Nothing to do.", mirrors="tag-propagation-source-changed",
    ),
    rule(
        "license-changed", "governance", "licence", "change", "R",
        "The licence or terms of use of {subject} changed: {before} became {after}",
        "What consumers may do with it has changed.", "Tell its consumers.", mirrors="license-changed",
    ),
    rule(
        "residency-changed", "governance", "residency", "change", "B",
        "Where {subject} is kept changed: {before} became {after}",
        "The law that applies to it may be another.", _PRIVACY, security=True, mirrors="residency-changed",
    ),
)  # fmt: skip
