"""Run by the interpreter that has `acryl-datahub`: writes with its builders what people and other connectors write.

Arguments: the URL and the token.
"""

from __future__ import annotations

import sys
import time

from datahub.emitter import mce_builder as b
from datahub.emitter.mcp import MetadataChangeProposalWrapper as Proposal
from datahub.ingestion.graph.client import DatahubClientConfig, DataHubGraph
from datahub.metadata import schema_classes as s

ORDERS = b.make_dataset_urn("sqlite", "main.orders")
CUSTOMER = b.make_dataset_urn("sqlite", "main.customer")
STAMP = s.AuditStampClass(time=1_700_000_000_000, actor="urn:li:corpuser:ada")


def main(url: str, token: str) -> None:
    """Write."""
    graph = DataHubGraph(DatahubClientConfig(server=url, token=token, retry_max_times=0))
    domain = b.make_domain_urn("sales")
    link = s.FineGrainedLineageClass(
        upstreamType=s.FineGrainedLineageUpstreamTypeClass.FIELD_SET,
        downstreamType=s.FineGrainedLineageDownstreamTypeClass.FIELD,
        upstreams=[b.make_schema_field_urn(CUSTOMER, "id")],
        downstreams=[b.make_schema_field_urn(ORDERS, "customer_id")],
        transformOperation="LOOKUP",
        confidenceScore=0.5,
    )
    for urn, aspect in [
        (domain, s.DomainPropertiesClass(name="Sales", description="What is sold")),
        ("urn:li:corpuser:ada", s.CorpUserInfoClass(active=True, displayName="Ada L.", email="ada@example.org")),
        (b.make_tag_urn("gold"), s.TagPropertiesClass(name="Gold", description="Can be relied on", colorHex="#ffd700")),
        (
            b.make_term_urn("shop.order"),
            s.GlossaryTermInfoClass(definition="A sale", termSource="INTERNAL", name="Order"),
        ),
        (ORDERS, s.EditableDatasetPropertiesClass(description="As **Ada** says", created=STAMP, lastModified=STAMP)),
        (
            ORDERS,
            s.EditableSchemaMetadataClass(
                [
                    s.EditableSchemaFieldInfoClass(
                        fieldPath="amount",
                        description="With taxes",
                        globalTags=s.GlobalTagsClass([s.TagAssociationClass(b.make_tag_urn("gold"))]),
                        glossaryTerms=s.GlossaryTermsClass(
                            [s.GlossaryTermAssociationClass(b.make_term_urn("shop.order"))], STAMP
                        ),
                    )
                ],
                created=STAMP,
                lastModified=STAMP,
            ),
        ),
        (
            ORDERS,
            s.OwnershipClass(
                [
                    s.OwnerClass(
                        b.make_user_urn("ada"),
                        s.OwnershipTypeClass.DATAOWNER,
                        source=s.OwnershipSourceClass(s.OwnershipSourceTypeClass.MANUAL, url="https://hr.example.org"),
                    ),
                    s.OwnerClass(b.make_group_urn("shop"), s.OwnershipTypeClass.TECHNICAL_OWNER),
                ],
                lastModified=STAMP,
            ),
        ),
        (ORDERS, s.DomainsClass([domain])),
        (ORDERS, s.DeprecationClass(deprecated=False, note="", actor="urn:li:corpuser:ada")),
        (
            ORDERS,
            s.InstitutionalMemoryClass(
                [s.InstitutionalMemoryMetadataClass("https://wiki.example.org/o", "Wiki", STAMP)]
            ),
        ),
        (ORDERS, s.SiblingsClass([b.make_dataset_urn("dbt", "shop.orders")], primary=False)),
        (ORDERS, s.EmbedClass(renderUrl="https://bi.example.org/embed/1")),
        (
            ORDERS,
            s.UpstreamLineageClass(
                [
                    s.UpstreamClass(
                        CUSTOMER, s.DatasetLineageTypeClass.VIEW, properties={"why": "by hand"}, query="urn:li:query:q1"
                    )
                ],
                [link],
            ),
        ),
        (
            ORDERS,
            s.DatasetProfileClass(
                timestampMillis=1_700_000_000_000,
                rowCount=3,
                columnCount=3,
                fieldProfiles=[
                    s.DatasetFieldProfileClass("amount", nullCount=1, min="1", max="3", sampleValues=["1", "3"])
                ],
            ),
        ),
        (
            "urn:li:query:q1",
            s.QueryPropertiesClass(
                statement=s.QueryStatementClass("select 1", s.QueryLanguageClass.SQL),
                source=s.QuerySourceClass.MANUAL,
                created=STAMP,
                lastModified=STAMP,
                name="One",
            ),
        ),
        (CUSTOMER, s.StatusClass(removed=False)),
        (
            CUSTOMER,
            s.OperationClass(timestampMillis=int(time.time()) * 1000, operationType="INSERT", lastUpdatedTimestamp=1),
        ),
    ]:
        graph.emit_mcp(Proposal(entityUrn=urn, aspect=aspect))


if __name__ == "__main__":
    main(*sys.argv[1:3])
