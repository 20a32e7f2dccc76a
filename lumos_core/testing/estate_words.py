"""What every made-up estate shares, whatever its size: people and teams, domains, tags, terms and their like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model import urns
from ..model.elements import Description, Relation, Text
from ..model.entities import Domain, Group, OwnershipType, Property, Tag, Term, User

NOUNS = ("orders", "customers", "invoices", "payments", "shipments", "returns", "carts", "visits", "prices", "stocks")
OWNER_TYPES = ("business_owner", "steward", "technical_owner")
DOMAINS = ("finance", "finance.billing", "logistics", "sales", "sales.online")
TAGS = {"pii": ("email", "name", "phone"), "tier": ("bronze", "gold", "silver")}


def owner_type(name: str) -> str:
    """Return the URN of a type of owners."""
    return urns.plain("ownership_type", name)


def domains() -> Iterator[tuple[str, Any]]:
    """Domains, one below another."""
    for name in DOMAINS:
        above, _, own = name.rpartition(".")
        parent = urns.plain("domain", above) if above else None
        text = Description(manual=f"All that {own} does")
        yield urns.plain("domain", name), Domain(name=own, parent=parent, description=text)


def groups() -> Iterator[tuple[str, Any]]:
    """Teams."""
    for number in range(10):
        value = Group(name=f"team{number}", subtype="team", email=f"team{number}@example.org")
        value.display_name = Text(source=f"Team {number}")
        yield urns.plain("group", f"team{number}"), value


def ownership_types() -> Iterator[tuple[str, Any]]:
    """Types of owners."""
    for name in OWNER_TYPES:
        value = OwnershipType(name=name.replace("_", " ").capitalize())
        value.description = Description(source=f"Who is the {name.replace('_', ' ')}")
        yield owner_type(name), value


def properties() -> Iterator[tuple[str, Any]]:
    """A typed property."""
    value = Property(name="criticality", type="int", applies_to=["dataset"])
    value.description = Description(source="From 1, nobody notices, to 5")
    yield urns.plain("property", "criticality"), value


def tags() -> Iterator[tuple[str, Any]]:
    """Classifications and their tags."""
    for name in sorted(TAGS):
        value = Tag(name=name, subtype="classification", description=Description(source=f"Kinds of {name}"))
        yield urns.plain("classification", name), value
    for name in sorted(TAGS):
        for tag in TAGS[name]:
            parent = urns.plain("classification", name)
            value = Tag(name=tag, parent=parent, description=Description(source=f"It is {tag}"))
            yield urns.plain("tag", f"{name}.{tag}"), value


def terms() -> Iterator[tuple[str, Any]]:
    """A glossary and its terms."""
    glossary = urns.plain("glossary", "shop")
    yield glossary, Term(name="shop", subtype="glossary", description=Description(manual="Words of the shop"))
    for name in sorted((*NOUNS, "money")):
        value = Term(name=name, subtype="term", parent=glossary, synonyms=[f"{name} of the shop"])
        value.description = Description(manual=f"What we mean by *{name}*")
        if name == "payments":
            value.relations = [Relation(type="is_a", target=urns.plain("term", "shop.money"))]
        yield urns.plain("term", f"shop.{name}"), value


def users() -> Iterator[tuple[str, Any]]:
    """People, each in a team."""
    for number in range(40):
        name = f"user{number:02}"
        value = User(name=name, email=f"{name}@example.org", active=number != 13, title="Engineer")
        value.display_name = Text(source=f"Person {number}")
        value.relations = [Relation(type="member_of", target=urns.plain("group", f"team{number % 10}"))]
        yield urns.plain("user", name), value
