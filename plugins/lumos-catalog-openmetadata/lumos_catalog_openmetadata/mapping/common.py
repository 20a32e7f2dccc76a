"""What all entities share: texts, owners, tags and terms, domains, data products, style."""

from __future__ import annotations

import re
from typing import Any

from lumos_core.plugin_api import (
    DataProductLink,
    Description,
    Link,
    Owner,
    Style,
    TagLink,
    TermLink,
    Text,
)

from ..names import LUMOS, Names, Place

Doc = dict[str, Any]
"""An entity as the mapping knows it: the keys of the API, references as (entity type, fully qualified name)."""

MOST_OWNERS = 5
_LAYERS = {"manual": "Manual", "propagated": "Propagated", "derived": "Derived", "automated": "Automated"}
_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})\Z")
_WEB = re.compile(r"https?://[^\s<>\"{}|\\^`]+\Z")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")


def clean(text: str) -> bool:
    """Tell whether a text can be stored as it is."""
    return not _CONTROL.search(text) and text == text.encode("utf-8", "replace").decode()


def labels(layer: str | None) -> str:
    """Return the label type of a layer; that of the technical system is what connectors of the vendor write."""
    return _LAYERS.get(layer or "", "Generated" if layer == "generated" else "Automated")


def texts_to(value: Any, doc: Doc) -> None:
    """Write display name and description."""
    for key, native in (("display_name", "displayName"), ("description", "description")):
        text = getattr(value, key)
        if text is not None and text.shown and clean(text.shown):
            doc[native] = text.shown


def texts_of(doc: Doc, value: Any) -> None:
    """Read display name and description; who wrote them is not known, and a person's words are protected."""
    if doc.get("displayName"):
        value.display_name = Text(manual=doc["displayName"])
    if doc.get("description"):
        value.description = Description(manual=doc["description"])


def _place(names: Names, urn: str, *types: str) -> Place | None:
    try:
        place = names.place(urn)
    except ValueError:
        return None
    return place.host if place.type in types and not place.member and "#" not in urn else None


def reference(names: Names, urn: str, *types: str) -> tuple[str, str] | None:
    """Return a reference to an entity of one of some types; None when the URN leads to another."""
    place = _place(names, urn, *types)
    return None if place is None else (place.type, place.fqn)


def labels_to(value: Any, doc: Doc, names: Names) -> None:
    """Write tags and terms; one label for each, whatever layers speak of it."""
    found: dict[tuple[str, str], Doc] = {}
    for link, urn, source, type_ in (
        *((link, link.tag, "Classification", "tag") for link in value.tags),
        *((link, link.term, "Glossary", "glossaryTerm") for link in value.terms),
    ):
        target = reference(names, urn, type_)
        if target is None or len(names.place(urn).parts) < 2:
            continue
        state = "Suggested" if link.state == "suggested" else "Confirmed"
        label = {"tagFQN": target[1], "source": source, "labelType": labels(link.layer), "state": state}
        if names.family == 1 and label["labelType"] == "Generated":
            label["labelType"] = "Automated"
        found.setdefault((source, target[1]), label)
    if found:
        doc["tags"] = [found[key] for key in sorted(found)]


def labels_of(doc: Doc, value: Any, names: Names) -> None:
    """Read tags and terms."""
    for label in doc.get("tags", ()):
        state = "suggested" if label.get("state") == "Suggested" else None
        layer = str(label.get("labelType") or "Manual").lower()
        if label.get("source") == "Glossary":
            urn = names.urn(Place("glossaryTerm", label["tagFQN"]))
            value.terms = [*value.terms, TermLink(term=urn, layer=layer, state=state)]
        else:
            urn = names.urn(Place("tag", label["tagFQN"]))
            value.tags = [*value.tags, TagLink(tag=urn, layer=layer, state=state)]


def owners_to(value: Any, doc: Doc, names: Names) -> None:
    """Write owners: up to five users, else one team."""
    found = [reference(names, owner.owner, "user", "team") for owner in value.owners]
    owners = list(dict.fromkeys(owner for owner in found if owner is not None))
    users = [owner for owner in owners if owner[0] == "user"]
    chosen = users[:MOST_OWNERS] or owners[:1]
    if chosen:
        doc["owners"] = sorted(chosen)


def owners_of(doc: Doc, value: Any, names: Names) -> None:
    """Read owners."""
    value.owners = [Owner(owner=names.urn(Place(*owner)), layer="manual") for owner in doc.get("owners", ())]


def domains_to(value: Any, doc: Doc, names: Names) -> None:
    """Write domains: one before 1.13."""
    found = [reference(names, urn, "domain") for urn in value.domains]
    domains = sorted({domain for domain in found if domain is not None})
    if domains:
        doc["domains"] = domains[:1] if names.family == 1 else domains


def domains_of(doc: Doc, value: Any, names: Names) -> None:
    """Read domains."""
    value.domains = [names.urn(Place(*domain)) for domain in doc.get("domains", ()) if domain[1] != LUMOS]


def products_to(value: Any, doc: Doc, names: Names) -> None:
    """Write data products."""
    found = [reference(names, link.product, "dataProduct") for link in value.data_products]
    products = sorted({product for product in found if product is not None})
    if products:
        doc["dataProducts"] = products


def products_of(doc: Doc, value: Any, names: Names) -> None:
    """Read data products."""
    value.data_products = [DataProductLink(product=names.urn(Place(*one))) for one in doc.get("dataProducts", ())]


def style_to(value: Any, doc: Doc) -> None:
    """Write colour and icon, where they have the form that is asked for."""
    style = value.style
    found = {}
    if style is not None and style.color and _COLOR.match(style.color):
        found["color"] = style.color
    if style is not None and style.icon and _WEB.match(style.icon):
        found["iconURL"] = style.icon
    if found:
        doc["style"] = found


def style_of(doc: Doc, value: Any) -> None:
    """Read colour and icon."""
    style = doc.get("style") or {}
    if style.get("color") or style.get("iconURL"):
        value.style = Style(color=style.get("color"), icon=style.get("iconURL"))


def source_to(value: Any, doc: Doc) -> None:
    """Write the thing's own page."""
    for link in value.links:
        if link.type == "source" and _WEB.match(link.url):
            doc["sourceUrl"] = link.url
            return


def source_of(doc: Doc, value: Any) -> None:
    """Read the thing's own page."""
    if doc.get("sourceUrl"):
        value.links = [*value.links, Link(url=doc["sourceUrl"], type="source")]


def is_web(url: str) -> bool:
    """Tell whether a text is the address of a page."""
    return _WEB.match(url) is not None
