"""People and words: users, teams, classifications, tags, glossaries, terms, domains."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from lumos_core.plugin_api import Link, Relation

from ..names import Names, Place
from .common import clean, is_web, reference, style_of, style_to

Doc = dict[str, Any]

NOWHERE = "lumos.example.org"
"""Domain of the addresses of users who have none, since a user must have one; reserved by RFC 2606, whose `.invalid`
the vendor's models refuse."""

ORGANIZATION = "Organization"
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\Z")
_TEAMS = {"group": "Group", "department": "Department", "division": "Division", "business_unit": "BusinessUnit"}
_TEAMS_BACK = {native: subtype for subtype, native in _TEAMS.items()}


def _mail(text: str | None) -> str:
    fine = text and _MAIL.match(text) and 6 <= len(text) <= 127 and text == text.lower()
    return text if fine and text else ""


def user_to(place: Place, value: Any, doc: Doc, names: Names) -> None:
    """Write a user; one without an address gets one that leads nowhere."""
    found = [reference(names, one.target, "team") for one in value.relations if one.type == "member_of"]
    doc["email"] = _mail(value.email) or nowhere(place)
    teams = sorted({team for team in found if team is not None and team[1] != ORGANIZATION})
    if teams:
        doc["teams"] = teams


def nowhere(place: Place) -> str:
    """Return an address for a user who has none."""
    return f"user-{hashlib.sha256(place.fqn.encode()).hexdigest()[:16]}@{NOWHERE}"


def user_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a user."""
    mail = doc.get("email") or ""
    if mail and not mail.endswith(f"@{NOWHERE}"):
        value.email = mail
    teams = [names.urn(Place(*team)) for team in doc.get("teams", ()) if team[1] != ORGANIZATION]
    value.relations = [Relation(type="member_of", target=urn) for urn in teams]


def team_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a team."""
    doc["teamType"] = _TEAMS.get(value.subtype or "", "Group")
    if _mail(value.email):
        doc["email"] = value.email


def team_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a team."""
    value.email = doc.get("email")
    type_ = doc.get("teamType", "Group")
    value.subtype = None if type_ == "Group" else _TEAMS_BACK.get(type_, type_.lower())


def tag_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a classification or a tag."""
    if value.exclusive:
        doc["mutuallyExclusive"] = True
    if value.disabled:
        doc["disabled"] = True


def tag_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a classification or a tag."""
    value.exclusive = True if doc.get("mutuallyExclusive") else None
    value.disabled = True if doc.get("disabled") else None


def styled_to(value: Any, doc: Doc, names: Names) -> None:
    """Write what is drawn in a style of its own."""
    style_to(value, doc)


def styled_of(doc: Doc, value: Any, names: Names) -> None:
    """Read what is drawn in a style of its own."""
    style_of(doc, value)


def term_to(value: Any, doc: Doc, names: Names) -> None:
    """Write a term."""
    style_to(value, doc)
    synonyms = [text for text in getattr(value, "synonyms", ()) if text and clean(text)]
    if synonyms:
        doc["synonyms"] = sorted(set(synonyms))
    found = [reference(names, one.target, "glossaryTerm") for one in value.relations if one.type == "related"]
    related = sorted({term for term in found if term is not None})
    if related:
        doc["relatedTerms"] = related
    links = [{"name": link.label, "endpoint": link.url} for link in value.links if link.label and is_web(link.url)]
    if links:
        doc["references"] = links


def term_of(doc: Doc, value: Any, names: Names) -> None:
    """Read a term."""
    style_of(doc, value)
    if hasattr(value, "synonyms"):
        value.synonyms = sorted(doc.get("synonyms") or ())
    related = [names.urn(Place(*term)) for term in doc.get("relatedTerms", ())]
    value.relations = [Relation(type="related", target=urn) for urn in related]
    value.links = [
        Link(url=one["endpoint"], label=one.get("name")) for one in doc.get("references") or () if one.get("endpoint")
    ]
