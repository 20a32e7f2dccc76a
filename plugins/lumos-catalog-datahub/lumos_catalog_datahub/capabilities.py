"""How well DataHub holds each aspect: everything is read back equal; `kept` says what its pages do not show."""

from __future__ import annotations

from lumos_core.plugin_api import Support, aspects

_NATIVE = frozenset(("domains", "properties"))
_KEPT = {
    "access": "rights other than those of an access role; access on what is no dataset, container or dashboard",
    "about": "what is promised about anything but datasets and their fields",
    "assertions": "assertions of a contract without a dataset",
    "arguments": "arguments of an assertion without a dataset",
    "code": "all but the first code of a view, query or chart; roles and languages other than SQL",
    "created": "times below milliseconds, and creation of what DataHub has no time of",
    "data_products": "ports other than `output`; products of what DataHub does not group",
    "description": "texts of layers other than source and manual; the source's text where DataHub has one text only",
    "display_name": "display names of all but datasets (manual) and users",
    "fields": "fields of jobs and assets; types finer than DataHub's, defaults, ids, generated fields, message parts",
    "keys": "unique, check and index keys; names of primary keys, whether a key is enforced",
    "layout": "format, location, sorting, clustering and transforms; only that a field partitions is shown",
    "lifecycle": "status and retention; soft deletes of domains and roles; deprecation of what cannot be deprecated",
    "lineage": "layers, confidence, descriptions, expressions, jobs of an edge; upstreams that are no dataset or job",
    "lineage.columns": "jobs, types, masking and layers of an edge",
    "links": "types of links other than `source`, a second link to the same address",
    "native": "formats other than YAML",
    "native_schema": "all but one schema of the body and one of the key",
    "owners": "owners that are roles; layers other than source and manual",
    "relations": "all but term relations, memberships, contents of dashboards and products, siblings, logical parents",
    "structured": "truth values and layers; on what takes no structured properties",
    "style": "icons; colors of all but tags, domains and terms",
    "tags": "values, layers, states and periods of a tag; tags on what DataHub does not tag",
    "terms": "layers, states and confidence of a term; terms on what takes none",
    "type": "types finer than string, number, date, reference and rich text",
    "allowed": "a definition whose values DataHub refuses",
    "applies_to": "kinds of things that take no structured properties",
}
_NOT_SHOWN = "all of it"


def _support(aspect: str) -> Support:
    key = aspect.removeprefix("fields.")
    if aspect in _NATIVE:
        kept = "of what DataHub has no place for it"
    elif aspect != key:
        shown = key in ("description", "tags", "terms")
        kept = _KEPT[key] if shown else _NOT_SHOWN
    else:
        kept = _KEPT.get(aspect, _OTHERS.get(aspect, _NOT_SHOWN))
    return Support(read=True, write=True, lossless=True, kept=kept)


_OTHERS = {
    "active": "",
    "email": "",
    "title": "",
    "multiple": "that a property of one value was said to be one",
    "metric": "the metric of an assertion without a dataset",
    "operator": "the operator of an assertion without a dataset",
    "version": "versions of all but jobs and models",
}

CAPABILITIES = {aspect: _support(aspect) for aspect in sorted(aspects.ASPECTS - {aspects.RECORD})}
"""Aspect -> how well it is held."""
