"""Run by the interpreter of the vendor's environment: drives the vendor's client, and tells what it saw.

Arguments: the URL and the token. Prints a JSON object as its last line.
"""

from __future__ import annotations

import json
import sys

from metadata.generated.schema.api.data.createDatabase import CreateDatabaseRequest
from metadata.generated.schema.api.data.createDatabaseSchema import CreateDatabaseSchemaRequest
from metadata.generated.schema.api.data.createTable import CreateTableRequest
from metadata.generated.schema.api.data.createTableProfile import CreateTableProfileRequest
from metadata.generated.schema.api.lineage.addLineage import AddLineageRequest
from metadata.generated.schema.api.services.createDatabaseService import CreateDatabaseServiceRequest
from metadata.generated.schema.api.teams.createUser import CreateUserRequest
from metadata.generated.schema.entity.data.database import Database
from metadata.generated.schema.entity.data.table import Column, ColumnProfile, DataType, Table, TableProfile
from metadata.generated.schema.entity.services.connections.metadata.openMetadataConnection import OpenMetadataConnection
from metadata.generated.schema.entity.services.databaseService import DatabaseService, DatabaseServiceType
from metadata.generated.schema.security.client.openMetadataJWTClientConfig import OpenMetadataJWTClientConfig
from metadata.generated.schema.type.entityLineage import ColumnLineage, EntitiesEdge, LineageDetails
from metadata.generated.schema.type.entityReference import EntityReference
from metadata.generated.schema.type.tagLabel import LabelType, State, TagLabel, TagSource
from metadata.ingestion.models.table_metadata import ColumnTag
from metadata.ingestion.ometa.ometa_api import OpenMetadata

WHEN = 1_700_000_000_000


def connect(url: str, token: str) -> OpenMetadata:
    """The vendor's client, as its own workflows make it."""
    security = OpenMetadataJWTClientConfig(jwtToken=token)
    return OpenMetadata(
        OpenMetadataConnection(hostPort=f"{url}/api", authProvider="openmetadata", securityConfig=security)
    )


def main(url: str, token: str) -> dict[str, object]:
    """Write, read, patch, link, delete."""
    client = connect(url, token)
    told: dict[str, object] = {"healthy": client.health_check()}
    service = CreateDatabaseServiceRequest(name="vendor", serviceType=DatabaseServiceType.Postgres)
    client.create_or_update(service)
    database = client.create_or_update(CreateDatabaseRequest(name="d.b", service="vendor"))
    schema = client.create_or_update(CreateDatabaseSchemaRequest(name="s", database=database.fullyQualifiedName))
    columns = [Column(name="id", dataType=DataType.INT), Column(name="t", dataType=DataType.VARCHAR, dataLength=9)]
    made = [
        client.create_or_update(
            CreateTableRequest(name=name, databaseSchema=schema.fullyQualifiedName, columns=columns)
        )
        for name in ("one", "two", "three")
    ]
    one, two = made[:2]
    told["fqn"] = one.fullyQualifiedName.root
    user = client.create_or_update(CreateUserRequest(name="vera", email="vera@example.com"))
    told["found"] = client.get_by_name(entity=Table, fqn=told["fqn"], fields=["owners", "tags"]).name.root
    told["absent"] = client.get_by_name(entity=Table, fqn="vendor.no.such.table")
    told["listed"] = sorted(table.name.root for table in client.list_all_entities(Table, limit=2, fields=["tags"]))
    client.patch_description(entity=Table, source=one, description="by patch", force=True)
    one = client.get_by_name(entity=Table, fqn=told["fqn"], fields=["owners", "tags"])
    told["description"] = one.description.root
    label = TagLabel(
        tagFQN="PII.Sensitive", source=TagSource.Classification, labelType=LabelType.Manual, state=State.Confirmed
    )
    client.patch_tags(entity=Table, source=one, tag_labels=[label])
    fqn = f"{told['fqn']}.id"
    client.patch_column_tags(one, [ColumnTag(column_fqn=fqn, tag_label=label)])
    one = client.get_by_name(entity=Table, fqn=told["fqn"], fields=["owners", "tags"])
    told["tags"] = [tag.tagFQN.root for tag in one.tags]
    told["column_tags"] = [tag.tagFQN.root for tag in one.columns[0].tags]
    copied = one.model_copy(deep=True)
    copied.owners = type(copied.owners)([EntityReference(id=user.id, type="user")])
    patched = client.patch(entity=Table, source=one, destination=copied)
    told["owners"] = [owner.name for owner in patched.owners.root]
    ends = [EntityReference(id=end.id, type="table") for end in (one, two)]
    column = ColumnLineage(fromColumns=[fqn], toColumn=f"{two.fullyQualifiedName.root}.id")
    details = LineageDetails(columnsLineage=[column], sqlQuery="insert into two")
    client.add_lineage(
        AddLineageRequest(edge=EntitiesEdge(fromEntity=ends[0], toEntity=ends[1], lineageDetails=details))
    )
    seen = client.get_lineage_by_name(entity=Table, fqn=two.fullyQualifiedName.root, up_depth=1, down_depth=1)
    told["upstream"] = [edge["fromEntity"] == str(one.id.root) for edge in seen["upstreamEdges"]]
    profile = TableProfile(timestamp=WHEN, rowCount=3, columnCount=2)
    parts = [ColumnProfile(name="id", timestamp=WHEN, nullCount=0)]
    client.ingest_profile_data(one, CreateTableProfileRequest(tableProfile=profile, columnProfile=parts))
    told["rows"] = client.get_latest_table_profile(one.fullyQualifiedName).profile.rowCount
    client.delete(entity=Table, entity_id=made[2].id)
    told["left"] = sorted(table.name.root for table in client.list_all_entities(Table))
    client.delete(
        entity=DatabaseService,
        entity_id=client.get_by_name(DatabaseService, "vendor").id,
        recursive=True,
        hard_delete=True,
    )
    told["after"] = len(list(client.list_all_entities(Database)))
    return told


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:3])))
