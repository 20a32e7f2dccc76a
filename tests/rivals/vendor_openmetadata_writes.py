"""Run by the interpreter that has `openmetadata-ingestion`: writes with the vendor's client what people write.

Arguments: the URL and the token; the service `lite` with the tables of the test is there. Works in 1.5 and 2.0.
"""

from __future__ import annotations

import sys
from typing import Any

from metadata.generated.schema.api.lineage.addLineage import AddLineageRequest
from metadata.generated.schema.api.teams.createUser import CreateUserRequest
from metadata.generated.schema.entity.data.table import Table
from metadata.generated.schema.entity.services.connections.metadata.openMetadataConnection import OpenMetadataConnection
from metadata.generated.schema.security.client.openMetadataJWTClientConfig import OpenMetadataJWTClientConfig
from metadata.generated.schema.type.entityLineage import ColumnLineage, EntitiesEdge, LineageDetails
from metadata.generated.schema.type.entityReference import EntityReference
from metadata.generated.schema.type.tagLabel import LabelType, State, TagLabel, TagSource
from metadata.ingestion.models.table_metadata import ColumnTag
from metadata.ingestion.ometa.ometa_api import OpenMetadata

ORDERS, CUSTOMER = "lite.shop.main.orders", "lite.shop.main.customer"


def label(fqn: str) -> TagLabel:
    """A tag as a person puts it."""
    return TagLabel(tagFQN=fqn, source=TagSource.Classification, labelType=LabelType.Manual, state=State.Confirmed)


def main(url: str, token: str) -> None:
    """Write."""
    security = OpenMetadataJWTClientConfig(jwtToken=token)
    connection = OpenMetadataConnection(hostPort=f"{url}/api", authProvider="openmetadata", securityConfig=security)
    client: Any = OpenMetadata(connection)
    ada = client.create_or_update(CreateUserRequest(name="ada", email="ada@example.org"))
    read = lambda fqn: client.get_by_name(entity=Table, fqn=fqn, fields=["owners", "tags"])  # noqa: E731
    client.patch_description(entity=Table, source=read(ORDERS), description="As **Ada** says", force=True)
    client.patch_tags(entity=Table, source=read(ORDERS), tag_labels=[label("PII.NonSensitive")])
    client.patch_column_tags(read(ORDERS), [ColumnTag(column_fqn=f"{ORDERS}.amount", tag_label=label("PII.Sensitive"))])
    before = read(ORDERS)
    after = before.model_copy(deep=True)
    after.owners = type(after.owners)([EntityReference(id=ada.id, type="user")])
    for column in after.columns:
        if column.name.root == "amount":
            column.description = type(before.description)("With taxes")
    client.patch(entity=Table, source=before, destination=after)
    ends = [EntityReference(id=read(fqn).id, type="table") for fqn in (CUSTOMER, ORDERS)]
    column = ColumnLineage(fromColumns=[f"{CUSTOMER}.id"], toColumn=f"{ORDERS}.customer_id")
    details = LineageDetails(columnsLineage=[column], sqlQuery="insert into orders", description="By hand")
    client.add_lineage(
        AddLineageRequest(edge=EntitiesEdge(fromEntity=ends[0], toEntity=ends[1], lineageDetails=details))
    )


if __name__ == "__main__":
    main(*sys.argv[1:3])
