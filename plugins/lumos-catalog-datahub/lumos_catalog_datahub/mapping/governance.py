"""Who answers for a thing, and how it is sorted: owners, tags, terms, domains, data products, rights."""

from __future__ import annotations

from typing import Any

from lumos_core.plugin_api import DataProductLink, Entity, Grant, Owner, TagLink, TermLink

from ..native import NOBODY, Draft, View, of_stamp, stamp_of

_SYSTEM = {
    "TECHNICAL_OWNER": "technical_owner",
    "BUSINESS_OWNER": "business_owner",
    "DATA_STEWARD": "data_steward",
}
_LEGACY = frozenset(("DEVELOPER", "DATAOWNER", "DELEGATE", "PRODUCER", "CONSUMER", "STAKEHOLDER"))
_TYPE = "urn:lumos:ownership_type:"
_ENUM = {f"{_TYPE}{name}": (enum, f"urn:li:ownershipType:__system__{name}") for enum, name in _SYSTEM.items()}
_ENUM |= {f"{_TYPE}{enum.lower()}": (enum, "") for enum in _LEGACY}
ACCESS = "access"
"""Privilege that a role of DataHub stands for."""


def read(view: View, value: Entity) -> None:
    """Read owners, tags, terms, domains, data products and rights."""
    value.owners = [one for held in view.aspect("ownership").get("owners", ()) if (one := _owner(view, held))]
    value.tags = tags_of(view, view.aspect("globalTags"))
    value.terms = terms_of(view, view.aspect("glossaryTerms"))
    value.domains = view.refs(view.aspect("domains").get("domains"))
    for held in view.aspect("dataProducts").get("dataProducts", ()):
        if product := view.ref(held.get("destinationUrn")):
            value.data_products.append(
                DataProductLink(product=product, port="output" if held.get("outputPort") else None)
            )
    roles = (view.ref(held.get("urn")) for held in view.aspect("access").get("roles", ()))
    value.access = [Grant(to=role, privilege=ACCESS) for role in roles if role is not None]


def write(value: Entity, draft: Draft) -> None:
    """Write owners, tags, terms, domains, data products and rights."""
    if value.owners and draft.has("ownership"):
        found: dict[Any, Any] = {}
        for owner in value.owners:
            if native := _native_owner(owner, draft):
                found.setdefault((native["owner"], native["type"], native.get("typeUrn")), native)
        _list(draft, "ownership", "owners", found)
    if value.tags and draft.has("globalTags"):
        draft.aspects["globalTags"] = native_tags(value.tags, draft) or {}
    if value.terms and draft.has("glossaryTerms"):
        draft.aspects["glossaryTerms"] = native_terms(value.terms, draft) or {}
    if value.domains and draft.has("domains"):
        _list(draft, "domains", "domains", dict.fromkeys(draft.natives(value.domains, "domain")), keys=True)
    if value.data_products and draft.has("dataProducts"):
        products: dict[Any, Any] = {}
        for link in value.data_products:
            if product := draft.native(link.product, "dataProduct"):
                products.setdefault(product, {"destinationUrn": product} | _port(link.port))
        _list(draft, "dataProducts", "dataProducts", products)
    if value.access and draft.has("access"):
        roles = [draft.native(one.to, "role") for one in value.access if one.privilege == ACCESS]
        _list(draft, "access", "roles", {role: {"urn": role} for role in roles if role})


def _list(draft: Draft, aspect: str, member: str, found: dict[Any, Any], keys: bool = False) -> None:
    if found:
        draft.aspect(aspect)[member] = list(found) if keys else list(found.values())


def _port(port: str | None) -> dict[str, bool]:
    return {"outputPort": True} if port == "output" else {}


def _owner(view: View, held: Any) -> Owner | None:
    owner = view.ref(held.get("owner"))
    if owner is None:
        return None
    enum = held.get("type")
    type_ = view.ref(held["typeUrn"]) if "typeUrn" in held else None
    if type_ is None and (enum in _SYSTEM or enum in _LEGACY):
        type_ = _TYPE + enum.lower()
    layer = "manual" if held.get("source", {}).get("type") == "MANUAL" else None
    return Owner(owner=owner, type=type_, layer=layer)


def _native_owner(owner: Owner, draft: Draft) -> dict[str, Any] | None:
    who = draft.native(owner.owner, "corpuser", "corpGroup")
    if who is None or "#" in owner.owner:
        return None
    enum, type_urn = _ENUM.get(owner.type or "", ("", ""))
    if not enum:
        type_urn = draft.native(owner.type, "ownershipType") or ""
        enum = "CUSTOM" if type_urn else "NONE"
    native: dict[str, Any] = {"owner": who, "type": enum}
    if type_urn:
        native["typeUrn"] = type_urn
    if owner.layer == "manual":
        native["source"] = {"type": "MANUAL"}
    return native


def tags_of(view: View, held: Any, layer: str | None = None) -> list[TagLink]:
    """Return the tags of an aspect, or of a field."""
    found = []
    for one in held.get("tags", ()):
        if tag := view.ref(one.get("tag")):
            at, by = of_stamp(view, one.get("attribution"))
            found.append(TagLink(tag=tag, reason=one.get("context"), layer=layer, at=at, by=by))
    return found


def native_tags(links: list[TagLink], draft: Draft) -> dict[str, Any] | None:
    """Return tags as an aspect, or as a field has them; None when there are none."""
    found: dict[str, Any] = {}
    for link in links:
        if "#" in link.tag or (tag := draft.native(link.tag, "tag")) is None or tag in found:
            continue
        found[tag] = {"tag": tag}
        if link.reason is not None:
            found[tag]["context"] = link.reason
        stamp = stamp_of(draft, link.at, link.by)
        if stamp["time"] or stamp["actor"] != NOBODY:
            found[tag]["attribution"] = stamp
    return {"tags": list(found.values())} if found else None


def terms_of(view: View, held: Any, layer: str | None = None) -> list[TermLink]:
    """Return the terms of an aspect, or of a field."""
    found = ((view.ref(one.get("urn")), one) for one in held.get("terms", ()))
    return [TermLink(term=term, by=view.ref(one.get("actor")), layer=layer) for term, one in found if term is not None]


def native_terms(links: list[TermLink], draft: Draft) -> dict[str, Any] | None:
    """Return terms as an aspect, or as a field has them; None when there are none."""
    found: dict[str, Any] = {}
    for link in links:
        if "#" in link.term or (term := draft.native(link.term, "glossaryTerm")) is None or term in found:
            continue
        found[term] = {"urn": term}
        if by := draft.native(link.by, "corpuser", "corpGroup"):
            found[term]["actor"] = by
    return {"terms": list(found.values()), "auditStamp": {"time": 0, "actor": NOBODY}} if found else None
