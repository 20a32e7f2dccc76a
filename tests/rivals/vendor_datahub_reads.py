"""Run by the interpreter that has `acryl-datahub`: tells what the vendor's client reads of every dataset.

Arguments: the URL and the token. Prints a JSON object, native URN -> facts, as its last line.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from datahub.ingestion.graph.client import DatahubClientConfig, DataHubGraph
from datahub.metadata import schema_classes as s
from datahub.utilities.urns.field_paths import get_simple_field_path_from_v2_field_path as simple


def column(urn: str) -> list[str]:
    """Take the URN of a field apart."""
    host, _, path = urn.removeprefix("urn:li:schemaField:(").removesuffix(")").rpartition(",")
    return [host, simple(path)]


def dataset(graph: DataHubGraph, urn: str) -> dict[str, Any]:
    """What the pages of a dataset would show."""
    ask = lambda aspect: graph.get_aspect(urn, aspect)  # noqa: E731
    info, edited = ask(s.DatasetPropertiesClass), ask(s.EditableDatasetPropertiesClass)
    schema, typed = ask(s.SchemaMetadataClass), ask(s.EditableSchemaMetadataClass)
    above = {one.fieldPath: one for one in (typed.editableSchemaFieldInfo if typed else [])}
    lineage, container = ask(s.UpstreamLineageClass), ask(s.ContainerClass)
    tags, terms, owners = ask(s.GlobalTagsClass), ask(s.GlossaryTermsClass), ask(s.OwnershipClass)
    domains, links, old = ask(s.DomainsClass), ask(s.InstitutionalMemoryClass), ask(s.DeprecationClass)
    structured = ask(s.StructuredPropertiesClass)
    fields = {}
    for field in schema.fields:
        more = above.get(field.fieldPath)
        marks = [one.globalTags for one in (field, more) if one and one.globalTags]
        words = [one.glossaryTerms for one in (field, more) if one and one.glossaryTerms]
        fields[simple(field.fieldPath)] = {
            "type": field.nativeDataType,
            "nullable": field.nullable,
            "description": (more.description if more else None) or field.description,
            "tags": sorted(one.tag for mark in marks for one in mark.tags),
            "terms": sorted(one.urn for word in words for one in word.terms),
            "key": bool(field.isPartOfKey),
        }
    return {
        "name": info.name,
        "display": edited.name if edited else None,
        "description": (edited.description if edited else None) or info.description,
        "properties": {key: value for key, value in info.customProperties.items() if key != "lumos"},
        "fields": fields,
        "container": container.container if container else None,
        "owners": sorted([one.owner, one.typeUrn] for one in (owners.owners if owners else [])),
        "tags": sorted(one.tag for one in (tags.tags if tags else [])),
        "terms": sorted(one.urn for one in (terms.terms if terms else [])),
        "domains": sorted(domains.domains) if domains else [],
        "links": sorted([one.url, one.description] for one in (links.elements if links else [])),
        "deprecated": old.note if old and old.deprecated else None,
        "structured": sorted(
            [one.propertyUrn, [float(value) for value in one.values]]
            for one in (structured.properties if structured else [])
        ),
        "upstreams": sorted(one.dataset for one in (lineage.upstreams if lineage else [])),
        "columns": sorted(
            [[column(urn) for urn in one.upstreams or []], [column(urn) for urn in one.downstreams or []]]
            for one in (lineage.fineGrainedLineages if lineage else None) or []
        ),
    }


def main(url: str, token: str) -> None:
    """Read everything."""
    graph = DataHubGraph(DatahubClientConfig(server=url, token=token, retry_max_times=0))
    told: dict[str, Any] = {"dataset": {}}
    for urn in graph.get_urns_by_filter(entity_types=["dataset"], batch_size=50):
        if ",lumos:" not in urn:  # what DataHub has no entity for is carried by datasets of that name
            told["dataset"][urn] = dataset(graph, urn)
    for kind, aspect, show in (
        ("corpuser", s.CorpUserInfoClass, lambda it: [it.email, it.active]),
        ("corpGroup", s.CorpGroupInfoClass, lambda it: [it.displayName, it.email]),
        ("tag", s.TagPropertiesClass, lambda it: it.name),
        ("glossaryTerm", s.GlossaryTermInfoClass, lambda it: [it.name, it.parentNode]),
        ("domain", s.DomainPropertiesClass, lambda it: [it.name, it.parentDomain]),
        ("dataProduct", s.DataProductPropertiesClass, lambda it: sorted(one.destinationUrn for one in it.assets or [])),
        (
            "dataJob",
            s.DataJobInputOutputClass,
            lambda it: [
                sorted({*it.inputDatasets, *(one.destinationUrn for one in it.inputDatasetEdges or [])}),
                sorted({*it.outputDatasets, *(one.destinationUrn for one in it.outputDatasetEdges or [])}),
            ],
        ),
        (
            "chart",
            s.ChartInfoClass,
            lambda it: sorted({*(it.inputs or []), *(one.destinationUrn for one in it.inputEdges or [])}),
        ),
        (
            "dashboard",
            s.DashboardInfoClass,
            lambda it: sorted({*it.charts, *(one.destinationUrn for one in it.chartEdges or [])}),
        ),
    ):
        found = {urn: graph.get_aspect(urn, aspect) for urn in graph.get_urns_by_filter(entity_types=[kind])}
        told[kind] = {urn: show(value) for urn, value in found.items() if value is not None}
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:3])
