"""What of each aspect OpenMetadata's own pages show; all of it is read back equal."""

from __future__ import annotations

from lumos_core.plugin_api import Support, aspects

_NOT_SHOWN = "all of it"

_KEPT = {
    "about": "all of it, of contracts and of assertions that no test case of a table says: they are terms of the "
    "glossary `Lumos`",
    "code": "what is not the definition of a table or the expression of a metric or task; its role and language",
    "data_products": "the port",
    "description": "the layers below the one that is shown, and who wrote it",
    "display_name": "the layers below the one that is shown, and who wrote it",
    "domains": "all but one before 1.13; those of users, groups, tags and terms",
    "email": "an address that OpenMetadata does not take",
    "exclusive": "that it is explicitly not so",
    "disabled": "that it is explicitly not so",
    "fields": "ids, defaults, keys and headers of messages, of types what `dataType` and its length do not say; all of "
    "jobs and contracts; nullability outside of tables and containers",
    "keys": "checks, indexes, names, expressions, whether they are enforced; foreign keys to what is not there",
    "layout": "sorting, clustering, options; format and location of tables",
    "lifecycle": "deprecation, status and retention; the soft delete of domains, data products and tasks",
    "lineage": "types, confidence, properties, queries by reference, layers but manual; a second job between the same",
    "lineage.columns": "types, masking, confidence; columns of pairs that have no edge, or that are not there",
    "links": "all but the thing's own page, and the labelled links of terms",
    "native_schema": "schemas of keys and headers, and those that are not Avro, Protobuf or JSON Schema",
    "owners": "types of ownership and layers; users who are not there; of more than five users the rest, of several "
    "teams all but one, of users and teams the teams; those of users, groups, tags and classifications",
    "relations": "all but the charts of a dashboard, related terms, the teams of a user, and which task precedes which",
    "schedule": "all but the cron text of pipelines",
    "structured": "properties whose names are not in camel case, values that are not one text or whole number, or do "
    "not fit the property's type there, layers; those of what has no custom properties",
    "style": "what is not `#RGB` or the address of an icon; all but that of tags, terms, domains and data products",
    "synonyms": "nothing, but for control characters",
    "tags": "values, attributes, who, why, from where, until when; those of users, groups, domains, data products",
    "terms": "who, and with what confidence; those of users, groups, domains, data products",
}
_OF_FIELDS = {
    "description": _KEPT["description"],
    "display_name": _KEPT["display_name"],
    "tags": "values, attributes, who and why, from where and until when",
    "terms": "who, and with what confidence",
}
_WHERE = "in the description of what has no custom properties: a person who empties it there, empties that, too"


def _kept(aspect: str) -> str:
    if aspect.startswith("fields."):
        return _OF_FIELDS.get(aspect.removeprefix("fields."), _NOT_SHOWN)
    return _KEPT.get(aspect, _NOT_SHOWN)


CAPABILITIES: dict[str, Support] = {
    name: Support(read=True, write=True, lossless=True, kept=_kept(name), limit="", note=_WHERE)
    for name in sorted(aspects.ASPECTS - {aspects.RECORD})
}
"""Aspect -> how well it is supported."""
