"""Rules of ownership and responsibility."""

from __future__ import annotations

from .rule import rule

_GROUP = "Add an owner: a group with a type, not a person."
_DOMAIN = "Update the domain mapping in the same change."

RULES = (
    rule(
        "owner-removed-last", "ownership", "owner", "remove", "R",
        "{subject} has no owner any more (it was {before})",
        "Nobody answers for it.", _GROUP, mirrors="owner-added",
    ),
    rule(
        "owner-removed", "ownership", "owner", "remove", "N",
        "{before} does not own {subject} any more",
        "Others still answer for it.", "Nothing to do.", mirrors="owner-added",
    ),
    rule(
        "owner-added", "ownership", "owner", "add", "N",
        "{after} owns {subject} now",
        "One more answers for it.", "Nothing to do.", mirrors="owner-removed owner-removed-last",
    ),
    rule(
        "owner-type-changed", "ownership", "owner", "change", "N",
        "An owner of {subject} answers for something else: {before} became {after}",
        "The same owner answers for something else.", "Nothing to do.", mirrors="owner-type-changed",
    ),
    rule(
        "technical-owner-missing", "ownership", "owner", "remove", "R",
        "{subject} has no technical owner any more (it was {before})",
        "Nobody mends it when it breaks.", _GROUP, one_way="A new technical owner is told as owner-added.",
    ),
    rule(
        "business-owner-missing", "ownership", "owner", "remove", "R",
        "{subject} has no business owner any more (it was {before})",
        "Nobody says what it means.", _GROUP, one_way="A new business owner is told as owner-added.",
    ),
    rule(
        "owner-inactive", "ownership", "user", "change", "R",
        "User `{name}` is not active any more",
        "What they own has nobody who answers.", _GROUP, mirrors="owner-reactivated",
    ),
    rule(
        "owner-reactivated", "ownership", "user", "change", "I",
        "User `{name}` is active again",
        "What they own has somebody who answers.", "Nothing to do.", mirrors="owner-inactive",
    ),
    rule(
        "domain-changed", "ownership", "domain", "change", "R",
        "{subject} moved from domain {before} to {after}",
        "Other people, other policies.", _DOMAIN, mirrors="domain-changed",
    ),
    rule(
        "domain-removed", "ownership", "domain", "remove", "R",
        "{subject} does not belong to domain {before} any more",
        "Policies by domain no longer reach it.", _DOMAIN, mirrors="domain-added",
    ),
    rule(
        "domain-added", "ownership", "domain", "add", "N",
        "{subject} belongs to domain {after} now",
        "Policies by domain reach it.", "Nothing to do.", mirrors="domain-removed",
    ),
    rule(
        "data-product-membership-removed", "ownership", "data_product", "remove", "R",
        "{subject} is not part of data product {before} any more",
        "Consumers of the product lose it.", "Tell the consumers of the product.",
        mirrors="data-product-membership-added",
    ),
    rule(
        "data-product-membership-added", "ownership", "data_product", "add", "N",
        "{subject} is part of data product {after} now",
        "Consumers of the product get it.", "Nothing to do.", mirrors="data-product-membership-removed",
    ),
    rule(
        "support-contact-removed", "ownership", "contact", "remove", "R",
        "{subject} has no support contact any more (it was {before})",
        "Consumers do not know whom to ask.", "Name a new support channel.", mirrors="support-contact-added",
    ),
    rule(
        "support-contact-added", "ownership", "contact", "add", "N",
        "{subject} has a support contact now: {after}",
        "Consumers know whom to ask.", "Nothing to do.", mirrors="support-contact-removed",
    ),
)  # fmt: skip
